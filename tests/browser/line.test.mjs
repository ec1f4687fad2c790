// The connection breaks and comes back: the page says so, and what was written meanwhile arrives once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after } from 'node:test';
import { agree, answerTo, ask, field, inBrowser, messages, recorded, URL_OF_PRODUCT } from './harness.mjs';

const WORDS = '怎么提商标异议';
const saidOnce = async (page, server) => {
  const own = messages(page, 'citizen').filter({ hasText: WORDS });
  const kept = async () => (await recorded(page, server)).filter((entry) => entry.from === 'citizen' && entry.text === WORDS);
  assert.equal(await own.count(), 1);
  assert.equal((await kept()).length, 1);
  await page.reload();
  await own.waitFor();
  assert.equal(await own.count(), 1);
  assert.equal((await kept()).length, 1);
};

// A browser without a network says so on the console; that is all it may complain of.
inBrowser('no network: it is told at once, and a waiting message is sent exactly once', { expected: /ERR_INTERNET_DISCONNECTED/ }, async ({ page, context }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await ask(page, '商标异议期多久');
  await context.setOffline(true);
  await page.locator('.line.lost', { hasText: '连接已断开' }).waitFor();
  await field(page).fill(WORDS);
  await field(page).press('Enter');
  await messages(page, 'citizen').filter({ hasText: WORDS }).getByText('发送中').waitFor();
  assert.deepEqual((await recorded(page)).filter((entry) => entry.text === WORDS), []);

  await context.setOffline(false);
  assert.match((await answerTo(page, WORDS)).join('\n'), /异议/);
  await page.locator('.line.restored').waitFor();
  await saidOnce(page);
});

// A stretch of network that can fail in the meanest way: what is sent arrives, what comes back is lost, then it breaks.
let deaf = false;
const ways = new Set();
const network = createServer((near) => {
  const far = connect(Number(new URL(URL_OF_PRODUCT).port), '127.0.0.1');
  const ends = [near, far];
  ends.forEach((one) => ways.add(one));
  near.on('data', (data) => far.write(data));
  far.on('data', (data) => { if (!deaf) near.write(data); });
  for (const one of ends) {
    one.on('error', () => {});
    one.on('close', () => ends.forEach((each) => { ways.delete(each); each.destroy(); }));
  }
}).listen(0, '127.0.0.1');
await once(network, 'listening');
const at = `http://127.0.0.1:${network.address().port}`;
const breakDown = () => ways.forEach((one) => one.destroy());
after(() => { network.close(); breakDown(); });

inBrowser('a connection that breaks after the message arrived does not double it', { at, expected: /ERR_(CONNECTION|EMPTY)/ }, async ({ page }) => {
  await page.goto(at);
  await agree(page);
  await ask(page, '商标异议期多久');
  deaf = true;
  await field(page).fill(WORDS);
  await field(page).press('Enter');
  await messages(page, 'citizen').filter({ hasText: WORDS }).getByText('发送中').waitFor();
  const end = Date.now() + 15000;
  while (!(await recorded(page, at)).some((entry) => entry.text === WORDS)) assert.ok(Date.now() < end, 'the message did not arrive');
  assert.equal(await messages(page, 'citizen').filter({ hasText: WORDS }).getByText('发送中').count(), 1);
  deaf = false;
  breakDown();
  assert.match((await answerTo(page, WORDS)).join('\n'), /异议/);
  await page.locator('.line.restored').waitFor();
  await saidOnce(page, at);
});
