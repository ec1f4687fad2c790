// The line against a server that is slow, dead, forgetful or unwilling. Time is turned by hand.
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Trouble } from '../src/api.js';
import { createLine } from '../src/line/line.js';

const settle = async () => { for (let i = 0; i < 20; i += 1) await Promise.resolve(); };
const pass = async (ms) => { mock.timers.tick(ms); await settle(); };

class FakeSocket {
  static all = [];
  constructor(url) { this.url = url; this.readyState = 0; this.sent = []; FakeSocket.all.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
  open() { this.readyState = 1; this.onopen(); }
  hear(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
  die() { this.readyState = 3; this.onclose(); }
}
const newest = () => FakeSocket.all[FakeSocket.all.length - 1];
const words = (socket) => socket.sent.filter((frame) => frame.text).map((frame) => frame.message_id);

function scene(answers = {}) {
  const seen = { line: [], lost: [], refused: [], gone: 0, frames: [], said: [] };
  const world = { last: 0, outbox: [] };
  const api = {
    since: async () => (answers.since ? answers.since() : { entries: [], owner: 'bot' }),
    say: async (text, id) => { seen.said.push(id); return answers.say ? answers.say() : {}; },
  };
  const line = createLine({
    api, server: 'https://a.example', session: 'S', last: () => world.last, outbox: () => world.outbox, isBusy: () => false, Socket: FakeSocket, random: () => 1,
    on: {
      frame: (frame) => seen.frames.push(frame), line: (now) => seen.line.push(now), lost: (id) => seen.lost.push(id),
      refused: (id, why) => seen.refused.push([id, why]), gone: () => { seen.gone += 1; }, trouble: () => {},
    },
  });
  const say = (id) => { const item = { id, text: id, state: 'pending' }; world.outbox.push(item); line.send(item); };
  return { line, seen, world, say };
}

beforeEach(() => {
  FakeSocket.all = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
});

test('the first frame names the session and the last entry; entries are acknowledged', async () => {
  const { seen, world, line } = scene();
  world.last = 5;
  newest().open();
  assert.equal(newest().url, 'wss://a.example/api/v1/ws');
  assert.deepEqual(newest().sent, [{ session: 'S', after: 5 }]);
  world.last = 7;
  newest().hear({ type: 'entries', entries: [], owner: 'bot' });
  assert.deepEqual(newest().sent[1], { ack: 7 });
  assert.deepEqual(seen.line, ['online']);
  line.stop();
});

test('words said on a dead line are sent again under the same id when it is back', async () => {
  const { seen, say, line } = scene();
  newest().open();
  newest().hear({ type: 'entries', entries: [], owner: 'bot' });
  say('a');
  newest().die();
  assert.deepEqual(seen.line, ['online', 'lost']);
  await pass(500);
  assert.equal(FakeSocket.all.length, 2);
  newest().open();
  assert.deepEqual(words(newest()), [], 'not before the server has told what it knows');
  newest().hear({ type: 'entries', entries: [], owner: 'bot' });
  assert.deepEqual(words(newest()), ['a']);
  assert.deepEqual(seen.line, ['online', 'lost', 'restored']);
  line.stop();
});

test('a line that swallows words is reopened once, then the words are told to be lost', async () => {
  const { seen, say, line } = scene();
  newest().open();
  newest().hear({ type: 'entries', entries: [], owner: 'bot' });
  say('a');
  await pass(12000);
  await pass(500);
  assert.equal(FakeSocket.all.length, 2);
  newest().open();
  newest().hear({ type: 'entries', entries: [], owner: 'bot' });
  assert.deepEqual(words(newest()), ['a']);
  await pass(12000);
  assert.deepEqual(seen.lost, ['a']);
  line.stop();
});

test('three failures to open turn to HTTP, and the socket is tried again later', async () => {
  const { seen, say, line } = scene();
  newest().die();
  await pass(1000);
  newest().die();
  await pass(2000);
  newest().die();
  await settle();
  say('a');
  await settle();
  assert.deepEqual(seen.said, ['a']);
  assert.equal(seen.line.at(-1), 'online');
  await pass(60000);
  assert.equal(FakeSocket.all.length, 4);
  line.stop();
});

test('a refusal belongs to the word it names', async () => {
  const { seen, say, line } = scene();
  newest().open();
  newest().hear({ type: 'entries', entries: [], owner: 'bot' });
  say('a');
  say('b');
  newest().hear({ type: 'error', message_id: 'b', error: { message: '没有收下' } });
  assert.deepEqual(seen.refused, [['b', '没有收下']]);
  line.stop();
});

test('an unknown session is found out by asking, and ends the line', async () => {
  const { seen } = scene({ since: () => { throw new Trouble('会话不存在', 401); } });
  newest().open();
  newest().hear({ type: 'error', error: { code: 'unknown_session', message: '会话不存在' } });
  newest().die();
  await settle();
  assert.equal(seen.gone, 1);
  await pass(100000);
  assert.equal(FakeSocket.all.length, 1);
});

test('a closed frame stops everything', async () => {
  const { seen } = scene();
  newest().open();
  newest().hear({ type: 'closed' });
  await pass(100000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(seen.frames.at(-1).type, 'closed');
});
