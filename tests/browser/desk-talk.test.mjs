// A person takes over: two members of staff and a citizen, each in a window of their own.
import assert from 'node:assert/strict';
import { agree, answerTo, ask, button, field, inBrowser, messages, recorded, waitForFocus } from './harness.mjs';
import {
  atDesk, claim, composer, dialog, hears, line, QUESTION, row, say, tell, wantsPerson,
} from './desk-harness.mjs';

const AT_ONCE = { timeout: 2000 };

inBrowser('two press at once and one has it; both sides hear each other', { expected: /status of 409/ }, async ({ page, listen }) => {
  const both = await Promise.all(['li', 'zhao'].map((name) => atDesk(name, listen)));
  const number = await wantsPerson(page);
  await Promise.all(both.map((desk) => row(desk, number).waitFor(AT_ONCE)));
  for (const desk of both) {
    await desk.locator('.toast', { hasText: number }).getByText('有人在等待人工').waitFor();
    assert.match(await row(desk, number).innerText(), /商标异议期多久/);
  }

  await Promise.all(both.map((desk) => row(desk, number).getByRole('button', { name: '接待' }).click()));
  const refused = (desk) => desk.getByText('这件咨询刚刚已由同事接待。').isVisible();
  await Promise.all(both.map((desk) => desk.locator('#composer, .flash.over').waitFor()));
  const lost = await Promise.all(both.map(refused));
  assert.equal(lost.filter(Boolean).length, 1);
  const [mine, other] = lost[0] ? both.reverse() : both;
  assert.equal(await composer(other).count(), 0);
  await hears(page, '工作人员已接入');
  await page.locator('.state', { hasText: '工作人员为您服务' }).waitFor();

  await composer(mine).pressSequentially('您好');
  await page.getByText('对方正在输入').waitFor();
  await composer(mine).fill('请问您的商标是什么时候公告的？');
  await composer(mine).press('Control+Enter');
  await line(mine, '什么时候公告').waitFor();
  assert.equal(await composer(mine).inputValue(), '');
  await hears(page, '什么时候公告');
  await tell(page, '九月二十八日公告的');
  await line(mine, '九月二十八日').waitFor();
  await line(mine, '什么时候公告').getByText('已送达').waitFor();
  await mine.reload();
  assert.equal(await line(mine, '什么时候公告').count(), 1);
});

inBrowser('a colleague looks on, knowledge is cited, notes stay inside, and the case is passed on with its reason', {
  expected: /409/,
}, async ({ page, listen }) => {
  const [mine, other] = await Promise.all(['li', 'zhao'].map((name) => atDesk(name, listen)));
  const number = await wantsPerson(page, { words: '' });
  await claim(mine, number);
  await other.goto(mine.url());
  await mine.getByText('赵老师 也在看这件咨询').waitFor();
  assert.equal(await composer(other).count(), 0);
  assert.equal(await other.getByRole('button', { name: /接待|接入|转交|结束/ }).count(), 0);

  await button(mine, '查知识').click();
  await mine.getByLabel('要查什么').fill(QUESTION);
  const known = dialog(mine, '查知识').locator('.known').first();
  await known.getByText('3个月').waitFor();
  const offered = await known.locator('.words').innerText();
  await known.getByRole('button', { name: '插入答复' }).click();
  assert.equal(await composer(mine).inputValue(), offered);
  await composer(mine).press('Control+Enter');
  await hears(page, '3个月');
  await messages(page, 'staff').last().locator('.chip', { hasText: '商标法' }).first().waitFor();
  await line(other, '3个月').locator('.basis', { hasText: '第三十三条' }).waitFor();

  await mine.getByText('内部备注', { exact: true }).first().click();
  await composer(mine).fill('对方可能是代理机构 @赵老师');
  await button(mine, '记下备注').click();
  for (const desk of [mine, other]) await line(desk, '可能是代理机构').waitFor();

  await mine.getByText('回复咨询人', { exact: true }).click();
  await composer(mine).fill('我再查一下近似的');
  const elsewhere = await atDesk('li', listen, `/desk/cases/${number}`);
  await button(elsewhere, '转交').click();
  await dialog(elsewhere, '转交').getByLabel('转给').selectOption({ label: '赵老师（维权援助）' });
  await dialog(elsewhere, '转交').getByLabel('原因').fill('涉及侵权，请维权组看');
  await dialog(elsewhere, '转交').getByRole('button', { name: '转交' }).click();
  await elsewhere.getByText('已转交。').waitFor();
  await row(elsewhere, number).getByText('转给 赵老师').waitFor();
  await hears(page, '已为您转给“赵老师”');

  await composer(mine).press('Control+Enter');
  await mine.getByRole('alert').getByText('这件咨询已不在您手里').waitFor();
  assert.equal(await composer(mine).inputValue(), '我再查一下近似的');
  assert.equal(await composer(mine).isEditable(), false);
  await mine.reload();
  assert.equal(await composer(mine).count(), 0);

  await other.reload();
  await line(other, '转给 赵老师：涉及侵权，请维权组看').waitFor();
  await button(other, '接待这件咨询').click();
  await say(other, '我来接着办');
  await hears(page, '我来接着办');
  const seen = JSON.stringify(await recorded(page));
  for (const inside of ['代理机构', '涉及侵权', '近似的']) assert.ok(!seen.includes(inside), `the citizen got “${inside}”`);
  assert.ok(seen.includes('3个月'));
});

inBrowser('given back, asked for again, closed, sealed and rated', {}, async ({ page, listen }) => {
  const mine = await atDesk('li', listen);
  const number = await wantsPerson(page, { words: '' });
  await claim(mine, number);
  await button(mine, '交还助手').click();
  await button(dialog(mine, '交还智能助手'), '交还').click();
  await mine.getByText('已交还智能助手。').waitFor();
  await hears(page, '由智能助手继续为您服务');
  assert.match((await ask(page, QUESTION)).join('\n'), /3个月/);

  await ask(page, '转人工');
  await row(mine, number).waitFor(AT_ONCE);
  await row(mine, number).getByRole('button', { name: '接待' }).click();
  await say(mine, '已经查过，没有近似商标');
  await button(mine, '结束').click();
  await dialog(mine, '结束咨询').getByLabel('已答复').check();
  await dialog(mine, '结束咨询').getByLabel('怎么办的').fill('查了近似商标，没有，已告知可以申请');
  await button(mine, '结束并封存').click();
  await mine.getByText('咨询已结束并封存。').waitFor();
  await mine.getByText('与封存时一致').waitFor();
  assert.match(await mine.locator('#sealed').innerText(), /已答复/);
  assert.equal(await composer(mine).count(), 0);

  await page.getByRole('heading', { name: '本次咨询已结束' }).waitFor();
  await hears(page, '工作人员已结束本次咨询');
  // Both have spoken: each is rated on a card of its own, once.
  await page.getByRole('heading', { name: '请为人工服务打分' }).waitFor();
  for (const group of await page.locator('.stars').all()) await group.locator('.star').nth(4).click();
  await button(page, '提交评价').click();
  await waitForFocus(page, '.rating h3');
  await page.getByRole('heading', { name: '请为智能助手的答复打分' }).waitFor();
  for (const group of await page.locator('.stars').all()) await group.locator('.star').nth(1).click();
  await button(page, '提交评价').click();
  await page.getByText('感谢您的评价').waitFor();
  await page.reload();
  await page.getByText('感谢您的评价').waitFor();
  await mine.reload();
  await line(mine, '评价人工服务：专业水平 5 分').waitFor();
  await line(mine, '评价智能助手：专业水平 2 分').waitFor();
  await mine.locator('#correctives').getByRole('link', { name: /^GJ-/ }).click();
  await mine.getByRole('heading', { name: /^整改 GJ-/ }).waitFor();
  await mine.getByText('智能助手评价低').waitFor();
  await mine.goBack();
  await mine.getByText('与封存时一致').waitFor();
});

inBrowser('a window that is closed gives the consultation back to the queue, one that stays open keeps it', {}, async ({ page, listen, another }) => {
  const { page: second } = await another();
  const [left, kept] = [await wantsPerson(page, { words: '' }), await wantsPerson(second, { words: '' })];
  const [mine, gone, watching] = await Promise.all([atDesk('li', listen), atDesk('li', listen), atDesk('zhao', listen)]);
  await claim(mine, kept);
  await claim(gone, left);
  await row(watching, left).getByText('李老师 接待中').waitFor();
  await gone.close();
  await row(watching, left).getByRole('button', { name: '接待' }).waitFor({ timeout: 20000 });
  await hears(page, '已为您重新排队');
  await say(mine, '还在');
  await row(watching, kept).getByText('李老师 接待中').waitFor();
});

inBrowser('files go both ways', {}, async ({ page, listen }) => {
  const mine = await atDesk('li', listen);
  const number = await wantsPerson(page, { words: '' });
  await claim(mine, number);
  const pdf = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n');
  const choosing = page.waitForEvent('filechooser');
  await button(page, '添加图片或文件').click();
  await (await choosing).setFiles([{ name: '公告.pdf', mimeType: 'application/pdf', buffer: pdf }]);
  await messages(page).locator('.file', { hasText: '公告.pdf' }).waitFor();
  const file = line(mine, '公告.pdf').getByRole('link', { name: /公告\.pdf/ });
  await file.waitFor();
  assert.deepEqual(await bytesOf(mine, file), pdf);

  await button(mine, '附件').click();
  await dialog(mine, '发送附件').getByLabel('图片、PDF').setInputFiles({ name: '申请书样本.pdf', mimeType: 'application/pdf', buffer: pdf });
  await dialog(mine, '发送附件').getByRole('button', { name: '发送' }).click();
  await line(mine, '申请书样本.pdf').waitFor();
  const given = messages(page).locator('.file', { hasText: '申请书样本.pdf' });
  assert.deepEqual(await bytesOf(page, given), pdf);
});

async function bytesOf(page, link) {
  const saving = page.waitForEvent('download');
  await link.click();
  const parts = [];
  for await (const part of await (await saving).createReadStream()) parts.push(part);
  return Buffer.concat(parts);
}
