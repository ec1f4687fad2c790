// Improving answers at the desk: what was not answered, a draft with its lint, approval by a second person, and how the pages look.
import assert from 'node:assert/strict';
import { button, inBrowser, URL_OF_PRODUCT } from './harness.mjs';
import { atDesk, citizen, fillDraft, looksRight } from './desk-harness.mjs';

const HOME = '/desk/improve';
const ASKED = '藏毯纹样的版权登记卡弄丢了去哪补一张';
const WORDINGS = Array.from({ length: 21 }, (_, at) => `藏毯纹样版权登记卡弄丢了第${at + 1}张怎么补办`);
const ANSWER = '藏毯纹样版权登记卡由发卡的合作社补发，请带上原来的登记材料去找他们。';

const DRAFT = { title: '纹样卡怎么补办', id: 'test-carpet-card', ip: '著作权', topic: '纹样卡', wordings: WORDINGS.join('\n'), a0_text: ANSWER };

inBrowser('a question that was not answered becomes a draft that a second person approves', { expected: /status of 422/ }, async ({ page, listen }) => {
  await page.close();
  const asked = await citizen();
  await asked.say(ASKED);
  await asked.close();

  const writer = await atDesk('bai', listen, HOME);
  await writer.getByText(ASKED).first().waitFor();
  await looksRight(writer, 'missed turns');
  await writer.goto(`${URL_OF_PRODUCT}${HOME}/new`);
  await fillDraft(writer, DRAFT);
  // The lint comes by itself while one writes.
  await writer.locator('#look').getByText('没有依据（basis）').waitFor();
  await writer.getByLabel('依据').first().fill('copyright-law-2020 | 第十二条 | 作者可以向登记机构办理作品登记，领取证书。');
  await writer.locator('#look').getByText('没有毛病').waitFor();
  await writer.locator('#look').getByText(ANSWER).waitFor();
  await looksRight(writer, 'a new draft');
  // A citizen's number is refused beside the field, and what was written stays.
  await writer.getByLabel('问法').fill([...WORDINGS, '打13897123456问的登记卡'].join('\n'));
  await button(writer, '保存草稿').click();
  await writer.locator('#error-wordings').waitFor();
  assert.match(await writer.getByLabel('问法').inputValue(), /13897123456/);
  await writer.getByLabel('问法').fill(WORDINGS.join('\n'));
  await button(writer, '保存草稿').click();
  await writer.getByText('草稿已保存，等另一位同事审批。').waitFor();
  assert.equal(await writer.getByRole('button', { name: /^审批第/ }).count(), 0, 'nobody approves their own');
  const address = new URL(writer.url()).pathname;
  await looksRight(writer, 'a draft');

  const chief = await atDesk('gao', listen, address);
  await chief.getByRole('button', { name: '审批第 1 稿' }).click();
  await chief.getByText('已审批，可以上线。').waitFor();
  for (const [path, words] of [[`${HOME}/drafts`, '草稿'], [`${HOME}/versions`, '训练并上线'], [`${HOME}/expiring`, '要处理的答复']]) {
    await chief.goto(URL_OF_PRODUCT + path);
    await chief.getByText(words).first().waitFor();
    await looksRight(chief, path);
  }
});

inBrowser('the pages of improvement are reached by the keyboard', {}, async ({ page, listen }) => {
  await page.close();
  const reader = await atDesk('bai', listen);
  await reader.keyboard.press('g');
  await reader.keyboard.press('i');
  await reader.waitForURL(`${URL_OF_PRODUCT}${HOME}`);
  await reader.getByRole('link', { name: /快到期/ }).click();
  await reader.getByRole('link', { name: /^改答复/ }).first().click();
  await reader.getByRole('heading', { name: /^修改：/ }).waitFor();
});
