// The buttons of the newest answer. A button shows its title and sends its payload as plain words.
import { choices } from '../state.js';
import { W } from '../words.js';
import { el, show } from './dom.js';

export function createChoices(talk, { afterChoice }) {
  const root = el('div', { class: 'choices', role: 'group', 'aria-label': W.replies });
  let shown = null;

  function update(state) {
    const buttons = choices(state);
    if (buttons === shown) return;
    shown = buttons;
    show(root, buttons.length > 0);
    root.replaceChildren(...buttons.map(choice));
  }

  function choice({ title, payload }) {
    return el('button', { type: 'button', class: 'pick', onclick: () => { if (talk.say(payload || title)) afterChoice(); } }, title);
  }

  return { root, update };
}
