// Two lines of notice: the state of the connection, and a sentence of the server that stays until it is read.
import { W } from '../words.js';
import { el, show, write } from './dom.js';

const TELLING = { lost: W.lost, restored: W.restored };

export function createBanner(talk) {
  const line = el('p', { class: 'line', role: 'status' });
  const words = el('span');
  const notice = el('div', { class: 'alert', role: 'alert' });
  const card = [words, el('button', { type: 'button', class: 'ok', onclick: talk.quiet }, W.dismiss)];
  let slow;

  function update(state, before) {
    connection(state, before);
    write(words, state.notice);
    if (state.notice && !notice.firstChild) notice.append(...card);
    if (!state.notice) notice.replaceChildren();
    notice.classList.toggle('on', Boolean(state.notice));
  }

  function connection(state, before) {
    if (before && before.line === state.line && before.phase === state.phase) return;
    clearTimeout(slow);
    const live = state.phase === 'talking' || state.phase === 'closing';
    say(live ? TELLING[state.line] || '' : '', state.line);
    // A first connection is only worth a word when it is slow.
    if (live && state.line === 'connecting') slow = setTimeout(() => say(W.connecting, 'lost'), 2500);
  }

  function say(text, kind) {
    write(line, text);
    line.className = `line ${text ? kind : ''}`;
  }

  return { line, notice, update };
}
