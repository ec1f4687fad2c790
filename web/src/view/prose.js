// Plain text as paragraphs and numbered lines, with web addresses and landline numbers made into links.
import { W } from '../words.js';
import { el } from './dom.js';

// Built from strings: the bundler writes strings in ASCII, which a host page in another encoding cannot garble.
const LINK = new RegExp('https?://[^\\s<>"\'（）《》【】，。；、！？”’]+|\\b0\\d{2,3}-\\d{7,8}\\b', 'g');
const TAIL = /[.,;:!?)\]]+$/;
const ITEM = new RegExp('^\\s*(?:\\d{1,2}[.、．)）]|[（(][\\d一二三四五六七八九十]{1,3}[)）]|[-•·●])\\s*');
const RING = new RegExp('^\\s*[①-⑳]');
// Steps run together in one line are set one below the other.
const NEXT_RING = new RegExp('([。；：])(?=[①-⑳])', 'g');

export function prose(text) {
  const parts = String(text || '').replace(/\r\n?/g, '\n').replace(NEXT_RING, '$1\n').trim().split(/\n{2,}/);
  return parts.map((part) => el('p', null, part.split('\n').map(line)));
}

function line(words) {
  const kind = RING.test(words) ? 'item ring' : ITEM.test(words) ? 'item' : 'ln';
  return el('span', { class: kind }, linked(words));
}

export function linked(words) {
  const out = [];
  let from = 0;
  for (const match of words.matchAll(LINK)) {
    const address = match[0].replace(TAIL, '');
    out.push(words.slice(from, match.index), link(address));
    from = match.index + address.length;
  }
  out.push(words.slice(from));
  return out;
}

function link(address) {
  if (address[0] === '0') return el('a', { href: `tel:${address}` }, address);
  return el('a', { href: address, target: '_blank', rel: 'noopener noreferrer' },
    address, el('span', { class: 'sr' }, W.newWindow));
}
