import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Browser, TestDemo, hourMs, linkIn, minuteMs } from '../helpers/demo.ts';
import {
  advanceUntil,
  authorizationIn,
  executionNamed,
  logInAnew,
  sleep,
  sleepUntil,
  tokenCalls,
  watch,
} from '../helpers/story.ts';

const ask = { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' };

let demo: TestDemo;
beforeAll(async () => {
  demo = await TestDemo.start();
});
afterAll(() => demo[Symbol.asyncDispose]());

test('a link that nobody uses ends after a day: its execution asks again, and the old link says so', async () => {
  await demo.advance(0);
  await sleep(demo, 25 * hourMs);
  const [first, second, ...more] = demo.mails();
  expect([first?.at, second?.at]).toEqual(['2026-01-05T12:00:00.000Z', '2026-01-06T12:00:00.000Z']);
  expect(more).toEqual([]);
  expect(await demo.executions()).toMatchObject([
    {
      status: 'RUNNING',
      states: [
        'Begin',
        'CheckGrant',
        'Choose',
        'RequestReauthorization',
        'CheckGrant',
        'Choose',
        'RequestReauthorization',
      ],
    },
  ]);
  const old = linkIn(first!)!;
  const browser = new Browser();
  expect(await browser.open(old)).toMatchObject({ status: 410, title: 'A newer link was sent' });
  expect(await browser.post(old, {})).toMatchObject({ status: 410, title: 'A newer link was sent' });
});

test('a login begun before the link ended counts after it', async () => {
  // The second link ends at 12:00.
  await sleepUntil(demo, '2026-01-07T11:55:00Z');
  const link = demo.newestLink();
  const browser = new Browser();
  const login = await browser.post(link, {});
  const story = watch(demo);
  await advanceUntil(demo, '2026-01-07T12:05:00Z');
  // Nobody is asked again while they may be typing their password.
  expect(story.mails()).toEqual([]);
  expect((await demo.executions()).map(({ status }) => status)).not.toContain('RUNNING');

  const consent = await browser.post(login.url, { login_id: 'demo', password: 'demo' });
  expect(await browser.post(consent.url, { decision: 'allow' })).toMatchObject({
    status: 200,
    title: 'Done: you are connected',
  });
  await demo.cloud.clock.idle();
  expect(await demo.grant()).toMatchObject({
    status: 'active',
    authorizedAtMs: Date.UTC(2026, 0, 7, 12, 5),
  });
});

test('declining ends that start only: the grant goes on, and the link still works', async () => {
  await demo.start(ask);
  const link = demo.newestLink();
  const before = await demo.grant();
  const secret = await demo.secret('grant');
  expect(await demo.logIn(link, 'cancel')).toMatchObject({ status: 200, title: 'Nothing was changed' });
  await demo.cloud.clock.idle();
  expect(await demo.secret('grant')).toEqual(secret);
  expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: before.grantVersionId });
  expect((await demo.executions())[0]).toMatchObject({ status: 'RUNNING' });

  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
  expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  expect((await demo.secret('grant')).versionId).not.toBe(secret.versionId);
});

test('a newer ask supersedes an older one: the old link says so, and its execution goes on at once and ends well', async () => {
  await sleepUntil(demo, '2026-02-04T12:00:00Z');
  await logInAnew(demo);
  await sleepUntil(demo, '2026-02-09T11:59:00Z');
  await advanceUntil(demo, '2026-02-09T12:01:00Z');
  const first = demo.newestLink();
  // Somebody opens the first notice's link, begins, and does not go on: an execution waits for them.
  await new Browser().post(first, {});
  await demo.cloud.clock.idle();
  const name = `demo-main-auth-${authorizationIn(first)}`;
  expect(await executionNamed(demo, name)).toMatchObject({ status: 'RUNNING' });

  await sleepUntil(demo, '2026-02-10T11:59:00Z');
  const story = watch(demo);
  await advanceUntil(demo, '2026-02-10T12:12:00Z');
  expect(story.mails().map(({ at }) => at)).toEqual(['2026-02-10T12:10:00.000Z']);
  expect(await new Browser().open(first)).toMatchObject({ status: 410, title: 'A newer link was sent' });
  const superseded = await executionNamed(demo, name);
  expect(superseded).toMatchObject({ status: 'SUCCEEDED' });
  expect(superseded!.states.slice(0, 5)).toEqual([
    'Begin',
    'CheckGrant',
    'Choose',
    'RequestReauthorization',
    'CheckGrant',
  ]);
});

test('while a login is under way the last reminder is held back; a quarter of an hour later it asks', async () => {
  // The grant ends at 12:00, and its last reminder is 11:00; checks come at 11:05 and 11:30.
  await sleepUntil(demo, '2026-02-11T06:00:00Z');
  await advanceUntil(demo, '2026-02-11T06:06:00Z');
  await sleepUntil(demo, '2026-02-11T11:00:00Z');
  const story = watch(demo);
  await new Browser().post(demo.newestLink(), {});
  await demo.brokerage.reset();
  await advanceUntil(demo, '2026-02-11T11:06:00Z');
  expect(story.mails()).toEqual([]);
  // A refresh goes on all the same.
  expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  await advanceUntil(demo, '2026-02-11T11:31:00Z');
  expect(story.mails().map(({ at, subject }) => [at, subject])).toEqual([
    ['2026-02-11T11:30:00.000Z', 'Log in to Demo Brokerage before Wed 11 Feb, 07:00 GMT-5 (demo-main)'],
  ]);
});

test('a login at the last reminder resumes the execution that waits, and no restored notice follows', async () => {
  const story = watch(demo);
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 200 });
  await demo.cloud.clock.idle();
  const asked = (await demo.executions()).find(({ states }) => states.includes('RequestReauthorization'));
  expect(asked).toMatchObject({ status: 'SUCCEEDED' });
  expect(asked!.states.slice(-3)).toEqual(['CheckGrant', 'Choose', 'Done']);
  await demo.advance(2 * hourMs);
  expect(story.mails()).toEqual([]);
  expect(demo.alerts()).toEqual([]);
});

test('while a link is open checks refresh as ever, and nobody is asked twice', async () => {
  await demo.start(ask);
  const asked = watch(demo);
  await demo.start(ask);
  expect(asked.mails()).toEqual([]);
  await demo.brokerage.reset();
  const story = watch(demo);
  await demo.advance(75 * minuteMs);
  expect(await tokenCalls(demo)).toEqual(['refresh_token 200', 'refresh_token 200', 'refresh_token 200']);
  expect(story.mails()).toEqual([]);
  const running = (await demo.executions()).filter(({ status }) => status === 'RUNNING');
  expect(running).toHaveLength(1);
});
