// One message: who, when, the words, their legal basis, and for the citizen's own words how far they have got.
import { W } from '../words.js';
import { el, icon, show, uid } from './dom.js';
import { fileButton } from './files.js';
import { prose } from './prose.js';
import { hourOf } from './time.js';

const SHOWN = 2;

export function messageNode(entry, { openBasis, openFile }) {
  const id = uid('m');
  const from = W.who[entry.from] ? entry.from : 'system';
  return el('div', { class: `msg ${from}`, role: 'article', 'aria-labelledby': id },
    el('p', { class: 'by', id }, from === 'bot' && seal(), el('span', null, W.who[from]), ' ',
      el('time', { datetime: entry.time }, hourOf(entry.time))),
    el('div', { class: 'bubble' },
      el('div', { class: 'prose' }, entry.attachment ? fileButton(entry, openFile) : prose(entry.text)),
      entry.basis && entry.basis.length > 0 && basisRow(entry.basis, openBasis)),
    el('div', { class: 'mark' }));
}

export const seal = () => el('span', { class: 'seal', 'aria-hidden': 'true' }, '知');

function basisRow(list, openBasis) {
  const id = uid('b');
  const items = list.map((basis) => el('li', null, chip(basis, openBasis)));
  return el('div', { class: 'basis' },
    el('p', { class: 'tag', id }, icon('book'), W.basis),
    el('ul', { 'aria-labelledby': id, role: 'list' }, items),
    items.length > SHOWN + 1 && more(items.slice(SHOWN)));
}

// A long list of bases stays folded, so that the answer itself is not pushed out of sight.
function more(items) {
  items.forEach((item) => show(item, false));
  const unfold = () => {
    items.forEach((item) => show(item, true));
    items[0].firstChild.focus();
    button.remove();
  };
  const button = el('button', { type: 'button', class: 'more', onclick: unfold }, W.moreBasis(items.length));
  return button;
}

function chip(basis, openBasis) {
  return el('button', { type: 'button', class: 'chip', 'aria-haspopup': 'dialog', onclick: () => openBasis(basis) },
    el('span', null, named(basis.title), el('span', { class: 'at' }, basis.locator || '')),
    basis.in_force === false && el('span', { class: 'flag' }, W.notInForce));
}

export const named = (title) => (String(title).startsWith('《') ? title : `《${title || ''}》`);

// The mark under one's own words: nothing once they are recorded.
export function showMark(node, item, resend) {
  const mark = node.lastChild;
  const state = item ? item.state : '';
  if (mark.dataset.state === state) return;
  mark.dataset.state = state;
  mark.replaceChildren(...markOf(item, resend).filter(Boolean));
}

function markOf(item, resend) {
  if (!item) return [];
  if (item.state === 'pending') return [el('span', { class: 'sending' }, W.sending)];
  return [
    el('button', { type: 'button', class: 'resend', onclick: () => resend(item.id) }, W.notSent),
    item.problem && el('span', { class: 'why' }, item.problem),
  ];
}
