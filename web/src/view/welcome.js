// Everything before the first word: greeting, what the program is, what is recorded, and the citizen's choice.
import { W } from '../words.js';
import { el, icon, show } from './dom.js';
import { prose } from './prose.js';

export function createWelcome(talk, { region, fold }) {
  const root = el('div', { class: 'welcome' });
  const foot = el('div', { class: 'foot choice' });
  let drawn = null;

  function update(state) {
    const stage = STAGES[state.phase];
    show(root, Boolean(stage));
    show(foot, Boolean(stage));
    const key = stage && [state.phase === 'starting' ? 'consent' : state.phase, state.site, state.question];
    if (key && !same(key, drawn)) draw(stage, state);
    drawn = key;
    const busy = state.phase === 'starting';
    for (const button of foot.querySelectorAll('button')) button.disabled = busy;
    const first = foot.querySelector('.agree');
    if (first) first.textContent = busy ? W.starting : W.agree;
  }

  function draw(stage, state) {
    const { body, buttons } = stage(state);
    root.replaceChildren(...body.flat().filter(Boolean));
    foot.replaceChildren(...buttons);
  }

  function greeting({ site, question }) {
    const picker = region() ? { value: region } : regionPicker(site.regions || []);
    return {
      body: [
        head(W.hello(site.name || W.fallbackName), site.office),
        el('ul', { class: 'nature', role: 'list' }, W.nature.map((word) => el('li', null, word))),
        el('div', { class: 'prose' }, prose(site.program || W.program)),
        question && el('p', { class: 'asked' }, el('span', null, W.yourQuestion), el('b', null, question)),
        el('section', { class: 'notice', 'aria-labelledby': 'zx-notice' },
          el('h3', { id: 'zx-notice' }, W.noticeTitle), el('div', { class: 'prose' }, prose(site.notice))),
        picker.root,
        site.hours && el('p', { class: 'hours' }, `${W.hours}：${site.hours}`),
      ],
      buttons: [
        el('button', { type: 'button', class: 'main agree', onclick: () => talk.agree(picker.value()) }, W.agree),
        el('button', { type: 'button', class: 'plain', onclick: talk.decline }, W.notNow),
      ],
    };
  }

  const STAGES = {
    idle: () => plain(W.loading),
    loading: () => plain(W.loading),
    consent: greeting,
    starting: greeting,
    unreachable: () => plain(W.unreachableTitle, W.unreachable, [W.retry, talk.start]),
    gone: () => plain(W.goneTitle, W.gone, [W.again, talk.renew]),
    declined: () => plain(W.declinedTitle, W.declined, [W.readAgain, talk.reconsider], [W.menuFold, fold]),
  };

  const focus = () => {
    const heading = root.querySelector('h2');
    if (heading) heading.focus({ preventScroll: true });
  };

  return { root, foot, update, focus };
}

const same = (a, b) => Boolean(b) && a.every((value, i) => value === b[i]);

function head(title, office) {
  return el('div', { class: 'head' }, ridge(), el('h2', { tabindex: '-1' }, title), office && el('p', null, office));
}

function ridge() {
  const drawing = icon('ridge');
  drawing.setAttribute('preserveAspectRatio', 'none');
  drawing.setAttribute('class', 'ridge');
  return drawing;
}

function plain(title, words, ...buttons) {
  return {
    body: [head(title), words && el('div', { class: 'prose' }, prose(words))],
    buttons: buttons.filter(([, act]) => act).map(([word, act], i) => el('button', { type: 'button', class: i ? 'plain' : 'main', onclick: () => act() }, word)),
  };
}

// Regions may come as names or as records; one region leaves nothing to choose.
function regionPicker(regions) {
  const options = regions.map((one) => (typeof one === 'string' ? { id: one, title: one } : one));
  if (options.length < 2) return { value: () => options[0] && options[0].id };
  const select = el('select', { id: 'zx-region' },
    options.map((one) => el('option', { value: one.id || one.code || one.name || one.title }, one.title || one.name || one.id)));
  return {
    root: el('p', { class: 'region' }, el('label', { for: 'zx-region' }, W.region), select),
    value: () => select.value,
  };
}
