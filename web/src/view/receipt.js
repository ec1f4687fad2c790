// The receipt: the number and code that let a citizen ask about the matter later, to copy, save or print.
import { W } from '../words.js';
import { el, save, write } from './dom.js';
import { named } from './message.js';
import { momentOf } from './time.js';

export function receiptCard(state) {
  const { receipt } = state;
  const told = el('p', { class: 'soft', role: 'status' });
  const rows = [[W.receiptNumber, receipt.number], [W.receiptCode, receipt.code], [W.receiptTime, momentOf(endOf(state))]];
  const button = (words, act) => el('button', { type: 'button', class: 'plain', onclick: act }, words);
  return el('section', { class: 'card receipt', 'aria-labelledby': 'zx-receipt' },
    receipt.sealed && el('p', { class: 'stamp', 'aria-hidden': 'true' }, W.sealed),
    el('h3', { id: 'zx-receipt' }, W.receipt),
    el('dl', { class: 'facts' }, rows.map(([name, value]) => el('div', null, el('dt', null, name), el('dd', null, value)))),
    el('p', null, W.receiptUse),
    el('div', { class: 'tools' },
      button(W.copy, async () => write(told, (await copy(short(rows))) ? W.copied : W.notCopied)),
      button(W.save, () => save(W.fileName(receipt.number), new Blob(['\ufeff', whole(state, rows)], { type: 'text/plain;charset=utf-8' }))),
      button(W.print, () => print(whole(state, rows)))),
    told);
}

const endOf = ({ entries }) => (entries.length ? entries[entries.length - 1].time : undefined);
const short = (rows) => rows.map(([name, value]) => `${name}：${value}`).join('\n');

function whole({ entries, site }, rows) {
  const title = `${(site && site.name) || W.fallbackName} · ${W.receipt}`;
  const talk = entries.map((entry) => [
    `[${momentOf(entry.time)}] ${W.who[entry.from] || W.who.system}：${entry.text}`,
    ...(entry.basis || []).map((basis) => `  ${W.basis}：${named(basis.title)}${basis.locator || ''}`),
  ].join('\n'));
  return [title, '', short(rows), '', W.receiptUse, '', `—— ${W.transcript} ——`, '', ...talk, ''].join('\n');
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// Printing happens in an empty frame, so that the page around the widget is not printed with it.
function print(text) {
  const frame = el('iframe', { 'aria-hidden': 'true', tabindex: '-1', title: W.print });
  frame.style.cssText = 'position:fixed;top:0;left:0;width:0;height:0;border:0;visibility:hidden';
  document.body.append(frame);
  const inner = frame.contentDocument;
  const page = inner.createElement('pre');
  page.textContent = text;
  page.style.cssText = 'font:12pt/1.6 sans-serif;white-space:pre-wrap;overflow-wrap:anywhere';
  inner.title = W.receipt;
  inner.documentElement.lang = 'zh-CN';
  inner.body.append(page);
  frame.contentWindow.onafterprint = () => frame.remove();
  frame.contentWindow.print();
}
