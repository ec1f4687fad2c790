// axe-core over every state that a citizen can see.
import assert from 'node:assert/strict';
import { agree, answerTo, ask, button, end, inBrowser, openFloating, PHONE, sound, toggleLarge, URL_OF_PRODUCT } from './harness.mjs';

inBrowser('axe: desktop, light and dark, from the welcome to the receipt', {}, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await button(page, '同意并开始咨询').waitFor();
  await sound(page, 'welcome');
  await agree(page);
  await ask(page, '商标异议期多久');
  await sound(page, 'answered');
  await page.emulateMedia({ colorScheme: 'dark' });
  await sound(page, 'answered, dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.locator('.chip').last().click();
  await page.getByText('制定机关').waitFor();
  await sound(page, 'clause');
  await page.keyboard.press('Escape');
  await button(page, '菜单').click();
  await sound(page, 'menu');
  await page.keyboard.press('Escape');
  await button(page, '转人工').click();
  await answerTo(page, '转人工');
  await sound(page, 'queue');
  await end(page);
  await page.locator('.receipt').waitFor();
  await page.locator('.star').nth(3).click();
  await button(page, '提交评价').click();
  await page.getByText('还没有给').waitFor();
  await sound(page, 'rating');
  for (const group of await page.locator('.stars').all()) await group.locator('.star').nth(4).click();
  await button(page, '提交评价').click();
  await page.getByText('感谢您的评价').waitFor();
  await sound(page, 'receipt');
});

inBrowser('axe: phone and large print', PHONE, async ({ page }) => {
  await page.goto(URL_OF_PRODUCT);
  await sound(page, 'phone, folded');
  await openFloating(page);
  await agree(page);
  await ask(page, '商标异议期多久');
  await sound(page, 'phone, answered');
  await toggleLarge(page);
  await page.locator('.root.large .panel').waitFor();
  await sound(page, 'phone, large print');
  await page.setViewportSize({ width: 800, height: 900 });
  await page.locator('.root:not(.whole) .panel').waitFor();
  await sound(page, 'floating, large print');
});
