// Files: chosen by mouse or keyboard, shown with name and size, fetched back as they were, and every failure says what to do.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import {
  agree, ask, button, end, field, fits, focused, inBrowser, messages, openFloating, PHONE, recorded, sound, tabTo, toggleLarge,
  URL_OF_PRODUCT, waitForFocus,
} from './harness.mjs';

const CLIP = '添加图片或文件';
const DRAFT = '这是我的证据，请看';

const block = (name, data) => {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
};

// Node has had `crc32` of its own since 22 only.
function crc(body) {
  if (crc32) return crc32(body);
  let value = ~0;
  for (const byte of body) {
    value ^= byte;
    for (let n = 0; n < 8; n += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

// A grey picture of one point, with so many bytes of comment.
function png(bulk = 0) {
  const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const comment = Buffer.concat([Buffer.from('Comment\0'), Buffer.alloc(bulk, 46)]);
  const parts = [['IHDR', head], ['tEXt', comment], ['IDAT', deflateSync(Buffer.from([0, 128]))], ['IEND', Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts.map(([name, data]) => block(name, data))]);
}

const picture = (name, bulk) => ({ name, mimeType: 'image/png', buffer: png(bulk) });
const rows = (page) => page.locator('.files li');
const kept = (page) => messages(page).locator('.file');

async function choose(page, ...files) {
  const asked = page.waitForEvent('filechooser');
  await button(page, CLIP).click();
  await (await asked).setFiles(files);
}

async function begin(page) {
  // From the first listener on the browser hands its choosers over; asked for at the moment of a key press, it may come too late.
  page.on('filechooser', () => {});
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await field(page).fill(DRAFT);
}

inBrowser('files are sent beside the words, told once, and come back as they were', {}, async ({ page }) => {
  await begin(page);
  await choose(page, picture('商标 截图.png', 70_000), picture('第二张.jpg'));
  await kept(page).nth(1).waitFor();
  assert.deepEqual(await kept(page).allTextContents(), ['商标 截图.png69 KB · 下载', '第二张.png1 KB · 下载']);
  assert.equal(await messages(page, 'system').filter({ hasText: '不能读取文件内容' }).count(), 1);
  await button(page, '转人工').first().waitFor();
  assert.equal(await field(page).inputValue(), DRAFT);
  assert.equal(await rows(page).count(), 0);
  const entries = (await recorded(page)).filter((entry) => entry.kind === 'attachment');
  assert.deepEqual(entries.map((entry) => [entry.from, entry.text, entry.attachment.type]), [
    ['citizen', '商标 截图.png', 'image/png'], ['citizen', '第二张.png', 'image/png'],
  ]);

  const saving = page.waitForEvent('download');
  await kept(page).first().click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), '商标 截图.png');
  assert.deepEqual(await readFile(await saved.path()), png(70_000));

  await page.reload();
  await kept(page).nth(1).waitFor();
  assert.equal(await field(page).inputValue(), DRAFT);
  await ask(page, '商标异议期多久');
  await end(page);
  assert.equal(await kept(page).count(), 2);
});

inBrowser('what cannot be taken is told before it goes', {}, async ({ page, requests }) => {
  await begin(page);
  await choose(page, { name: '程序.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') });
  await rows(page).getByText('只能发送图片').waitFor();
  await choose(page, picture('很大.png', 10 * 1024 * 1024));
  await rows(page).getByText('文件太大，每个最多 10 MB').waitFor();
  await sound(page, 'refused files');
  await fits(page, 'refused files');
  assert.ok(!requests.some((one) => one.endsWith('/attachments')));
  await page.getByRole('button', { name: '移除 程序.exe' }).click();
  await page.getByRole('button', { name: '移除 很大.png' }).click();
  await waitForFocus(page, '#zx-words');
  assert.equal(await rows(page).count(), 0);
  assert.equal(await field(page).inputValue(), DRAFT);
});

inBrowser('what the service refuses is told in its words', { expected: /415/ }, async ({ page }) => {
  await begin(page);
  await choose(page, { name: '假的.pdf', mimeType: 'application/pdf', buffer: Buffer.from('<html>'.repeat(500)) });
  await rows(page).getByText('只能发送图片（PNG、JPEG、WebP）、PDF 和 Word 文件。').waitFor();
  assert.equal(await page.getByRole('button', { name: '重发' }).count(), 0);
  assert.equal(await kept(page).count(), 0);
  assert.equal(await field(page).inputValue(), DRAFT);
});

inBrowser('a file that the network lost is sent again, once', { expected: /ERR_FAILED/ }, async ({ page }) => {
  await begin(page);
  await page.route('**/api/v1/attachments', (route) => route.abort());
  await choose(page, picture('证据.png'));
  await rows(page).getByText('没有发出。请检查网络后重发。').waitFor();
  await sound(page, 'a lost file');
  await page.unroute('**/api/v1/attachments');
  await page.getByRole('button', { name: '重发 证据.png' }).click();
  await kept(page).first().waitFor();
  await waitForFocus(page, '#zx-words');
  assert.equal(await rows(page).count(), 0);
  assert.equal((await recorded(page)).filter((entry) => entry.kind === 'attachment').length, 1);
  assert.equal(await field(page).inputValue(), DRAFT);
});

inBrowser('an answer that was lost does not make two of one file', { expected: /ERR_FAILED/ }, async ({ page }) => {
  await begin(page);
  await page.route('**/api/v1/attachments', async (route) => { await route.fetch(); await route.abort(); }, { times: 1 });
  await choose(page, picture('证据.png'));
  await page.getByRole('button', { name: '重发 证据.png' }).click();
  await rows(page).first().waitFor({ state: 'detached' });
  await kept(page).first().waitFor();
  assert.equal((await recorded(page)).filter((entry) => entry.kind === 'attachment').length, 1);
  assert.equal(await kept(page).count(), 1);
});

inBrowser('while it goes, how far it is can be seen, and it can be given up', { expected: /ERR_FAILED/ }, async ({ page }) => {
  await begin(page);
  let go;
  const held = new Promise((resolve) => { go = resolve; });
  await page.route('**/api/v1/attachments', async (route) => { await held; await route.abort().catch(() => {}); });
  await choose(page, picture('证据.png'));
  await page.getByRole('progressbar', { name: '发送中 证据.png' }).waitFor();
  await sound(page, 'a file on its way');
  await page.getByRole('button', { name: '移除 证据.png' }).click();
  await rows(page).first().waitFor({ state: 'detached' });
  go();
  assert.equal((await recorded(page)).filter((entry) => entry.kind === 'attachment').length, 0);
});

inBrowser('a file is sent and fetched by the keyboard alone', {}, async ({ page }) => {
  await begin(page);
  await field(page).focus();
  await page.keyboard.press('Shift+Tab');
  assert.ok(await focused(page, '.clip'));
  const asked = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await (await asked).setFiles([picture('证据.png')]);
  await kept(page).first().waitFor();
  await page.locator('.title').evaluate((node) => { node.tabIndex = -1; node.focus(); });
  await tabTo(page, '.file');
  const saving = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  assert.equal((await saving).suggestedFilename(), '证据.png');
});

inBrowser('on a phone, in large print and in the dark it fits and can be read', PHONE, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await openFloating(page);
  await agree(page);
  const long = '一个很长很长的文件名'.repeat(8);
  await choose(page, picture(`${long}.png`), { name: `${long}.exe`, mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') });
  await kept(page).first().waitFor();
  for (const look of ['plain', 'large print', 'large print, dark']) {
    if (look === 'large print') await toggleLarge(page);
    if (look.endsWith('dark')) await page.emulateMedia({ colorScheme: 'dark' });
    await sound(page, `files, ${look}`);
    await fits(page, `files, ${look}`);
  }
  await page.setViewportSize({ width: 320, height: 568 });
  await fits(page, 'files, 320 px');
});

inBrowser('a file that is no longer there is told', { expected: /404|500/ }, async ({ page }) => {
  await begin(page);
  await choose(page, picture('证据.png'));
  await kept(page).first().waitFor();
  await page.route('**/api/v1/attachments/*', (route) => route.fulfill({ status: 404, json: { error: { code: 'no_attachment', message: '没有这个文件。', field: null } } }));
  await kept(page).first().click();
  await page.locator('.alert', { hasText: '没有这个文件。' }).waitFor();
});
