/** A deployment of a hundred connections: what the first page weighs, and what the list does with them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';

import { administrator } from '../../local/aws/service.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { TestDemo, dayMs, hourMs, minuteMs, startMs } from '../helpers/demo.ts';
import { flaws, picture } from '../helpers/looks.ts';
import { operator, signInLink } from '../helpers/panel.ts';

const count = 100;
const ids = Array.from({ length: count }, (_, index) => `broker-${String(index).padStart(3, '0')}`);

let browser: Browser;
let demo: TestDemo;
let page: Page;
beforeAll(async () => {
  [browser, demo] = await Promise.all([launchChromium(), TestDemo.start({ configure: hundredfold })]);
  await Promise.all(ids.map((id, index) => logInSince(id, index)));
  page = await browser.newPage();
  await page.goto(`${demo.cloud.apiUrl}/panel/sign-in`);
  await page.getByLabel('Your email address').fill(operator);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Check your email' }).waitFor();
  await page.goto(signInLink(demo, operator)!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Connections' }).waitFor();
});
afterAll(async () => {
  await browser.close();
  await demo[Symbol.asyncDispose]();
});

function hundredfold(config: Record<string, unknown>): Record<string, unknown> {
  const connections = config['grantkeeper:connections'] as Record<string, unknown>;
  const all = Object.fromEntries(ids.map((id) => [id, connections['demo-main']]));
  return { ...config, 'grantkeeper:connections': all };
}

/** Each a little later, so that every countdown is another one; the first five are near their end. */
async function logInSince(connectionId: string, index: number): Promise<void> {
  const loginMs = startMs - (index < 5 ? 6 * dayMs : hourMs) + index * minuteMs;
  const values = {
    ':active': { S: 'active' },
    ':login': { N: String(loginMs) },
    ':refresh': { N: String(startMs) },
    ':access': { N: String(startMs + 10 * minuteMs + index * 1000) },
  };
  const update = {
    TableName: demo.cloud.outputs.tableName,
    Key: { pk: { S: `connection#${connectionId}` }, sk: { S: 'grant' } },
    UpdateExpression:
      'SET #status = :active, authorizedAtMs = :login, refreshedAtMs = :refresh, accessExpiresAtMs = :access',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: values,
  };
  await demo.cloud.dynamoDb.call('UpdateItem', update, administrator);
}

const shown = () => page.locator('[data-search]:visible').count();

test('the first page comes in four requests at most, and 60 KB over the wire', async () => {
  const fresh = await browser.newContext();
  await fresh.addCookies(await page.context().cookies());
  const first = await fresh.newPage();
  const devTools = await fresh.newCDPSession(first);
  await devTools.send('Network.enable');
  const sizes: number[] = [];
  devTools.on('Network.loadingFinished', ({ encodedDataLength }) => sizes.push(encodedDataLength));
  await first.goto(`${demo.cloud.apiUrl}/panel`, { waitUntil: 'networkidle' });
  expect(await first.locator('[data-search]').count()).toBe(count);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  console.info(`The first page: ${sizes.length} requests, ${bytes} bytes.`);
  expect(sizes.length).toBeGreaterThanOrEqual(3);
  expect(sizes.length).toBeLessThanOrEqual(4);
  expect(bytes).toBeLessThan(60_000);
  await fresh.close();
});

test('those that need somebody come first, and the banner names them', async () => {
  expect(await page.locator('.badge').allInnerTexts()).toEqual([
    ...Array.from({ length: 5 }, () => 'Ends soon'),
    ...Array.from({ length: 95 }, () => 'Healthy'),
  ]);
  expect(await page.locator('.banner li').count()).toBe(5);
  expect(await flaws(page)).toEqual([]);
  await picture(page, 'panel-9-hundred');
});

test('the list is filtered as somebody types, and by status', async () => {
  await page.getByLabel('Find').fill('broker-04');
  expect(await shown()).toBe(10);
  expect(await page.locator('[data-shown]').innerText()).toBe('10 of 100 connections');
  await page.getByLabel('Find').fill('');
  await page.getByLabel('Status').selectOption('Ends soon');
  expect(await shown()).toBe(5);
  // The same by the form, without the script's help.
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL('**/panel?q=&health=ends-soon');
  expect(await shown()).toBe(5);
  expect(await page.locator('[data-shown]').innerText()).toBe('5 of 100 connections');
  await page.getByLabel('Status').selectOption('any');
  expect(await shown()).toBe(100);
});

test('a second passes in one go, and touches only what reads differently', async () => {
  await page.clock.install();
  await page.goto(`${demo.cloud.apiUrl}/panel`);
  await page.evaluate(`
    globalThis.changes = 0;
    new MutationObserver((records) => { changes += records.length; })
      .observe(document.body, { subtree: true, childList: true, characterData: true });
  `);
  const before = await page.locator('[data-countdown]').first().innerText();
  await page.clock.runFor(1000);
  // Of 205 countdowns most are in minutes, or in days and hours.
  expect(Number(await page.evaluate('changes'))).toBeLessThanOrEqual(20);
  await page.clock.runFor(60_000);
  expect(await page.locator('[data-countdown]').first().innerText()).not.toBe(before);
});
