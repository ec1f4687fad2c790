// The way round when no WebSocket can be opened: words go by POST one after the other, news come by asking.
const TRIES = 3;

export function createPoller({ api, last, isBusy, onFrame, onPolled, onLost, onRefused, onGone }) {
  let timer;
  let running = false;
  let asking = null;
  let sending = Promise.resolve();

  function ask() {
    asking = asking || fetchNews().finally(() => { asking = null; });
    return asking;
  }

  // Resolves with whether there was something that had not come by another way.
  async function fetchNews() {
    try {
      const news = await api.since(last());
      const missed = (news.entries || []).some((entry) => entry.seq > last());
      onFrame({ ...news, type: 'entries' });
      onPolled(true);
      return missed;
    } catch (problem) {
      if (problem.status === 401) onGone();
      else onPolled(false);
      return false;
    }
  }

  async function round() {
    clearTimeout(timer);
    if (!running) return;
    await ask();
    clearTimeout(timer);
    if (running) timer = setTimeout(round, pace());
  }

  function pace() {
    if (globalThis.document && document.hidden) return 20000;
    return isBusy() ? 2500 : 8000;
  }

  async function deliver(item) {
    for (let n = 1; ; n += 1) {
      try {
        await api.say(item.text, item.id);
        // An asking that began before the words were stored may have missed them: ask anew after it.
        if (asking) await asking;
        await ask();
        return;
      } catch (problem) {
        if (problem.status === 401) return onGone();
        if (problem.refused) return onRefused(item.id, problem.message);
        if (n >= TRIES) return onLost(item.id, problem.message);
        await new Promise((go) => { setTimeout(go, 800 * 2 ** n); });
      }
    }
  }

  return {
    ask,
    send(item) { sending = sending.then(() => deliver(item)); },
    start() { if (!running) { running = true; round(); } },
    stop() { running = false; clearTimeout(timer); },
    isRunning: () => running,
  };
}
