// The end of a consultation: closed, rated by keyboard alone, and a receipt that the product honours.
import assert from 'node:assert/strict';
import { agree, ask, end, focused, inBrowser, tabTo, button, sound, URL_OF_PRODUCT, waitForFocus } from './harness.mjs';

const receiptAt = (number, code) => fetch(`${URL_OF_PRODUCT}/api/v1/receipts`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ number, code }),
});

inBrowser('a consultation ends with a rating and a receipt', {}, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await ask(page, '商标异议期多久');
  await end(page);
  await waitForFocus(page, '.ending h2');

  const facts = page.locator('.receipt dd');
  const [number, code] = [await facts.nth(0).textContent(), await facts.nth(1).textContent()];
  const first = await (await receiptAt(number, code)).json();
  assert.deepEqual([first.number, first.rated, first.intact], [number, false, true]);
  const wrong = code.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, (last) => (last === '2' ? '3' : '2'));
  assert.equal((await receiptAt(number, wrong)).status, 404);

  await tabTo(page, '.star input');
  for (const stars of [5, 4, 5, 3, 4]) {
    assert.ok(await focused(page, '.star input'));
    await page.keyboard.press('Space');
    for (let n = 1; n < stars; n += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
  }
  assert.deepEqual(await page.locator('.said').allTextContents(), ['非常满意', '满意', '非常满意', '基本满意', '满意']);
  assert.ok(await focused(page, '#zx-opinion'));
  await page.keyboard.insertText('讲得清楚，谢谢。');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('感谢您的评价').waitFor();
  assert.equal((await (await receiptAt(number, code)).json()).rated, true);
  assert.equal(await page.locator('.rating').count(), 0);

  await page.reload();
  await page.getByText('感谢您的评价').waitFor();
  assert.deepEqual([await facts.nth(0).textContent(), await facts.nth(1).textContent()], [number, code]);
  await button(page, '开始新的咨询').click();
  await page.getByRole('heading', { name: '开始之前，请您知悉' }).waitFor();
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('session')).length), 0);
});

inBrowser('a rating with a gap says which one is missing and goes there', {}, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await end(page);
  await page.locator('.stars').first().locator('.star').nth(4).click();
  await button(page, '提交评价').click();
  await page.getByText('还没有给“服务态度”打分').waitFor();
  assert.ok(await page.locator('fieldset').nth(1).locator('input').first().evaluate((node) => node.getRootNode().activeElement === node));
});

inBrowser('whoever has not rated is led from the receipt to a page that does without scripts', { expected: /status of 422/ }, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await ask(page, '商标异议期多久');
  await end(page);
  const facts = page.locator('.receipt dd');
  const [number, code] = [await facts.nth(0).textContent(), await facts.nth(1).textContent()];
  await page.goto(`${URL_OF_PRODUCT}/requests`);
  await page.getByLabel('编号').fill(number);
  await page.getByLabel('查询码或回执码').fill(code);
  await button(page, '查询').click();
  await page.getByRole('link', { name: '给这次咨询打分' }).click();
  await page.getByRole('heading', { name: '给智能助手打分' }).waitFor();
  await sound(page, 'the page of a rating');
  await button(page, '提交评价').click();
  await page.getByText('有 5 项要改').waitFor();
  await sound(page, 'a rating with gaps');
  for (const word of ['专业水平', '服务态度', '服务内容', '服务质量', '服务满意度']) await page.getByRole('group', { name: word }).getByLabel('4 满意').check();
  await button(page, '提交评价').click();
  await page.getByText('谢谢您的评价').waitFor();
  assert.equal((await (await receiptAt(number, code)).json()).rated, true);
});
