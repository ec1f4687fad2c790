// A service is asked for on a phone: in the widget, and on the page that works without scripts.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  agree, answerTo, ask, button, fits, inBrowser, messages, openFloating, OUT, PHONE, recorded, sound, tabTo, URL_OF_PRODUCT,
} from './harness.mjs';

const picture = (page, name) => page.screenshot({ path: join(OUT, `${name}.png`), animations: 'disabled', caret: 'hide' });
const FORM = `${URL_OF_PRODUCT}/services/search`;

async function choose(page, title) {
  await button(page, title).last().click();
  return (await answerTo(page, title)).join('\n');
}

inBrowser('a form is filled in on a phone in the widget, looked over, corrected, sent and followed', PHONE, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await openFloating(page);
  await agree(page);
  assert.match((await ask(page, '申请检索服务')).join('\n'), /第1项.*身份/s);
  await choose(page, '个人');
  await choose(page, '商标');
  assert.match((await ask(page, '“青稞谣”能不能注册，做饼干用')).join('\n'), /第4项/);
  await choose(page, '只查中国');
  await choose(page, '申请前查新');
  await choose(page, '跳过');
  assert.match(await choose(page, '同意'), /联系人姓名/);
  await ask(page, '王芳');
  await choose(page, '城西区');
  await page.reload();
  await openFloating(page);
  await messages(page, 'bot').filter({ hasText: '联系电话' }).first().waitFor();
  const review = (await ask(page, '13897123456')).join('\n');
  for (const line of ['· 联系人：王芳', '· 联系电话：138****3456', '· 区县：城西区']) assert.ok(review.includes(line), `${line} in ${review}`);
  await fits(page, 'the review');
  await picture(page, 'service-phone');
  await choose(page, '改区县');
  assert.match(await choose(page, '城北区'), /区县：城北区/);
  const sent = await choose(page, '提交');
  assert.match(sent, /申请编号：FW-\d{8}-\d{6}-01-\d/);
  assert.match(sent, /查询码：[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
  assert.match(await choose(page, '我的申请到哪了'), /已收到，等待受理/);
  assert.ok((await recorded(page)).every((entry) => !entry.text.includes('13897123456')));
});

inBrowser('a form on a page of its own: what is wrong is named and reached, then it is sent and looked up', {
  ...PHONE, expected: /status of 4\d\d/,
}, async ({ page }) => {
  await page.goto(`${URL_OF_PRODUCT}/services`);
  await sound(page, 'catalogue');
  await fits(page, 'catalogue');
  await page.getByRole('link', { name: '知识产权信息查询检索服务' }).click();
  await page.getByLabel('个人', { exact: true }).check();
  assert.equal(await page.locator('#unit').isVisible(), false);
  await page.getByLabel('中小微企业、个体户').check();
  assert.equal(await page.locator('#unit').isVisible(), true);
  await page.getByLabel('个人', { exact: true }).check();
  await page.locator('#name').fill('王芳');
  await button(page, '提交申请').click();
  await page.locator('#summary').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'summary');
  await sound(page, 'errors');
  await fits(page, 'errors');
  await picture(page, 'form-phone');
  await page.locator('.summary a').last().click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'phone');
  await page.keyboard.type('138 9712 3456');
  await page.getByLabel('专利或技术').check();
  await page.locator('#subject').fill('青稞饼干的低温烘烤，关键词青稞、低温');
  await page.getByLabel('只查中国').check();
  await page.getByLabel('申请前查新').check();
  await page.getByLabel('城西区').check();
  await page.getByLabel('同意', { exact: true }).check();
  await tabTo(page, '.go');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '申请已提交' }).waitFor();
  await sound(page, 'sent');
  await fits(page, 'sent');
  const [number, code] = await page.locator('.code').allTextContents();
  await page.reload();
  assert.deepEqual(await page.locator('.code').allTextContents(), [number, code]);
  await page.getByRole('link', { name: '查申请进度' }).first().click();
  await page.getByLabel('编号').fill(number);
  await page.getByLabel('查询码或回执码').fill('0000');
  await button(page, '查询').click();
  await page.getByText('没有这个申请').waitFor();
  await page.getByLabel('查询码或回执码').fill(code.toLowerCase());
  await button(page, '查询').click();
  await page.getByText('已收到，等待受理').waitFor();
  await sound(page, 'progress');
  await fits(page, 'progress');
});

inBrowser('without scripts every field is there and the form is sent all the same', { javaScriptEnabled: false }, async ({ page }) => {
  await page.goto(FORM);
  assert.equal(await page.locator('#unit').isVisible(), true);
  await page.getByLabel('个人', { exact: true }).check();
  for (const label of ['商标', '只查中国', '申请前查新', '城西区', '同意']) await page.getByLabel(label, { exact: true }).check();
  await page.locator('#subject').fill('“青稞谣”能不能注册，做饼干用');
  await page.locator('#name').fill('王芳');
  await page.locator('#phone').fill('13897123456');
  await button(page, '提交申请').click();
  await page.getByRole('heading', { name: '申请已提交' }).waitFor();
});

inBrowser('a form in dark, in large letters and on a narrow page', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }, async ({ page }) => {
  await page.goto(FORM);
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await sound(page, 'dark, narrow');
  await fits(page, 'dark, narrow');
});
