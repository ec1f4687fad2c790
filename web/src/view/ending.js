// What stands below the conversation once it is over: the receipt, the rating, and the way to begin again.
import { W } from '../words.js';
import { el, show, write } from './dom.js';
import { ratingCard } from './rating.js';
import { receiptCard } from './receipt.js';

export function createEnding(talk, { onShown }) {
  const heading = el('h2', { tabindex: '-1' }, W.endedTitle);
  const kept = el('p', { class: 'soft' });
  const receipt = el('div');
  const rating = el('div');
  const root = el('div', { class: 'ending', hidden: true }, heading, kept, receipt, rating, el('p', { class: 'soft' }, W.shared));
  const foot = el('div', { class: 'foot choice', hidden: true }, el('button', { type: 'button', class: 'plain', onclick: talk.renew }, W.newOne));
  let form = null;

  function update(state, before) {
    const over = state.phase === 'ended';
    const fresh = over && root.hidden;
    show(root, over);
    show(foot, over);
    if (!over) { form = null; return; }
    write(kept, state.receipt && state.receipt.sealed ? W.endedText : W.endedSoon);
    if (fresh || state.receipt !== before.receipt) receipt.replaceChildren(state.receipt ? receiptCard(state) : asking());
    if (fresh || state.toRate !== before.toRate || state.rated !== before.rated) rate(state, before, fresh);
    if (fresh) onShown(root, heading);
  }

  // Until the receipt tells what can be rated, one card is there for whoever spoke last.
  function rate({ toRate, rated }, before, fresh) {
    const left = toRate || (rated ? [] : ['']);
    const sent = !fresh && rated !== before.rated;
    if (!left.length) {
      form = null;
      const thanks = el('p', { class: 'card thanks', tabindex: '-1', role: 'status' }, W.rated);
      rating.replaceChildren(thanks);
      if (sent) thanks.focus();
      return;
    }
    if (!form || sent) form = ratingCard(talk);
    form.of(left[0]);
    if (form.root.parentNode !== rating || sent) rating.replaceChildren(...(sent ? [el('p', { class: 'soft', role: 'status' }, W.rateNext)] : []), form.root);
    if (sent) form.focus();
  }

  function asking() {
    const told = el('p', { class: 'bad', role: 'alert' });
    const fetchIt = () => talk.fetchReceipt().catch((trouble) => told.replaceChildren(trouble.message));
    return el('p', { class: 'card' }, el('button', { type: 'button', class: 'plain', onclick: fetchIt }, W.getReceipt), told);
  }

  return { root, foot, update };
}
