// Small screens, large print and 400 % zoom: everything stays reachable, readable and big enough to touch.
import assert from 'node:assert/strict';
import {
  agree, answerTo, ask, button, end, field, fits, focused, inBrowser, messages, openFloating, PHONE, toggleLarge, tooWide,
  URL_OF_PRODUCT, waitForFocus,
} from './harness.mjs';

inBrowser('phone: the window is the whole screen, fits, and gives the focus back', PHONE, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await page.locator('.launcher').waitFor();
  await fits(page, 'launcher');
  await openFloating(page);
  await button(page, '同意并开始咨询').waitFor();
  const box = await page.locator('.panel').boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 390, 844]);
  await fits(page, 'welcome');
  await agree(page);
  await fits(page, 'quick questions');
  await ask(page, '商标异议期多久');
  await fits(page, 'answer');

  const chip = page.locator('.chip').last();
  await chip.click();
  await page.getByRole('dialog', { name: '商标法' }).waitFor();
  await fits(page, 'clause');
  await page.keyboard.press('Escape');
  await waitForFocus(page, '.chip');
  await button(page, '菜单').click();
  await fits(page, 'menu');
  await page.keyboard.press('Escape');
  await waitForFocus(page, '.top .icon:not(.fold)');

  await page.keyboard.press('Escape');
  await page.locator('.panel').waitFor({ state: 'hidden' });
  await waitForFocus(page, '.launcher');
  await openFloating(page);
  await page.locator('.top .fold').click();
  await page.locator('.panel').waitFor({ state: 'hidden' });
  assert.ok(await focused(page, '.launcher'));

  await openFloating(page);
  await end(page);
  await fits(page, 'receipt and rating');
});

inBrowser('large print is kept, on a phone as on a desktop', {}, async ({ page }) => {
  const size = () => page.locator('.bubble').first().evaluate((node) => parseFloat(getComputedStyle(node).fontSize));
  await page.goto(URL_OF_PRODUCT);
  await agree(page);
  const usual = await size();
  await toggleLarge(page);
  await page.locator('.root.large .panel').waitFor();
  const large = await size();
  assert.ok(large >= usual * 1.3, `${large} from ${usual}`);
  await page.reload();
  await messages(page).first().waitFor();
  assert.equal(await size(), large);
  await ask(page, '商标异议期多久');
  await fits(page, 'large print on a desktop');

  await page.setViewportSize(PHONE.viewport);
  await openFloating(page);
  await page.locator('.root.whole.large .panel').waitFor();
  await fits(page, 'large print on a phone');
  await toggleLarge(page);
  assert.equal(await size(), usual);
  await page.reload();
  await openFloating(page);
  await messages(page).first().waitFor();
  assert.equal(await size(), usual);
});

for (const large of [false, true]) {
  const print = large ? 'large print' : 'usual print';
  inBrowser(`400 % zoom, ${print}: everything can be reached`, { viewport: { width: 320, height: 256 } }, async ({ page }) => {
    await page.goto(URL_OF_PRODUCT);
    await openFloating(page);
    if (large) await toggleLarge(page);
    await button(page, '同意并开始咨询').waitFor();
    await fits(page, 'welcome');
    await agree(page);
    await ask(page, '商标异议期多久');
    await fits(page, 'answer');
    assert.ok(await inSight(field(page)), 'the field is out of sight');
    assert.ok(await inSight(button(page, '发送')), 'the send button is out of sight');
    await page.locator('.chip').last().click();
    await page.getByText('现行有效').waitFor();
    await fits(page, 'clause');
    await button(page, '关闭').click();
    const next = button(page, '怎么提商标异议');
    await next.scrollIntoViewIfNeeded();
    assert.ok(await inSight(next), 'a follow-up question is hidden');
    await next.click();
    await answerTo(page, '怎么提商标异议');
    await end(page);
    await button(page, '提交评价').scrollIntoViewIfNeeded();
    assert.ok(await inSight(button(page, '提交评价')));
    assert.deepEqual(await tooWide(page), []);
  });
}

// Whether the middle of a control is on the screen and nothing lies over it.
const inSight = (control) => control.evaluate((node) => {
  const { left, top, width, height } = node.getBoundingClientRect();
  const hit = node.getRootNode().elementFromPoint(left + width / 2, top + height / 2);
  return Boolean(hit) && (node === hit || node.contains(hit));
});
