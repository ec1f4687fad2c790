// What this computer remembers: sizes and sounds, never anything about a citizen.
const root = document.documentElement;
const PREFIX = 'zhixun-desk:';

export const remembered = (name) => {
  try { return localStorage.getItem(PREFIX + name) || ''; } catch { return ''; }
};

export const remember = (name, value) => {
  try { localStorage.setItem(PREFIX + name, value); } catch { /* A browser that keeps nothing is asked again next time. */ }
};

// Calls `body` with the new value when another tab changes `name`.
export const onElsewhere = (name, body) => {
  addEventListener('storage', ({ key, newValue }) => key === PREFIX + name && body(newValue));
};

const apply = () => {
  root.dataset.size = remembered('size');
  // The largest print needs the room of the navigation for the page.
  root.dataset.nav = remembered('nav') || (remembered('size') === 'larger' ? 'folded' : 'open');
};

root.classList.add('js');
apply();
addEventListener('storage', apply);

for (const control of document.querySelectorAll('[data-local]')) {
  const name = control.dataset.local;
  control.checked = remembered(name) === control.value;
  control.addEventListener('change', () => {
    remember(name, control.checked ? control.value : '');
    apply();
  });
}
document.addEventListener('click', ({ target }) => {
  if (!target.closest('[data-fold]')) return;
  remember('nav', root.dataset.nav === 'folded' ? 'open' : 'folded');
  apply();
});
