// A guide and a calculator, walked with the thumb and with the keyboard on a phone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  agree, answerTo, ask, button, fits, inBrowser, messages, openFloating, OUT, PHONE, recorded, toggleLarge, URL_OF_PRODUCT,
} from './harness.mjs';

// Presses a choice of the last step; its words are then said by the citizen.
async function choose(page, title) {
  await button(page, title).last().click();
  return (await answerTo(page, title)).join('\n');
}

async function begin(page) {
  await page.goto(URL_OF_PRODUCT);
  await openFloating(page);
  await agree(page);
}

inBrowser('a guide is walked on a phone, with a step back and a question in between', PHONE, async ({ page }) => {
  await begin(page);
  assert.match((await ask(page, '测一测能不能减缴专利费')).join('\n'), /第1步.*申请人/s);
  await fits(page, 'the first step');
  await page.screenshot({ path: join(OUT, 'guide-phone.png'), animations: 'disabled', caret: 'hide' });
  assert.match(await choose(page, '个人'), /第2步.*月均收入/s);
  assert.match(await choose(page, '上一步'), /好的，回到上一步.*第1步/s);
  assert.match(await choose(page, '企业'), /第2步.*应纳税所得额/s);
  assert.match((await ask(page, '商标异议期多久')).join('\n'), /3个月.*我们接着刚才的.*第2步/s);
  assert.match(await choose(page, '低于'), /第3步/);
  await page.reload();
  await openFloating(page);
  await messages(page, 'bot').filter({ hasText: '第3步' }).first().waitFor();
  const told = await choose(page, '只有一个');
  assert.match(told, /可以减缴85%/);
  assert.match(told, /本指引不是法律意见/);
  await fits(page, 'the recommendation');
  await page.locator('.chip').first().waitFor();
  assert.ok((await recorded(page)).length > 10);
});

inBrowser('a calculator shows its working on a phone in large print', PHONE, async ({ page }) => {
  await begin(page);
  await toggleLarge(page);
  await ask(page, '算一下申请专利要交多少官费');
  await choose(page, '发明');
  assert.match(await choose(page, '减70%（两个以上）'), /第3步/);
  assert.match((await ask(page, '十二项')).join('\n'), /第4步/);
  assert.match((await ask(page, '30')).join('\n'), /第5步/);
  const told = (await ask(page, '0')).join('\n');
  for (const line of ['900×30%＝270元', '2500×30%＝750元', '150×2（不减缴）＝300元', '合计：1370元']) assert.ok(told.includes(line), `${line} in ${told}`);
  await fits(page, 'the working');
  await messages(page, 'bot').filter({ hasText: '合计' }).first().scrollIntoViewIfNeeded();
  await page.screenshot({ path: join(OUT, 'calculator-phone.png'), animations: 'disabled', caret: 'hide' });
});
