// Files: looked at before they go, one after the other, and never lost without a word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi, Trouble } from '../src/api.js';
import { createConsultation } from '../src/consultation.js';
import { createMemory } from '../src/memory.js';
import { FILE_LIMIT } from '../src/state.js';
import { W } from '../src/words.js';

const nowhere = { get device() { return undefined; }, get tab() { return undefined; } };
const settle = async () => { for (let n = 0; n < 20; n += 1) await Promise.resolve(); };
const file = (name, size = 10, type = '') => ({ name, size, type });

// An API whose uploads wait until the test ends them.
async function scene() {
  const ways = [];
  const asked = [];
  const calls = [];
  const api = {
    use() {},
    site: async () => ({ name: '知询', quick: [], regions: [] }),
    begin: async () => ({ session: 'T', consultation: 'ZX-1', replies: [] }),
    close: async () => ({ receipt: { number: 'ZX-1', code: 'C' } }),
    attach: (given, onPart, stop) => new Promise((done, fail) => {
      const way = { given, onPart, done, fail, stopped: false };
      stop(() => { way.stopped = true; fail(new Trouble('given up')); });
      ways.push(way);
    }),
    file: async (id) => { calls.push(id); if (id === 'gone') throw new Trouble('已删除', 410); return 'content'; },
  };
  const openLine = () => ({ send() {}, ask: () => asked.push(1), nudge() {}, stop() {} });
  const talk = createConsultation({ server: 'https://a.example', memory: createMemory('t', nowhere), api, openLine });
  await talk.start();
  await talk.agree();
  const files = () => talk.store.get().files;
  return { talk, ways, asked, calls, files };
}

test('files go one after the other, and are gone from the list when they have arrived', async () => {
  const { talk, ways, asked, files } = await scene();
  talk.attach([file('a.pdf'), file('b.PNG'), file('c', 10, 'image/jpeg')]);
  await settle();
  assert.deepEqual(files().map((one) => [one.name, one.state]), [['a.pdf', 'sending'], ['b.PNG', 'sending'], ['c', 'sending']]);
  assert.deepEqual(ways.map((way) => way.given.name), ['a.pdf']);
  ways[0].onPart(0.5);
  assert.deepEqual(files().map((one) => one.part), [0.5, 0, 0]);
  ways[0].done({ id: '1' });
  await settle();
  assert.deepEqual(files().map((one) => one.name), ['b.PNG', 'c']);
  assert.deepEqual(ways.map((way) => way.given.name), ['a.pdf', 'b.PNG']);
  assert.equal(asked.length, 1);
  talk.stop();
});

test('what cannot be taken is told at once and not sent', async () => {
  const { talk, ways, files } = await scene();
  talk.attach([file('a.exe'), file('b.zip', 10, 'application/zip'), file('c.pdf', FILE_LIMIT + 1), file('d.docx', 0), file('e.docx', FILE_LIMIT)]);
  await settle();
  const problems = files().map((one) => [one.state, one.problem]);
  assert.deepEqual(problems, [
    ['refused', W.fileType], ['refused', W.fileType], ['refused', W.fileLarge], ['refused', W.fileEmpty], ['sending', ''],
  ]);
  assert.deepEqual(ways.map((way) => way.given.name), ['e.docx']);
  talk.drop(files()[0].id);
  assert.equal(files().length, 4);
  talk.stop();
});

test('a lost file stays, with the reason, until it is sent again or dropped', async () => {
  const { talk, ways, files } = await scene();
  talk.attach([file('a.pdf'), file('b.pdf')]);
  await settle();
  ways[0].onPart(0.7);
  ways[0].fail(new Trouble(W.fileLost));
  await settle();
  assert.deepEqual([files()[0].state, files()[0].problem, files()[0].part], ['lost', W.fileLost, 0]);
  ways[1].fail(new Trouble('文件太大', 413));
  await settle();
  assert.deepEqual([files()[1].state, files()[1].problem], ['refused', '文件太大']);
  talk.retry(files()[0].id);
  await settle();
  assert.deepEqual([files()[0].state, files()[0].problem], ['sending', '']);
  ways[2].done({ id: '1' });
  await settle();
  assert.deepEqual(files().map((one) => one.name), ['b.pdf']);
  talk.retry('nobody');
  talk.stop();
});

test('a dropped file is given up and the next one goes', async () => {
  const { talk, ways, files } = await scene();
  talk.attach([file('a.pdf'), file('b.pdf')]);
  await settle();
  talk.drop(files()[0].id);
  await settle();
  assert.equal(ways[0].stopped, true);
  assert.deepEqual(ways.map((way) => way.given.name), ['a.pdf', 'b.pdf']);
  assert.deepEqual(files().map((one) => [one.name, one.state]), [['b.pdf', 'sending']]);
  talk.stop();
  assert.equal(ways[1].stopped, true);
});

test('the end of the consultation and a forgotten session take the files along', async () => {
  const ended = await scene();
  ended.talk.attach([file('a.pdf')]);
  await settle();
  await ended.talk.end();
  assert.deepEqual([ended.files().length, ended.ways[0].stopped], [0, true]);
  ended.talk.attach([file('b.pdf')]);
  assert.equal(ended.files().length, 0);
  ended.talk.stop();
  const forgotten = await scene();
  forgotten.talk.attach([file('a.pdf'), file('b.pdf')]);
  await settle();
  forgotten.ways[0].fail(new Trouble('会话已失效', 401));
  await settle();
  assert.deepEqual([forgotten.talk.store.get().phase, forgotten.files().length, forgotten.ways.length], ['gone', 0, 1]);
});

test('a file that cannot be fetched is told and nothing is saved', async () => {
  const { talk, calls } = await scene();
  assert.equal(await talk.file('f'), 'content');
  assert.equal(await talk.file('gone'), null);
  assert.equal(talk.store.get().notice, '已删除');
  assert.deepEqual(calls, ['f', 'gone']);
  talk.stop();
});

// ---- over HTTP ---------------------------------------------------------------------------------------------

class FakeUpload {
  static all = [];
  constructor() { this.head = {}; this.upload = {}; FakeUpload.all.push(this); }
  open(method, url) { Object.assign(this, { method, url }); }
  setRequestHeader(name, value) { this.head[name] = value; }
  send(body) { this.body = body; }
  abort() { this.aborted = true; }
  answer(status, text) { Object.assign(this, { status, responseText: text }); this.onload(); }
}

function upload(name) {
  const parts = [];
  let giveUp;
  const api = createApi('https://a.example', { Upload: FakeUpload });
  api.use('T');
  const given = file(name);
  const result = api.attach(given, (part) => parts.push(part), (act) => { giveUp = act; });
  return { given, parts, result, giveUp, request: FakeUpload.all[FakeUpload.all.length - 1] };
}

test('a file goes as the raw body, its name percent-encoded', async () => {
  const { given, parts, result, request } = upload('王 小明.pdf');
  assert.deepEqual([request.method, request.url, request.body], ['POST', 'https://a.example/api/v1/attachments', given]);
  assert.equal(request.head.Authorization, 'Bearer T');
  assert.equal(request.head['X-File-Name'], encodeURIComponent('王 小明.pdf'));
  request.upload.onprogress({ loaded: 5, total: 10 });
  request.upload.onprogress({ loaded: 5, total: 0 });
  request.answer(201, '{"id":"1"}');
  assert.deepEqual([await result, parts], [{ id: '1' }, [0.5]]);
  assert.equal(upload('\ud800.pdf').request.head['X-File-Name'], '');
});

test('what the server says is told, and a broken line in our own words', async () => {
  const refused = upload('a.pdf');
  refused.request.answer(413, '{"error":{"code":"too_large","message":"文件太大","field":null}}');
  await assert.rejects(refused.result, (problem) => problem.message === '文件太大' && problem.status === 413 && problem.refused);
  const odd = upload('a.pdf');
  odd.request.answer(502, '<html>');
  await assert.rejects(odd.result, (problem) => problem.message === W.trouble && !problem.refused);
  for (const end of ['onerror', 'ontimeout']) {
    const lost = upload('a.pdf');
    lost.request[end]();
    await assert.rejects(lost.result, (problem) => problem.message === W.fileLost && !problem.refused);
  }
  const given = upload('a.pdf');
  given.giveUp();
  await assert.rejects(given.result, Trouble);
  assert.equal(given.request.aborted, true);
});

test('a file is fetched with the session and comes as it is', async () => {
  const asked = [];
  const answer = (ok, body) => ({ ok, status: ok ? 200 : 404, blob: async () => body, json: async () => body });
  const api = createApi('https://a.example', { fetcher: async (url, options) => {
    asked.push([url, options.headers.Authorization]);
    return url.endsWith('/f') ? answer(true, 'content') : answer(false, { error: { message: '没有这个文件。' } });
  } });
  api.use('T');
  assert.equal(await api.file('f'), 'content');
  await assert.rejects(api.file('x'), /没有这个文件/);
  assert.deepEqual(asked[0], ['https://a.example/api/v1/attachments/f', 'Bearer T']);
});
