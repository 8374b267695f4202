/** When a browser is sent, and what it leaves to the owner. Each test begins where the one before has ended. */
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { TestDemo } from '../helpers/demo.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { Browser, dayMs, minuteMs } from '../helpers/demo.ts';
import { browserSecret, startWithBrowserLogin, withoutBrowser } from '../helpers/browser-login.ts';
import { advanceUntil, events, holdFunction, sleepUntil, startBeside, watch } from '../helpers/story.ts';

let demo: TestDemo;
beforeAll(async () => {
  demo = await startWithBrowserLogin({ own: { credentialsMaxAgeDays: 4 } });
  await demo.advance(0);
  await demo.cloud.clock.idle();
});
afterAll(() => demo.demo.close());

/** What the newest execution that sent a browser went through, the check and the refresh before it left out. */
async function states(): Promise<string[]> {
  const newest = (await demo.executions()).find(({ states: visited }) => visited.includes('BrowserLogin'));
  return newest!.states.filter(
    (state) => !['Begin', 'CheckGrant', 'Choose', 'RefreshTokens'].includes(state),
  );
}

/** Of browsers, oldest first. */
async function attempts(): Promise<string[]> {
  const notified = (await events(demo)).filter(({ type }) => type.startsWith('browser-'));
  return notified.map(({ type, details }) =>
    details.why === undefined ? type : `${type}: ${details.why as string}`,
  );
}

/** In real time: a browser has typed a password. */
async function untilTried(count: number): Promise<void> {
  for (let looks = 0; (await demo.brokerage.passwordsTried()) < count; looks += 1) {
    if (looks > 500) throw new Error('No password was typed within ten seconds.');
    await setTimeout(20);
  }
}

const alone = ['BrowserLogin', 'AfterBrowserLogin', 'Done'];

test('the first login is made by a browser, where its password is there before', async () => {
  expect(await demo.grant()).toMatchObject({
    status: 'active',
    authorizedAtMs: Date.parse('2026-01-05T12:00:00Z'),
  });
  expect(await states()).toEqual(alone);
  expect(demo.cloud.inbox.list()).toEqual([]);
});

test('a grant near its end is renewed at its first reminder; operators are reminded of the old password, once', async () => {
  await sleepUntil(demo, '2026-01-10T11:50:00Z');
  const inbox = watch(demo);
  await advanceUntil(demo, '2026-01-10T12:20:00Z');

  expect(await states()).toEqual(alone);
  expect(await demo.grant()).toMatchObject({ authorizedAtMs: Date.parse('2026-01-10T12:00:00Z') });
  expect(inbox.mails()).toEqual([]);
  const reminders = () => inbox.by('topic').filter(({ subject }) => subject.endsWith('password is old'));
  expect(reminders().map(({ subject, text }) => [subject, text.split('\n')[0]])).toEqual([
    [
      "Grantkeeper: demo-main: the browser's password is old",
      'The credentials with which a browser logs in for demo-main were put there 5 days ago. Change them after 4 days.',
    ],
  ]);

  await sleepUntil(demo, '2026-01-15T11:50:00Z');
  await advanceUntil(demo, '2026-01-15T12:40:00Z');
  expect(await demo.grant()).toMatchObject({ authorizedAtMs: Date.parse('2026-01-15T12:00:00Z') });
  expect(reminders()).toHaveLength(1);
});

test('where it fails at a reminder, the notice goes out in the same execution, with a link that works', async () => {
  await demo.brokerage.setLogin({ captcha: true });
  await sleepUntil(demo, '2026-01-20T11:50:00Z');
  const inbox = watch(demo);
  await advanceUntil(demo, '2026-01-20T12:50:00Z');

  const [notified] = inbox.mails();
  expect(notified!.subject).toMatch(/expires|ends|log in/i);
  expect(inbox.mails()).toHaveLength(1);
  expect(inbox.alerts()).toHaveLength(1);
  const notice = (await demo.executions()).find(({ states: visited }) => visited.includes('NotifyOwner'))!;
  expect(notice.states.filter((state) => !['Begin', 'CheckGrant', 'RefreshTokens'].includes(state))).toEqual([
    'Choose',
    'Choose',
    'BrowserLogin',
    'RecordIncident',
    'AlertOperator',
    'RecordFailure',
    'AfterAlert',
    'AskOwner',
    'NotifyOwner',
    'Choose',
    'Failed',
  ]);
  // The alert that was sent is no reason for another one.
  expect(await demo.grant()).toMatchObject({ authorization: { reason: 'reminder' } });
  expect((await attempts()).slice(-1)).toEqual(['browser-failed: captcha']);
});

test('while a browser is under way an older link waits for a moment, and works again when it has come to nothing', async () => {
  const link = demo.newestLink();
  const owner = new Browser();
  expect((await owner.open(link)).title).toBe('Log in to Demo Brokerage');
  await demo.brokerage.setLogin({ captcha: true, slowMs: 1_500 });
  const tried = await demo.brokerage.passwordsTried();
  await sleepUntil(demo, '2026-01-21T12:20:00Z');
  const reminder = advanceUntil(demo, '2026-01-21T12:50:00Z');
  await untilTried(tried + 1);
  expect((await owner.post(link, {}, demo.brokerage.issuer)).title).toBe('A newer link was sent');
  await reminder;

  // A second attempt for the second reminder, and no second alert; the owner has a newer link.
  expect(await demo.brokerage.passwordsTried()).toBe(tried + 1);
  expect((await attempts()).slice(-2)).toEqual(['browser-failed: captcha', 'browser-failed: captcha']);
  expect(demo.newestLink()).not.toBe(link);
  expect(await demo.item('browser-login')).toMatchObject({
    attempt: { previous: { reason: 'reminder' } },
  });
});

test('none is sent while the owner is logging in', async () => {
  await demo.brokerage.setLogin({});
  const tried = await demo.brokerage.passwordsTried();
  const held = holdFunction(demo, 'request-browser-login');
  await sleepUntil(demo, '2026-01-22T06:25:00Z');
  const reminder = advanceUntil(demo, '2026-01-22T06:30:10Z');
  await held.reached();
  const owner = new Browser();
  const callback = await demo.logInUpToCallback(demo.newestLink(), 'allow', owner);
  const byOwner = await demo.brokerage.passwordsTried();
  held.release();
  await reminder;

  expect(byOwner).toBe(tried + 1);
  expect(await demo.brokerage.passwordsTried()).toBe(byOwner);
  expect((await attempts()).at(-1)).toBe('browser-skipped: owner-logs-in');
  // Their link ends before the next check, so that they are sent another one, browser or not.
  expect(await states()).toEqual(['BrowserLogin', 'AfterBrowserLogin', 'AskOwner', 'NotifyOwner', 'Done']);
  expect((await owner.open(callback)).title).toBe('Done: you are connected');
  await demo.cloud.clock.idle();
  // It was the owner who logged in: that the browser works again nobody knows.
  expect(demo.cloud.inbox.list().filter(({ subject }) => subject.endsWith('works again'))).toEqual([]);
});

test('an attempt whose function dies is not made twice, and its login is not lost', async () => {
  await demo.brokerage.setLogin({ slowMs: 1_500 });
  const tried = await demo.brokerage.passwordsTried();
  await demo.advance(16 * minuteMs);
  const ask = demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  await untilTried(tried + 1);
  await demo.cloud.lambda.kill(({ functionName }) => functionName.endsWith('-request-browser-login'));
  await ask;
  await demo.advance(10 * minuteMs);

  expect(await demo.brokerage.passwordsTried()).toBe(tried + 1);
  expect((await attempts()).at(-1)).toBe('browser-logged-in');
  expect(
    (await demo.executions()).find(({ states: visited }) => visited.includes('BrowserLogin')),
  ).toMatchObject({
    status: 'SUCCEEDED',
  });
});

test('a browser that dies is alerted, and the owner has the link', async () => {
  await demo.advance(16 * minuteMs);
  const inbox = watch(demo);
  const tried = await demo.brokerage.passwordsTried();
  const ask = demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  await untilTried(tried + 1);
  await demo.cloud.lambda.kill(({ functionName }) => functionName.includes('-browser-login-demo-main'));
  await ask;

  expect(inbox.alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: BrowserUnavailableError',
  ]);
  expect(inbox.alerts()[0]!.text).toContain(
    'the browser did not start, or crashed. Its function ended with Runtime.ExitError.',
  );
  expect(inbox.mails()).toHaveLength(1);
  expect((await states()).at(-1)).toBe('RequestReauthorization');
});

test('after a browser of which nothing was heard none is sent until the credentials change, or somebody asks by hand', async () => {
  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();
  const tried = await demo.brokerage.passwordsTried();
  const { authorizedAtMs } = (await demo.grant()) as { authorizedAtMs: number };
  await sleepUntil(demo, new Date(authorizedAtMs + 5 * dayMs - 5 * minuteMs).toISOString());
  await demo.advance(30 * minuteMs);
  expect((await attempts()).at(-1)).toBe('browser-skipped: unheard-before');
  expect(await demo.brokerage.passwordsTried()).toBe(tried);

  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  expect((await attempts()).at(-1)).toBe('browser-logged-in');
  expect(await demo.item('browser-login')).not.toHaveProperty('unheardAtMs');
});

test('a check beside one whose browser is under way sends no second one, whatever it is for', async () => {
  const { authorizedAtMs } = (await demo.grant()) as { authorizedAtMs: number };
  await demo.brokerage.setLogin({ captcha: true, slowMs: 2_000 });
  const tried = await demo.brokerage.passwordsTried();
  await sleepUntil(demo, new Date(authorizedAtMs + 5 * dayMs - 5 * minuteMs).toISOString());
  const before = (await attempts()).length;
  const reminder = demo.advance(30 * minuteMs);
  await untilTried(tried + 1);
  // Of the same reminder, and asked for by hand.
  await startBeside(demo, { connectionId: 'demo-main', trigger: 'operator' });
  await startBeside(demo, { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  await reminder;

  expect(await demo.brokerage.passwordsTried()).toBe(tried + 1);
  const since = (await attempts()).slice(before);
  expect(since.filter((attempt) => attempt === 'browser-failed: captcha')).toHaveLength(1);
  expect(new Set(since)).toEqual(new Set(['browser-failed: captcha', 'browser-skipped: under-way']));
});

test.each([
  ['the table does not take what follows from it', 'fail'],
  ['the function dies as it writes that down', 'kill'],
] as const)('a password that was refused is not typed again where %s', async (_, kind) => {
  await demo.brokerage.setLogin({});
  await putSecretValue(
    demo.cloud,
    browserSecret,
    JSON.stringify({ username: 'demo', password: `wrong-${kind}` }),
  );
  await demo.advance(16 * minuteMs);
  const tried = await demo.brokerage.passwordsTried();
  const inbox = watch(demo);
  await demo.cloud.faults.plan({
    call: 'dynamodb:UpdateItem',
    by: 'request-browser-login',
    containing: '#ended',
    kind,
    times: kind === 'fail' ? 3 : 1,
  });
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  await demo.advance(16 * minuteMs);
  expect(await demo.brokerage.passwordsTried()).toBe(tried + 1);
  expect(inbox.alerts()).toHaveLength(1);
  expect(inbox.mails()).toHaveLength(1);

  // The end of the grant is an occasion of its own, and nobody has asked by hand.
  await demo.brokerage.revokeAllGrants();
  await demo.advance(50 * minuteMs);
  expect(await demo.brokerage.passwordsTried()).toBe(tried + 1);
  expect((await attempts()).at(-1)).toBe('browser-skipped: unheard-before');
  await demo.logIn(demo.newestLink());
  await putSecretValue(demo.cloud, browserSecret, JSON.stringify({ username: 'demo', password: 'demo' }));
  await demo.advance(16 * minuteMs);
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  expect((await attempts()).at(-1)).toBe('browser-logged-in');
});

test('once a connection has opted out, what its browser failed of is over', async () => {
  await demo.brokerage.setLogin({ captcha: true });
  await demo.advance(16 * minuteMs);
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  const inbox = watch(demo);
  await withoutBrowser(demo);
  await demo.advance(30 * minuteMs);
  expect(inbox.recoveries()).toHaveLength(1);
});
