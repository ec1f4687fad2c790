// The conversation as a log that speaks each new message once, in order, and never the history again.
import { W } from '../words.js';
import { el, show, write } from './dom.js';
import { messageNode, showMark } from './message.js';
import { dayOf } from './time.js';

export function createLog({ openBasis, openFile, resend }) {
  const number = el('p', { class: 'number' });
  const list = el('div', { class: 'log', role: 'log', 'aria-label': W.log, 'aria-live': 'off' });
  const dots = el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'));
  const words = el('span');
  const status = el('p', { class: 'waiting', role: 'status' }, words);
  const root = el('div', { class: 'talk' }, number, list, status);
  const nodes = new Map();

  function update(state) {
    write(number, state.consultation ? W.number(state.consultation) : '');
    const added = arrange(state);
    waiting(state);
    if (state.caughtUp && list.getAttribute('aria-live') === 'off') wake(state.entries.length);
    return added;
  }

  // A transcript that comes back is put in silently, and only then the region comes alive.
  function wake(history) {
    const speak = () => list.setAttribute('aria-live', 'polite');
    if (history) setTimeout(speak, 300);
    else speak();
  }

  function arrange(state) {
    const wanted = listOf(state);
    const added = [];
    const keep = new Set(wanted.map((one) => one.key));
    for (const [key, node] of nodes) if (!keep.has(key)) { node.remove(); nodes.delete(key); }
    let cursor = list.firstChild;
    for (const one of wanted) {
      let node = nodes.get(one.key);
      if (!node) {
        node = one.day ? el('p', { class: 'day' }, one.day) : messageNode(one.entry, { openBasis, openFile });
        nodes.set(one.key, node);
        if (!one.day) added.push({ node, entry: one.entry });
      }
      if (node === cursor) cursor = cursor.nextSibling;
      else list.insertBefore(node, cursor);
      if (one.day) continue;
      node.classList.toggle('follow', one.follow);
      if (one.entry.from === 'citizen') showMark(node, one.item, resend);
    }
    return added;
  }

  function waiting(state) {
    const live = state.line === 'online' || state.line === 'restored';
    const shown = state.phase === 'talking' && live ? sentence(state) : '';
    show(dots, Boolean(shown));
    if (shown && !dots.isConnected) status.prepend(dots);
    write(words, shown);
  }

  return { root, list, update };
}

function sentence({ waiting, typing, owner }) {
  if (waiting === 'still') return W.stillWorking;
  if (waiting === 'long') return W.longWork;
  if (typing && owner === 'staff') return W.typing;
  return waiting || typing ? W.working : '';
}

// Entries and unsent words in one order, with a line wherever the day changes.
function listOf(state) {
  const out = [];
  let day = '';
  let before = null;
  const add = (key, entry, item) => {
    const today = dayOf(entry.time);
    if (day !== today && (day || today !== dayOf())) {
      out.push({ key: `day ${today}`, day: today });
      before = null;
    }
    day = today;
    out.push({ key, entry, item, follow: before === entry.from && entry.from !== 'system' });
    before = entry.from;
  };
  for (const entry of state.entries) add(keyOf(entry), entry);
  for (const item of state.outbox) add(item.id, { from: 'citizen', text: item.text, time: item.time }, item);
  return out;
}

// A confirmed word keeps the node that it had while it was under way.
const keyOf = (entry) => (entry.from === 'citizen' && entry.message_id) || `seq ${entry.seq}`;
