import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import { flaws, picture } from '../helpers/looks.ts';
import { operator, press, signIn as signInWithoutScript, signInLink, viewer } from '../helpers/panel.ts';
import { withProviderData } from '../helpers/stored.ts';

let browser: Browser;
let tools: ToolsServer;
let demo: TestDemo;
beforeAll(async () => {
  [browser, tools] = await Promise.all([launchChromium(), startTools(0)]);
  // A grant of a day, with reminders six hours and one hour before its end.
  const configure = withProviderData({ limits: { absoluteSeconds: 24 * 3600 } });
  demo = await TestDemo.start({ toolsUrl: tools.url, configure });
  tools.show(demo.cloud);
});
afterAll(async () => {
  await Promise.all([browser.close(), tools.close()]);
  await demo[Symbol.asyncDispose]();
});

const problems: string[] = [];

/** A page of a new browser of somebody in New York; what its console says of errors is a problem. */
async function newPage(
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ timezoneId: 'America/New_York', ...options });
  const page = await context.newPage();
  page.on(
    'console',
    (message) => message.type() === 'error' && problems.push(`${message.text()} ${message.location().url}`),
  );
  page.on('pageerror', (error) => problems.push(error.message));
  return { page, context };
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto(`${demo.cloud.apiUrl}/panel`);
  await page.getByLabel('Your email address').fill(email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('heading', { name: 'Check your email' }).waitFor();
  await page.goto(signInLink(demo, email)!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Connections' }).waitFor();
}

const openConnection = (page: Page) => page.goto(`${demo.cloud.apiUrl}/panel/connections/demo-main`);
const text = (page: Page, selector: string) => page.locator(selector).innerText();

test('an operator signs in by mail and sees what waits; each page is flawless, narrow and wide, light and dark', async () => {
  await demo.advance(0);
  const { page, context } = await newPage();
  await page.goto(`${demo.cloud.apiUrl}/panel`);
  expect(await flaws(page)).toEqual([]);
  await picture(page, 'panel-1-sign-in');
  await page.getByLabel('Your email address').fill('not an address');
  await page.keyboard.press('Enter');
  await page.getByText('This is not an email address.').waitFor();
  expect(await flaws(page)).toEqual([]);
  problems.length = 0; // Chromium's console tells of a 400.
  await page.getByLabel('Your email address').fill(operator);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Check your email' }).waitFor();
  expect(await flaws(page)).toEqual([]);
  await picture(page, 'panel-2-sent');
  await page.goto(signInLink(demo, operator)!);
  expect(await flaws(page)).toEqual([]);
  await page.getByRole('button', { name: 'Sign in' }).press('Enter');
  await page.getByRole('heading', { name: 'Connections' }).waitFor();
  expect(await text(page, '#attention')).toContain(
    'demo-main Not connected yet: Dana has to log in to Demo Brokerage for the first time.',
  );
  expect(await flaws(page)).toEqual([]);
  await picture(page, 'panel-3-waiting');
  expect(problems).toEqual([]);
  await context.close();
});

describe('a connection', () => {
  let page: Page;
  beforeAll(async () => {
    await demo.logIn(demo.newestLink());
    await demo.cloud.clock.idle();
    await demo.advance(17 * hourMs + 50 * minuteMs);
    ({ page } = await newPage());
    await signIn(page, operator);
    problems.length = 0;
  });
  afterAll(() => page.context().close());

  test('shows how long each token lives in words and local time, what comes next, and the week', async () => {
    await openConnection(page);
    expect(await text(page, 'h1')).toBe('demo-main Healthy');
    const lives = await text(page, '#lives');
    expect(lives).toMatch(/Access token ends\s+in \d+ minutes.*\s+Tue 6 Jan, 0[01]:\d\d GMT-5/);
    expect(lives).toMatch(/Grant ends\s+in 6 hours, \d+ minutes\s+Tue 6 Jan, 07:00 GMT-5/);
    expect(lives).toMatch(/Refresh due: the token expires before the next check\./);
    expect(lives).toMatch(/Next reminder to Dana: in \d+ minutes?.*, Tue 6 Jan, 01:00 GMT-5\./);
    const week = await text(page, '#week');
    expect(
      week
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    ).toEqual(
      expect.arrayContaining([
        'the token is always needed',
        'reminder (email, sms, slack, discord): Tue 6 Jan, 01:00 GMT-5',
        'reminder (email, sms, slack, discord): Tue 6 Jan, 06:00 GMT-5',
        'the grant ends: Tue 6 Jan, 07:00 GMT-5',
      ]),
    );
    expect(await flaws(page)).toEqual([]);
    await picture(page, 'panel-4-well');
    expect(problems).toEqual([]);
  });

  test('keeps itself current: it counts down, and shows what has happened without a reload', async () => {
    await page.clock.install();
    await openConnection(page);
    const marked = await page.evaluate("document.querySelector('main').dataset.mark = 'same page'");
    const before = await page.locator('#lives [data-countdown]').first().innerText();
    await page.clock.runFor(2 * minuteMs);
    expect(await page.locator('#lives [data-countdown]').first().innerText()).not.toBe(before);
    await demo.advance(30 * minuteMs);
    await page.clock.runFor(16_000);
    await page.getByText('The grant ends soon:').waitFor();
    expect(await text(page, 'h1')).toBe('demo-main Ends soon');
    expect(await text(page, '#events')).toContain('Sent the owner a notice');
    expect(await text(page, '#attention')).toContain('before Tue 6 Jan, 07:00 GMT-5');
    expect(await page.evaluate("document.querySelector('main').dataset.mark")).toBe(marked);
    expect(await flaws(page)).toEqual([]);
    await picture(page, 'panel-5-ending');
    expect(problems).toEqual([]);
  });

  test('leaves alone what somebody is typing into, and says when it has no answer', async () => {
    await page.getByLabel('Reason').fill('half a sen');
    await demo.advance(25 * minuteMs);
    await page.clock.runFor(16_000);
    expect(await page.getByLabel('Reason').inputValue()).toBe('half a sen');
    await page.context().setOffline(true);
    await page.clock.runFor(16_000);
    await page.getByText('The server does not answer, so this page may be out of date.').waitFor();
    await page.context().setOffline(false);
    await page.clock.runFor(16_000);
    await page.getByText('The server does not answer').waitFor({ state: 'hidden' });
    problems.length = 0; // Chromium's console tells of the answers that did not come.
  });

  test('shows at once what another operator has done, and nobody loses their place on the keyboard', async () => {
    await openConnection(page);
    const another = await signInWithoutScript(demo, operator);
    const focused = () =>
      page.evaluate('document.activeElement.textContent.trim() || document.activeElement.id');
    await page.getByRole('button', { name: 'Send test notice' }).focus();
    const line = page.getByRole('link', { name: 'Execution of: Refreshed the access token' }).nth(1);
    await press(demo, another, 'pause', { reason: 'maintenance' });
    await page.clock.runFor(16_000);
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await page.getByRole('button', { name: 'Refresh now' }).count()).toBe(0);
    expect(await focused()).toBe('Send test notice');
    // On a line of the timeline, which is further down by now.
    await line.focus();
    const before = await focused();
    await press(demo, another, 'resume');
    await page.clock.runFor(16_000);
    await page.getByRole('button', { name: 'Refresh now' }).waitFor();
    expect(await text(page, '#events')).toContain('Resumed');
    expect(await focused()).toBe(before);
    // What they were on is gone: they stay among the buttons.
    await page.getByRole('button', { name: 'Refresh now' }).focus();
    await press(demo, another, 'pause', { reason: 'again' });
    await page.clock.runFor(16_000);
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('actions');
    await press(demo, another, 'resume');
    expect(problems).toEqual([]);
  });

  test('says who is signed in by now, and signs them out', async () => {
    await openConnection(page);
    const tab = await page.context().newPage();
    await tab.goto(`${demo.cloud.apiUrl}/panel`);
    await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
    await tab.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await signIn(tab, viewer);
    await page.clock.runFor(16_000);
    await page.getByText('dana@example.com viewer').waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await tab.close();
    await signIn(page, operator);
  });

  test('is refreshed, paused and resumed by its buttons, each with a word of what was done', async () => {
    await openConnection(page);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('Refreshing the access token.').waitFor();
    // Said once: not when it is loaded again.
    expect(page.url()).not.toContain('done=');
    await page.getByLabel('Reason').fill('holiday <b>1</b>');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('You paused demo-main. Nothing is refreshed').waitFor();
    expect(await text(page, '#attention')).toContain('“holiday <b>1</b>”');
    expect(await page.getByRole('button', { name: 'Refresh now' }).count()).toBe(0);
    expect(await flaws(page)).toEqual([]);
    await picture(page, 'panel-6-paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('You resumed demo-main, and a check has started.').waitFor();
    await demo.cloud.clock.idle();
    expect(problems).toEqual([]);
  });

  test('leads from a line of the timeline to its execution', async () => {
    await page.getByRole('link', { name: 'Actions' }).click();
    await page.getByText('Requested').first().waitFor();
    await page.getByRole('link', { name: 'Execution' }).first().click();
    await page.getByRole('heading', { name: 'Execution' }).first().waitFor();
    expect(page.url()).toMatch(/\/execution\?arn=arn:aws:states:.*demo-main-panel-refresh-\d+$/);
    expect(await page.locator('ol > li').first().innerText()).toContain('Begin succeeded');
    expect(await flaws(page)).toEqual([]);
    await picture(page, 'tools-execution');
    await page.goto(tools.url);
    expect(await flaws(page)).toEqual([]);
    await picture(page, 'tools-overview');
  });

  test('asks before what cannot be undone', async () => {
    await openConnection(page);
    await page.getByRole('link', { name: 'Disconnect …' }).click();
    await page.getByRole('heading', { name: 'Disconnect demo-main?' }).waitFor();
    expect(await flaws(page)).toEqual([]);
    await picture(page, 'panel-7-disconnect');
    // The box is wanted by the browser already.
    await page.getByRole('button', { name: 'Disconnect' }).click();
    expect(page.url()).toMatch(/\/disconnect$/);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('heading', { name: 'demo-main' }).waitFor();
  });

  test('is renewed by an owner who is signed in, from the panel to the provider and back', async () => {
    const { page: owners, context } = await newPage({ timezoneId: 'Asia/Tokyo' });
    await signIn(owners, viewer);
    await owners.goto(`${demo.cloud.apiUrl}/panel/connections/demo-main`);
    await picture(owners, 'panel-8-owner');
    await owners.getByRole('button', { name: 'Log in to Demo Brokerage here' }).click();
    await owners.getByRole('heading', { name: 'Log in to Demo Brokerage' }).waitFor();
    // In the reader's zone, and the configuration's in its title.
    const until = owners.locator('time').first();
    await owners.locator('time', { hasText: 'GMT+9' }).first().waitFor();
    expect(await until.innerText()).toBe('Tue 6 Jan, 21:00 GMT+9');
    expect(await until.getAttribute('title')).toBe('Tue 6 Jan, 07:00 GMT-5 · 2026-01-06T12:00:00.000Z');
    expect(await flaws(owners)).toEqual([]);
    await owners.getByRole('button', { name: 'Continue to Demo Brokerage' }).click();
    await owners.getByLabel('Login ID').fill('demo');
    await owners.getByLabel('Password').fill('demo');
    await owners.getByRole('button', { name: 'Log in' }).click();
    await owners.getByRole('button', { name: 'Allow' }).click();
    await owners.getByRole('heading', { name: 'Done: you are connected' }).waitFor();
    expect(await flaws(owners)).toEqual([]);
    await context.close();
    await openConnection(page);
    expect(await text(page, 'h1')).toBe('demo-main Healthy');
  });
});

test('an operator asks for a login, sends a test, and disconnects after being asked', async () => {
  const { page, context } = await newPage();
  await signIn(page, operator);
  await openConnection(page);
  await page.getByRole('button', { name: 'Re-authorize' }).click();
  await page.getByText('Sending Dana a login link').waitFor();
  await page.getByRole('button', { name: 'Send test notice' }).click();
  await page.getByText('Sending Dana a test notice').waitFor();
  await demo.cloud.clock.idle();
  await page.getByRole('link', { name: 'Disconnect …' }).click();
  await page.getByLabel('Disconnect demo-main').check();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByText('Disconnecting demo-main').waitFor();
  await demo.cloud.clock.idle();
  await openConnection(page);
  expect(await text(page, 'h1')).toBe('demo-main Disconnected');
  expect(await text(page, '#events')).toMatch(/Sent a test notice[\s\S]*Sent the owner a login link/);
  expect(await page.getByRole('link', { name: 'Disconnect …' }).count()).toBe(0);
  await demo.advance(minuteMs);
  await page.getByRole('button', { name: 'Re-authorize' }).click();
  await page.getByText('Sending Dana a login link').waitFor();
  await demo.cloud.clock.idle();
  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();
  await context.close();
});

test('everything but the countdowns works without JavaScript', async () => {
  const { page, context } = await newPage({ javaScriptEnabled: false });
  await signIn(page, operator);
  await page.getByRole('link', { name: 'demo-main' }).first().click();
  await demo.advance(minuteMs);
  // In the owner's zone, for nobody knows the reader's.
  expect(await text(page, '#lives')).toMatch(/Grant ends\s+in 1 day\s+Wed 7 Jan, \d\d:\d\d GMT-5/);
  await page.getByRole('button', { name: 'Refresh now' }).click();
  expect(await text(page, '.done')).toContain('Refreshing the access token.');
  await page.getByLabel('Reason').fill('without script');
  await page.getByRole('button', { name: 'Pause' }).click();
  expect(await text(page, '#attention')).toContain('“without script”');
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('link', { name: 'Refreshes' }).click();
  expect(await text(page, '#events')).not.toContain('Paused');
  await page.getByRole('link', { name: 'Older' }).click();
  await page.getByRole('link', { name: 'Newest' }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  expect(await text(page, 'h1')).toBe('You are signed out');
  await demo.cloud.clock.idle();
  await context.close();
});

test('a session that ends under an open page is said on it, and pressing changes nothing', async () => {
  const { page, context } = await newPage();
  await signIn(page, operator);
  await page.clock.install();
  await openConnection(page);
  await demo.advance(61 * minuteMs);
  await page.clock.runFor(16_000);
  await page.getByText('You are signed out. Reload the page to sign in.').waitFor();
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  expect(await flaws(page)).toEqual([]);
  await context.close();
});
