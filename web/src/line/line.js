// The line to the server: a WebSocket that reopens by itself, and asking over HTTP where none can be opened.
// Promise: a word given to send() is sent with the same id until it is heard back, refused, or told to be lost.
import { openSocket } from './socket.js';
import { createPoller } from './poller.js';

const GIVE_UP_AFTER = 3;
const RETRY_SOCKET = 60000;
const BEAT = 25000;
const PATIENCE = 12000;

export function createLine({ api, server, session, last, outbox, isBusy, on, Socket = globalThis.WebSocket, random = Math.random }) {
  let socket = null;
  let failures = 0;
  let up = null;
  let wasUp = false;
  let polledWell = true;
  let stopped = false;
  let reopening;
  const watches = new Map();

  const poller = createPoller({
    api,
    last,
    isBusy,
    onFrame: on.frame,
    onPolled: polled,
    onLost: on.lost,
    onRefused: on.refused,
    onGone: () => { if (!stopped) { stop(); on.gone(); } },
  });

  const beat = setInterval(() => {
    if (socket && socket.isReady()) socket.write({ ack: last() });
    if (isBusy()) check();
  }, BEAT);

  function connect() {
    clearTimeout(reopening);
    if (stopped || socket) return;
    try {
      socket = openSocket({
        url: `${server.replace(/^http/, 'ws')}/api/v1/ws`,
        hello: () => ({ session, after: last() }),
        Socket,
        onReady,
        onFrame,
        onDown,
      });
    } catch {
      onDown(false);
    }
  }

  function onReady() {
    failures = 0;
    poller.stop();
    report(true);
    outbox().filter((item) => item.state !== 'refused').forEach(send);
  }

  function onFrame(frame) {
    if (frame.type === 'error') return onError(frame.error || {}, frame.message_id);
    on.frame(frame);
    if (frame.type === 'entries' && socket) socket.write({ ack: last() });
    if (frame.type === 'closed') stop();
  }

  function onError(error, id) {
    const item = outbox().find((one) => (id ? one.id === id : one.state === 'pending'));
    unwatch(item && item.id);
    if (item) on.refused(item.id, error.message);
    else on.trouble(error.message);
  }

  function onDown(wasReady) {
    socket = null;
    if (stopped) return;
    if (!wasReady) failures += 1;
    if (!poller.isRunning()) report(false);
    // Asking once tells what was missed, and whether the server still knows the session.
    poller.ask();
    if (failures < GIVE_UP_AFTER) {
      reopening = setTimeout(connect, delay(failures));
      return;
    }
    if (!poller.isRunning()) {
      poller.start();
      outbox().filter((item) => item.state === 'pending').forEach(send);
    }
    reopening = setTimeout(connect, RETRY_SOCKET);
  }

  function polled(ok) {
    if (!poller.isRunning()) return;
    report(ok);
    if (ok && !polledWell) outbox().filter((item) => item.state === 'lost').forEach(send);
    polledWell = ok;
  }

  function delay(n) {
    return Math.min(30000, 500 * 2 ** n) * (0.5 + random() / 2);
  }

  function report(now) {
    if (stopped || now === up) return;
    up = now;
    on.line(up ? (wasUp ? 'restored' : 'online') : (wasUp ? 'lost' : 'connecting'));
    if (up) wasUp = true;
  }

  function send(item) {
    if (stopped) return;
    if (poller.isRunning()) {
      unwatch(item.id);
      poller.send(item);
      return;
    }
    if (socket && socket.isReady()) socket.write({ text: item.text, message_id: item.id });
    watch(item);
  }

  // A line can be dead without saying so: unheard words reopen it once, and are then told to be lost.
  function watch(item) {
    const before = watches.get(item.id) || { round: 0 };
    clearTimeout(before.timer);
    const timer = setTimeout(() => {
      const heard = !outbox().some((one) => one.id === item.id);
      if (heard || before.round > 0) {
        unwatch(item.id);
        if (!heard) on.lost(item.id);
        return;
      }
      watch(item);
      if (socket) socket.drop();
    }, PATIENCE);
    watches.set(item.id, { round: before.round + 1, timer });
  }

  function unwatch(id) {
    if (watches.has(id)) clearTimeout(watches.get(id).timer);
    watches.delete(id);
  }

  // Asking beside an open line shows whether the line still carries: what it missed means that it is dead.
  async function check() {
    const missed = await poller.ask();
    if (missed && socket && socket.isReady() && !poller.isRunning()) socket.drop();
  }

  // The device woke up or came back to the network: do not wait for the next turn of the clock.
  async function nudge() {
    if (stopped) return;
    await check();
    connect();
  }

  // Something was sent beside the line: where there is only asking, what came of it is asked for at once.
  const ask = () => poller.isRunning() && poller.ask();

  // The device lost its network: an open line would stay silent for long, so it is given up at once.
  function cut() {
    if (socket) socket.drop();
  }

  function stop() {
    stopped = true;
    clearInterval(beat);
    clearTimeout(reopening);
    [...watches.keys()].forEach(unwatch);
    poller.stop();
    if (socket) socket.stop();
    socket = null;
  }

  connect();
  return { send, ask, nudge, cut, stop };
}
