// The widget on pages of other sites: one that is registered, one that is not, with strict, hostile and broken pages around it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { agree, ask, button, DESKTOP, end, inBrowser, messages, openFloating, sound, tooSmall, tooWide, URL_OF_PRODUCT } from './harness.mjs';

const PORT = process.env.ZHIXUN_HOSTS_PORT;
const CITY = `http://city.localhost:${PORT}`;
const STRANGER = `http://stranger.localhost:${PORT}`;
const NOWHERE = 'http://127.0.0.1:9';
const SOCKET = `${URL_OF_PRODUCT.replace(/^http/, 'ws')}/api/v1/ws`;
const MAIN = 'rgb(122, 31, 92)';
const LETTERS = 'rgb(255, 247, 214)';

// What the service itself gives to be pasted.
const [LINES] = (await (await fetch(`${URL_OF_PRODUCT}/embed`)).text()).match(/&lt;script[^]*?zhixun-chat&gt;/);
const SNIPPET = LINES.replace(/&#34;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
const [SOURCE] = SNIPPET.match(/http[^"]*widget-[0-9a-f]{16}\.js/);

const HOSTILE = `body * { color: lime !important; font: 3px/1 fantasy !important; letter-spacing: 2em !important; text-transform: uppercase !important;
  transform: rotate(9deg) !important; opacity: .2 !important; visibility: hidden !important; box-sizing: content-box !important;
  direction: rtl !important; cursor: none !important; --lake: red !important; --own-main: red !important; --on: red !important; }
zhixun-chat, button, dialog, div, .panel, .launcher { display: none !important; }
html { font-size: 3px; } body { background: black; color: lime; font: italic 3px/1 fantasy; letter-spacing: 2em; text-align: right; }`;
const STRICT = `default-src 'none'; script-src ${URL_OF_PRODUCT}; connect-src ${URL_OF_PRODUCT} ${SOCKET.replace('/api/v1/ws', '')}; `
  + "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const page = ({ head = '', body = SNIPPET }) => `<!doctype html><html lang="zh-CN"><head><title>site</title>${head}</head><body><main><h1>site</h1>
<p><button type="button" data-zhixun-ask="OK">ask</button></p></main>${body}</body></html>`;
const PAGES = {
  '/': [page({})],
  '/gbk-and-strict': [page({ body: SNIPPET.replace('在线咨询', 'help') }), { 'Content-Security-Policy': STRICT, 'Content-Type': 'text/html; charset=gbk' }],
  '/hostile': [page({ head: `<style>${HOSTILE}</style>` })],
  '/tampered': [page({ body: SNIPPET.replace(/sha384-..../, 'sha384-AAAA') })],
  '/no-script-allowed': [page({}), { 'Content-Security-Policy': "script-src 'none'" }],
  '/no-connection-allowed': [page({}), { 'Content-Security-Policy': `connect-src 'none'; script-src ${URL_OF_PRODUCT}` }],
  '/service-down': [page({ body: SNIPPET.replace('data-site', `server="${NOWHERE}" data-site`) })],
  '/script-down': [page({ body: SNIPPET.replace(URL_OF_PRODUCT, NOWHERE) })],
  '/wrong-name': [page({ body: SNIPPET.replace('data-site="city"', 'data-site="town"') })],
  '/part-of-the-page': [page({ body: SNIPPET.replace('data-site', 'mode="page" data-site') })],
  '/asking-link': [page({ body: `<a id="asking" href="${URL_OF_PRODUCT}/" data-zhixun-ask="商标异议期多久">ask</a>${SNIPPET}` })],
  '/no-link': [page({ body: SNIPPET.replace(/<a .*<\/a>/, '') })],
  '/sandboxed': [page({}), { 'Content-Security-Policy': 'sandbox allow-scripts' }],
};

const site = createServer((request, response) => {
  const [text, head] = PAGES[request.url] || ['', {}];
  if (!text) return response.writeHead(204).end();
  return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...head }).end(text);
}).listen(Number(PORT), '127.0.0.1');
await once(site, 'listening');
after(() => site.close());

const launcher = (at) => at.locator('zhixun-chat .launcher');
const style = (found, name) => found.evaluate((node, wanted) => getComputedStyle(node)[wanted], name);
const kept = (at) => at.evaluate(() => ({ cookies: document.cookie, device: Object.keys(localStorage), tab: Object.keys(sessionStorage) }));

inBrowser('a registered site has its own title, colours, region and buttons', { at: CITY }, async ({ page: at, requests }) => {
  await at.goto(`${CITY}/`);
  await launcher(at).waitFor();
  assert.equal(await style(launcher(at), 'backgroundColor'), MAIN);
  assert.equal(await style(launcher(at), 'color'), LETTERS);
  assert.deepEqual(await kept(at), { cookies: '', device: [], tab: [] });
  await openFloating(at);
  await at.getByRole('heading', { name: '城市门户 知识产权问答' }).waitFor();
  assert.equal(await at.locator('.top').evaluate((node) => getComputedStyle(node).backgroundColor), MAIN);
  assert.equal(await at.locator('#zx-region').count(), 0, 'the region is the site’s: nobody is asked for it');
  await sound(at, 'the greeting in the colours of the site');
  const opening = at.waitForRequest(`${URL_OF_PRODUCT}/api/v1/sessions`);
  await agree(at);
  assert.equal((await opening).postDataJSON().region, '青海省');
  await button(at, '城市商标注册').waitFor();
  await sound(at, 'the talk in the colours of the site');
  assert.match((await ask(at, '商标异议期多久')).join('\n'), /3个月[^]*2027/);
  assert.ok(requests.includes(SOCKET), 'no WebSocket to the product');
  assert.ok(requests.filter((one) => one.startsWith(CITY)).every((one) => ['/', '/favicon.ico'].includes(new URL(one).pathname)));
  assert.ok(!requests.some((one) => one.endsWith('/widget.css')), 'the rules are in the script');
});

inBrowser('nothing is left on a page of another site but in the tab, and nothing there after the end', { at: CITY }, async ({ page: at, context }) => {
  await at.goto(`${CITY}/`);
  await openFloating(at);
  await agree(at);
  await ask(at, '商标异议期多久');
  const during = await kept(at);
  assert.deepEqual([during.cookies, during.device], ['', []]);
  assert.deepEqual(during.tab, [`zhixun:${URL_OF_PRODUCT}:session`]);
  await at.reload();
  await openFloating(at);
  await messages(at, 'citizen').filter({ hasText: '商标异议期多久' }).waitFor();
  await end(at);
  await button(at, '开始新的咨询').click();
  assert.deepEqual(await kept(at), { cookies: '', device: [], tab: [] });
  assert.deepEqual(await context.cookies(), []);
});

inBrowser('a page in another encoding and under a strict content policy carries it all the same', { at: CITY }, async ({ page: at }) => {
  await at.goto(`${CITY}/gbk-and-strict`);
  assert.equal(await at.evaluate(() => document.characterSet), 'GBK');
  await openFloating(at);
  assert.equal(await style(at.locator('.top'), 'backgroundColor'), MAIN);
  await agree(at);
  assert.match((await ask(at, '商标异议期多久')).join('\n'), /3个月[^]*2027/);
  await at.locator('.chip').last().click();
  await at.getByText('制定机关').waitFor();
  await button(at, '关闭').click();
});

inBrowser('rules of the page do not get into the widget, however hostile', { at: CITY }, async ({ page: at }) => {
  await at.goto(`${CITY}/hostile`);
  await launcher(at).waitFor();
  const shown = Object.fromEntries(await Promise.all(
    ['color', 'letterSpacing', 'textTransform', 'visibility', 'direction', 'cursor'].map(async (name) => [name, await style(launcher(at), name)]),
  ));
  assert.deepEqual(shown, { color: LETTERS, letterSpacing: 'normal', textTransform: 'none', visibility: 'visible', direction: 'ltr', cursor: 'pointer' });
  assert.equal(await style(launcher(at), 'backgroundColor'), MAIN);
  const host = at.locator('zhixun-chat');
  assert.deepEqual([await style(host, 'opacity'), await style(host, 'transform'), await style(host, 'display')], ['1', 'none', 'block']);
  const box = await launcher(at).boundingBox();
  assert.ok(DESKTOP.width - box.x - box.width < 40 && DESKTOP.height - box.y - box.height < 40, 'not at the corner');
  await openFloating(at);
  await agree(at);
  assert.ok(parseFloat(await style(messages(at, 'bot').first(), 'fontSize')) >= 16);
  assert.deepEqual(await tooSmall(at), []);
  assert.deepEqual((await tooWide(at)).filter((one) => !one.startsWith('HTML')), [], 'the page itself may be as wide as it likes');
});

inBrowser('by night too the colours of the site can be read', { at: CITY, colorScheme: 'dark' }, async ({ page: at }) => {
  await at.goto(`${CITY}/`);
  await openFloating(at);
  await sound(at, 'the greeting by night');
  await agree(at);
  await ask(at, '商标异议期多久');
  assert.equal(await style(at.locator('.citizen .bubble').first(), 'backgroundColor'), MAIN);
  await sound(at, 'the talk by night');
});

inBrowser('it can be a part of the page', { at: CITY }, async ({ page: at }) => {
  await at.goto(`${CITY}/part-of-the-page`);
  await agree(at);
  assert.match((await ask(at, '商标异议期多久')).join('\n'), /3个月[^]*2027/);
  assert.equal(await launcher(at).count(), 0);
});

inBrowser('a link of the page asks its question where the widget is, and leads to the service where it is not', {
  at: CITY, expected: /CORS|ERR_FAILED|asking-link/,
}, async ({ page: at, another }) => {
  await at.goto(`${CITY}/asking-link`);
  await launcher(at).waitFor();
  await at.locator('#asking').click();
  await at.locator('.asked').filter({ hasText: '商标异议期多久' }).waitFor();
  assert.equal(at.url(), `${CITY}/asking-link`);
  const { page: elsewhere } = await another();
  const told = elsewhere.waitForEvent('console', (line) => /CORS/.test(line.text()));
  await elsewhere.goto(`${STRANGER}/asking-link`);
  await told;
  await elsewhere.locator('#asking').click();
  await elsewhere.waitForURL(`${URL_OF_PRODUCT}/`);
});

inBrowser('a page that came up without a network gets the widget when the network is back', { at: CITY, expected: /ERR_INTERNET_DISCONNECTED/ }, async ({ page: at, context }) => {
  await at.route(`${URL_OF_PRODUCT}/api/v1/site*`, (route) => route.abort('internetdisconnected'), { times: 1 });
  const told = at.waitForEvent('console', (line) => /ERR_INTERNET/.test(line.text()));
  await at.goto(`${CITY}/`);
  await told;
  assert.equal(await launcher(at).count(), 0);
  await context.setOffline(true);
  await context.setOffline(false);
  await launcher(at).waitFor();
});

// A page that cannot have the widget: the plain link stands, nothing else, and the browser says so in a line or two of its own.
function invisible(name, at, path, lines, complaints) {
  inBrowser(name, { at, expected: /./ }, async ({ page: seen, complaints: said, requests }) => {
    const settled = Promise.all(lines.map((one) => seen.waitForEvent('console', (line) => one.test(line.text()))));
    await seen.goto(at + path);
    await settled;
    // The link is where it would be without any script.
    await seen.getByRole('link', { name: '在线咨询' }).waitFor();
    await button(seen, 'ask').click();
    assert.equal(await seen.locator('zhixun-chat').evaluate((node) => Boolean(node.shadowRoot)), false);
    assert.equal(await seen.locator('.launcher, dialog').count(), 0);
    const lined = said.filter((one) => !one.startsWith('request to '));
    assert.ok(lined.length <= complaints, lined.join('\n'));
    assert.ok(!said.some((one) => one.startsWith('script:')), said.join('\n'));
    assert.ok(!requests.some((one) => one.startsWith('ws')));
    assert.equal(await seen.evaluate(() => localStorage.length + sessionStorage.length), 0);
  });
}

invisible('a site that is not registered sees a plain link', STRANGER, '/', [/CORS/], 2);
invisible('a page that names another site sees a plain link', CITY, '/wrong-name', [/404/], 1);
invisible('a script that was changed on the way does not run', CITY, '/tampered', [/integrity/], 1);
invisible('a page that forbids the script shows a plain link', CITY, '/no-script-allowed', [/Content Security Policy/], 1);
invisible('a page that forbids the connection shows a plain link', CITY, '/no-connection-allowed', [/Content Security Policy/], 2);
invisible('a service that is down leaves a plain link', CITY, '/service-down', [/ERR_/], 1);
invisible('a script that cannot be had leaves a plain link', CITY, '/script-down', [/ERR_/], 1);

inBrowser('a page without a link shows nothing at all where it cannot have the widget', { at: STRANGER, expected: /CORS|ERR_FAILED/ }, async ({ page: at }) => {
  const told = at.waitForEvent('console', (line) => /CORS/.test(line.text()));
  await at.goto(`${STRANGER}/no-link`);
  await told;
  assert.equal(await at.locator('zhixun-chat').evaluate((node) => node.getBoundingClientRect().width), 0);
  assert.equal(await at.locator('zhixun-chat').innerText(), '');
});

inBrowser('a sandboxed frame has no origin and is refused', { at: CITY, expected: /CORS|ERR_FAILED|sandboxed/ }, async ({ page: at }) => {
  const told = at.waitForEvent('console', (line) => /CORS/.test(line.text()));
  await at.goto(`${CITY}/sandboxed`);
  await told;
  assert.equal(await at.locator('.launcher').count(), 0);
});

inBrowser('the page with the lines to paste is sound, and gives them to the clipboard', { permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page: at }) => {
  await at.goto(`${URL_OF_PRODUCT}/embed`);
  await sound(at, 'the lines to paste');
  await button(at, '复制代码').click();
  await at.getByText('已复制').waitFor();
  assert.equal(await at.evaluate(() => navigator.clipboard.readText()), SNIPPET);
  assert.ok(SNIPPET.includes(SOURCE) && SNIPPET.includes(' integrity="sha384-'));
});
