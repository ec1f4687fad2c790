// A card laid over the panel: everything under it rests until it is closed, and focus returns to where it was.
import { W } from '../words.js';
import { el, icon, keepTabInside, show, uid } from './dom.js';

export function createSheet({ beneath, home }) {
  const root = el('div', { class: 'veil', hidden: true, onclick: (event) => { if (event.target === root) close(); } });
  let back = null;

  function open(title, body, buttons = []) {
    const id = uid('s');
    const heading = el('h2', { id, tabindex: '-1' }, title);
    const card = el('div', { class: 'sheet', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': id, onkeydown: (event) => keepTabInside(event, card) },
      el('div', { class: 'cap' }, heading,
        el('button', { type: 'button', class: 'icon', 'aria-label': W.close, onclick: close }, icon('close'))),
      el('div', { class: 'inside', tabindex: '0', role: 'group', 'aria-labelledby': id }, body),
      buttons.length > 0 && el('div', { class: 'choice' }, buttons));
    back = root.getRootNode().activeElement;
    root.replaceChildren(card);
    show(root, true);
    beneath.inert = true;
    heading.focus();
  }

  function close() {
    if (root.hidden) return false;
    show(root, false);
    root.replaceChildren();
    beneath.inert = false;
    if (back && back.isConnected && back.getClientRects().length) back.focus();
    else home();
    return true;
  }

  function confirm(title, text, yes, act) {
    open(title, el('p', null, text), [
      el('button', { type: 'button', class: 'main', onclick: () => { close(); act(); } }, yes),
      el('button', { type: 'button', class: 'plain', onclick: close }, W.endNo),
    ]);
  }

  return { root, open, close, confirm };
}
