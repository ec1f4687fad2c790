// What the tests of the staff desk share: people who sign in as people do, citizens who ask for one, and the marks of a page.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { agree, ask, button, field, messages, profile, sound, URL_OF_PRODUCT } from './harness.mjs';

export const CLOSED_OFFICE = process.env.ZHIXUN_CLOSED_URL;
export const QUESTION = '商标异议期多久';
const ONE_TIME = JSON.parse(process.env.ZHIXUN_STAFF);
const OWN = '雪后的湟水边有人读书';
const signedIn = new Map();

// ---- people at their desks ---------------------------------------------------------------------------------------

// Opens a page of the desk in the profile of `name`, whose first page of this file signs in.
export async function atDesk(name, listen, path = '/desk') {
  if (!signedIn.has(name)) signedIn.set(name, settleIn(name, listen));
  const page = await (await signedIn.get(name)).newPage();
  listen(page);
  await page.goto(URL_OF_PRODUCT + path);
  return page;
}

async function settleIn(name, listen) {
  const context = await profile();
  const page = await context.newPage();
  listen(page);
  await enter(page, name);
  if (page.url().endsWith('/enrol')) await enrol(page);
  await page.close();
  return context;
}

// Signs in for the first time: with the password that is shown once, and then one of one's own. `before` is done in between.
export async function enter(page, name, at = URL_OF_PRODUCT, before = () => {}) {
  await page.goto(`${at}/desk`);
  await signIn(page, name, ONE_TIME[name]);
  await page.getByRole('heading', { name: '请设置自己的密码' }).waitFor();
  await before(ONE_TIME[name]);
  await page.getByLabel('刚才的一次性密码').fill(ONE_TIME[name]);
  await page.getByLabel('新密码', { exact: true }).fill(OWN);
  await page.getByLabel('再输一次新密码').fill(OWN);
  await button(page, '保存').click();
  await page.waitForURL(/\/desk(\/enrol)?$/);
}

export async function signIn(page, name, password = OWN) {
  await page.getByLabel('用户名').fill(name);
  await page.getByLabel('密码').fill(password);
  await button(page, '登录').click();
}

export async function leave(page) {
  await button(page, '退出登录').click();
  await page.getByText('您已退出。').waitFor();
}

// Shows the telephone the secret, as somebody who cannot scan it types it in; gives the codes that it makes from then on.
export async function enrol(page) {
  const secret = await page.locator('.code').textContent();
  let last = 0;
  // No code counts twice, and the service allows for a telephone that is half a minute slow or fast.
  const code = () => {
    last = Math.max(last + 1, Math.floor(Date.now() / 30000) - 1);
    return totp(secret, last);
  };
  await page.getByLabel('6 位数字').fill(code());
  await button(page, '启用').click();
  await page.getByRole('heading', { name: '请保存恢复码' }).waitFor();
  return code;
}

// RFC 6238 with the sizes that every telephone knows.
function totp(secret, step) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/[^A-Z2-7]/g, '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', key).update(counter).digest();
  const part = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(part % 1e6).padStart(6, '0');
}

// ---- citizens ------------------------------------------------------------------------------------------------------

// Somebody asks, is answered, and wants a person; returns the number of the consultation.
export async function wantsPerson(page, { words = QUESTION, at = URL_OF_PRODUCT } = {}) {
  await page.goto(at);
  await agree(page);
  if (words) await ask(page, words);
  await ask(page, '转人工');
  return page.evaluate((from) => JSON.parse(localStorage.getItem(`zhixun:${from}:session`)).consultation, at);
}

// Says something to a person, who does not answer at once as the program does.
export async function tell(page, words) {
  await field(page).fill(words);
  await field(page).press('Enter');
  await messages(page, 'citizen').filter({ hasText: words }).locator(':scope:not(.sending)').waitFor();
}

export const hears = (page, words) => messages(page).filter({ hasText: words }).last().waitFor();

// ---- pages of the desk ---------------------------------------------------------------------------------------------

// Fills in the form of a question; `given` has the names of its fields.
export async function fillDraft(page, given) {
  for (const [name, value] of Object.entries(given)) {
    const at = page.locator(`#form [name="${name}"]`);
    await (await at.evaluate((node) => node.nodeName === 'SELECT') ? at.selectOption(value) : at.fill(value));
  }
}

export const row = (page, number) => page.locator('tr', { hasText: number });
export const line = (page, words) => page.locator('#log .msg, #log .note, #log .event').filter({ hasText: words });
export const composer = (page) => page.getByLabel('要说的话');
export const dialog = (page, title) => page.getByRole('dialog', { name: title });

export async function claim(page, number) {
  await page.goto(`${URL_OF_PRODUCT}/desk/cases/${number}`);
  await page.getByRole('button', { name: /^接待这件咨询|^接入/ }).click();
  await composer(page).waitFor();
}

export async function say(page, words) {
  await composer(page).fill(words);
  await composer(page).press('Control+Enter');
  await line(page, words).waitFor();
}

// In small, dark and large print, and as most people see it: nothing for axe to complain of, nothing to scroll sideways for.
export async function looksRight(page, where) {
  await page.evaluate(() => document.querySelectorAll('main details, aside details').forEach((one) => { one.open = true; }));
  for (const { width, scheme, size } of LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.evaluate((value) => { document.documentElement.dataset.size = value; }, size);
    const look = `${where}, ${width} px, ${scheme} ${size}`;
    await sound(page, look);
    assert.deepEqual(await sideways(page), [], `scrolls sideways: ${look}`);
  }
}

// Names what stands out of the page, or of a box that scrolls for it.
const sideways = (page) => page.evaluate(() => {
  // A table of figures scrolls in its own frame, as WCAG 1.4.10 allows; letters in a drawing have no width of their own.
  const apart = (node) => node.matches('.scroll:has(> .figures)') || node.closest('svg');
  const wide = (node) => node.scrollWidth > node.clientWidth + 1 && !apart(node);
  const seen = [...document.querySelectorAll('main *, aside *')].filter((node) => node.clientWidth > 1 && node.checkVisibility() && !node.closest('.hidden, thead, textarea'));
  return [document.documentElement, ...seen].filter(wide).map((node) => `${node.nodeName}.${node.className} ${node.scrollWidth} > ${node.clientWidth}: ${node.textContent.slice(0, 40)}`);
});
const LOOKS = [{ width: 390, scheme: 'dark', size: 'larger' }, { width: 1280, scheme: 'light', size: '' }];

// Asks for something as a form of this page would, though it shows none; returns what it was answered with.
export const act = (page, path, fields) => page.evaluate(async ([to, body]) => {
  const proof = { 'X-CSRF-Token': document.querySelector('meta[name="csrf"]').content };
  return (await fetch(to, { method: 'POST', headers: proof, body: new URLSearchParams(body) })).status;
}, [path, fields]);

// ---- without a window ----------------------------------------------------------------------------------------------

// Somebody who asks over the citizen's interface.
export async function citizen(at = URL_OF_PRODUCT) {
  const call = async (path, body, session) => {
    const headers = { 'Content-Type': 'application/json', ...(session && { Authorization: `Bearer ${session}` }) };
    const answer = await fetch(`${at}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  const { session, consultation } = await call('sessions', { channel: 'web', consent: true });
  const told = [];
  return {
    number: consultation,
    told,
    say: async (text) => told.push(...(await call('messages', { text }, session)).replies.map((reply) => reply.text)),
    close: () => call('close', {}, session),
  };
}

// Somebody who has been put into the queue; returns the number.
export async function waiting(...words) {
  const { number, say: tells } = await citizen();
  for (const text of [...words, '转人工']) await tells(text);
  return number;
}

// An application by the form of a service; returns its number.
export async function applies() {
  const form = `${URL_OF_PRODUCT}/services/search`;
  const [, once] = (await (await fetch(form)).text()).match(/name="once" value="([^"]+)"/);
  const given = {
    once, who: 'person', target: 'mark', subject: '“青稞谣”能不能注册，做饼干用', scope: 'china', purpose: 'filing', consent: 'yes',
    name: '王芳', phone: '13897123456', district: 'west',
  };
  const answer = await fetch(form, { method: 'POST', body: new URLSearchParams(given) });
  assert.equal(answer.status, 200);
  return (await answer.text()).match(/FW-\d{8}-\d{6}-\d\d-\d/)[0];
}

// A call that was entered at the desk; returns the number.
export async function entered(page, once = 'A') {
  const given = {
    channel: 'phone', region: '西宁市', person: 'person', question: '商标异议期多久', answer: '三个月。', ending: 'answered', once: once.repeat(43),
  };
  const to = await page.evaluate(async (body) => {
    const proof = { 'X-CSRF-Token': document.querySelector('meta[name="csrf"]').content };
    return (await fetch('/desk/entry', { method: 'POST', headers: proof, body: new URLSearchParams(body) })).url;
  }, given);
  return to.match(/entry\/(ZX-[^/]+)\/receipt/)[1];
}
