// The whole widget: launcher and dialog when it floats, a section when it is part of a page.
import { W } from '../words.js';
import { createBanner } from './banner.js';
import { basisCard } from './basis.js';
import { createChoices } from './choices.js';
import { createComposer } from './composer.js';
import { el, icon, save, show, write } from './dom.js';
import { createEnding } from './ending.js';
import { createHeader } from './header.js';
import { createLog } from './log.js';
import { named } from './message.js';
import { createScroll } from './scroll.js';
import { createSheet } from './sheet.js';
import { createWelcome } from './welcome.js';

const SMALL = '(max-width: 36em), (max-height: 32em)';

export function createPanel(talk, { floating, region, onToggle }) {
  const stop = new AbortController();
  const small = matchMedia(SMALL);
  let opened = false;
  // A panel that is part of a page may take the focus only after the citizen has pressed something in it.
  let touched = false;

  const stage = el('div', { class: 'stage' });
  const sheet = createSheet({ beneath: stage, home: () => header.title.focus() });
  const log = createLog({ openBasis, openFile, resend: talk.resend });
  const header = createHeader(talk, { fold: close, isFloating: floating, toggleLarge, isLarge, endIt, renew });
  const banner = createBanner(talk);
  const welcome = createWelcome(talk, { region, fold: floating ? close : null });
  const pick = createChoices(talk, { afterChoice: () => composer.focus() || header.title.focus({ preventScroll: true }) });
  const composer = createComposer(talk);
  const ending = createEnding(talk, { onShown: showEnding });
  const main = el('div', { class: 'mid', tabindex: '0', role: 'group', 'aria-label': W.area }, welcome.root, log.root, ending.root, pick.root);
  const below = el('button', { type: 'button', class: 'below', hidden: true }, icon('down'), W.newBelow);
  const scroll = createScroll({ stage, main, below });
  stage.append(header.root, banner.line, main, el('div', { class: 'bottom' }, below, banner.notice, welcome.foot, composer.root, ending.foot));

  const box = el(floating ? 'dialog' : 'section', { class: 'panel', 'aria-labelledby': 'zx-title', onkeydown: keys }, stage, header.menu, sheet.root);
  const badge = el('span', { class: 'badge' });
  const launcher = floating && el('button', { type: 'button', class: 'launcher', 'aria-haspopup': 'dialog', onclick: open }, icon('chat'), el('span', null, W.launcher), badge);
  const root = el('div', { class: `root ${floating ? 'float' : 'page'}`, lang: 'zh-CN' }, launcher, box);

  // ---- opening and closing ---------------------------------------------------------------------------------

  function open() {
    if (opened) return;
    opened = true;
    lay();
    show(launcher, false);
    talk.start();
    talk.seen();
    enter();
    settle();
    onToggle(true);
  }

  function enter() {
    touched = true;
    focusIn();
    if (!floating) box.scrollIntoView({ block: 'nearest' });
  }

  // On a small screen the panel is the whole screen and modal; on a large one it stands beside the page.
  function lay() {
    if (!floating || !opened) return;
    if (box.open) box.close();
    root.classList.toggle('whole', small.matches);
    if (small.matches && box.showModal) box.showModal();
    else box.setAttribute('open', '');
    fit();
  }

  function close() {
    if (!floating || !opened) return false;
    opened = false;
    sheet.close();
    if (box.close && box.open) box.close();
    else box.removeAttribute('open');
    show(launcher, true);
    launcher.focus();
    onToggle(false);
    return true;
  }

  function focusIn() {
    if (!welcome.root.hidden) welcome.focus();
    else if (!composer.focus()) header.title.focus({ preventScroll: true });
  }

  function keys(event) {
    if (event.key !== 'Escape' || event.isComposing || !retreat()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // One step back: the card, else the menu, else the window itself.
  const retreat = () => sheet.close() || header.close() || close();

  // The back gesture of a phone asks a modal dialog to close without any key.
  function cancelled(event) {
    event.preventDefault();
    retreat();
  }

  // The on-screen keyboard shrinks what can be seen without shrinking the page.
  function fit() {
    const view = globalThis.visualViewport;
    const whole = opened && root.classList.contains('whole') && view && view.scale === 1;
    box.style.height = whole ? `${view.height}px` : '';
    box.style.top = whole ? `${view.offsetTop}px` : '';
  }

  // ---- acts of the menu and the messages -------------------------------------------------------------------

  function openBasis(basis) {
    sheet.open(named(basis.title), basisCard(basis, talk.clause));
  }

  async function openFile(id, name) {
    const blob = await talk.file(id);
    if (blob) save(name, blob);
  }

  function endIt() {
    sheet.confirm(W.endTitle, W.endText, W.endYes, talk.end);
  }

  function renew() {
    if (talk.store.get().phase === 'talking') sheet.confirm(W.menuNew, W.endNewText, W.endYes, talk.end);
    else if (['ended', 'gone', 'declined'].includes(talk.store.get().phase)) talk.renew();
  }

  function isLarge() {
    return root.classList.contains('large');
  }

  function toggleLarge() {
    talk.memory.set('large', !isLarge() || null);
    dress();
  }

  // The colours of the site that the page belongs to; what is not told is as in the rules.
  function paint(colours) {
    for (const [name, value] of Object.entries(colours || {})) root.style.setProperty(`--own-${name.replace('_', '-')}`, value);
  }

  function dress() {
    root.classList.toggle('large', Boolean(talk.memory.get('large')));
    composer.grow();
    settle();
  }

  // A conversation is read from its end, a greeting from its beginning.
  function settle() {
    if (log.root.hidden) scroll.toStart();
    else if (ending.root.hidden) scroll.toEnd();
  }

  function showEnding(node, heading) {
    const focused = root.getRootNode().activeElement;
    scroll.toTopOf(node);
    if (focused && box.contains(focused)) heading.focus({ preventScroll: true });
  }

  // ---- following the state ---------------------------------------------------------------------------------

  function update(state, before) {
    const stood = scroll.stand();
    // Who has just asked wants to see the answer, wherever the page stood.
    if (state.outbox.length > before.outbox.length || before.waiting) stood.near = true;
    if (state.site !== before.site) paint(state.site && state.site.colours);
    [header, banner, welcome, pick, composer, ending].forEach((part) => part.update(state, before));
    show(log.root, ['talking', 'closing', 'ended'].includes(state.phase));
    const added = log.update(state);
    if (state.phase !== before.phase) moved(state, before);
    if (!log.root.hidden && state.phase !== 'ended') scroll.follow(added, stood, before.caughtUp);
    if (launcher) ring(state);
  }

  // A step to another stage takes the button that had the focus with it: the focus goes to what comes next.
  // A reader who is busy elsewhere on the page keeps the focus there.
  function moved(state, before) {
    const lost = opened && touched && [null, document.body].includes(document.activeElement);
    if (state.phase === 'talking') composer.restore();
    if (welcome.root.hidden === false) scroll.toStart();
    if (lost) focusIn();
  }

  function ring({ unread }) {
    if (opened && unread) return void talk.seen();
    write(badge, !opened && unread ? W.unread(unread) : '');
  }

  box.addEventListener('click', () => { touched = true; }, { signal: stop.signal });

  function mount(parent) {
    parent.append(root);
    const state = talk.store.get();
    update(state, { ...state, phase: '', site: null });
    dress();
    const unwatch = talk.store.watch(update);
    const size = new ResizeObserver(() => scroll.measure(box, !log.root.hidden));
    size.observe(box);
    stop.signal.addEventListener('abort', () => { unwatch(); size.disconnect(); });
    small.addEventListener('change', lay, { signal: stop.signal });
    if (globalThis.visualViewport) {
      visualViewport.addEventListener('resize', fit, { signal: stop.signal });
      visualViewport.addEventListener('scroll', fit, { signal: stop.signal });
    }
    box.addEventListener('cancel', cancelled, { signal: stop.signal });
    box.addEventListener('close', () => { if (floating && opened && !box.open) close(); }, { signal: stop.signal });
    if (!floating) { opened = true; talk.start(); }
  }

  function unmount() {
    stop.abort();
    root.remove();
  }

  return { mount, unmount, open, close, enter, isOpen: () => opened };
}
