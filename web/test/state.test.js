// The pure steps of a consultation: nothing twice, nothing out of order, nothing unsaid shown as said.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choices, heard, lengthOf, marked, NOTHING, said } from '../src/state.js';

const talking = { ...NOTHING, phase: 'talking', caughtUp: true };
const entry = (seq, from, more = {}) => ({ seq, time: '2026-11-21T02:00:00Z', from, text: `${from} ${seq}`, ...more });

test('entries are kept once and in the order of their numbers', () => {
  const once = heard(talking, { entries: [entry(4, 'bot'), entry(2, 'citizen'), entry(4, 'bot')], owner: 'bot' });
  const twice = heard(once, { entries: [entry(2, 'citizen'), entry(4, 'bot'), entry(7, 'staff')], owner: 'staff' });
  assert.deepEqual(twice.entries.map((one) => one.seq), [2, 4, 7]);
  assert.equal(twice.last, 7);
  assert.equal(twice.owner, 'staff');
});

test('own words wait in the outbox until they are heard back under their id', () => {
  const sent = said(talking, { id: 'a', text: '你好', time: '' });
  assert.equal(sent.outbox[0].state, 'pending');
  assert.equal(sent.waiting, 'now');
  const other = heard(sent, { entries: [entry(1, 'bot', { message_id: 'a' })], owner: 'bot' });
  assert.equal(other.outbox.length, 1, 'an answer that names the id does not confirm the words');
  assert.equal(heard(sent, { entries: [entry(1, 'citizen', { message_id: 'a' })], owner: 'bot' }).outbox.length, 0);
});

test('a greeting is not taken for the answer to a question that is still under way', () => {
  const sent = said(talking, { id: 'a', text: '你好', time: '' });
  const greeted = heard(sent, { entries: [entry(1, 'bot')], owner: 'bot' });
  assert.equal(greeted.waiting, 'now');
  const recorded = heard(greeted, { entries: [entry(2, 'citizen', { message_id: 'a' })], owner: 'bot' });
  assert.equal(recorded.waiting, 'now');
  assert.equal(heard(recorded, { entries: [entry(3, 'bot')], owner: 'bot' }).waiting, '');
});

test('a word that the server already knew is confirmed even when its entry is not new', () => {
  const known = heard(talking, { entries: [entry(1, 'citizen', { message_id: 'a' })], owner: 'bot' });
  assert.equal(heard(said(known, { id: 'a', text: 'x', time: '' }), { entries: known.entries, owner: 'bot' }).outbox.length, 0);
});

test('nobody is said to be working while a person owns the consultation', () => {
  assert.equal(said({ ...talking, owner: 'staff' }, { id: 'a', text: 'x', time: '' }).waiting, '');
});

test('a lost or refused word stops the waiting and keeps the reason', () => {
  const refused = marked(said(talking, { id: 'a', text: 'x', time: '' }), 'a', 'refused', '没有收下');
  assert.deepEqual([refused.outbox[0].state, refused.outbox[0].problem, refused.waiting], ['refused', '没有收下', '']);
  assert.equal(marked(talking, 'nobody', 'lost'), talking);
});

test('a closed entry or a closed owner ends the consultation', () => {
  assert.equal(heard(talking, { entries: [entry(1, 'system', { kind: 'closed' })], owner: 'bot' }).phase, 'ended');
  assert.equal(heard(talking, { owner: 'closed' }).phase, 'ended');
});

test('only live words ring, a returning transcript does not', () => {
  const back = heard({ ...talking, caughtUp: false }, { entries: [entry(1, 'bot'), entry(2, 'staff')], owner: 'staff' });
  assert.equal(back.unread, 0);
  assert.equal(heard(back, { entries: [entry(3, 'staff'), entry(4, 'citizen')], owner: 'staff' }).unread, 1);
});

test('buttons are offered until they are answered, and quick questions only at the beginning', () => {
  const buttons = [{ title: '甲', payload: '甲' }];
  const site = { quick: [{ title: '快', payload: '快' }] };
  const begun = heard({ ...talking, site }, { entries: [entry(1, 'bot')], owner: 'bot' });
  assert.equal(choices(begun), site.quick);
  const greeted = { entries: [entry(1, 'bot', { kind: 'greeting', buttons })], owner: 'bot' };
  assert.equal(choices(heard({ ...talking, site }, greeted)), site.quick, 'the site’s own come before those of the greeting');
  assert.equal(choices(heard({ ...talking, site: { quick: [] } }, greeted)), buttons);
  const offered = heard(begun, { entries: [entry(2, 'bot', { buttons })], owner: 'bot' });
  assert.equal(choices(offered), buttons);
  assert.deepEqual(choices(said(offered, { id: 'a', text: '甲', time: '' })), []);
  assert.deepEqual(choices(heard(offered, { entries: [entry(3, 'citizen')], owner: 'bot' })), []);
});

test('a file answers nothing and takes no choice away', () => {
  const buttons = [{ title: '甲', payload: '甲' }];
  const person = [{ title: '转人工', payload: '转人工' }];
  const site = { quick: [{ title: '快', payload: '快' }] };
  const file = (seq) => [entry(seq, 'citizen', { kind: 'attachment' }), entry(seq + 1, 'system', { kind: 'attached', buttons: person })];
  const begun = heard({ ...talking, site }, { entries: [entry(1, 'bot')], owner: 'bot' });
  assert.equal(choices(heard(begun, { entries: file(2), owner: 'bot' })), site.quick);
  const offered = heard(begun, { entries: [entry(2, 'citizen'), entry(3, 'bot', { buttons })], owner: 'bot' });
  assert.equal(choices(heard(offered, { entries: file(4), owner: 'bot' })), buttons);
  const plain = heard(begun, { entries: [entry(2, 'citizen'), entry(3, 'bot')], owner: 'bot' });
  assert.equal(choices(heard(plain, { entries: file(4), owner: 'bot' })), person);
  const asked = heard(said(begun, { id: 'a', text: 'x', time: '' }), { entries: [entry(2, 'citizen', { message_id: 'a' })], owner: 'bot' });
  const sent = heard(asked, { entries: file(3), owner: 'bot' });
  assert.equal(sent.waiting, 'now');
  assert.equal(heard(sent, { entries: [entry(5, 'bot')], owner: 'bot' }).waiting, '');
});

test('length counts characters as the server does, not halves of them', () => {
  assert.equal(lengthOf('知𠮷'), 2);
});
