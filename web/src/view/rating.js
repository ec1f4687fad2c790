// The five indicators of the service specification, as five groups of stars that are plain radio buttons. What staff did and what
// the program did are rated on a card each.
import { W } from '../words.js';
import { el, icon, uid, write } from './dom.js';

export function ratingCard(talk) {
  const scores = {};
  const groups = W.indicators.map(([key, name]) => group(key, name, scores));
  const words = el('textarea', { id: 'zx-opinion', rows: '2', maxlength: '500' });
  const problem = el('p', { class: 'bad', role: 'alert' });
  const button = el('button', { type: 'submit', class: 'main' }, W.rateSend);
  const title = el('h3', { tabindex: '-1' });
  let subject = '';
  const root = el('form', { class: 'card rating', novalidate: true, onsubmit: send },
    title, el('p', { class: 'soft' }, W.rateHint),
    groups.map((one) => one.root),
    el('label', { for: 'zx-opinion' }, W.rateWords), words, problem, button);

  async function send(event) {
    event.preventDefault();
    if (button.disabled) return;
    const missing = groups.find((one) => !scores[one.key]);
    write(problem, missing ? W.rateMissing(missing.name) : '');
    if (missing) return missing.focus();
    busy(true);
    try {
      await talk.rate(scores, words.value.trim(), subject);
    } catch (trouble) {
      write(problem, trouble.message);
    }
    busy(false);
  }

  function busy(on) {
    button.disabled = on;
    button.textContent = on ? W.rateSending : W.rateSend;
  }

  // Whose part it is may be known only when the receipt has come; what was chosen by then stays.
  function of(whose) {
    subject = whose;
    write(title, W.rateTitle(whose));
  }

  return { root, of, focus: () => title.focus() };
}

function group(key, name, scores) {
  const radioName = uid('r');
  const said = el('span', { class: 'said', 'aria-hidden': 'true' });
  const stars = W.stars.map((word, i) => {
    const input = el('input', { type: 'radio', name: radioName, value: String(i + 1), onchange: () => choose(i + 1) });
    return el('label', { class: 'star' }, input, icon('star'), el('span', { class: 'sr' }, W.starName(i + 1, word)));
  });

  function choose(n) {
    scores[key] = n;
    stars.forEach((star, i) => star.classList.toggle('on', i < n));
    write(said, W.stars[n - 1]);
  }

  return {
    key,
    name,
    focus: () => stars[0].firstChild.focus(),
    root: el('fieldset', null, el('legend', null, name, said), el('div', { class: 'stars' }, stars)),
  };
}
