// Getting into the desk and out of it, what each role may, and how all of its pages look and are reached.
import assert from 'node:assert/strict';
import { ask, button, focused, inBrowser, sound, URL_OF_PRODUCT } from './harness.mjs';
import {
  act, applies, atDesk, citizen, claim, CLOSED_OFFICE, composer, dialog, entered, enrol, enter, hears, leave, line, looksRight, QUESTION, row, say,
  signIn, waiting, wantsPerson,
} from './desk-harness.mjs';

inBrowser('a new colleague sets a password of their own, and gets in with nothing else', { expected: /status of 40[01]/ }, async ({ page }) => {
  await page.goto(`${URL_OF_PRODUCT}/desk`);
  await signIn(page, 'new', 'wrong-password-1');
  await page.getByRole('alert').getByText('用户名或密码不对').waitFor();
  assert.equal(await page.getByLabel('用户名').inputValue(), 'new');
  await enter(page, 'new', URL_OF_PRODUCT, async (first) => {
    await page.goto(`${URL_OF_PRODUCT}/desk/archive`);
    await page.getByRole('heading', { name: '请设置自己的密码' }).waitFor();
    await page.getByLabel('刚才的一次性密码').fill(first);
    await page.getByLabel('新密码', { exact: true }).fill('青海湖边的油菜花开了');
    await page.getByLabel('再输一次新密码').fill('青海湖边的油菜花谢了');
    await button(page, '保存').click();
    await page.getByText('两次输入的新密码不一样。').waitFor();
  });
  await page.getByRole('heading', { name: '接待' }).waitFor();
  await leave(page);
  await signIn(page, 'new');
  await page.getByRole('heading', { name: '接待' }).waitFor();
});

inBrowser('a session that is ended elsewhere leads to the sign-in page, which says so and leads back', { expected: /status of 401/ }, async ({ page, another }) => {
  const { page: second } = await another();
  for (const one of [page, second]) {
    await one.goto(`${URL_OF_PRODUCT}/desk`);
    await signIn(one, 'new');
    await one.getByRole('heading', { name: '接待' }).waitFor();
  }
  await second.goto(`${URL_OF_PRODUCT}/desk/me`);
  await button(second, '让其他地方的登录都失效').click();
  await second.getByText('已让所选登录失效。').waitFor();
  await Promise.all([waiting(), page.getByText('登录已失效，请重新登录').waitFor()]);
  await signIn(page, 'new');
  await page.waitForURL(`${URL_OF_PRODUCT}/desk`);
  await second.getByRole('heading', { name: '我的账号' }).waitFor();
});

inBrowser('an administrator cannot get in without the code of a telephone', { expected: /status of 40[01]/ }, async ({ page }) => {
  await enter(page, 'admin');
  await page.getByRole('heading', { name: '启用动态验证码' }).waitFor();
  await page.goto(`${URL_OF_PRODUCT}/desk/team`);
  await page.locator('.qr svg').waitFor();
  await page.getByLabel('6 位数字').fill('000000');
  await button(page, '启用').click();
  await page.getByText('验证码不对').waitFor();
  await looksRight(page, 'enrolment');
  const code = await enrol(page);
  assert.equal(await page.locator('.codes .code').count(), 10);
  await looksRight(page, 'recovery codes');
  await page.getByRole('link', { name: '我已保存' }).click();
  await page.getByRole('heading', { name: '接待' }).waitFor();
  await leave(page);

  await signIn(page, 'admin');
  await page.getByRole('heading', { name: '动态验证码' }).waitFor();
  await page.goto(`${URL_OF_PRODUCT}/desk/audit`);
  const right = code();
  for (const wrong of ['000000', right]) {
    await page.getByLabel('验证码').fill(wrong);
    await button(page, '继续').click();
    await page.locator('h1').waitFor();
    if (wrong !== right) await page.getByText('验证码不对').waitFor();
  }
  await page.getByRole('heading', { name: '接待' }).waitFor();
  await leave(page);
  await signIn(page, 'admin');
  await page.getByLabel('验证码').fill(right);
  await button(page, '继续').click();
  await page.getByText('验证码不对').waitFor();
});

inBrowser('an auditor reads everything and does nothing', { expected: /status of 403/ }, async ({ page }) => {
  await enter(page, 'ma');
  await enrol(page);
  const number = await waiting(QUESTION);
  await page.goto(`${URL_OF_PRODUCT}/desk`);
  await row(page, number).waitFor();
  assert.equal(await page.getByRole('button', { name: '接待' }).count(), 0);
  await row(page, number).getByRole('link').click();
  await line(page, QUESTION).last().waitFor();
  assert.equal(await composer(page).count(), 0);
  assert.equal(await page.locator('main form[method="post"]').count(), 0);
  for (const path of ['claim', 'say', 'note', 'close']) {
    assert.equal(await act(page, `/desk/cases/${number}/${path}`, { text: '我来试试', fence: '1' }), 403, path);
  }
  await page.goto(`${URL_OF_PRODUCT}/desk/team/admin`);
  await page.getByText('您的角色不能做这一步').waitFor();
  await page.goto(`${URL_OF_PRODUCT}/desk/audit`);
  await row(page, number).first().waitFor();
});

inBrowser('without scripts: sign in, take over, answer and close', { javaScriptEnabled: false }, async ({ page }) => {
  const number = await waiting(QUESTION);
  await page.goto(`${URL_OF_PRODUCT}/desk`);
  await signIn(page, 'new');
  await row(page, number).getByRole('button', { name: '接待' }).click();
  await composer(page).fill('从公告之日起三个月内。');
  await page.locator('#composer').getByRole('button', { name: '发送' }).click();
  await line(page, '三个月内').waitFor();
  await page.getByRole('link', { name: '结束' }).click();
  await page.getByLabel('已答复').check();
  await page.getByLabel('怎么办的').fill('告知了期限');
  await button(page, '结束并封存').click();
  await page.getByText('咨询已结束并封存。').waitFor();
});

inBrowser('a referral: proposed, issued with consent, answered by the agency, told to the citizen', {
  expected: /status of 4(00|22)/,
}, async ({ page, another, listen }) => {
  const number = await wantsPerson(page, { words: '有人在网上卖我的专利产品，怎么维权' });
  const desk = await atDesk('sun', listen, `/desk/cases/${number}`);
  await button(desk, '接待这件咨询').click();
  await desk.locator('#slips summary').click();
  await desk.getByRole('link', { name: '开转介单' }).click();
  await desk.getByRole('heading', { name: '建议的机构' }).waitFor();
  await desk.locator('.pick', { hasText: '人民调解' }).getByRole('link', { name: '转给它' }).click();
  await desk.getByLabel('接收机构的准确名称').fill('西宁市知识产权纠纷人民调解委员会');
  await desk.getByLabel('接收机构的联系方式').fill('0971-0000000');
  await desk.getByLabel('当事人的诉求').fill('请对方停止销售');
  await button(desk, '开具转介单').click();
  await desk.getByRole('alert').waitFor();
  assert.equal(await desk.getByLabel('当事人的诉求').inputValue(), '请对方停止销售');
  await desk.getByLabel('当事人听完上面的说明').check();
  await desk.getByLabel('怎样同意的').fill('在线答复“同意”');
  await button(desk, '开具转介单').click();
  await desk.getByRole('heading', { name: /^ZJ-/ }).waitFor();
  const slip = await desk.locator('h1').textContent();
  const code = await desk.locator('.code').last().textContent();

  const { page: agency } = await another();
  await agency.goto(`${URL_OF_PRODUCT}/referral#${slip}/${code}`);
  await agency.getByText('请对方停止销售').waitFor();
  assert.equal(await agency.evaluate(() => location.hash), '');
  for (const [answer, standing] of [['签收', '接收机构已签收'], ['受理', '已受理']]) {
    await agency.getByLabel(answer, { exact: true }).check();
    await agency.getByLabel('说明').fill(`${answer}，联系调解员`);
    await button(agency, '提交答复').click();
    await agency.locator('.now', { hasText: standing }).waitFor();
  }
  await desk.reload();
  await desk.getByText('最近答复：受理，联系调解员').waitFor();
  await hears(page, '受理，联系调解员');
  await desk.getByRole('link', { name: '打开咨询件' }).click();
  await line(desk, `转介单 ${slip}：已受理`).waitFor();
});

inBrowser('out of hours a number is left; the desk calls back and says how it went', { at: CLOSED_OFFICE }, async ({ page, another }) => {
  const number = await wantsPerson(page, { words: '', at: CLOSED_OFFICE });
  await hears(page, '现在不是工作时间');
  await ask(page, '13897551234');
  await hears(page, '尾号1234');

  const { page: desk } = await another();
  await enter(desk, 'zhou', CLOSED_OFFICE);
  await desk.getByText('非办公时间', { exact: true }).waitFor();
  await row(desk, number).getByText('留了电话').waitFor();
  await desk.goto(`${CLOSED_OFFICE}/desk/tasks`);
  const task = row(desk, number);
  await task.getByText('留言回电').waitFor();
  assert.ok(!(await desk.content()).includes('13897551234'), 'the whole number before anybody asked for it');
  await task.getByText('138****1234').waitFor();
  await task.getByRole('button', { name: '显示号码' }).click();
  await task.getByRole('link', { name: '13897551234' }).waitFor();
  await task.getByText('记录结果').click();
  await task.getByLabel('已联系并解决').check();
  await task.getByLabel('情况').fill('电话里讲清楚了异议的期限');
  await task.getByRole('button', { name: '保存结果' }).click();
  await desk.getByText('结果已记录。').waitFor();
  assert.equal(await row(desk, number).count(), 0);
  await desk.getByRole('link', { name: /办结/ }).first().click();
  await row(desk, number).getByText('电话里讲清楚了异议的期限').waitFor();
});

inBrowser('a consultation in hand and its windows: axe, in the dark, in large print, on a telephone', {}, async ({ listen }) => {
  const desk = await atDesk('chen', listen);
  await act(desk, '/desk/canned', { title: '请稍候', text: '请稍候，我查一下。', team: '' });
  await claim(desk, await waiting('我的专利被侵权了怎么办'));
  await say(desk, '您好，请讲');
  await looksRight(desk, 'in hand');
  const windows = { 查知识: '查知识', 常用语: '常用语', 附件: '发送附件', 转交: '转交', 放回排队: '放回排队', 交还助手: '交还智能助手', 结束: '结束咨询' };
  for (const [opener, title] of Object.entries(windows)) {
    await button(desk, opener).click();
    await dialog(desk, title).waitFor();
    if (title === '查知识') {
      await desk.getByLabel('要查什么').fill(QUESTION);
      await dialog(desk, title).locator('.known').first().waitFor();
    }
    await sound(desk, title);
    await button(dialog(desk, title), '关闭').click();
  }
});

inBrowser('every page for an administrator: axe, in the dark, in large print, on a telephone', { expected: /status of 404/ }, async ({ listen }) => {
  const desk = await atDesk('chen', listen);
  const [closed, request, open] = [await citizen(), await applies(), await waiting('我的专利被侵权了怎么办', '对方在城东区卖')];
  for (const words of [QUESTION, '13897551234', '谢谢']) await closed.say(words);
  await closed.close();
  for (const [path, fields] of Object.entries({
    [`cases/${open}/note`]: { text: '请 @李老师 看一下商标' },
    [`cases/${open}/label`]: { add: '重点企业 侵权' },
    [`cases/${open}/plan`]: { kind: 'visit', due: '2099-01-04', words: '走访企业，看证据' },
    [`cases/${open}/refer`]: {
      agency: 'notary', agency_name: '某公证处', agency_contact: '0971-0000000', facts: '事项：保全证据', wish: '保全网页证据',
      way: 'hand', due_days: '7', consent: 'yes', how: '在线答复“同意”',
    },
    [`cases/${closed.number}/review`]: { mark: 'incomplete', words: '还应说明 2027 年的变化' },
    [`requests/${request}`]: { standing: 'accepted', note: '', owner: 'chen' },
    'archive/views': { title: '侵权', words: '侵权' },
  })) assert.equal(await act(desk, `/desk/${path}`, fields), 200, path);

  await desk.goto(`${URL_OF_PRODUCT}/desk/referrals`);
  const slip = await desk.locator('td .code').first().textContent();
  const pages = [
    '', '/entry', '/tasks', '/tasks?view=done', '/requests', `/requests/${request}`, '/referrals', `/referrals/${slip}`, '/referrals/agencies',
    '/archive', '/archive?words=侵权', '/archive/days', '/canned', '/roster', '/team', '/team/li', '/audit', '/switch', '/me', '/password', '/enrol',
    `/cases/${open}`, `/cases/${open}/print`, `/cases/${open}/refer`, `/cases/${open}/refer?agency=notary`, `/cases/${closed.number}`,
    '/cases/ZX-20261121-999999-9',
  ];
  await Promise.all([look(desk, pages), look(await atDesk('chen', listen), pages)]);
});

inBrowser('every page of the duties: axe, in the dark, in large print, on a telephone', {}, async ({ listen }) => {
  const desk = await atDesk('chen', listen);
  assert.equal(await act(desk, '/desk/learning', {}), 200);
  const pages = [
    '/registers', '/registers/needs', '/registers/needs/new', '/registers/needs/import', '/registers/staff', '/registers/typical-cases/new',
    '/calendar?month=2026-05', '/calendar?month=2026-05&view=list', '/reports', '/reports?kind=year', '/coverage', '/coverage/checked',
    '/coverage/tm-opposition-period', '/learning', '/learning/1', '/learning/figures',
  ];
  await Promise.all([look(desk, pages), look(await atDesk('chen', listen), pages)]);
});

// Takes pages from the list, beside whoever else takes from it, and looks at each.
async function look(window, pages) {
  for (let path = pages.pop(); path !== undefined; path = pages.pop()) {
    await window.goto(`${URL_OF_PRODUCT}/desk${path}`);
    await looksRight(window, path);
  }
}

inBrowser('ratings that are noted and what is set right: axe, in the dark, in large print, on a telephone', { expected: /status of 422/ }, async ({ listen }) => {
  const desk = await atDesk('chen', listen);
  const called = await entered(desk);
  assert.equal(await act(desk, `/desk/cases/${called}/rating`, {}), 422);
  const noted = await entered(desk, 'B');
  assert.equal(await act(desk, `/desk/cases/${noted}/rating`, { attitude: '1', words: '等了很久' }), 200);
  await desk.goto(`${URL_OF_PRODUCT}/desk/correctives`);
  const corrective = await row(desk, '服务态度 1 分').locator('.code').first().textContent();
  for (const path of ['/correctives', `/correctives/${corrective}`, `/cases/${called}/correct`, `/cases/${called}/rating`, `/entry/${called}/receipt`, `/cases/${noted}`]) {
    await desk.goto(`${URL_OF_PRODUCT}/desk${path}`);
    await looksRight(desk, path);
  }
  await desk.goto(`${URL_OF_PRODUCT}/desk/correctives/${corrective}`);
  await desk.getByLabel('原因分析').fill('排班没有覆盖午间');
  await desk.getByLabel('纠正措施').fill('午间加一人值班');
  await desk.getByLabel('实施计划').fill('下周起执行');
  await desk.getByLabel('负责人').first().selectOption({ label: '李老师' });
  await desk.getByLabel('措施完成日期').fill('2099-01-04');
  await button(desk, '定措施，开始整改').click();
  await desk.getByText('整改单已更新。').waitFor();
  await looksRight(desk, 'a measure');
  await desk.emulateMedia({ media: 'print' });
  assert.ok(!(await button(desk, '措施已落实，请验证').isVisible()));
  assert.ok(await desk.getByText('午间加一人值班').first().isVisible());
});

inBrowser('the keyboard alone: past the navigation, to the search, to another page, and what the keys are', {}, async ({ listen }) => {
  const desk = await atDesk('sun', listen, '/desk/archive');
  await desk.keyboard.press('Tab');
  assert.ok(await focused(desk, '.skip'));
  await desk.keyboard.press('Enter');
  assert.ok(await focused(desk, '#main'));
  await desk.keyboard.press('/');
  assert.ok(await focused(desk, '[data-search]'));
  await desk.keyboard.type('g?t/');
  assert.equal(await desk.getByLabel('关键词或编号').inputValue(), 'g?t/');
  assert.equal(await desk.getByRole('dialog').count(), 0);
  await desk.locator('#main').focus();
  await desk.keyboard.press('?');
  await dialog(desk, '快捷键').waitFor();
  await sound(desk, 'keys');
  await desk.keyboard.press('Escape');
  await dialog(desk, '快捷键').waitFor({ state: 'hidden' });
  await desk.keyboard.press('g');
  await desk.keyboard.press('t');
  await desk.getByRole('heading', { name: '回电与回访' }).waitFor();
});
