// What nobody could answer becomes a live answer at the desk, and is taken back there: all of it by the pages, as people do it.
import assert from 'node:assert/strict';
import { agree, ask, button, end, inBrowser, URL_OF_PRODUCT } from '../browser/harness.mjs';
import { enter, fillDraft, looksRight, signIn } from '../browser/desk-harness.mjs';

const HOME = `${URL_OF_PRODUCT}/desk/improve`;
const ASKED = process.env.ZHIXUN_ASKED;
const DRAFT = JSON.parse(process.env.ZHIXUN_DRAFT);
const [FIRST_LINE] = DRAFT.a0_text.split('\n');
// For machines that are busy with other things; alone it takes less than three minutes.
const PATIENT = { timeout: 900_000 };
const [WRITER, CHIEF] = ['wang', 'li'];

// What somebody new is told.
const heard = async (another) => {
  const { page } = await another();
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  const answers = await ask(page, ASKED);
  await end(page);
  return answers.join('\n');
};
// Waits until the question is among what was not answered well, or is not.
const listed = (page, is) => page.waitForFunction(
  async ([list, words, wanted]) => (await (await fetch(list)).text()).includes(words) === wanted, [HOME, ASKED, is], { polling: 500 },
);
// What has ended otherwise is told at once: nobody waits for a version that was refused.
const inUse = async (page) => {
  const status = page.locator('#progress [role=status]').filter({ hasNotText: /……$/ });
  await status.waitFor(PATIENT);
  assert.match(await status.textContent(), /正在使用/, await page.locator('main').innerText());
};

inBrowser('live: written, approved by a second person, trained, let through by the gate, and heard', PATIENT, async ({ page: chief, another }) => {
  assert.ok(!(await heard(another)).includes(FIRST_LINE));

  const { page: writer } = await another();
  await enter(writer, WRITER);
  await writer.goto(HOME);
  await writer.locator('tr', { hasText: ASKED }).getByRole('button', { name: /^写答案/ }).click();
  await fillDraft(writer, DRAFT);
  await writer.locator('#look').getByText('没有毛病').waitFor();
  await button(writer, '保存草稿').click();
  await writer.getByText('您写过这份草稿，要由另一位审核或管理人员审批。').waitFor();

  await enter(chief, CHIEF);
  await chief.goto(writer.url().split('?')[0]);
  await button(chief, '审批第 1 稿').click();
  await chief.getByText('已审批，可以上线。').waitFor();
  await chief.goto(`${HOME}/versions`);
  await button(chief, '训练并上线').click();
  await chief.locator('#progress [role=meter]').waitFor(PATIENT);
  await looksRight(chief, 'a version in training');
  await inUse(chief);
  await looksRight(chief, 'a version in use');

  assert.ok((await heard(another)).includes(FIRST_LINE));
  await listed(writer, false);
});

inBrowser('back: one click and a yes, and the answer is gone', PATIENT, async ({ page: chief, another }) => {
  assert.ok((await heard(another)).includes(FIRST_LINE));
  await chief.goto(`${URL_OF_PRODUCT}/desk`);
  await signIn(chief, CHIEF);
  await chief.waitForURL(/\/desk$/);
  await chief.goto(`${HOME}/versions`);
  const before = chief.locator('tr', { hasText: '原来的内容' });
  await before.getByText('退回到这个版本').click();
  await before.getByRole('button', { name: '确定退回' }).click();
  await inUse(chief);
  assert.ok(!(await heard(another)).includes(FIRST_LINE));
  await listed(chief, true);
});
