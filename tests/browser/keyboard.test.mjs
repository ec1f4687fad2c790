// The keyboard alone, from the top of the page to an answer; and an input method, whose Enter is not a send.
import assert from 'node:assert/strict';
import { agree, answerTo, button, field, focused, inBrowser, messages, tabTo, URL_OF_PRODUCT, waitForFocus } from './harness.mjs';

const QUESTION = '商标异议期多久';

for (const [where, path] of [['beside the page', '/'], ['floating', '/embed.html']]) {
  inBrowser(`the keyboard alone gets to an answer: ${where}`, {}, async ({ page }) => {
    await page.goto(URL_OF_PRODUCT + path);
    if (path !== '/') {
      await tabTo(page, '.launcher');
      await page.keyboard.press('Enter');
    }
    await button(page, '同意并开始咨询').waitFor();
    await tabTo(page, '.agree');
    await page.keyboard.press('Enter');
    await waitForFocus(page, '#zx-words');
    await page.keyboard.insertText(QUESTION);
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Enter');
    assert.match((await answerTo(page, QUESTION)).join('\n'), /3个月/);
    assert.ok(await focused(page, '#zx-words'), 'the field keeps the focus');

    await shiftTabTo(page, '.chip');
    await page.keyboard.press('Enter');
    await page.getByText('现行有效').waitFor();
    for (let n = 0; n < 5; n += 1) {
      await page.keyboard.press('Tab');
      assert.ok(await focused(page, '.sheet *'), 'Tab left the card');
    }
    await page.keyboard.press('Escape');
    await waitForFocus(page, '.chip');
    await tabTo(page, '.pick', 5);
    await page.keyboard.press('Space');
    await waitForFocus(page, '#zx-words');
    await page.waitForFunction(() => document.querySelector('zhixun-chat').shadowRoot.querySelectorAll('.msg.citizen').length === 2);
  });
}

inBrowser('Enter in the middle of an input method does not send', {}, async ({ page, context }) => {
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  await field(page).focus();
  await field(page).evaluate((node) => {
    window.seen = [];
    node.addEventListener('keydown', (event) => window.seen.push([event.key, event.isComposing]));
  });
  const keys = await context.newCDPSession(page);
  await keys.send('Input.imeSetComposition', { text: 'shangbiao', selectionStart: 9, selectionEnd: 9 });
  await page.keyboard.press('Enter');
  assert.deepEqual(await page.evaluate(() => window.seen), [['Enter', true]]);
  assert.equal(await messages(page, 'citizen').count(), 0);
  assert.match(await field(page).inputValue(), /^shangbiao/);

  await keys.send('Input.imeSetComposition', { text: '', selectionStart: 0, selectionEnd: 0 });
  await field(page).fill('');
  await keys.send('Input.insertText', { text: QUESTION });
  await page.keyboard.press('Enter');
  assert.match((await answerTo(page, QUESTION)).join('\n'), /3个月/);
  assert.equal(await messages(page, 'citizen').count(), 1);
});

async function shiftTabTo(page, selector) {
  for (let n = 0; n < 12; n += 1) {
    await page.keyboard.press('Shift+Tab');
    if (await focused(page, selector)) return;
  }
  assert.fail(`Shift+Tab did not reach ${selector}`);
}
