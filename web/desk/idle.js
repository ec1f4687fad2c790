// The session ends after a time without an act of a person. Somebody at work tells the server once a minute that they
// are there; who is away is warned a minute before, in every tab, and then led to the sign-in page.
import { open } from './dialogs.js';
import { onElsewhere, remember } from './local.js';
import { leave, post } from './requests.js';

const { idleSeconds, hereUrl } = document.body.dataset;
const MINUTE = 60000;
const limit = Number(idleSeconds) * 1000;
const dialog = document.getElementById('idle');
let seen = Date.now();

// The session was prolonged by this tab or by another.
function prolonged(at) {
  seen = at;
  if (dialog.open) dialog.close();
}

function here() {
  prolonged(Date.now());
  remember('seen', String(seen));
  post(hereUrl, { passive: false }).catch(() => {});
}

const active = () => { if (!dialog.open && Date.now() - seen > MINUTE) here(); };

function look() {
  const away = Date.now() - seen;
  if (away > limit) leave();
  else if (away > limit - MINUTE) open('idle');
}

if (limit > MINUTE) {
  remember('seen', String(seen));
  onElsewhere('seen', (value) => prolonged(Number(value)));
  for (const act of ['pointerdown', 'keydown', 'wheel']) addEventListener(act, active, { passive: true });
  dialog.addEventListener('close', () => Date.now() - seen > MINUTE && here());
  setInterval(look, 5000);
}
