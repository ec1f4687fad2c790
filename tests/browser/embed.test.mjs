// The widget on a page of another site, in another encoding and under a strict content policy of its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { agree, ask, button, inBrowser, openFloating, URL_OF_PRODUCT } from './harness.mjs';

const PAGE = `<!doctype html><html lang="zh-CN"><head><title>site</title></head><body><main><h1>site</h1>
<button type="button" data-zhixun-ask="OK">ask</button></main>
<script src="${URL_OF_PRODUCT}/widget.js" defer></script><zhixun-chat></zhixun-chat></body></html>`;
const POLICY = `default-src 'none'; script-src ${URL_OF_PRODUCT}; connect-src ${URL_OF_PRODUCT} ${URL_OF_PRODUCT.replace(/^http/, 'ws')}`;

const site = createServer((request, response) => {
  if (request.url !== '/') return response.writeHead(204).end();
  return response.writeHead(200, { 'Content-Type': 'text/html; charset=gbk', 'Content-Security-Policy': POLICY }).end(PAGE);
}).listen(0, '127.0.0.1');
await once(site, 'listening');
after(() => site.close());
const at = `http://127.0.0.1:${site.address().port}`;

inBrowser('the widget works on another site', { at }, async ({ page, requests }) => {
  await page.goto(at);
  assert.equal(await page.evaluate(() => document.characterSet), 'GBK');
  await openFloating(page);
  await agree(page);
  assert.match((await ask(page, '商标异议期多久')).join('\n'), /3个月[^]*2027/);
  await page.locator('.chip').last().click();
  await page.getByText('制定机关').waitFor();
  await button(page, '关闭').click();
  assert.ok(requests.some((one) => one === `${URL_OF_PRODUCT.replace(/^http/, 'ws')}/api/v1/ws`), 'no WebSocket to the product');
  assert.ok(requests.filter((one) => one.startsWith(at)).every((one) => ['/', '/favicon.ico'].includes(new URL(one).pathname)));
});
