// What the pages of the desk do beyond links and forms; without it they still work, with more steps.
import './local.js';
import './requests.js';
import './line.js';
import './dialogs.js';
import './keys.js';
import './writing.js';
import './case.js';
import './idle.js';
import { toast } from './notices.js';
import { W } from './words.js';

document.addEventListener('click', ({ target }) => {
  const copy = target.closest('[data-copy]');
  if (copy) copied(copy.dataset.copy);

  // A click anywhere in a row opens its first link, unless it is meant for something else.
  const row = target.closest('tr[data-row]');
  if (row && !target.closest('a, button, input, label, select, summary') && !String(getSelection())) row.querySelector('a').click();
});

// The clipboard of the browser is there over HTTPS only; an office without it copies the old way.
async function copied(text) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!byHand(text)) throw new Error(W.notCopied);
    toast({ text: W.copied, kind: 'good' });
  } catch { toast({ text: W.notCopied, kind: 'warn' }); }
}

function byHand(text) {
  const field = Object.assign(document.createElement('textarea'), { value: text, className: 'hidden' });
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

// Who signs out leaves nothing of an entry behind; a session that ended by itself does, to be gone on with.
document.addEventListener('submit', ({ target }) => {
  if (target.getAttribute('action') !== '/desk/logout') return;
  try {
    Object.keys(sessionStorage).filter((key) => key.startsWith('zhixun-desk:entry:')).forEach((key) => sessionStorage.removeItem(key));
  } catch { /* What cannot be kept needs no clearing. */ }
});

const focus = document.querySelector('[data-focus]');
if (focus) focus.focus();

// Paper shows what the screen has folded away.
addEventListener('beforeprint', () => document.querySelectorAll('details.section:not([open])').forEach((part) => {
  part.open = true;
  addEventListener('afterprint', () => { part.open = false; }, { once: true });
}));
document.addEventListener('click', ({ target }) => target.closest('[data-print]') && print());
