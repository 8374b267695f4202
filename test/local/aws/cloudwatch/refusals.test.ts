import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../../../local/aws/clock.ts';
import { CloudWatch } from '../../../../local/aws/cloudwatch/cloudwatch.ts';

const cloudWatch = () =>
  new CloudWatch({
    authorize: () => undefined,
    clock: new VirtualClock(Date.parse('2026-01-05T12:00:00Z')),
    notify: async () => undefined,
  });

const alerts = 'arn:aws:sns:us-east-1:000000000000:gk-alerts';
const base = {
  name: 'failing',
  comparisonOperator: 'GreaterThanThreshold',
  threshold: 0,
  evaluationPeriods: 3,
};
const single = {
  metricName: 'Failed',
  namespace: 'Grantkeeper',
  statistic: 'Sum',
  period: 300,
  dimensions: { service: 'keeper' },
};
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`d${index}`, 'a']));

describe('An alarm', () => {
  test('is taken with all that is supported', () => {
    const cloud = cloudWatch();
    cloud.addAlarm({
      ...base,
      ...single,
      datapointsToAlarm: 2,
      treatMissingData: 'ignore',
      unit: 'Count',
      dimensions: many(30),
      actionsEnabled: true,
      alarmDescription: 'A refresh failed.',
      alarmActions: Array<string>(5).fill(alerts),
      okActions: [alerts],
      insufficientDataActions: [],
      tags: { stack: 'prod' },
    });
    cloud.addAlarm({ ...base, ...single, name: 'a day of minutes', period: 60, evaluationPeriods: 1440 });
    cloud.addAlarm({ ...base, ...single, name: 'a week of hours', period: 3600, evaluationPeriods: 168 });
    expect(cloud.alarms().map(({ name }) => name)).toEqual([
      'failing',
      'a day of minutes',
      'a week of hours',
    ]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no name', { name: undefined }, "Value at 'name'"],
    ['an empty name', { name: '' }, "Value at 'name'"],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, "Value at 'name'"],
    ['a control character in its name', { name: 'a\nb' }, "Value at 'name'"],
    ['an unknown operator', { comparisonOperator: 'EqualToThreshold' }, "Value at 'comparisonOperator'"],
    ['no threshold', { threshold: undefined }, "Value at 'threshold'"],
    ['no evaluation period', { evaluationPeriods: 0 }, "Value at 'evaluationPeriods'"],
    ['half an evaluation period', { evaluationPeriods: 1.5 }, 'evaluationPeriods: expected int'],
    ['M above N', { datapointsToAlarm: 4 }, 'datapointsToAlarm is at most evaluationPeriods'],
    ['an unknown treatment', { treatMissingData: 'drop' }, "Value at 'treatMissingData'"],
    ['an unknown statistic', { statistic: 'Median' }, "Value at 'statistic'"],
    ['an unknown unit', { unit: 'Days' }, "Value at 'unit'"],
    ['a period of 90 s', { period: 90 }, '10, 20, 30 or a multiple of 60'],
    ['a period of 0 s', { period: 0 }, '10, 20, 30 or a multiple of 60'],
    ['more than a day of minutes', { period: 60, evaluationPeriods: 1441 }, 'at most 86400 s'],
    ['more than a week of hours', { period: 3600, evaluationPeriods: 169 }, 'at most 604800 s'],
    ['31 dimensions', { dimensions: many(31) }, 'at most 30 dimensions'],
    ['six actions', { okActions: Array<string>(6).fill(alerts) }, "Value at 'okActions'"],
    ['no metric', { metricName: undefined }, 'needs metricName, namespace, statistic and period'],
    ['no statistic', { statistic: undefined }, 'needs metricName, namespace, statistic and period'],
    ['a metric beside queries', { metricQueries: [{ id: 'a', metric: {} }] }, 'metricQueries'],
  ])('is refused with %s', (_what, change, words) => {
    expect(() => cloudWatch().addAlarm({ ...base, ...single, ...change })).toThrow(words);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown property', { warmUp: 5 }, 'the parameter warmUp of cloudwatch:PutMetricAlarm'],
    ['percentiles', { extendedStatistic: 'p99' }, 'the parameter extendedStatistic'],
    ['a threshold from a band', { thresholdMetricId: 'e1' }, 'the parameter thresholdMetricId'],
    [
      'anomaly detection',
      { comparisonOperator: 'GreaterThanUpperThreshold' },
      'the comparison operator Greater',
    ],
    ['a period of 10 s', { period: 10 }, 'alarms of high resolution (a period of 10 s)'],
    [
      'a Lambda action',
      { alarmActions: ['arn:aws:lambda:us-east-1:000000000000:function:f'] },
      'the alarm action arn:aws:lambda:us-east-1:000000000000:function:f',
    ],
    [
      'an EC2 action',
      { okActions: ['arn:aws:automate:us-east-1:ec2:stop'] },
      'the alarm action arn:aws:automate',
    ],
    [
      'a topic elsewhere',
      { insufficientDataActions: ['arn:aws:sns:eu-west-1:000000000000:a'] },
      'the alarm action arn:aws:sns:eu-west-1',
    ],
  ])('is not supported with %s', (_what, change, words) => {
    expect(() => cloudWatch().addAlarm({ ...base, ...single, ...change })).toThrow(
      `The embedded cloud does not support ${words}`,
    );
  });

  test('is not changed once it is there', () => {
    const cloud = cloudWatch();
    cloud.addAlarm({ ...base, ...single });
    expect(() => cloud.addAlarm({ ...base, ...single })).toThrow(
      'does not support changing an alarm (failing)',
    );
  });

  const query = (id: string, metric: Record<string, unknown> = {}, change: Record<string, unknown> = {}) => ({
    id,
    metric: { metricName: 'Failed', namespace: 'Grantkeeper', period: 300, stat: 'Sum', ...metric },
    ...change,
  });
  const returned = { id: 'e', expression: 'a', returnData: true };
  const eleven = Array.from({ length: 11 }, (_, index) => `m${index}`);
  test.each<[string, unknown[], string]>([
    ['no queries', [], 'metricQueries'],
    ['no returned one', [query('a')], 'exactly one of metricQueries has returnData'],
    ['two returned', [query('a', {}, { returnData: true }), returned], 'exactly one of metricQueries'],
    ['one id twice', [query('a'), query('a'), returned], 'ids must differ'],
    ['a capital id', [query('A'), returned], "Value at 'metricQueries.0.id'"],
    ['neither metric nor expression', [{ id: 'a' }, returned], 'either an expression or a metric'],
    ['both', [query('a', {}, { expression: 'e' }), returned], 'either an expression or a metric'],
    [
      'two periods',
      [query('a'), query('b', { period: 60 }), returned],
      'all metrics of an alarm have one period',
    ],
    ['no metric', [returned], 'all metrics of an alarm have one period'],
    ['11 metrics', [...eleven.map((id) => query(id)), returned], 'at most 10 metrics'],
    [
      '11 expressions',
      [query('a'), ...eleven.map((id) => ({ id, expression: 'a' })), returned],
      'at most 10 expr',
    ],
    ['an unknown id', [query('a'), { ...returned, expression: 'b' }], 'needs a metric with the id b'],
    [
      'another account',
      [query('a', {}, { accountId: '1' }), returned],
      'does not support the parameter metricQueries.0',
    ],
    ['a percentile', [query('a', { stat: 'p99' }), returned], 'does not support the statistic p99'],
    [
      'other math',
      [query('a'), { ...returned, expression: 'a / 2' }],
      'does not support the metric math a / 2',
    ],
    [
      'other math that nothing uses',
      [query('a'), returned, { id: 'f', expression: 'RATE(a)' }],
      'does not support the metric math RATE(a)',
    ],
    [
      'an expression over another',
      [query('a'), { id: 'f', expression: 'a' }, { ...returned, expression: 'f' }],
      'does not support an expression over another (f)',
    ],
  ])('on metric math is refused with %s', (_what, metricQueries, words) => {
    expect(() => cloudWatch().addAlarm({ ...base, metricQueries })).toThrow(words);
  });

  test('on metric math has no metric beside its queries', () => {
    const metricQueries = [query('a', {}, { returnData: true })];
    cloudWatch().addAlarm({ ...base, metricQueries });
    expect(() => cloudWatch().addAlarm({ ...base, metricQueries, period: 300 })).toThrow(
      'metricQueries leaves no room for metricName, namespace, statistic, period, dimensions, unit',
    );
  });
});

describe('A dashboard', () => {
  const add = (body: unknown, dashboardName = 'grantkeeper') =>
    cloudWatch().addDashboard({
      dashboardName,
      dashboardBody: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const text = { type: 'text', x: 0, y: 0, width: 12, height: 6, properties: { markdown: '# Grants' } };
  const metric = {
    type: 'metric',
    properties: { region: 'us-east-1', metrics: [['Grantkeeper', 'Failed']] },
  };

  test('is taken when its structure is right', () => {
    add({ widgets: [] });
    add({ start: '-PT6H', periodOverride: 'inherit', widgets: [text, metric] });
  });

  test.each<[string, () => void, string]>([
    ['a bad name', () => add({ widgets: [] }, 'a b'), "Value at 'dashboardName'"],
    ['a body that is no JSON', () => add('{'), 'is not JSON'],
    ['no widgets', () => add({}), "Value at 'widgets'"],
    ['501 widgets', () => add({ widgets: Array.from({ length: 501 }, () => text) }), 'widgets'],
    ['a width of 25', () => add({ widgets: [{ ...text, width: 25 }] }), "Value at 'widgets.0.width'"],
    ['what leaves the grid', () => add({ widgets: [{ ...text, x: 13 }] }), 'wider than the grid'],
    ['x without y', () => add({ widgets: [{ ...text, y: undefined }] }), 'one of x and y'],
    ['text without markdown', () => add({ widgets: [{ ...text, properties: {} }] }), 'properties.markdown'],
    ['an unknown type', () => add({ widgets: [{ ...text, type: 'toString' }] }), "Value at 'widgets.0.type'"],
    [
      'a graph without a region',
      () => add({ widgets: [{ ...metric, properties: {} }] }),
      "Value at 'widgets.0.properties.region'",
    ],
  ])('is refused with %s', (_what, run, words) => {
    expect(run).toThrow(words);
  });

  test('is not supported with variables', () => {
    expect(() => add({ widgets: [], variables: [] })).toThrow(
      'The embedded cloud does not support the parameter variables of the dashboard grantkeeper',
    );
  });
});
