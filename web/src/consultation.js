// What a citizen can do, and what then happens: joins the store, the API, the line and the memory. No view here.
import { createApi } from './api.js';
import { createLine } from './line/line.js';
import { createMemory } from './memory.js';
import { createStore, heard, lengthOf, LIMIT, marked, NOTHING, said } from './state.js';
import { createUploads } from './uploads.js';
import { W } from './words.js';

const SLOW = 3000;
const STILL = 4000;
const LONG = 20000;
const RESTORED = 6000;
const TYPING = 8000;

export function createConsultation({ server, about = '', memory = createMemory(server), api = createApi(server, { about }), openLine = createLine }) {
  const store = createStore();
  const timers = {};
  let line = null;
  const uploads = createUploads({ store, api, newId, sent: () => line && line.ask(), gone });

  const later = (name, ms, act) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(act, ms);
  };
  const forgetTimers = () => Object.values(timers).forEach(clearTimeout);

  // ---- beginning -------------------------------------------------------------------------------------------

  async function start() {
    if (store.get().phase !== 'idle' && store.get().phase !== 'unreachable') return;
    const kept = memory.get('session');
    if (kept && kept.token) return resume(kept);
    store.set({ phase: 'loading', notice: '' });
    await introduce();
  }

  // Asks before anything is shown whether this page may have the assistant at all. Nobody waits for it, so nothing is told.
  async function admitted() {
    try {
      const site = await api.site();
      store.set({ site });
      return true;
    } catch {
      return false;
    }
  }

  async function introduce() {
    if (store.get().site) {
      if (store.get().phase === 'loading') store.set({ phase: 'consent' });
      return;
    }
    later('slow', SLOW, () => store.get().phase === 'loading' && store.set({ notice: W.slow }));
    try {
      const site = await api.site();
      store.set((state) => ({ ...state, site, notice: state.phase === 'loading' ? '' : state.notice }));
      if (store.get().phase === 'loading') store.set({ phase: 'consent' });
    } catch (problem) {
      if (store.get().phase === 'loading') store.set({ phase: 'unreachable', notice: problem.message });
    }
  }

  function resume(kept) {
    const outbox = (memory.get('outbox') || []).map((item) => Object.freeze({ ...item, state: 'pending', problem: '' }));
    store.set({ phase: 'talking', consultation: kept.consultation, rated: kept.rated ? 1 : 0, outbox });
    introduce();
    talkOver(kept.token);
  }

  async function agree(region) {
    if (store.get().phase !== 'consent') return;
    store.set({ phase: 'starting', notice: '' });
    try {
      const opened = await api.begin(region);
      memory.set('session', { token: opened.session, consultation: opened.consultation });
      store.set({ phase: 'talking', consultation: opened.consultation, caughtUp: true });
      talkOver(opened.session);
      const { question } = store.get();
      store.set({ question: '' });
      if (question) say(question);
    } catch (problem) {
      store.set({ phase: 'consent', notice: problem.message });
    }
  }

  const decline = () => store.set({ phase: 'declined', question: '', notice: '' });
  const reconsider = () => store.set({ phase: store.get().site ? 'consent' : 'loading' });

  function talkOver(token) {
    api.use(token);
    store.set({ line: 'connecting' });
    line = openLine({
      api,
      server,
      session: token,
      last: () => store.get().last,
      outbox: () => store.get().outbox,
      isBusy: () => Boolean(store.get().waiting) || store.get().owner !== 'bot',
      on: { frame, line: lineIs, lost, refused, gone, trouble },
    });
  }

  // ---- what comes from the line ----------------------------------------------------------------------------

  function frame(news) {
    // The program is at work on what was said; or somebody at the desk is writing.
    if (news.type === 'typing' || (news.type === 'working' && store.get().owner !== 'staff')) {
      store.set({ typing: true });
      later('typing', TYPING, () => store.set({ typing: false }));
      return;
    }
    const was = store.get().phase;
    if (news.type === 'entries') store.set((state) => heard(state, news));
    if (news.type === 'closed') store.set((state) => heard(state, { owner: 'closed' }));
    keepOutbox();
    if (was === 'talking' && store.get().phase === 'ended') over();
  }

  function lineIs(now) {
    store.set({ line: now });
    if (now === 'restored') later('restored', RESTORED, () => store.get().line === 'restored' && store.set({ line: 'online' }));
  }

  const lost = (id, why) => store.set((state) => marked(state, id, 'lost', why || ''));
  const refused = (id, why) => store.set((state) => marked(state, id, 'refused', why || W.trouble));
  const trouble = (why) => store.set({ notice: why || W.trouble });

  function gone() {
    forget();
    store.set({ ...NOTHING, site: store.get().site, phase: 'gone' });
  }

  // ---- talking ---------------------------------------------------------------------------------------------

  function say(words) {
    const text = String(words).trim();
    if (!text || lengthOf(text) > LIMIT || store.get().phase !== 'talking') return false;
    const item = { id: newId(), text, time: new Date().toISOString() };
    store.set((state) => said(state, item));
    keepOutbox();
    waitFor();
    line.send(item);
    return true;
  }

  function resend(id) {
    const item = store.get().outbox.find((one) => one.id === id);
    if (!item || !line) return;
    store.set((state) => marked(state, id, 'pending'));
    waitFor();
    line.send(item);
  }

  function waitFor() {
    const grow = (to) => () => store.get().waiting && store.set({ waiting: to });
    later('still', STILL, grow('still'));
    later('long', LONG, grow('long'));
  }

  // From outside: a sample question, a button of the page. Before consent it is kept and shown, not sent.
  function ask(text) {
    const { phase } = store.get();
    if (phase === 'talking') return say(text);
    if (phase === 'ended' || phase === 'closing') return false;
    store.set({ question: String(text).trim().slice(0, LIMIT) });
    if (phase === 'declined') reconsider();
    if (phase === 'gone') renew();
    return true;
  }

  function callPerson() {
    const { owner, phase } = store.get();
    if (phase === 'ended') {
      store.set({ notice: W.personOver });
      return;
    }
    if (owner === 'queue' || owner === 'staff') {
      store.set({ notice: owner === 'queue' ? W.personAsked : W.personHere });
      return;
    }
    ask(W.person);
  }

  const keepOutbox = () => memory.set('outbox', store.get().outbox.length ? store.get().outbox : null);

  // ---- ending ----------------------------------------------------------------------------------------------

  async function end() {
    if (store.get().phase !== 'talking') return;
    store.set({ phase: 'closing', notice: '' });
    try {
      const closed = await api.close();
      store.set({ phase: 'ended', owner: 'closed', waiting: '', typing: false, ...endOf(closed) });
      over();
    } catch (problem) {
      if (problem.status === 401) return gone();
      if (store.get().phase === 'ended') return over();
      store.set({ phase: 'talking', notice: problem.message });
    }
  }

  // The last words may still be under way when the consultation is over, so the line is given a moment.
  function over() {
    memory.set('outbox', null);
    memory.set('draft', null);
    uploads.stop();
    later('over', 4000, () => line && line.stop());
    if (!store.get().receipt) fetchReceipt().catch(() => {});
  }

  async function fetchReceipt() {
    const closed = await api.close();
    store.set(endOf(closed));
  }

  // `rated` counts what was rated from here; what is left to be rated the server tells with the receipt.
  async function rate(scores, words, subject) {
    await api.rate(scores, words, subject);
    const { toRate, rated } = store.get();
    const left = toRate && toRate.filter((one) => one !== (subject || toRate[0]));
    const kept = memory.get('session');
    if (kept && !(left && left.length)) memory.set('session', { ...kept, rated: true });
    store.set({ rated: rated + 1, toRate: left });
  }

  function renew() {
    forget();
    const { site, question } = store.get();
    store.set({ ...NOTHING, site, question, phase: site ? 'consent' : 'loading' });
    if (!site) introduce();
  }

  function forget() {
    forgetTimers();
    uploads.stop();
    if (line) line.stop();
    line = null;
    api.use('');
    ['session', 'outbox', 'draft'].forEach((key) => memory.set(key, null));
  }

  return {
    store,
    memory,
    admitted, start, agree, decline, reconsider, say, resend, ask, callPerson, end, fetchReceipt, rate, renew,
    attach: uploads.add, retry: uploads.retry, drop: uploads.drop,
    file: (id) => api.file(id).catch((problem) => { store.set({ notice: problem.message }); return null; }),
    clause: (basis) => api.clause(basis.source, basis.locator),
    hasSession: () => Boolean(memory.get('session')),
    seen: () => store.get().unread && store.set({ unread: 0 }),
    quiet: () => store.set({ notice: '' }),
    nudge: () => line && line.nudge(),
    cut: () => line && line.cut(),
    stop() { forgetTimers(); uploads.stop(); if (line) line.stop(); line = null; },
  };
}

const endOf = (closed) => ({ receipt: receiptOf(closed), toRate: closed.to_rate || null });
const receiptOf = ({ receipt, sealed }) => (receipt ? Object.freeze({ ...receipt, sealed: sealed !== false }) : null);

// randomUUID exists only on https; the widget may stand on an intranet page without it.
export function newId(source = globalThis.crypto) {
  if (source.randomUUID) return source.randomUUID();
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
