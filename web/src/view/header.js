// The head of the panel: whose service, who is answering, the way to a person, and the menu.
import { W } from '../words.js';
import { el, icon, show, write } from './dom.js';
import { seal } from './message.js';

export function createHeader(talk, { fold, isFloating, toggleLarge, isLarge, endIt, renew }) {
  const title = el('h2', { class: 'title', id: 'zx-title', tabindex: '-1' }, W.fallbackName);
  const state = el('p', { class: 'state', role: 'status' });
  const person = el('button', { type: 'button', class: 'person', onclick: talk.callPerson }, icon('person'), el('span', null, W.person));
  const opener = el('button', { type: 'button', class: 'icon', 'aria-label': W.menu, 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => (menu.hidden ? open() : close()) }, icon('menu'));
  const folder = el('button', { type: 'button', class: 'icon fold', 'aria-label': W.menuFold, onclick: fold }, icon('fold'));
  const large = item(W.menuLarge, toggleLarge, 'menuitemcheckbox');
  const end = item(W.menuEnd, endIt);
  const items = [large, end, item(W.menuNew, renew), isFloating && item(W.menuFold, fold)].filter(Boolean);
  const menu = el('div', { class: 'menu', role: 'menu', 'aria-label': W.menu, hidden: true, onkeydown: keys, onfocusout: left }, items);
  const root = el('header', { class: 'top' }, seal(), el('div', { class: 'names' }, title, state), person, opener, isFloating && folder);

  function item(words, act, role = 'menuitem') {
    const run = () => { close(); act(); };
    return el('button', { type: 'button', role, tabindex: '-1', onclick: run }, el('span', null, words), role !== 'menuitem' && icon('check'));
  }

  function open() {
    large.setAttribute('aria-checked', String(isLarge()));
    show(menu, true);
    opener.setAttribute('aria-expanded', 'true');
    live()[0].focus();
  }

  function close() {
    if (menu.hidden) return false;
    const inside = menu.contains(menu.getRootNode().activeElement);
    show(menu, false);
    opener.setAttribute('aria-expanded', 'false');
    if (inside) opener.focus();
    return true;
  }

  const live = () => items.filter((one) => !one.hidden);

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -99, End: 99 }[event.key];
    if (event.key === 'Tab') close();
    if (!step) return;
    event.preventDefault();
    const all = live();
    const at = all.indexOf(menu.getRootNode().activeElement);
    const to = Math.abs(step) > 1 ? (step > 0 ? all.length - 1 : 0) : (at + step + all.length) % all.length;
    all[to].focus();
  }

  function left(event) {
    const to = event.relatedTarget;
    if (to && !menu.contains(to) && to !== opener) close();
  }

  function update(now) {
    const talking = ['talking', 'closing', 'ended'].includes(now.phase);
    const owner = now.phase === 'ended' ? 'closed' : now.owner;
    write(title, (now.site && (now.site.title || now.site.name)) || W.fallbackName);
    write(state, talking ? W.states[owner] || W.states.bot : W.notBegun);
    root.dataset.owner = talking ? owner : '';
    person.classList.toggle('rests', now.phase === 'ended');
    show(end, now.phase === 'talking');
  }

  return { root, menu, title, opener, update, close };
}
