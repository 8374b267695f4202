import { beforeEach, describe, expect, test } from '@jest/globals';
import { administrator } from '../../../../local/aws/service.ts';
import { VirtualClock } from '../../../../local/aws/clock.ts';
import {
  CloudWatch,
  type AlarmNotification,
  type Datum,
} from '../../../../local/aws/cloudwatch/cloudwatch.ts';

const startMs = Date.parse('2026-01-05T12:00:00Z');
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const alerts = 'arn:aws:sns:us-east-1:000000000000:gk-alerts';
const recoveries = 'arn:aws:sns:us-east-1:000000000000:gk-recoveries';

let clock: VirtualClock;
let cloudWatch: CloudWatch;
let notified: AlarmNotification[];

beforeEach(() => {
  clock = new VirtualClock(startMs);
  notified = [];
  cloudWatch = new CloudWatch({
    authorize: () => undefined,
    clock: visible(clock),
    notify: async (notification) => void notified.push(notification),
  });
});

/** What it plans is in the background otherwise, where `next` does not see it. */
const visible = (virtual: VirtualClock) => ({
  now: () => virtual.now(),
  track: <T>(work: Promise<T>) => virtual.track(work),
  inBackground: (atMs: number, label: string, run: () => void) => virtual.at(atMs, label, run),
});

const metric = { namespace: 'Grantkeeper', name: 'Failed', dimensions: { service: 'demo' } };
const put = (value: number, change: Partial<Datum> = {}) => cloudWatch.put({ ...metric, value, ...change });
const addAlarm = (change: Record<string, unknown> = {}) =>
  cloudWatch.addAlarm({
    name: 'failing',
    comparisonOperator: 'GreaterThanThreshold',
    threshold: 0,
    evaluationPeriods: 1,
    metricName: 'Failed',
    namespace: 'Grantkeeper',
    dimensions: { service: 'demo' },
    statistic: 'Sum',
    period: 300,
    treatMissingData: 'missing',
    alarmActions: [alerts],
    okActions: [alerts],
    ...change,
  });
const state = (name = 'failing') => cloudWatch.alarm(name)?.state;
/** A value in each following period, `undefined` for none. @returns the alarm's state after each */
const play = async (values: readonly (number | undefined)[], periodMs = 5 * minuteMs) => {
  const states: unknown[] = [];
  for (const value of values) {
    if (value !== undefined) put(value);
    await clock.advance(periodMs);
    states.push(state());
  }
  return states;
};
const none = undefined;
const noData = 'INSUFFICIENT_DATA';

describe('An alarm', () => {
  test('starts without data, notifies nobody, and plans nothing', async () => {
    addAlarm();
    expect(cloudWatch.alarms()).toEqual([
      {
        name: 'failing',
        state: 'INSUFFICIENT_DATA',
        sinceMs: startMs,
        reason: 'Unchecked: Initial alarm creation',
      },
    ]);
    expect(clock.next()).toBeUndefined();
    expect(await clock.advance(24 * hourMs)).toEqual([]);
    expect(notified).toEqual([]);
  });

  test('goes off and comes back, with a notification for each', async () => {
    addAlarm({ alarmDescription: 'A refresh failed.', insufficientDataActions: [recoveries] });
    put(2);
    put(1);
    expect(clock.next()).toEqual({
      at: '2026-01-05T12:05:00.000Z',
      label: 'evaluating the alarm failing',
    });
    expect(await play([none, 0])).toEqual(['ALARM', 'OK']);
    expect(cloudWatch.alarm('failing')).toEqual({
      name: 'failing',
      state: 'OK',
      sinceMs: Date.parse('2026-01-05T12:10:00Z'),
      reason:
        'Threshold Crossed: 1 out of the last 1 datapoints [0.0 (05/01/26 12:05:00)] was not greater than the threshold (0.0).',
    });
    expect(notified.map(({ topicArn, subject }) => [topicArn, subject])).toEqual([
      [alerts, 'ALARM: "failing" in US East (N. Virginia)'],
      [alerts, 'OK: "failing" in US East (N. Virginia)'],
    ]);
    expect(notified[0]!.email).toContain('- Description: A refresh failed.');
    expect(notified[0]!.email).toContain('- State Change: INSUFFICIENT_DATA -> ALARM');
    expect(notified[1]!.email).toContain('- State Change: ALARM -> OK');
  });

  test('notifies each action of its new state, and none while actions are disabled', async () => {
    addAlarm({ alarmActions: [alerts, recoveries] });
    addAlarm({ name: 'silent', actionsEnabled: false });
    await play([1]);
    expect(state('silent')).toBe('ALARM');
    expect(notified.map(({ topicArn }) => topicArn)).toEqual([alerts, recoveries]);
  });

  test('is described with its actions, and whether they are enabled', async () => {
    addAlarm();
    addAlarm({ name: 'silent', actionsEnabled: false });
    const AlarmNames = ['failing', 'silent'];
    const { MetricAlarms } = await cloudWatch.call('DescribeAlarms', { AlarmNames }, administrator);
    expect(MetricAlarms).toMatchObject([
      { AlarmName: 'failing', ActionsEnabled: true, AlarmActions: [alerts] },
      { AlarmName: 'silent', ActionsEnabled: false, AlarmActions: [alerts] },
    ]);
  });

  test('cannot be changed once it is there', () => {
    addAlarm();
    expect(() => addAlarm()).toThrow('does not support changing an alarm (failing)');
  });

  test('has a subject of at most 100 ASCII characters', async () => {
    addAlarm({ name: `é${'x'.repeat(199)}` });
    await play([1]);
    expect(notified[0]?.subject).toBe(`ALARM: "?${'x'.repeat(91)}`);
  });

  test('holds the clock until its notification is delivered', async () => {
    const order: string[] = [];
    cloudWatch = new CloudWatch({
      authorize: () => undefined,
      clock,
      notify: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push('notified');
      },
    });
    addAlarm();
    put(1);
    await clock.advance(5 * minuteMs);
    order.push('stepped');
    expect(order).toEqual(['notified', 'stepped']);
  });

  test('goes off when M of N data points breach', async () => {
    addAlarm({ evaluationPeriods: 3, datapointsToAlarm: 2 });
    expect(await play([0, 0, 1, 0, 1, 0, 0])).toEqual(['OK', 'OK', 'OK', 'OK', 'ALARM', 'OK', 'OK']);
  });

  test.each([
    // The one point stays in the range of three periods; then all are missing.
    ['missing', ['ALARM', 'ALARM', 'ALARM', noData, noData]],
    ['ignore', ['ALARM', 'ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['notBreaching', ['ALARM', 'ALARM', 'ALARM', 'OK', 'OK']],
    ['breaching', ['ALARM', 'ALARM', 'ALARM', 'ALARM', 'ALARM']],
  ])('treats missing data as %s', async (treatMissingData, states) => {
    addAlarm({ treatMissingData });
    expect(await play([1, none, none, none, none])).toEqual(states);
    expect(clock.next()).toBeUndefined();
  });

  test('treats missing data as missing by default, and of DynamoDB as ignored', async () => {
    const table = { namespace: 'AWS/DynamoDB', name: 'ThrottledRequests', dimensions: {} };
    const dynamoDb = { namespace: table.namespace, metricName: table.name, dimensions: {} };
    addAlarm({ treatMissingData: undefined });
    addAlarm({ name: 'throttled', ...dynamoDb, treatMissingData: undefined });
    addAlarm({ name: 'overridden', ...dynamoDb, treatMissingData: 'missing' });
    put(1);
    put(1, table);
    await clock.advance(hourMs);
    expect(cloudWatch.alarms().map((alarm) => [alarm.name, alarm.state])).toEqual([
      ['failing', noData],
      ['throttled', 'ALARM'],
      ['overridden', noData],
    ]);
  });

  test('that fills missing data leaves its first state without any data, once', async () => {
    addAlarm({ treatMissingData: 'notBreaching' });
    addAlarm({ name: 'dead', treatMissingData: 'breaching' });
    expect(await clock.advance(24 * hourMs)).toEqual([
      { at: '2026-01-05T12:05:00.000Z', label: 'evaluating alarms' },
    ]);
    expect([state(), state('dead')]).toEqual(['OK', 'ALARM']);
    expect(notified.map(({ subject }) => subject.split(':')[0])).toEqual(['OK', 'ALARM']);
  });

  test.each([
    ['Sum', 6],
    ['Average', 2],
    ['Minimum', 1],
    ['Maximum', 3],
    ['SampleCount', 3],
  ])('watches the statistic %s', async (statistic, threshold) => {
    addAlarm({ name: 'at', statistic, threshold, comparisonOperator: 'GreaterThanOrEqualToThreshold' });
    addAlarm({ name: 'above', statistic, threshold });
    put(1);
    await clock.advance(minuteMs);
    put(3);
    await clock.advance(minuteMs);
    put(2);
    await clock.advance(3 * minuteMs);
    expect([state('at'), state('above')]).toEqual(['ALARM', 'OK']);
  });

  test('looks at its own dimensions and unit only', async () => {
    addAlarm();
    addAlarm({ name: 'count', unit: 'Count' });
    addAlarm({ name: 'seconds', unit: 'Seconds' });
    addAlarm({ name: 'others', dimensions: {} });
    put(1, { unit: 'Count' });
    await clock.advance(5 * minuteMs);
    expect(cloudWatch.alarms().map((alarm) => alarm.state)).toEqual(['ALARM', 'ALARM', noData, noData]);
  });

  test('counts a datum in the period of its own time', async () => {
    addAlarm({ evaluationPeriods: 3, datapointsToAlarm: 2 });
    expect(await play([1, 0])).toEqual([noData, 'OK']);
    put(0, { atMs: startMs - 4 * minuteMs });
    put(5, { atMs: startMs + 6 * minuteMs });
    expect(await play([none])).toEqual(['ALARM']);
  });

  test('is not evaluated for a datum older than its range', () => {
    addAlarm();
    put(1, { atMs: startMs - 11 * minuteMs });
    expect(clock.next()).toBeUndefined();
    put(1, { atMs: startMs - 9 * minuteMs });
    expect(clock.next()?.at).toBe('2026-01-05T12:05:00.000Z');
  });

  test('waits for a datum ahead of its time', async () => {
    addAlarm();
    put(1, { atMs: startMs + 2 * hourMs });
    await clock.advance(2 * hourMs);
    expect(state()).toBe(noData);
    await clock.advance(5 * minuteMs);
    expect(state()).toBe('ALARM');
  });

  test('takes data from before its creation', async () => {
    put(1);
    addAlarm();
    await clock.advance(5 * minuteMs);
    expect(state()).toBe('ALARM');
  });

  test('of a week of days sees the whole week', async () => {
    const day = 24 * hourMs;
    addAlarm({ evaluationPeriods: 7, datapointsToAlarm: 7, period: 86_400 });
    expect((await play([1, 1, 1, 1, 1, 1, 1], day)).slice(-2)).toEqual([noData, 'ALARM']);
    expect(await play([none, none, none, 0], day)).toEqual(['ALARM', 'ALARM', 'ALARM', 'OK']);
  });
});

describe('The clock', () => {
  test('has one event for all alarms due at an instant, and none once the range has run empty', async () => {
    addAlarm();
    addAlarm({ name: 'second' });
    addAlarm({ name: 'hourly', period: 3600 });
    put(0);
    const ran = await clock.advance(24 * hourMs);
    expect(ran.map(({ at, label }) => `${at.slice(11, 16)} ${label}`)).toEqual([
      '12:05 evaluating alarms',
      '12:10 evaluating alarms',
      '12:15 evaluating alarms',
      '12:20 evaluating alarms',
      '13:00 evaluating the alarm hourly',
      '14:00 evaluating the alarm hourly',
      '15:00 evaluating the alarm hourly',
      '16:00 evaluating the alarm hourly',
    ]);
    expect(clock.next()).toBeUndefined();
    put(0, { name: 'Unwatched' });
    expect(clock.next()).toBeUndefined();
  });

  test('steps 400 days with 20 alarms and a datum each 25 minutes', async () => {
    const periods = [60, 300, 900, 3600, 86_400];
    for (let index = 0; index < 20; index += 1) {
      const period = periods[index % 5] ?? 60;
      const treatMissingData = ['missing', 'ignore', 'notBreaching', 'breaching'][index % 4];
      addAlarm({
        name: `alarm-${index}`,
        period,
        evaluationPeriods: period > 3600 ? 5 : 3,
        treatMissingData,
      });
    }
    const days = 400;
    for (let tick = 0; tick < (days * 24 * 60) / 25; tick += 1) {
      put(1);
      await clock.advance(25 * minuteMs);
    }
    expect(clock.now()).toBe(Date.parse('2027-02-09T12:00:00Z'));
    expect(state('alarm-3')).toBe('ALARM');
    await clock.advance(30 * 24 * hourMs);
    expect(clock.next()).toBeUndefined();
    expect(state('alarm-4')).toBe(noData);
  });
});

test('an alarm on metric math sums all metrics', async () => {
  const query = (id: string, name: string) => ({
    id,
    metric: { namespace: 'Grantkeeper', metricName: name, period: 1800, stat: 'Sum', dimensions: {} },
  });
  cloudWatch.addAlarm({
    name: 'failing',
    comparisonOperator: 'GreaterThanOrEqualToThreshold',
    threshold: 2,
    evaluationPeriods: 1,
    metricQueries: [
      query('a', 'Ticks'),
      query('b', 'Logins'),
      { id: 'total', expression: 'SUM(METRICS())', label: 'Checks', returnData: true },
    ],
  });
  const put = (name: string) => cloudWatch.put({ namespace: 'Grantkeeper', name, dimensions: {}, value: 1 });
  put('Ticks');
  await clock.advance(30 * minuteMs);
  expect(state()).toBe('OK');
  put('Ticks');
  put('Logins');
  await clock.advance(30 * minuteMs);
  expect(state()).toBe('ALARM');
});

describe('A datum', () => {
  test('is in its statistics for 15 days', async () => {
    const statistic = (name: 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount') =>
      cloudWatch.statistic(metric, name, startMs, startMs + 10 * minuteMs);
    expect(statistic('Sum')).toBeUndefined();
    put(4);
    put(1, { atMs: startMs + 5 * minuteMs });
    put(1, { atMs: startMs + 5 * minuteMs + 1 });
    put(100, { atMs: startMs + 10 * minuteMs });
    put(100, { atMs: startMs - 1 });
    expect(
      ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].map((name) => statistic(name as 'Sum')),
    ).toEqual([6, 2, 1, 4, 3]);
    await clock.advance(15 * 24 * hourMs + minuteMs);
    put(0);
    expect(statistic('Sum')).toBe(2);
  });

  test.each<[string, Partial<Datum>, string]>([
    ['older than two weeks', { atMs: startMs - 14 * 24 * hourMs - 1 }, 'more than two weeks old'],
    ['more than two hours ahead', { atMs: startMs + 2 * hourMs + 1 }, 'two hours ahead'],
    ['that is no number', { value: NaN }, 'value'],
    ['without a namespace', { namespace: '' }, "Value at 'namespace'"],
  ])('is refused %s', (_what, change, words) => {
    expect(() => put(1, change)).toThrow(words);
    expect(cloudWatch.metrics()).toEqual([]);
  });

  test('is not supported in another unit than the metric’s', () => {
    put(1, { unit: 'Count' });
    expect(() => put(1, { unit: 'Seconds' })).toThrow(
      'does not support a metric with two units (Failed: Count and Seconds)',
    );
  });
});
