import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import { isExhaustive } from '../helpers/exhaustive.ts';
import { withProviderData } from '../helpers/stored.ts';
import { clientRefused, sleep, sleepUntil, watch } from '../helpers/story.ts';
import { Wiretap, accessDenied } from '../helpers/wiretap.ts';

let demo: TestDemo;
let story: ReturnType<typeof watch>;
beforeEach(async () => {
  demo = await TestDemo.start();
  story = watch(demo);
});
afterEach(() => demo[Symbol.asyncDispose]());

const state = (name: string) => demo.cloud.cloudWatch.alarm(`grantkeeper-local-${name}`)!.state;
const statistic = (
  name: string,
  dimensions: Record<string, string> = {},
  statisticName: 'Sum' | 'Minimum' = 'Sum',
) =>
  demo.cloud.cloudWatch.statistic(
    { namespace: 'Grantkeeper', name, dimensions: { service: 'grantkeeper-local', ...dimensions } },
    statisticName,
    0,
    demo.cloud.clock.now() + minuteMs,
  );
/** `name` of those that have gone off, `-name` of those that have come back, in order. */
const notified = () =>
  story.alarms().map(({ subject, text }) => {
    const [, gone] = /^ALARM: "grantkeeper-local-([\w-]+)"/.exec(subject) ?? [];
    return gone ?? `-${/alarm grantkeeper-local-([\w-]+) is over/.exec(text)![1]}`;
  });

test('a connection that works for six hours sets off no alarm', async () => {
  await demo.connect();
  await demo.advance(6 * hourMs);
  expect(notified()).toEqual([]);
  expect(state('checks-stopped')).toBe('OK');
  expect(statistic('ChecksCompleted')).toBe(16);
  expect(statistic('RefreshesSucceeded')).toBe(14);
  expect(statistic('SecondsToAccessExpiry', {}, 'Minimum')).toBe(300);
  expect(statistic('SecondsToDeadline', {}, 'Minimum')).toBe(7 * 86_400 - 14 * 25 * 60);
  expect(statistic('CallbacksCompleted', { outcome: 'first' })).toBe(1);
  expect(statistic('NoticesSent', { channel: 'slack' })).toBe(1);
  expect(statistic('RefreshesFailed')).toBeUndefined();
});

test('the alarm on stopped checks goes off within three ticks and lasts as long as they are stopped, also before the first one', async () => {
  await sleep(demo, 5 * hourMs);
  expect([notified(), state('checks-stopped')]).toEqual([['checks-stopped'], 'ALARM']);
  await demo.advance(30 * minuteMs);
  expect(notified()).toEqual(['checks-stopped', '-checks-stopped']);
  story = watch(demo);
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 200 });
  await demo.advance(50 * minuteMs);
  const lastCheckMs = demo.cloud.clock.now();
  await sleep(demo, 75 * minuteMs);
  expect(notified()).toEqual(['checks-stopped']);
  expect(Date.parse(story.alarms()[0]!.at) - lastCheckMs).toBeLessThanOrEqual(75 * minuteMs);
  expect(story.alarms()[0]!.text).toContain('No check was completed for three ticks');
  await sleep(demo, 48 * hourMs);
  expect([notified(), state('checks-stopped')]).toEqual([['checks-stopped'], 'ALARM']);
  await demo.advance(30 * minuteMs);
  expect(notified().slice(0, 2)).toEqual(['checks-stopped', '-checks-stopped']);
});

test('refreshes that fail again and again, and an access token that has ended, until it is mended', async () => {
  await demo.connect();
  await demo.brokerage.misbehave(clientRefused, 4);
  await demo.advance(100 * minuteMs);
  expect(notified()).toEqual(
    expect.arrayContaining([
      'refreshes-failing',
      'access-token-expired',
      'executions-failed',
      'functions-failing',
    ]),
  );
  expect(statistic('RefreshesFailed', { reason: 'ClientRejectedError' })).toBe(4);
  await demo.advance(150 * minuteMs);
  expect(notified()).toEqual(
    expect.arrayContaining([
      '-refreshes-failing',
      '-access-token-expired',
      '-executions-failed',
      '-functions-failing',
    ]),
  );
  expect(demo.cloud.cloudWatch.alarms().filter((alarm) => alarm.state === 'ALARM')).toEqual([]);
});

test.each([1800, 3600])(
  'what goes on failing goes off once and stays, with access tokens of %d seconds',
  async (accessTokenLifetimeSeconds) => {
    await using failing = await TestDemo.start({
      configure: withProviderData({ accessTokenLifetimeSeconds }),
      limits: { accessSeconds: accessTokenLifetimeSeconds },
    });
    await failing.connect();
    const { alarms } = watch(failing);
    await failing.brokerage.misbehave(clientRefused, 400);
    await failing.advance((isExhaustive ? 16 : 8) * hourMs);
    const names = alarms().map(({ subject }) => /^ALARM: "grantkeeper-local-([\w-]+)"/.exec(subject)?.[1]);
    expect(new Set(names)).toEqual(
      new Set(['access-token-expired', 'executions-failed', 'functions-failing', 'refreshes-failing']),
    );
    expect(names).toHaveLength(4);
  },
);

test('a deadline within the hour, until the owner has logged in', async () => {
  await demo.connect();
  await sleepUntil(demo, '2026-01-12T09:30:00Z');
  await demo.advance(40 * minuteMs);
  expect(state('deadline-near')).not.toBe('ALARM');
  await demo.advance(90 * minuteMs);
  expect(state('deadline-near')).toBe('ALARM');
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 200 });
  await demo.advance(90 * minuteMs);
  expect(state('deadline-near')).toBe('OK');
});

test.each(['callback', 'reauthorize'])(
  'a page that fails at its first read (%s), where nobody knows yet whose it is, sets off an alarm',
  async (principal) => {
    const tap = new Wiretap(demo);
    await demo.advance(0);
    const link = demo.newestLink();
    tap.refuse = (call) =>
      call.principal === principal && call.action === 'dynamodb:GetItem' ? accessDenied(call) : undefined;
    const page = await demo.logIn(link).catch(() => undefined);
    if (page) expect(page).toMatchObject({ status: 500, title: 'Something went wrong on our side' });
    await demo.advance(6 * minuteMs);
    expect(notified()).toContain('pages-failing');
    tap.refuse = () => undefined;
    expect(await demo.logIn(link)).toMatchObject({ status: 200 });
    await demo.advance(80 * minuteMs);
    expect(notified()).toContain('-pages-failing');
  },
);

test('a check that could not be started sets off an alarm when it is given up', async () => {
  await demo.connect();
  await demo.cloud.faults.plan({ call: 'states:StartExecution', kind: 'fail', times: 20 });
  await demo.advance(50 * minuteMs);
  expect(notified()).toContain('dead-letters');
});

test('several callbacks of ours that were refused set off an alarm', async () => {
  await demo.advance(0);
  const callback = await demo.logInUpToCallback(demo.newestLink());
  for (let times = 0; times < 3; times += 1) expect((await fetch(callback)).status).toBe(400);
  await demo.advance(10 * minuteMs);
  expect(notified()).toContain('logins-refused');
  expect(statistic('CallbacksRefused', { outcome: 'other-browser' })).toBe(3);
});

test('every log line is JSON, and the execution’s name goes through all that work for it', async () => {
  await demo.connect();
  const lines = demo.cloud.lambda.logs
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>)
    .filter((line) => !('_aws' in line));
  const asking = lines.find(({ message }) => message === 'request-reauthorization')!;
  const ofExecution = lines.filter(({ correlation_id: id }) => id === asking.correlation_id);
  expect(ofExecution.map(({ message, outcome }) => `${String(message)}: ${String(outcome)}`)).toEqual([
    'check-grant: checked',
    'request-reauthorization: asked',
    'check-grant: checked',
  ]);
  expect((await demo.executions()).map(({ name }) => name)).toContain(asking.correlation_id);
  const pages = lines.filter(({ message }) => message === 'reauthorize' || message === 'callback');
  expect(new Set(pages.map(({ correlation_id: id }) => id))).toEqual(
    new Set([expect.stringMatching(/^demo-main-auth-[a-z0-9]{20}$/)]),
  );
  expect(asking).toMatchObject({ level: 'INFO', service: 'grantkeeper-local', connection_id: 'demo-main' });
});
