// Fields to write in: they grow, count, keep a draft until it is sent, and tell that somebody is typing.
import htmx from 'htmx.org';
import { post } from './requests.js';
import { W } from './words.js';

const PING = 4000;
const LOW = 100;
const DRAFT = 'zhixun-desk:draft:';
let pinged = 0;
let taken = 0;

function grow(field) {
  const before = field.scrollTop;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  field.scrollTop = before;
}

function count(field) {
  const left = field.maxLength - field.value.length;
  const line = document.getElementById(field.dataset.count);
  line.textContent = W.left(left);
  line.classList.toggle('low', left <= LOW);
}

function fit(field) {
  if ('grow' in field.dataset) grow(field);
  if (field.dataset.count) count(field);
}

const draft = (field, value) => {
  try {
    const key = DRAFT + field.dataset.draft;
    if (value === undefined) return sessionStorage.getItem(key) || '';
    return value ? sessionStorage.setItem(key, value) : sessionStorage.removeItem(key);
  } catch { return ''; }
};

function begin(field) {
  if (field.dataset.draft && !field.value) field.value = draft(field);
  fit(field);
}

document.addEventListener('input', ({ target }) => {
  if (target.tagName !== 'TEXTAREA') return;
  fit(target);
  if (target.dataset.draft) draft(target, target.value);
  const { typingUrl } = target.dataset;
  if (typingUrl && Date.now() - pinged > PING && !isNote(target.form)) {
    pinged = Date.now();
    post(typingUrl).catch(() => {});
  }
});
const isNote = (form) => form && form.dataset.mode === 'note';

// The composer looks different while a private note is written.
document.addEventListener('change', ({ target }) => {
  if (target.name === 'mode' && 'mode' in target.form.dataset) target.form.dataset.mode = target.value;
});

// Sent words are no draft any more. A form that htmx sends is emptied when the server took it, unless it was replaced.
document.addEventListener('submit', ({ target }) => {
  if (target.matches('[hx-post]')) return;
  for (const field of target.querySelectorAll('[data-draft]')) draft(field, '');
});
document.addEventListener('htmx:afterRequest', ({ target, detail }) => {
  if (!detail.successful || !target.matches || !target.matches('form')) return;
  for (const field of target.querySelectorAll('[data-draft]')) {
    draft(field, '');
    field.value = '';
    fit(field);
    field.focus();
  }
  for (const cited of target.querySelectorAll('[data-cited]')) cited.value = '';
  // What is sent again after a failure counts once; what was taken is followed by something new.
  for (const once of target.querySelectorAll('[data-once]')) once.value = `${once.dataset.once}-${taken += 1}`;
});

// Words put into the composer by a button: data-insert="words", and data-cite="id" for the knowledge that they rest on.
document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-insert]');
  const field = document.getElementById('words');
  if (!button || !field) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
  const cited = field.form.querySelector('[data-cited]');
  if (cited && button.dataset.cite) cited.value = [...new Set([...cited.value.split(',').filter(Boolean), button.dataset.cite])].join(',');
  const dialog = button.closest('dialog');
  if (dialog) dialog.close();
  field.focus();
});

htmx.onLoad((node) => node.querySelectorAll('textarea').forEach(begin));
