import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';

import { launchChromium } from '../helpers/chromium.ts';
import { TestDemo } from '../helpers/demo.ts';
import { flaws, picture } from '../helpers/looks.ts';
import { Site } from '../helpers/site.ts';

let browser: Browser;
let site: Site;
beforeAll(async () => {
  browser = await launchChromium();
  site = await Site.start();
});
afterAll(async () => {
  site.close();
  await browser.close();
});

async function newPage(): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return { page, problems };
}

test('an owner clicks the link, logs in at another site by way of a second origin, and is connected', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const { page, problems } = await newPage();
  const origins = new Set<string>();
  page.on('request', (request) => origins.add(new URL(request.url()).origin));

  await page.goto(demo.newestLink());
  expect(await page.getByRole('heading').textContent()).toBe('Log in to Demo Brokerage');
  // The policy lets the page's own style through, and the style fills the button.
  expect(await page.evaluate("getComputedStyle(document.querySelector('button')).color")).toBe(
    'rgb(255, 255, 255)',
  );
  expect(await flaws(page)).toEqual([]);
  await picture(page, '1-link');

  await page.getByRole('button', { name: 'Continue to Demo Brokerage' }).click();
  await page.getByLabel('Login ID').fill('demo');
  await page.getByLabel('Password').fill('demo');
  await picture(page, '2-login');
  await page.getByRole('button', { name: 'Log in' }).click();
  await picture(page, '3-consent');
  await page.getByRole('button', { name: 'Allow' }).click();

  expect(await page.getByRole('heading').textContent()).toBe('Done: you are connected');
  expect(await flaws(page)).toEqual([]);
  await picture(page, '4-done');
  expect([...origins]).toEqual([demo.cloud.apiUrl, demo.brokerage.issuer, demo.brokerage.hopOrigin]);
  expect(problems).toEqual([]);
  await demo.cloud.clock.idle();
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });

  // The back button and a second visit explain themselves.
  await page.reload();
  expect(await page.getByRole('heading').textContent()).toBe('Done: you are connected');
  await page.goto(demo.newestLink());
  expect(await page.getByRole('heading').textContent()).toBe('You have logged in already');
  expect(await flaws(page)).toEqual([]);
  await picture(page, '5-second-visit');
  await page.close();
});

test('the page of an owner who declines says that nothing changed, and the link goes on working', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const { page } = await newPage();
  for (const [choice, heading] of [
    ['Cancel', 'Nothing was changed'],
    ['Allow', 'Done: you are connected'],
  ] as const) {
    await page.goto(demo.newestLink());
    await page.getByRole('button').click();
    await page.getByLabel('Login ID').fill('demo');
    await page.getByLabel('Password').fill('demo');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: choice }).click();
    expect(await page.getByRole('heading').textContent()).toBe(heading);
    expect(await flaws(page)).toEqual([]);
    await picture(page, `6-${choice}`);
  }
  await page.close();
});

test('a page of another site that sends the form of a link begins nothing; the button of the link does', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const link = demo.newestLink();
  site.show({ 'GET /evil': `<form method=post action="${link}"><button>You have won</button></form>` });
  const { page } = await newPage();
  // Another name is another site, though it is the same machine.
  await page.goto(`${site.origin.replace('127.0.0.1', 'localhost')}/evil`);
  await page.getByRole('button').click();
  expect(page.url()).toBe(link);
  expect(await page.getByRole('heading').textContent()).toBe('Another site sent you here');
  expect(await flaws(page)).toEqual([]);
  await picture(page, '8-another-site');
  expect(await page.context().cookies()).toEqual([]);

  await page.goto(link);
  await page.getByRole('button').click();
  expect(await page.getByLabel('Login ID').count()).toBe(1);
  await page.close();
});

test('a callback opened in another browser stores nothing', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const callback = await demo.logInUpToCallback(demo.newestLink());
  const { page } = await newPage();
  await page.goto(callback);
  expect(await page.getByRole('heading').textContent()).toBe('This login began in another browser');
  expect(await flaws(page)).toEqual([]);
  await picture(page, '7-another-browser');
  await page.goto(`${demo.newestLink().slice(0, -1)}_`);
  expect(await page.getByRole('heading').textContent()).toBe('This link is not valid');
  expect(await flaws(page)).toEqual([]);
  expect(await demo.grant()).toMatchObject({ authorization: { reason: 'first-login' } });
  expect((await demo.grant()).status).toBeUndefined();
  await page.close();
});

test('an owner whom the provider sends back without a code reads whose it is to mend, and logs in by the same link', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const { page } = await newPage();
  const { issuer } = demo.brokerage;
  let state = '';
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/v1/oauth/authorize') state = url.searchParams.get('state')!;
  });
  for (const [name, answer, heading] of [
    ['not-now', { error: 'temporarily_unavailable', iss: issuer }, 'Demo Brokerage could not log you in'],
    ['unfinished', { error: 'login_required', iss: issuer }, 'Your login was not finished'],
    ['operator', { error: 'invalid_scope', iss: issuer }, 'Demo Brokerage refused this installation'],
    ['issuer', { code: 'c', iss: `${issuer}/` }, 'Your login could not be verified'],
  ] as const) {
    await page.goto(demo.newestLink());
    await page.getByRole('button').click();
    await page.goto(`${demo.cloud.apiUrl}/callback?${String(new URLSearchParams({ ...answer, state }))}`);
    expect(await page.getByRole('heading').textContent()).toBe(heading);
    expect(await flaws(page)).toEqual([]);
    await picture(page, `back-${name}`);
  }
  await demo.advance(1000);
  await page.goto(demo.newestLink());
  await page.getByRole('button').click();
  await page.getByLabel('Login ID').fill('demo');
  await page.getByLabel('Password').fill('demo');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  expect(await page.getByRole('heading').textContent()).toBe('Done: you are connected');
  await page.close();
});
