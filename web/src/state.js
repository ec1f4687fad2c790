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
  files: Object.freeze([]),
  waiting: '',
  typing: false,
  question: '',
  notice: '',
  receipt: null,
  rated: 0,
  toRate: null,
  caughtUp: false,
  unread: 0,
});

export const LIMIT = 2000;
export const FILE_LIMIT = 10 * 1024 * 1024;
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

// Files and what is said to them stand beside the talk: they answer nothing, and what was offered before still stands.
const aside = (entry) => entry.kind === 'attachment' || entry.kind === 'attached';

// A greeting that comes in while the first question is still under way is not its answer.
function isAnswered(news, outbox) {
  const fresh = news.filter((entry) => !aside(entry));
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

// Files under way, in the order in which they were chosen: sending, lost (to be sent again) or refused.
export const withFile = (state, file) => ({ ...state, files: [...state.files, Object.freeze({ state: 'sending', part: 0, problem: '', ...file })], notice: '' });
export const withoutFile = (state, id) => ({ ...state, files: state.files.filter((file) => file.id !== id) });
export const fileChanged = (state, id, change) => ({
  ...state, files: state.files.map((file) => (file.id === id ? Object.freeze({ ...file, ...change }) : file)),
});

// The buttons on offer: those of the newest word of the assistant, as long as the citizen has not answered it. Under the
// greeting stand those of the site that the page belongs to.
export function choices(state) {
  if (state.phase !== 'talking' || state.outbox.length) return [];
  const talk = state.entries.filter((entry) => !aside(entry));
  const { quick = [] } = state.site || {};
  for (let i = talk.length - 1; i >= 0 && talk[i].from !== 'citizen'; i -= 1) {
    if (talk[i].kind === 'greeting' && quick.length) break;
    if (talk[i].buttons && talk[i].buttons.length) return talk[i].buttons;
    if (talk[i].from === 'bot') break;
  }
  const fresh = state.caughtUp && state.last > 0 && !talk.some((entry) => entry.from === 'citizen');
  if (fresh && state.owner === 'bot' && quick.length) return quick;
  const latest = state.entries[state.entries.length - 1];
  return (latest && aside(latest) && latest.buttons) || [];
}
