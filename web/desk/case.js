// An open consultation: the log stays at its end, the side panel keeps what is open and what is being written in it, and the
// lease is kept as long as the page is open.
import { post } from './requests.js';

const NEAR = 60;
const composer = document.querySelector('[data-lease]');

// How far the end of the log lies below what is seen: in the log itself, or on a phone in the page, above the composer.
function below(log) {
  if (log.scrollHeight > log.clientHeight + 1) return log.scrollHeight - log.scrollTop - log.clientHeight;
  return log.getBoundingClientRect().bottom - (composer ? composer.getBoundingClientRect().top : innerHeight);
}

function toEnd(log) {
  const far = below(log);
  if (log.scrollHeight > log.clientHeight + 1) log.scrollTop += far;
  else if (far > 0) scrollBy(0, far + 8);
}

for (const log of document.querySelectorAll('[data-follow]')) {
  let was = true;
  if (!location.hash) toEnd(log);
  log.addEventListener('htmx:beforeSwap', () => { was = below(log) < NEAR; });
  log.addEventListener('htmx:afterSwap', () => was && toEnd(log));
}

// A panel with data-keep-open is fetched anew without folding what somebody opened; while a form in it is being filled in, it
// waits for the next time.
const nameOf = (part) => part.id || part.firstElementChild.textContent;
const begun = (panel) => [...panel.querySelectorAll('input:not([type="hidden"]):not([type="search"]), textarea')].some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);

for (const panel of document.querySelectorAll('[data-keep-open]')) {
  let opened;
  panel.addEventListener('htmx:beforeSwap', ({ target, detail }) => {
    if (target !== panel) return;
    if (begun(panel) || panel.contains(document.activeElement)) detail.shouldSwap = false;
    opened = new Map([...panel.querySelectorAll('details')].map((part) => [nameOf(part), part.open]));
  });
  panel.addEventListener('htmx:afterSwap', ({ target }) => {
    if (target !== panel) return;
    for (const part of panel.querySelectorAll('details')) part.open = opened.has(nameOf(part)) ? opened.get(nameOf(part)) : part.open;
  });
}

// Who has lost the case may not write to the citizen any more; what was written stays to be copied.
function lost() {
  document.getElementById('bar-lost').hidden = false;
  for (const form of document.querySelectorAll('[data-lease]')) {
    form.dataset.lost = '';
    form.querySelectorAll('button, input, select').forEach((control) => { control.disabled = true; });
    form.querySelectorAll('textarea').forEach((field) => { field.readOnly = true; });
  }
}

const holder = document.querySelector('[data-beat-url]');
if (holder) {
  const beat = async () => {
    const answer = await post(holder.dataset.beatUrl).catch(() => null);
    if (!answer || answer.status !== 409) return;
    clearInterval(beating);
    lost();
  };
  const beating = setInterval(beat, Number(holder.dataset.beatSeconds || 20) * 1000);
  document.addEventListener('visibilitychange', () => document.hidden || beat());
}
document.addEventListener('htmx:responseError', ({ target, detail }) => {
  if (detail.xhr.status === 409 && target.closest('[data-lease]')) lost();
});
