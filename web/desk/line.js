// The line on which the server tells what has changed. htmx's extension asks for it through `createEventSource` and gets
// one that lets go when the page lies behind another of the desk: browsers allow six connections to one server, and
// people open more cases than that. Back in front, it calls again and all that listens is fetched anew. When the page in
// front is closed and none takes its place, one of those behind calls, so that notices still come.
import htmx from 'htmx.org';
import 'htmx-ext-sse';
import { onElsewhere, remember, remembered } from './local.js';
import { notice } from './notices.js';
import { leave, post } from './requests.js';

const bar = document.getElementById('bar-offline');
const LISTENING = '[hx-trigger*="sse:"]';
const own = String(Math.random());
const lines = [];
let warning;

function line(url) {
  const ears = [];
  let source;
  let retry;
  let waited = 1000;
  let before = false;

  const call = () => {
    clearTimeout(retry);
    source = new EventSource(url, { withCredentials: true });
    for (const ear of ears) source.addEventListener(...ear);
    source.addEventListener('notice', ({ data }) => notice(data));
    source.addEventListener('ended', leave);
    source.onopen = () => {
      online(true);
      waited = 1000;
      if (before) document.querySelectorAll(LISTENING).forEach(refresh);
      before = true;
    };
    source.onerror = () => {
      online(false);
      // The browser calls again by itself unless the server refused.
      if (source.readyState !== EventSource.CLOSED) return;
      // It does not say why; if the session has ended, this answer leads to the sign-in page.
      post(document.body.dataset.hereUrl).catch(() => {});
      retry = setTimeout(call, waited);
      waited = Math.min(waited * 2, 60000);
    };
  };
  const hang = () => { clearTimeout(retry); source.close(); };
  call();
  lines.push({ call, hang, open: () => source.readyState !== EventSource.CLOSED });
  return {
    url,
    get readyState() { return source.readyState; },
    addEventListener: (...ear) => { ears.push(ear); source.addEventListener(...ear); },
    removeEventListener: (name, heard) => {
      const at = ears.findIndex(([one, body]) => one === name && body === heard);
      if (at >= 0) ears.splice(at, 1);
      source.removeEventListener(name, heard);
    },
    close: hang,
  };
}

const refresh = (node) => {
  for (const name of node.getAttribute('hx-trigger').match(/sse:[\w-]+/g)) htmx.trigger(node, name);
};

// A page that is being left also loses its line, so the bar waits a little.
function online(is) {
  clearTimeout(warning);
  if (is) bar.hidden = true;
  else warning = setTimeout(() => { bar.hidden = false; }, 3000);
}

function front() {
  remember('front', own);
  for (const one of lines) if (!one.open()) one.call();
}

htmx.createEventSource = line;
const shown = () => document.hidden || front();
document.addEventListener('visibilitychange', shown);
addEventListener('pagehide', () => remembered('front') === own && remember('front', ''));
onElsewhere('front', (holder) => {
  if (!document.hidden) return;
  if (holder) lines.forEach(({ hang }) => hang());
  else setTimeout(() => remembered('front') || front(), 3000 + Math.random() * 3000);
});
shown();
