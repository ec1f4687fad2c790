// Keeping the newest words in sight without tearing away a reader who has scrolled back.
// A very low panel (400 % zoom, a phone on its side with its keyboard) scrolls as a whole, else only its middle.
import { show } from './dom.js';

const LOW = 330;
const NEAR = 90;

export function createScroll({ stage, main, below }) {
  let low = false;
  const box = () => (low ? stage : main);

  const left = () => box().scrollHeight - box().scrollTop - box().clientHeight;
  const isAtEnd = () => left() < NEAR;
  const toEnd = () => go(box().scrollHeight);
  const toStart = () => go(0);
  const toTopOf = (node) => go(box().scrollTop + node.getBoundingClientRect().top - box().getBoundingClientRect().top - 12);

  function go(top) {
    box().scrollTop = top;
    show(below, false);
  }

  // A long answer is shown from its first line, not from its last.
  function follow(added, { near, exact }, wasLive) {
    if (added.length ? !near : !exact) {
      if (added.length && wasLive) show(below, true);
      return;
    }
    const answer = wasLive && added.find(({ entry }) => entry.from !== 'citizen');
    toEnd();
    if (!answer) return;
    const hidden = answer.node.getBoundingClientRect().top - box().getBoundingClientRect().top;
    if (hidden < 0) toTopOf(answer.node);
  }

  function measure(panel, talking) {
    const now = panel.clientHeight > 0 && panel.clientHeight < LOW;
    const end = talking && isAtEnd();
    panel.classList.toggle('low', now);
    low = now;
    if (end) toEnd();
  }

  below.addEventListener('click', toEnd);
  for (const one of [stage, main]) one.addEventListener('scroll', () => { if (isAtEnd()) show(below, false); }, { passive: true });

  // Where the reader stood before something changed.
  const stand = () => ({ near: isAtEnd(), exact: left() < 3 });

  return { stand, toEnd, toStart, toTopOf, follow, measure };
}
