// The keyboard. Single letters work only where nobody is writing, and can be switched off.
import { open } from './dialogs.js';
import { remembered } from './local.js';

const writing = (node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);
const PATIENCE = 1500;
let led = 0;

document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  if (event.isComposing || event.keyCode === 229 || event.altKey) return;
  if (key === 'Enter' && (event.ctrlKey || event.metaKey) && target.matches('[data-send]')) {
    event.preventDefault();
    target.form.requestSubmit();
  } else if (/^Arrow(Up|Down)$/.test(key) && target.closest('[data-results]')) walk(event);
  else if (!event.ctrlKey && !event.metaKey && !writing(target) && !remembered('keys') && !document.querySelector('dialog[open]')) letter(event);
});

function letter(event) {
  const { key } = event;
  if (key === '?') open('keys');
  else if (key === '/') {
    const field = document.querySelector('[data-search]');
    if (!field) return;
    field.focus();
    field.select();
  } else if (key === 'g') {
    led = Date.now();
    return;
  } else if (Date.now() - led < PATIENCE) {
    led = 0;
    const link = [...document.querySelectorAll('.rail [data-key]')].find((one) => one.dataset.key === key);
    if (!link) return;
    link.click();
  } else return;
  event.preventDefault();
}

// Up and down between the field and the results below it.
function walk(event) {
  const search = event.target.closest('[data-results]');
  const stops = [search.querySelector('input'), ...search.querySelectorAll('.results a')];
  const next = stops[stops.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1)];
  event.preventDefault();
  if (next) next.focus();
}
