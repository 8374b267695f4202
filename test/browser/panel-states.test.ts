/** A connection's page in every state that it can be in, with what somebody would do to it from outside. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';

import { administrator } from '../../local/aws/service.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { TestDemo, dayMs, hourMs, minuteMs, startMs } from '../helpers/demo.ts';
import { flaws, picture } from '../helpers/looks.ts';
import { operator, signInLink } from '../helpers/panel.ts';

let browser: Browser;
let demo: TestDemo;
let page: Page;
const alarms: string[] = [];
beforeAll(async () => {
  [browser, demo] = await Promise.all([launchChromium(), TestDemo.start()]);
  page = await browser.newPage({ timezoneId: 'America/New_York' });
  page.on('dialog', (dialog) => void alarms.push(dialog.message()));
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

type Attributes = Readonly<Record<string, unknown>>;
const script = `<img src=x onerror="alert('1')"><script>alert(2)</script>`;

const kept = (loginMs: number, change: Attributes = {}) => ({
  status: 'active',
  authorizedAtMs: loginMs,
  refreshedAtMs: startMs,
  accessExpiresAtMs: startMs + 20 * minuteMs,
  lastTick: { scheduledTime: new Date(startMs).toISOString(), executionName: 'x' },
  ...change,
});

interface State {
  readonly name: string;
  readonly grant: Attributes;
  /** Of an open incident: its step. */
  readonly incident?: string;
  readonly heading: string;
  readonly says: RegExp;
}

const states: readonly State[] = [
  {
    name: 'never',
    grant: {},
    heading: 'demo-main Waiting for login',
    says: /Not connected yet: Dana has to log in to Demo Brokerage for the first time\./,
  },
  {
    name: 'set-up',
    grant: { setUp: true },
    heading: 'demo-main Set-up',
    says: /Set-up is not complete: the client’s credentials are missing\./,
  },
  {
    name: 'rejected',
    grant: kept(startMs, { status: 'rejected' }),
    heading: 'demo-main Expired',
    says: /Demo Brokerage rejected the grant\..*Login needed: the provider rejected the grant\./s,
  },
  {
    name: 'ended',
    grant: kept(startMs - 8 * dayMs),
    heading: 'demo-main Expired',
    says: /The grant ended Sun 4 Jan, 07:00 GMT-5 \(1 day ago\)\..*Login needed: the grant has ended\./s,
  },
  {
    name: 'without-access',
    grant: kept(startMs - hourMs, { accessExpiresAtMs: startMs - 10 * minuteMs }),
    heading: 'demo-main Failing',
    says: /The access token ended Mon 5 Jan, 06:50 GMT-5 \(10 minutes ago\) and was not refreshed\./,
  },
  {
    name: 'silent',
    grant: kept(startMs - dayMs, {
      lastTick: { scheduledTime: new Date(startMs - 3 * hourMs).toISOString(), executionName: 'x' },
    }),
    heading: 'demo-main Failing',
    says: /No check since Mon 5 Jan, 04:00 GMT-5 \(3 hours ago\)\./,
  },
  {
    name: 'failing',
    grant: kept(startMs - dayMs),
    incident: 'RefreshTokens',
    heading: 'demo-main Failing',
    says: /RefreshTokens has been failing since .*: ClientRejectedError\. <img src=x.*Store the right client id and secret/s,
  },
  {
    name: 'unreached',
    grant: kept(startMs - dayMs),
    incident: 'Slack',
    heading: 'demo-main Healthy',
    says: /Slack has not reached Dana since/,
  },
  {
    name: 'logging-in',
    grant: kept(startMs - dayMs, {
      authorization: {
        authorizationId: 'a'.repeat(20),
        reason: 'requested',
        expiresAtMs: startMs + hourMs,
        startedAtMs: startMs - 2 * minuteMs,
      },
    }),
    heading: 'demo-main Waiting for login',
    says: /Dana is logging in, since /,
  },
  {
    name: 'disconnected',
    grant: { status: 'disconnected' },
    heading: 'demo-main Disconnected',
    says: /Disconnected\. To restore it, an operator has to send Dana a login link\./,
  },
  {
    name: 'disconnecting',
    grant: kept(startMs - dayMs, { disconnection: { atMs: startMs, by: operator } }),
    heading: 'demo-main Disconnected',
    says: /Being disconnected\. If something cannot be finished now, a later check finishes it\./,
  },
  {
    name: 'paused',
    grant: kept(startMs - dayMs, { paused: true, pause: { by: script, reason: script, atMs: startMs } }),
    heading: 'demo-main Paused',
    says: /Paused by <img src=x .*“<img src=x onerror=.*Nothing is refreshed, and .* gets no notices\./s,
  },
];

test.each(states)('$name: $heading', async ({ name, grant, incident, heading, says }) => {
  await put('grant', grant);
  await put('incident#RefreshTokens#ClientRejectedError', undefined);
  await put('incident#Slack#ClientRejectedError', undefined);
  if (incident !== undefined) {
    const since = new Date(startMs - hourMs).toISOString();
    await put(`incident#${incident}#ClientRejectedError`, {
      since,
      reason: script,
      executionId: 'arn:aws:states:x',
    });
  }
  await page.goto(`${demo.cloud.apiUrl}/panel/connections/demo-main`);
  expect(await page.locator('h1').innerText()).toBe(heading);
  expect(await page.locator('main').innerText()).toMatch(says);
  expect(await flaws(page)).toEqual([]);
  await picture(page, `state-${name}`);
  await page.goto(`${demo.cloud.apiUrl}/panel`);
  expect(await page.locator('.badge').innerText()).toBe(heading.replace('demo-main ', ''));
  expect(alarms).toEqual([]);
});

/** Writes an item as it stands; undefined takes it away. */
async function put(sk: string, attributes: Attributes | undefined): Promise<void> {
  const TableName = demo.cloud.outputs.tableName;
  const Key = { pk: { S: 'connection#demo-main' }, sk: { S: sk } };
  await (attributes === undefined
    ? demo.cloud.dynamoDb.call('DeleteItem', { TableName, Key }, administrator)
    : demo.cloud.dynamoDb.call(
        'PutItem',
        { TableName, Item: { ...Key, ...marshalled(attributes) } },
        administrator,
      ));
}

function marshalled(value: Attributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (typeof each === 'number') return [name, { N: String(each) }];
      if (typeof each === 'boolean') return [name, { BOOL: each }];
      return [name, typeof each === 'string' ? { S: each } : { M: marshalled(each as Attributes) }];
    }),
  );
}
