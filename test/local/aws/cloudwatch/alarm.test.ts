import { expect, test } from '@jest/globals';
import { parseAlarm } from '../../../../local/aws/cloudwatch/alarm.ts';

const topic = 'arn:aws:sns:us-east-1:000000000000:gk-alerts';
const base = {
  name: 'failing',
  comparisonOperator: 'GreaterThanThreshold',
  threshold: 0,
  evaluationPeriods: 3,
};
const single = {
  ...base,
  metricName: 'Failed',
  namespace: 'Grantkeeper',
  statistic: 'Sum',
  period: 300,
};
const dimensions = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`d${index}`, 'a']));

test.each([
  {
    datapointsToAlarm: 2,
    treatMissingData: 'ignore',
    unit: 'Count',
    dimensions: dimensions(30),
    alarmDescription: 'A refresh failed.',
    alarmActions: Array<string>(5).fill(topic),
    okActions: [topic],
    insufficientDataActions: [],
    tags: { stack: 'prod' },
  },
  // A day of minutes, a week of hours.
  { period: 60, evaluationPeriods: 1440 },
  { period: 3600, evaluationPeriods: 168 },
])('an alarm is accepted with %j', (change) => {
  expect(parseAlarm({ ...single, ...change }).name).toBe('failing');
});

test.each<[Record<string, unknown>, string]>([
  [{ name: 'a\nb' }, "Value at 'name'"],
  [{ name: 'x'.repeat(256) }, "Value at 'name'"],
  [{ comparisonOperator: 'EqualToThreshold' }, "Value at 'comparisonOperator'"],
  [{ evaluationPeriods: 0 }, "Value at 'evaluationPeriods'"],
  [{ datapointsToAlarm: 4 }, 'datapointsToAlarm is at most evaluationPeriods'],
  [{ period: 90 }, '10, 20, 30 or a multiple of 60'],
  [{ period: 60, evaluationPeriods: 1441 }, 'at most 86400 s'],
  [{ period: 3600, evaluationPeriods: 169 }, 'at most 604800 s'],
  [{ dimensions: dimensions(31) }, 'at most 30 dimensions'],
  [{ okActions: Array<string>(6).fill(topic) }, "Value at 'okActions'"],
  [{ statistic: undefined }, 'needs metricName, namespace, statistic and period'],
  [{ warmUp: 5 }, 'does not support the parameter warmUp of cloudwatch:PutMetricAlarm'],
  [{ comparisonOperator: 'GreaterThanUpperThreshold' }, 'does not support the comparison operator Greater'],
  [{ period: 10 }, 'does not support alarms of high resolution (a period of 10 s)'],
  [
    { alarmActions: ['arn:aws:lambda:us-east-1:000000000000:function:f'] },
    'does not support the alarm action arn:aws:lambda:us-east-1:000000000000:function:f',
  ],
  [
    { insufficientDataActions: ['arn:aws:sns:eu-west-1:000000000000:a'] },
    'does not support the alarm action arn:aws:sns:eu-west-1',
  ],
])('an alarm is refused with %j', (change, words) => {
  expect(() => parseAlarm({ ...single, ...change })).toThrow(words);
});

const query = (id: string, metric: Record<string, unknown> = {}, change: Record<string, unknown> = {}) => ({
  id,
  metric: { metricName: 'Failed', namespace: 'Grantkeeper', period: 300, stat: 'Sum', ...metric },
  ...change,
});
const returned = { id: 'e', expression: 'SUM(METRICS())', returnData: true };

test.each<[string, unknown[], string]>([
  ['none is returned', [query('a')], 'exactly one of metricQueries has returnData'],
  ['two are returned', [query('a', {}, { returnData: true }), returned], 'exactly one of metricQueries'],
  ['two have one id', [query('a'), query('a'), returned], 'ids must differ'],
  ['an id has a capital letter', [query('A'), returned], "Value at 'metricQueries.0.id'"],
  ['one has no metric and no expression', [{ id: 'a' }, returned], 'either an expression or a metric'],
  [
    'periods differ',
    [query('a'), query('b', { period: 60 }), returned],
    'metrics of an alarm have one period',
  ],
  ['no metric is among them', [returned], 'all metrics of an alarm have one period'],
  [
    'there are 11 metrics',
    [...Array.from({ length: 11 }, (_, index) => query(`m${index}`)), returned],
    'at most 10 metrics',
  ],
  ['one has a percentile', [query('a', { stat: 'p99' }), returned], 'does not support the statistic p99'],
  [
    'an unused one has other math',
    [query('a'), returned, { id: 'f', expression: 'RATE(a)' }],
    'does not support the metric math RATE(a)',
  ],
])('an alarm on metric math is refused where %s', (_what, metricQueries, words) => {
  expect(() => parseAlarm({ ...base, metricQueries })).toThrow(words);
});

test('an alarm on metric math has no metric beside its queries', () => {
  const metricQueries = [query('a', {}, { returnData: true })];
  expect(parseAlarm({ ...base, metricQueries }).terms).toHaveLength(1);
  expect(() => parseAlarm({ ...base, metricQueries, period: 300 })).toThrow(
    'metricQueries leaves no room for metricName, namespace, statistic, period, dimensions, unit',
  );
});
