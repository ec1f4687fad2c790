// How the desk asks the server: with the token of the session, once, and honest about what came of it.
import { toast } from './notices.js';
import { W } from './words.js';

const token = document.querySelector('meta[name="csrf"]');
const LEFT = 401;

// What a page asks by itself, at an event of the line or as time goes by, must not keep a session alive; the server looks at
// this header.
const byItself = (event) => !event || event.type.startsWith('sse:');

export const post = (url, { passive = true } = {}) => fetch(url, {
  method: 'POST', credentials: 'same-origin', redirect: 'manual',
  headers: { 'X-CSRF-Token': token.content, ...(passive && { 'X-Passive': '1' }) },
}).then((answer) => {
  if (answer.status === LEFT) leave();
  return answer;
});

// The session has ended: the sign-in page says so, and leads back here.
export function leave() {
  const { login } = document.body.dataset;
  if (login) location.assign(`${login}?ended=1&next=${encodeURIComponent(location.pathname + location.search)}`);
}

document.addEventListener('htmx:configRequest', ({ detail }) => {
  const { headers, parameters, triggeringEvent, elt } = detail;
  if (detail.verb !== 'get' && token) headers['X-CSRF-Token'] = token.content;
  if (byItself(triggeringEvent)) headers['X-Passive'] = '1';
  if ('after' in elt.dataset) parameters.after = lastOf(elt);
});

const lastOf = (log) => Math.max(0, ...[...log.querySelectorAll('[data-seq]')].map((node) => Number(node.dataset.seq)));

document.addEventListener('htmx:responseError', ({ detail: { xhr } }) => {
  if (xhr.status === LEFT) leave();
  else toast({ text: told(xhr) || W.failed, kind: 'over' });
});
document.addEventListener('htmx:sendError', ({ detail }) => {
  if (!detail.requestConfig.headers['X-Passive']) toast({ text: W.unreachable, kind: 'over' });
});

// The service says what is wrong as {"error": {"message"}}.
function told(xhr) {
  try { return JSON.parse(xhr.responseText).error.message; } catch { return ''; }
}

// A second press of the button must not look like a second act.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method === 'dialog') return;
  if ('sent' in form.dataset) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (form.method === 'post' || form.matches('[hx-post]')) form.dataset.sent = '';
}, true);
document.addEventListener('htmx:afterRequest', ({ target }) => target.dataset && delete target.dataset.sent);
// A page that comes back by the browser's own button can be sent again.
addEventListener('pageshow', () => document.querySelectorAll('[data-sent]').forEach((form) => delete form.dataset.sent));
