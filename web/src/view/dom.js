// Building nodes by code. Data only ever become text nodes or plain attributes; nothing is parsed as HTML.
const SVG = 'http://www.w3.org/2000/svg';

export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) put(node, name, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ''));
  return node;
}

function put(node, name, value) {
  if (value === undefined || value === null) return;
  if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
  else if (name === 'class') node.className = value;
  else if (name === 'value') node.value = value;
  else if (typeof value === 'boolean' && !name.startsWith('aria-')) node.toggleAttribute(name, value);
  else node.setAttribute(name, value);
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

// Setting the same words again would make a live region speak twice.
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  for (const d of ICONS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

const ICONS = {
  chat: ['M4 5.5h16v11H11l-4.5 3.6v-3.6H4z', 'M8 9.5h8M8 12.7h5'],
  menu: ['M5 7h14M5 12h14M5 17h14'],
  fold: ['M5 9l7 7 7-7'],
  close: ['M6 6l12 12M18 6L6 18'],
  send: ['M12 19V5.5M6 11l6-6 6 6'],
  clip: ['M19 11.5l-7.2 7.2a4.6 4.6 0 0 1-6.5-6.5l7.9-7.9a3.1 3.1 0 0 1 4.4 4.4l-7.8 7.8a1.5 1.5 0 0 1-2.2-2.2l7-7'],
  down: ['M12 5v13M6.5 12.5L12 18l5.5-5.5'],
  person: ['M12 12a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4z', 'M4.8 20c.6-3.6 3.5-5.6 7.2-5.6s6.6 2 7.2 5.6'],
  star: ['M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.8-5.2 2.8 1-5.8-4.2-4.1 5.8-.8z'],
  book: ['M5 5.2c2.6-.6 5-.2 7 1.2 2-1.4 4.4-1.8 7-1.2v13c-2.6-.6-5-.2-7 1.2-2-1.4-4.4-1.8-7-1.2z', 'M12 6.4v13'],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  ridge: ['M0 24V14l3-5 2 3 4-8 3 6 2-3 4 7 2-3 4 6v7z', 'M0 24v-6l5-4 4 5 5-7 4 6 3-3 3 4v5z'],
};

// Tab stays inside, as a dialog must; Shadow DOM hides the active element from the document, so ask the root.
export function keepTabInside(event, box) {
  if (event.key !== 'Tab') return;
  const stops = focusable(box);
  const at = stops.indexOf(box.getRootNode().activeElement);
  const edge = event.shiftKey ? 0 : stops.length - 1;
  if (at !== -1 && at !== edge) return;
  event.preventDefault();
  const target = stops[event.shiftKey ? stops.length - 1 : 0];
  if (target) target.focus();
}

function focusable(box) {
  const all = box.querySelectorAll('button, a[href], input, select, textarea, [tabindex="0"]');
  return [...all].filter((node) => !node.disabled && node.getClientRects().length > 0);
}

export const touch = () => matchMedia('(pointer: coarse)').matches;

// Hands something out to be saved by the browser.
export function save(name, blob) {
  const url = URL.createObjectURL(blob);
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

let counter = 0;
export const uid = (stem) => {
  counter += 1;
  return `${stem}${counter}`;
};
