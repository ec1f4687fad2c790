// The consultation with a recorded API and no view: consent first, then words, then the receipt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Trouble } from '../src/api.js';
import { createConsultation, newId } from '../src/consultation.js';
import { createMemory, ofTab } from '../src/memory.js';

const nowhere = { get device() { return undefined; }, get tab() { return undefined; } };

function scene(over = {}, memory = createMemory('t', nowhere)) {
  const calls = [];
  const sent = [];
  const record = (name, answer) => async (...args) => { calls.push([name, ...args]); return over[name] ? over[name](...args) : answer; };
  const api = {
    use: (token) => calls.push(['use', token]),
    site: record('site', { name: '知询', quick: [], regions: [] }),
    begin: record('begin', { session: 'T', consultation: 'ZX-1', replies: [] }),
    close: record('close', { receipt: { number: 'ZX-1', code: 'C' }, sealed: true }),
    rate: record('rate', { ok: true }),
    clause: record('clause', {}),
    attach: record('attach', { id: 'f' }),
    file: record('file', 'content'),
  };
  let ports;
  const openLine = (given) => { ports = given; return { send: (item) => sent.push(item), ask: () => calls.push(['ask']), nudge() {}, stop() {} }; };
  const talk = createConsultation({ server: 'https://a.example', memory, api, openLine });
  return { talk, calls, sent, memory, on: () => ports.on, state: () => talk.store.get() };
}

test('nothing is opened before consent, and the kept question follows it', async () => {
  const { talk, calls, sent, state, memory } = scene();
  await talk.start();
  talk.ask('商标异议期是多久？');
  assert.equal(state().phase, 'consent');
  assert.ok(!calls.some(([name]) => name === 'begin'));
  await talk.agree('西宁市');
  assert.deepEqual(calls.filter(([name]) => name === 'begin'), [['begin', '西宁市']]);
  assert.equal(sent[0].text, '商标异议期是多久？');
  assert.equal(memory.get('session').token, 'T');
  talk.stop();
});

test('declining leaves nothing behind', async () => {
  const { talk, calls, state, memory } = scene();
  await talk.start();
  talk.decline();
  assert.equal(state().phase, 'declined');
  assert.equal(memory.get('session'), null);
  assert.ok(!calls.some(([name]) => name === 'begin'));
  talk.stop();
});

test('empty and over-long words are not sent', async () => {
  const { talk, sent } = scene();
  await talk.start();
  await talk.agree();
  assert.equal(talk.say('   '), false);
  assert.equal(talk.say('字'.repeat(2001)), false);
  assert.equal(talk.say('字'.repeat(2000)), true);
  assert.equal(sent.length, 1);
  talk.stop();
});

test('unsent words survive a reload under their id', async () => {
  const first = scene();
  await first.talk.start();
  await first.talk.agree();
  first.talk.say('还没送到');
  first.talk.stop();
  const second = scene({}, first.memory);
  await second.talk.start();
  assert.deepEqual(second.state().outbox.map((item) => item.id), first.sent.map((item) => item.id));
  second.talk.stop();
});

test('ending gives the receipt; a refused end leaves the talk as it was', async () => {
  const { talk, state } = scene();
  await talk.start();
  await talk.agree();
  await talk.end();
  assert.deepEqual([state().phase, state().receipt.code, state().receipt.sealed], ['ended', 'C', true]);
  talk.stop();
  const other = scene({ close: () => { throw new Trouble('现在不能结束', 409); } });
  await other.talk.start();
  await other.talk.agree();
  await other.talk.end();
  assert.deepEqual([other.state().phase, other.state().notice], ['talking', '现在不能结束']);
  other.talk.stop();
});

test('when somebody else closes it, the receipt is fetched', async () => {
  const { talk, on, state } = scene();
  await talk.start();
  await talk.agree();
  on().frame({ type: 'entries', owner: 'closed', entries: [{ seq: 1, from: 'system', kind: 'closed', text: '已结束' }] });
  await new Promise(setImmediate);
  assert.equal(state().receipt.number, 'ZX-1');
  talk.stop();
});

test('a session that the server does not know is forgotten', async () => {
  const { talk, on, state, memory } = scene();
  await talk.start();
  await talk.agree();
  on().gone();
  assert.deepEqual([state().phase, memory.get('session')], ['gone', null]);
});

test('ids are version 4 also where randomUUID is missing', () => {
  const id = newId({ getRandomValues: (bytes) => crypto.getRandomValues(bytes) });
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a page asks whether it may have the assistant, and asks nothing twice', async () => {
  const { talk, calls, state } = scene();
  assert.equal(await talk.admitted(), true);
  await talk.start();
  assert.equal(state().phase, 'consent');
  assert.equal(calls.filter(([name]) => name === 'site').length, 1);
  talk.stop();
});

test('a page that is not admitted is told so without a word', async () => {
  const { talk, state } = scene({ site: async () => { throw new Trouble('no', 403); } });
  assert.equal(await talk.admitted(), false);
  assert.deepEqual([state().phase, state().notice], ['idle', '']);
  talk.stop();
});

test('what is kept on another site’s page is kept in the tab alone', () => {
  const shelf = () => { const map = new Map(); return { map, getItem: (key) => map.get(key) ?? null, setItem: (key, value) => map.set(key, value), removeItem: (key) => map.delete(key) }; };
  const before = [globalThis.localStorage, globalThis.sessionStorage];
  const [device, tab] = [shelf(), shelf()];
  Object.defineProperties(globalThis, { localStorage: { value: device, configurable: true, writable: true }, sessionStorage: { value: tab, configurable: true, writable: true } });
  try {
    const memory = createMemory('s', ofTab());
    for (const key of ['session', 'large', 'draft', 'outbox']) memory.set(key, 'x');
    assert.deepEqual([device.map.size, tab.map.size], [0, 4]);
    createMemory('s').set('session', 'x');
    assert.equal(device.map.size, 1);
  } finally {
    Object.defineProperties(globalThis, { localStorage: { value: before[0], configurable: true, writable: true }, sessionStorage: { value: before[1], configurable: true, writable: true } });
  }
});

test('each part is rated once, and only what the server leaves is asked for', async () => {
  const closed = { receipt: { number: 'ZX-1', code: 'C' }, sealed: true, to_rate: ['staff', 'bot'] };
  const { talk, calls, state, memory } = scene({ close: () => closed });
  await talk.start();
  await talk.agree('西宁市');
  await talk.end();
  assert.deepEqual(state().toRate, ['staff', 'bot']);
  await talk.rate({ attitude: 5 }, '', 'staff');
  assert.deepEqual(state().toRate, ['bot']);
  assert.ok(!memory.get('session').rated);
  await talk.rate({ attitude: 4 }, '好', 'bot');
  assert.deepEqual([state().toRate, memory.get('session').rated], [[], true]);
  assert.deepEqual(calls.filter(([name]) => name === 'rate'), [['rate', { attitude: 5 }, '', 'staff'], ['rate', { attitude: 4 }, '好', 'bot']]);
  talk.stop();
});

test('a refused rating leaves the part to be rated', async () => {
  const refuse = () => { throw new Trouble('稍后再试', 503, 'busy'); };
  const { talk, state } = scene({ close: () => ({ receipt: { number: 'ZX-1', code: 'C' }, to_rate: ['bot'] }), rate: refuse });
  await talk.start();
  await talk.agree('西宁市');
  await talk.end();
  await assert.rejects(talk.rate({}, '', 'bot'));
  assert.deepEqual([state().toRate, state().rated], [['bot'], 0]);
  talk.stop();
});
