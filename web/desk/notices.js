// What comes unasked: a line at the corner, a short sound, and with leave a notification of the desktop.
import { remembered } from './local.js';

const region = document.getElementById('toasts');
const pattern = document.getElementById('toast');
const ask = document.getElementById('ask-notices');
const STAY = { good: 5000, soft: 15000, warn: 15000 };
let heard = 0;
let player;

// kind: soft, good, warn or over; what went wrong stays until it is closed.
export function toast({ text, url, kind = 'soft' }) {
  if (!region) return;
  const node = pattern.content.firstElementChild.cloneNode(true);
  const words = node.querySelector('p');
  node.classList.add(kind);
  if (url && url.startsWith('/')) words.append(Object.assign(document.createElement('a'), { href: url, textContent: text }));
  else words.textContent = text;
  node.querySelector('button').addEventListener('click', () => node.remove());
  region.append(node);
  while (region.children.length > 4) region.firstChild.remove();
  if (STAY[kind]) setTimeout(() => node.remove(), STAY[kind]);
}

// `data` is what the server sends as event `notice`: {title, body, url, sound}.
export function notice(data) {
  const { title, body = '', url = '', sound = false } = JSON.parse(data);
  // What is told on the very page that it is about can be seen there.
  if (url !== location.pathname) toast({ text: body ? `${title}\n${body}` : title, url });
  if (sound && remembered('sound')) beep();
  if (!document.hidden || !allowed('granted')) return;
  const shown = new Notification(title, { body, tag: url || title });
  shown.onclick = () => { window.focus(); if (url.startsWith('/')) location.assign(url); };
}

const allowed = (state) => 'Notification' in window && Notification.permission === state;

// Two soft tones; several notices at once make one sound.
function beep() {
  if (Date.now() - heard < 3000) return;
  heard = Date.now();
  player = player || new AudioContext();
  player.resume();
  const start = player.currentTime + 0.05;
  [660, 880].forEach((frequency, n) => {
    const [tone, volume] = [player.createOscillator(), player.createGain()];
    const at = start + n * 0.18;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.15, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.35);
    tone.connect(volume).connect(player.destination);
    tone.start(at);
    tone.stop(at + 0.4);
  });
}

function show() {
  ask.hidden = !('Notification' in window) || !allowed('default');
  document.getElementById('notices-on').hidden = !allowed('granted');
  document.getElementById('notices-denied').hidden = !allowed('denied');
}

if (ask) {
  show();
  ask.addEventListener('click', () => Notification.requestPermission().then(show));
  // Switching the sound on lets it be heard.
  document.querySelector('[data-local="sound"]').addEventListener('change', ({ target }) => target.checked && beep());
  // A reply of the server may carry a line as header HX-Trigger: {"toast": {"text": …, "kind": …}}.
  document.addEventListener('toast', ({ detail }) => toast(detail));
}
