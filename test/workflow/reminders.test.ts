import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Browser, TestDemo, linkIn } from '../helpers/demo.ts';
import { withProviderData } from '../helpers/stored.ts';
import {
  advanceUntil,
  authorizationIn,
  clientRefused,
  executionNamed,
  logInAnew,
  sleepUntil,
  watch,
} from '../helpers/story.ts';

/** Checks come every 25 minutes from Monday 12:00 on: every fifth day has one at noon. */
let demo: TestDemo;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

test('each reminder of a grant of 7 days is sent once, by the first check after it, with a link that works', async () => {
  const browser = new Browser();
  const links: string[] = [];
  const story = watch(demo);
  // Two days, one day, six hours and one hour before Monday 12:00; a check comes up to 25 minutes later.
  for (const reminder of [
    '2026-01-10T12:00Z',
    '2026-01-11T12:00Z',
    '2026-01-12T06:00Z',
    '2026-01-12T11:00Z',
  ]) {
    await sleepUntil(demo, new Date(Date.parse(reminder) - 20 * 60_000).toISOString());
    expect(story.mails()).toHaveLength(links.length);
    await advanceUntil(demo, new Date(Date.parse(reminder) + 55 * 60_000).toISOString());
    links.push(demo.newestLink());
    expect(await browser.open(links.at(-1)!)).toMatchObject({
      status: 200,
      title: 'Log in to Demo Brokerage',
    });
  }

  expect(story.mails().map(({ at, subject }) => [at, subject])).toEqual([
    ['2026-01-10T12:00:00.000Z', 'Log in to Demo Brokerage before Mon 12 Jan, 07:00 GMT-5 (demo-main)'],
    ['2026-01-11T12:10:00.000Z', 'Log in to Demo Brokerage before Mon 12 Jan, 07:00 GMT-5 (demo-main)'],
    ['2026-01-12T06:05:00.000Z', 'Log in to Demo Brokerage before Mon 12 Jan, 07:00 GMT-5 (demo-main)'],
    ['2026-01-12T11:05:00.000Z', 'Log in to Demo Brokerage before Mon 12 Jan, 07:00 GMT-5 (demo-main)'],
  ]);
  expect(await demo.grant()).toMatchObject({
    sentReminders: [
      '2026-01-10T12:00:00.000Z',
      '2026-01-11T12:00:00.000Z',
      '2026-01-12T06:00:00.000Z',
      '2026-01-12T11:00:00.000Z',
    ],
  });
  for (const old of links.slice(0, -1)) {
    expect(await browser.open(old)).toMatchObject({ status: 410, title: 'A newer link was sent' });
  }
  expect(story.alerts()).toEqual([]);
});

test('the first reminders only tell, the last one asks and waits', async () => {
  const [waiting, ...others] = (await demo.executions()).filter(({ states }) =>
    states.some((state) => ['NotifyOwner', 'RequestReauthorization'].includes(state)),
  );
  expect(waiting).toMatchObject({
    status: 'RUNNING',
    states: ['Begin', 'CheckGrant', 'Choose', 'RefreshTokens', 'Choose', 'RequestReauthorization'],
  });
  expect(others.slice(0, 3).map(({ status, states }) => [status, states.at(-3)])).toEqual([
    ['SUCCEEDED', 'NotifyOwner'],
    ['SUCCEEDED', 'NotifyOwner'],
    ['SUCCEEDED', 'NotifyOwner'],
  ]);
});

test('the owner of a grant that ends unanswered hears so at that instant, and again a day later; a login brings it back', async () => {
  const story = watch(demo);
  await advanceUntil(demo, '2026-01-12T12:30:00Z');
  await sleepUntil(demo, '2026-01-13T11:59:00Z');
  expect(await demo.grant()).toMatchObject({
    authorization: { reason: 'expired', expiresAtMs: Date.UTC(2026, 0, 13, 12) },
    restoredNoticePending: true,
  });
  await advanceUntil(demo, '2026-01-13T13:00:00Z');
  expect(story.mails().map(({ at, subject }) => [at, subject])).toEqual([
    ['2026-01-12T12:00:00.000Z', 'demo-main is disconnected. Log in to Demo Brokerage to restore it'],
    ['2026-01-13T12:00:00.000Z', 'demo-main is disconnected. Log in to Demo Brokerage to restore it'],
  ]);

  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();
  expect(story.mails().slice(2)).toMatchObject([
    {
      at: '2026-01-13T13:00:00.000Z',
      subject: 'Demo Brokerage works again (demo-main)',
      text: expect.stringContaining('Your next login is due before Tue, 20 Jan 2026, 08:00 GMT-5.'),
    },
  ]);
  const asked = (await demo.executions()).find(({ states }) => states.includes('NotifyOwner'));
  expect(asked).toMatchObject({ status: 'SUCCEEDED' });
  expect(asked!.states.slice(-6)).toEqual([
    'RequestReauthorization',
    'CheckGrant',
    'Choose',
    'NotifyOwner',
    'Choose',
    'Done',
  ]);
  expect(await demo.grant()).toMatchObject({ status: 'active', restoredNoticePending: false });
});

test('the link of a notice starts an execution of its own, which attaches, sends nothing and ends with the login', async () => {
  await sleepUntil(demo, '2026-02-04T12:00:00Z');
  await logInAnew(demo);
  await sleepUntil(demo, '2026-02-09T11:55:00Z');
  const story = watch(demo);
  await advanceUntil(demo, '2026-02-09T12:00:00Z');
  const link = linkIn(story.mails()[0]!)!;
  const name = `demo-main-auth-${authorizationIn(link)}`;
  expect(await executionNamed(demo, name)).toBeUndefined();

  const callback = await demo.logInUpToCallback(link, 'cancel');
  await demo.cloud.clock.idle();
  expect(callback).toContain('error=access_denied');
  expect(await executionNamed(demo, name)).toMatchObject({
    status: 'RUNNING',
    states: ['Begin', 'CheckGrant', 'Choose', 'RequestReauthorization'],
  });
  // The same link once more: the execution is there, so none is started.
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
  expect(await executionNamed(demo, name)).toMatchObject({
    status: 'SUCCEEDED',
    states: ['Begin', 'CheckGrant', 'Choose', 'RequestReauthorization', 'CheckGrant', 'Choose', 'Done'],
  });
  expect(story.mails()).toHaveLength(1);
  expect(await new Browser().open(link)).toMatchObject({
    status: 410,
    title: 'You have logged in already',
  });
});

test('after a login before the end the reminder schedule starts again: nothing is sent at the old times', async () => {
  // Logged in on Monday 2026-02-09 12:00, two days before the old end.
  const story = watch(demo);
  await sleepUntil(demo, '2026-02-11T10:00:00Z');
  await advanceUntil(demo, '2026-02-11T13:00:00Z');
  expect(story.mails()).toEqual([]);
  expect(await demo.grant()).toMatchObject({ status: 'active', sentReminders: [] });

  await sleepUntil(demo, '2026-02-14T11:55:00Z');
  await advanceUntil(demo, '2026-02-14T12:30:00Z');
  expect(story.mails().map(({ at, subject }) => [at, subject])).toEqual([
    ['2026-02-14T12:00:00.000Z', 'Log in to Demo Brokerage before Mon 16 Feb, 07:00 GMT-5 (demo-main)'],
  ]);
});

test('where use postpones the end, an owner who was reminded hears when a refresh works again', async () => {
  await using sliding = await TestDemo.start({
    configure: (config) => {
      const connections = config['grantkeeper:connections'] as Record<string, Record<string, unknown>>;
      const reminders = [{ secondsBefore: 5400 }, { secondsBefore: 3600 }];
      return {
        ...withProviderData({ limits: { slidingSeconds: 9000 } })(config),
        'grantkeeper:connections': { 'demo-main': { ...connections['demo-main'], reminders } },
      };
    },
  });
  await sliding.connect();
  const story = watch(sliding);
  // Checks at 25, 50 and 75 minutes fail; the first reminder of an end at 150 minutes is at 60.
  await sliding.brokerage.misbehave(clientRefused, 3);
  await sliding.advance(80 * 60_000);
  expect(story.mails().map(({ at, subject }) => [at, subject])).toEqual([
    ['2026-01-05T13:15:00.000Z', 'Log in to Demo Brokerage before Mon 5 Jan, 09:30 GMT-5 (demo-main)'],
  ]);
  await sliding.advance(80 * 60_000);
  expect(
    story
      .mails()
      .slice(1)
      .map(({ at, subject }) => [at, subject]),
  ).toEqual([['2026-01-05T13:40:00.000Z', 'Demo Brokerage works again (demo-main)']]);
  expect(await sliding.grant()).toMatchObject({
    status: 'active',
    sentReminders: [],
    restoredNoticePending: false,
  });
});
