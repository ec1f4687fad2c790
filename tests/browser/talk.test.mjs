// A consultation on a desktop: from the notice to a cited answer, to a person and back, over a reload.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  agree, answerTo, ask, button, field, inBrowser, messages, OUT, PHONE, openFloating, recorded, shown, URL_OF_PRODUCT,
} from './harness.mjs';

const QUESTION = '商标异议期多久';
const LAW = '《中华人民共和国商标法（2019年修正）》';

inBrowser('nothing is opened before consent, and an answer is cited', {}, async ({ page, requests }) => {
  await page.goto(URL_OF_PRODUCT);
  await page.getByRole('heading', { name: '开始之前，请您知悉' }).waitFor();
  assert.match(await page.locator('.notice').innerText(), /记录/);
  await button(page, '发明专利能保护多少年？').click();
  await page.getByText('同意后，将为您提问').waitFor();
  assert.deepEqual(requests.filter((one) => /sessions|messages|\/ws/.test(one)), [], 'a request before consent');
  await button(page, '暂不咨询').click();
  await page.getByRole('heading', { name: '好的，没有留下任何记录' }).waitFor();
  assert.deepEqual(requests.filter((one) => /sessions|messages|\/ws/.test(one)), [], 'a request though declined');
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);

  await button(page, '再看一遍说明').click();
  await agree(page);
  assert.equal(requests.filter((one) => one.endsWith('/api/v1/sessions')).length, 1);
  const answer = (await ask(page, QUESTION)).join('\n');
  assert.match(answer, /3个月/);
  assert.match(answer, /2027/);

  await page.locator('.chip', { hasText: '商标法' }).filter({ hasNotText: '实施条例' }).last().click();
  const card = page.getByRole('dialog', { name: LAW });
  await card.getByText('制定机关').waitFor();
  const told = await card.innerText();
  for (const words of ['第三十三条', '现行有效', '主要意思', '三个月']) assert.ok(told.includes(words), `${words} in ${told}`);
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'hidden' });

  const next = '怎么提商标异议';
  await button(page, next).click();
  const followed = await answerTo(page, next);
  assert.match(followed.join('\n'), /异议/);
  assert.notEqual(followed.join('\n'), answer);
  assert.deepEqual(await shown(page), (await recorded(page)).map((entry) => plain(entry.text)));
});

inBrowser('a person is asked for, the assistant is silent, a number is kept, and the queue is left', {}, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await button(page, '转人工').first().click();
  assert.match((await answerTo(page, '转人工')).join('\n'), /已为您转人工|现在不是工作时间/);
  await page.locator('.state', { hasText: '等待人工' }).waitFor();

  const silent = (await ask(page, QUESTION)).join('\n');
  assert.doesNotMatch(silent, /3个月|2027/);
  assert.match(silent, /工作人员会看到/);

  const kept = (await ask(page, '我的电话是13897551234，请回电')).join('\n');
  assert.match(kept, /尾号1234/);
  assert.doesNotMatch(kept, /13897551234/);
  await page.reload();
  await page.getByText('尾号1234').waitFor();
  assert.ok(!(await shown(page)).join('\n').includes('13897551234'), 'the whole number after a reload');

  await ask(page, '谢谢');
  await button(page, '取消排队').click();
  await answerTo(page, '取消排队');
  await page.locator('.state', { hasText: '智能助手' }).waitFor();
  assert.match((await ask(page, QUESTION)).join('\n'), /3个月/);
});

inBrowser('a reload brings the transcript back without doubles', {}, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await ask(page, QUESTION);
  await field(page).fill('还没写完');
  const before = await shown(page);
  for (let n = 0; n < 2; n += 1) {
    await page.reload();
    await messages(page, 'citizen').first().waitFor();
    await page.locator('.chip').first().waitFor();
    assert.deepEqual(await shown(page), before);
    assert.equal(await field(page).inputValue(), '还没写完');
  }
  assert.match((await ask(page, QUESTION)).join('\n'), /3个月/);
  assert.equal((await recorded(page)).filter((entry) => entry.from === 'citizen').length, 2);
});

inBrowser('markup in a message is text', {}, async ({ page, requests }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  const words = '<img src=x onerror="window.hit=1"><script>window.hit=1</script> & &lt;b&gt;';
  await ask(page, words);
  assert.equal(await messages(page, 'citizen').last().locator('.prose').textContent(), words);
  await page.reload();
  await messages(page, 'citizen').filter({ hasText: 'onerror' }).waitFor();
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await page.locator('.log img, .log script, .log b').count(), 0);
  assert.ok(!requests.some((one) => new URL(one).pathname === '/x'));
});

inBrowser('the pictures of the documentation are taken: desktop', {}, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await ask(page, QUESTION);
  await picture(page, 'widget.png');
});

inBrowser('the pictures of the documentation are taken: phone', PHONE, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await openFloating(page);
  await agree(page);
  await ask(page, QUESTION);
  await picture(page, 'widget-phone.png');
});

// Shows as much of the answer as fits above its basis, beginning with a whole message.
async function picture(page, name) {
  const fits = await page.locator('.mid').evaluate((mid) => {
    const below = (node) => node.getBoundingClientRect().bottom - mid.getBoundingClientRect().bottom;
    return [...mid.querySelectorAll('.msg')].some((message) => {
      mid.scrollTop += message.getBoundingClientRect().top - mid.getBoundingClientRect().top - 8;
      return below([...mid.querySelectorAll('.basis')].pop()) < -16;
    });
  });
  assert.ok(fits, 'the basis is out of sight');
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(OUT, name), animations: 'disabled', caret: 'hide' });
}

// As the widget sets text: lines become blocks, so that line ends are no characters.
const plain = (text) => text.replace(/\n/g, '').trim();
