// The whole state of one consultation as a frozen value, and the pure steps from one value to the next.
// phase: idle → loading → consent → starting → talking → closing → ended, with unreachable, declined and gone beside it.
export const NOTHING = Object.freeze({
  phase: 'idle',
  site: null,
  consultation: '',
  line: 'idle',
  owner: 'bot',
  entries: Object.freeze([]),
  last: 0,
  outbox: Object.freeze([]),
  waiting: '',
  typing: false,
  question: '',
  notice: '',
  receipt: null,
  rated: false,
  caughtUp: false,
  unread: 0,
});

export const LIMIT = 2000;
export const lengthOf = (text) => Array.from(text).length;

export function createStore() {
  let state = NOTHING;
  const watchers = new Set();
  return {
    get: () => state,
    set(step) {
      const next = typeof step === 'function' ? step(state) : { ...state, ...step };
      if (next === state) return;
      const before = state;
      state = Object.freeze(next);
      for (const watcher of [...watchers]) watcher(state, before);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

// A batch from the server: new entries are appended in order, known ones are ignored, own words are confirmed.
export function heard(state, { entries = [], owner }) {
  const fresh = newer(entries, state.last);
  const confirmed = new Set(entries.filter((entry) => entry.from === 'citizen').map((entry) => entry.message_id));
  const outbox = confirmed.size ? state.outbox.filter((item) => !confirmed.has(item.id)) : state.outbox;
  const answered = isAnswered(fresh, outbox);
  const over = owner === 'closed' || fresh.some((entry) => entry.kind === 'closed');
  return {
    ...state,
    entries: fresh.length ? [...state.entries, ...fresh] : state.entries,
    last: fresh.length ? fresh[fresh.length - 1].seq : state.last,
    outbox,
    owner: over ? 'closed' : owner || state.owner,
    phase: over ? 'ended' : state.phase,
    waiting: answered || over ? '' : state.waiting,
    typing: answered || over ? false : state.typing,
    notice: answered ? '' : state.notice,
    caughtUp: true,
    unread: state.caughtUp ? state.unread + fresh.filter((entry) => entry.from !== 'citizen').length : state.unread,
  };
}

// A greeting that comes in while the first question is still under way is not its answer.
function isAnswered(fresh, outbox) {
  const latest = fresh[fresh.length - 1];
  return Boolean(latest) && latest.from !== 'citizen' && !outbox.some((item) => item.state === 'pending');
}

function newer(entries, last) {
  const sorted = entries.filter((entry) => entry.seq > last).sort((a, b) => a.seq - b.seq);
  return sorted.filter((entry, i) => i === 0 || entry.seq !== sorted[i - 1].seq);
}

export function said(state, item) {
  return {
    ...state,
    outbox: [...state.outbox, Object.freeze({ ...item, state: 'pending', problem: '' })],
    waiting: state.owner === 'bot' ? 'now' : '',
    notice: '',
  };
}

// An unsent message changes its mark: pending, lost (no word from the server) or refused (the server said no).
export function marked(state, id, mark, problem = '') {
  if (!state.outbox.some((item) => item.id === id)) return state;
  const outbox = state.outbox.map((item) => (item.id === id ? Object.freeze({ ...item, state: mark, problem }) : item));
  return { ...state, outbox, waiting: mark === 'pending' ? state.waiting : '' };
}

// The buttons on offer: those of the newest word of the assistant, as long as the citizen has not answered it.
export function choices(state) {
  if (state.phase !== 'talking' || state.outbox.length) return [];
  for (let i = state.entries.length - 1; i >= 0; i -= 1) {
    const entry = state.entries[i];
    if (entry.from === 'citizen') return [];
    if (entry.buttons && entry.buttons.length) return entry.buttons;
    if (entry.from === 'bot') break;
  }
  const fresh = state.caughtUp && state.last > 0 && !state.entries.some((entry) => entry.from === 'citizen');
  return fresh && state.owner === 'bot' && state.site ? state.site.quick || [] : [];
}
