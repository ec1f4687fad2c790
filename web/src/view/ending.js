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
    if (fresh || state.rated !== before.rated) rate(state.rated, fresh);
    if (fresh) onShown(root, heading);
  }

  function rate(done, fresh) {
    if (!done && !form) form = ratingCard(talk);
    const thanks = el('p', { class: 'card thanks', tabindex: '-1', role: 'status' }, W.rated);
    rating.replaceChildren(done ? thanks : form);
    if (done && !fresh) thanks.focus();
  }

  function asking() {
    const told = el('p', { class: 'bad', role: 'alert' });
    const fetchIt = () => talk.fetchReceipt().catch((trouble) => told.replaceChildren(trouble.message));
    return el('p', { class: 'card' }, el('button', { type: 'button', class: 'plain', onclick: fetchIt }, W.getReceipt), told);
  }

  return { root, foot, update };
}
