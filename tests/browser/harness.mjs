// What every browser test gets: Chromium, a page that minds what it hears, and the few acts that all of them need.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }, resultTypes: ['violations'] };

export const URL_OF_PRODUCT = process.env.ZHIXUN_URL.replace(/\/+$/, '');
export const OUT = process.env.ZHIXUN_OUT;
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 1 };

const QUIET = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run',
];
const PATIENCE = 15000;

let browser;
before(async () => {
  if (OUT) mkdirSync(OUT, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
});
after(() => browser && browser.close());

// One test in a browser profile of its own. It fails for any error on the console or in a script and for any request
// to another address, except for those complaints that `expected` matches. `another` opens a window in one more profile,
// `listen` minds one that was opened otherwise; all of them are held to the same. It may take `timeout` milliseconds.
export function inBrowser(name, { at = URL_OF_PRODUCT, expected = /^$/, timeout = 60000, ...options }, body) {
  test(name, { timeout }, async () => {
    const windows = [];
    const profiles = [];
    const listen = (page) => {
      windows.push({ page, ...heardOn(page, [at, URL_OF_PRODUCT]) });
      return windows.at(-1);
    };
    const another = async (more = {}) => {
      const context = await profile(more);
      profiles.push(context);
      return { context, ...listen(await context.newPage()) };
    };
    try {
      await body({ ...await another(options), another, listen });
      const complaints = windows.flatMap((one) => one.complaints);
      assert.deepEqual(complaints.filter((one) => !expected.test(one)), [], 'complaints on the console');
    } catch (problem) {
      const shots = windows.map(({ page }, n) => page.screenshot({ path: join(OUT, `${name.replace(/\W+/g, '-')}-${n + 1}.png`) }));
      await Promise.allSettled(OUT ? shots : []);
      throw problem;
    } finally {
      await Promise.all([...windows.map(({ page }) => page.close()), ...profiles.map((context) => context.close())]);
    }
  });
}

// A browser profile: it remembers nothing of the others.
export async function profile(options = {}) {
  const context = await browser.newContext({
    viewport: DESKTOP, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  return context;
}

function heardOn(page, allowed) {
  const complaints = [];
  const requests = [];
  const took = (address) => {
    requests.push(address);
    const plain = address.replace(/^ws/, 'http');
    if (/^http/.test(plain) && !allowed.some((one) => plain.startsWith(`${one}/`))) complaints.push(`request to ${address}`);
  };
  page.on('console', (said) => {
    if (['error', 'warning'].includes(said.type())) complaints.push(`${said.type()}: ${said.text()} ${said.location().url}`);
  });
  page.on('pageerror', (problem) => complaints.push(`script: ${problem.stack || problem}`));
  page.on('request', (request) => took(request.url()));
  page.on('websocket', (socket) => took(socket.url()));
  return { complaints, requests };
}

// ---- what a citizen does ---------------------------------------------------------------------------------------

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const field = (page) => page.locator('#zx-words');
export const messages = (page, from = '') => page.locator(`.log .msg${from && `.${from}`}`);

export async function agree(page) {
  await button(page, '同意并开始咨询').click();
  await messages(page, 'bot').first().waitFor();
}

export async function openFloating(page) {
  await page.locator('.launcher').click();
  await page.locator('dialog.panel[open]').waitFor();
}

// Says something and returns the words of every message that answers it.
export async function ask(page, words) {
  await field(page).fill(words);
  await field(page).press('Enter');
  return answerTo(page, words);
}

export async function answerTo(page, words) {
  const asked = await page.waitForFunction((text) => {
    const root = document.querySelector('zhixun-chat').shadowRoot;
    const all = [...root.querySelectorAll('.log .msg')];
    const own = all.map((node) => node.classList.contains('citizen') && node.querySelector('.prose').textContent === text);
    const at = own.lastIndexOf(true);
    const settled = !root.querySelector('.sending, .resend') && !root.querySelector('.waiting').textContent;
    const answer = all.slice(at + 1);
    return at >= 0 && settled && answer.length > 0 && answer.map((node) => node.querySelector('.prose').textContent);
  }, words, { timeout: PATIENCE });
  return asked.jsonValue();
}

export async function end(page) {
  await button(page, '菜单').click();
  await page.getByRole('menuitem', { name: '结束咨询' }).click();
  await button(page, '结束并领取回执').click();
  await page.getByRole('heading', { name: '本次咨询已结束' }).waitFor();
}

export async function toggleLarge(page) {
  await button(page, '菜单').click();
  await page.getByRole('menuitemcheckbox', { name: '大字' }).click();
}

// Presses Tab until what has the focus matches `selector`; the keyboard alone must get there.
export async function tabTo(page, selector, most = 60) {
  for (let n = 0; n < most; n += 1) {
    await page.keyboard.press('Tab');
    if (await focused(page, selector)) return;
  }
  assert.fail(`${most} times Tab did not reach ${selector}`);
}

export const focused = (page, selector) => page.evaluate((wanted) => {
  const outer = document.activeElement;
  const inner = outer && outer.shadowRoot ? outer.shadowRoot.activeElement : outer;
  return Boolean(inner) && inner.matches(wanted);
}, selector);

export const waitForFocus = (page, selector) => page.waitForFunction((wanted) => {
  const { activeElement } = document.querySelector('zhixun-chat').shadowRoot;
  return Boolean(activeElement) && activeElement.matches(wanted);
}, selector);

// ---- what must hold of every picture ---------------------------------------------------------------------------

// By evaluation and not as a script element, which the product's content policy rightly refuses.
export async function sound(page, where) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
  const told = violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.flat().join(' ')}: ${failureSummary}`));
  assert.deepEqual(told, [], `axe: ${where}`);
  assert.ok(passes.length > 15, `axe found little to judge: ${where}`);
}

// Names what is wider than its place; nobody should have to scroll sideways to read.
export const tooWide = (page) => page.evaluate(() => {
  const wide = (node) => node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1;
  const chat = document.querySelector('zhixun-chat');
  const boxes = chat ? chat.shadowRoot.querySelectorAll('.panel, .stage, .mid, .bottom, .sheet, .inside, .menu, .bubble') : document.querySelectorAll('main *:not(.hidden)');
  return [document.documentElement, ...boxes].filter(wide).map((node) => `${node.className || node.nodeName} ${node.scrollWidth} > ${node.clientWidth}`);
});

// Names every control of the widget, or of a page with a form, that is smaller than 44 × 44 pixels. Links in running text are
// exempt, as in WCAG; a radio button is as large as its label.
export const tooSmall = (page) => page.evaluate(() => {
  const chat = document.querySelector('zhixun-chat');
  const all = chat ? chat.shadowRoot.querySelectorAll('button, select, textarea, .star') : document.querySelectorAll('button, textarea, .choice, .field > input');
  const seen = [...all].filter((node) => node.checkVisibility());
  const small = seen.filter((node) => {
    const { width, height } = node.getBoundingClientRect();
    return width < 43.9 || height < 43.9;
  });
  return small.map((node) => `${node.className} “${node.textContent}” ${node.getBoundingClientRect().width} × ${node.getBoundingClientRect().height}`);
});

export async function fits(page, where) {
  assert.deepEqual(await tooWide(page), [], `scrolls sideways: ${where}`);
  assert.deepEqual(await tooSmall(page), [], `too small to touch: ${where}`);
}

// ---- the server's side -----------------------------------------------------------------------------------------

// What the journal has of this page's consultation, asked for with the page's own session.
export async function recorded(page, server = URL_OF_PRODUCT) {
  const session = await page.evaluate((from) => JSON.parse(localStorage.getItem(`zhixun:${from}:session`)).token, server);
  const answer = await fetch(`${URL_OF_PRODUCT}/api/v1/messages?after=0`, { headers: { Authorization: `Bearer ${session}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()).entries;
}

export const shown = (page) => messages(page).locator('.bubble > .prose').allTextContents();
