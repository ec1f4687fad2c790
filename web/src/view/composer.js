// Where the citizen writes: grows with the words, sends on Enter but never in the middle of an input method.
import { LIMIT, lengthOf } from '../state.js';
import { ACCEPT } from '../uploads.js';
import { W } from '../words.js';
import { el, icon, show, touch, write } from './dom.js';
import { createFiles } from './files.js';

const NEAR = LIMIT - 200;

export function createComposer(talk) {
  const label = el('label', { for: 'zx-words' });
  const count = el('p', { class: 'count', id: 'zx-count', 'aria-live': 'polite' });
  const keys = el('p', { class: 'keys', id: 'zx-keys' }, W.keys);
  const field = el('textarea', {
    id: 'zx-words', rows: '1', enterkeyhint: 'send', autocomplete: 'off', 'aria-describedby': 'zx-keys zx-count',
    value: talk.memory.get('draft') || '', oninput: changed, onkeydown: pressed,
  });
  const files = createFiles(talk, { home: () => touch() || field.focus() });
  const chooser = el('input', { type: 'file', multiple: true, accept: ACCEPT, hidden: true, 'aria-label': W.attach, onchange: chosen });
  const clip = el('button', { type: 'button', class: 'clip', 'aria-label': W.attach, title: W.attach, onclick: () => chooser.click() }, icon('clip'));
  const button = el('button', { type: 'submit', class: 'send' }, icon('send'), el('span', null, W.send));
  const root = el('form', { class: 'foot composer', novalidate: true, onsubmit: sent },
    files.root, el('div', { class: 'over' }, label, keys, count), el('div', { class: 'row' }, clip, chooser, field, button));

  function changed() {
    const length = lengthOf(field.value.trim());
    const over = length - LIMIT;
    write(count, over > 0 ? W.tooLong(over) : length >= NEAR ? W.count(length, LIMIT) : '');
    count.classList.toggle('bad', over > 0);
    if (over > 0) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
    show(keys, !count.textContent);
    talk.memory.set('draft', field.value);
    grow();
  }

  function grow() {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  }

  function pressed(event) {
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== 'Enter' || event.shiftKey || composing) return;
    event.preventDefault();
    sent(event);
  }

  function sent(event) {
    event.preventDefault();
    if (talk.say(field.value)) {
      field.value = '';
      changed();
    }
    field.focus();
  }

  function chosen() {
    talk.attach([...chooser.files]);
    // The same file may be chosen again after it was refused.
    chooser.value = '';
  }

  function update(state) {
    const { phase, owner } = state;
    files.update(state);
    show(root, phase === 'talking' || phase === 'closing');
    const staff = owner === 'staff';
    write(label, staff ? W.labelStaff : W.label);
    field.placeholder = staff ? W.placeholderStaff : W.placeholder;
    button.disabled = clip.disabled = phase === 'closing';
  }

  // On a touch screen the keyboard would cover the answer, so the field takes focus only when it is asked for.
  function focus() {
    if (touch() || root.hidden) return false;
    field.focus();
    return true;
  }

  return { root, update, focus, grow, restore: changed };
}
