import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../local/clock.ts';
import { CloudWatch } from '../../local/cloudwatch/cloudwatch.ts';

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
      `The embedded cloud does not play ${words}`,
    );
  });

  test('is not changed once it is there', () => {
    const cloud = cloudWatch();
    cloud.addAlarm({ ...base, ...single });
    expect(() => cloud.addAlarm({ ...base, ...single })).toThrow('does not play changing an alarm (failing)');
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
      'does not play the parameter metricQueries.0',
    ],
    ['a percentile', [query('a', { stat: 'p99' }), returned], 'does not play the statistic p99'],
    ['other math', [query('a'), { ...returned, expression: 'a / 2' }], 'does not play the metric math a / 2'],
    [
      'other math that nothing uses',
      [query('a'), returned, { id: 'f', expression: 'RATE(a)' }],
      'does not play the metric math RATE(a)',
    ],
    [
      'an expression over another',
      [query('a'), { id: 'f', expression: 'a' }, { ...returned, expression: 'f' }],
      'does not play an expression over another (f)',
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
  const alarm = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:failing';
  const add = (body: unknown, dashboardName = 'grantkeeper') =>
    cloudWatch().addDashboard({
      dashboardName,
      dashboardBody: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const widget = (
    type: string,
    properties: Record<string, unknown>,
    place: Record<string, unknown> = {},
  ) => ({
    widgets: [{ type, x: 0, y: 0, width: 12, height: 6, ...place, properties }],
  });
  const text = { markdown: '# Grants' };
  const graph = (...metrics: unknown[][]) => widget('metric', { region: 'us-east-1', metrics });

  test('is taken with all that is supported', () => {
    add({ widgets: [] });
    add({
      start: '-PT6H',
      periodOverride: 'inherit',
      widgets: [
        { type: 'text', properties: text },
        {
          type: 'text',
          x: 0,
          y: 0,
          width: 24,
          height: 1,
          properties: { ...text, background: 'transparent' },
        },
        { type: 'alarm', x: 0, y: 1, width: 24, height: 2, properties: { title: 'Alarms', alarms: [alarm] } },
        { type: 'log', properties: { region: 'us-east-1', query: "SOURCE '/aws/lambda/f' | limit 20" } },
        { type: 'metric', properties: { region: 'us-east-1', annotations: { alarms: [alarm] } } },
        {
          type: 'metric',
          x: 12,
          y: 3,
          width: 12,
          height: 6,
          properties: {
            region: 'us-east-1',
            title: 'Refreshes',
            view: 'timeSeries',
            stacked: false,
            period: 300,
            stat: 'Sum',
            legend: { position: 'bottom' },
            yAxis: { left: { min: 0, label: 'count', showUnits: false } },
            annotations: { horizontal: [{ value: 1, label: 'late', color: '#ff0000', fill: 'above' }] },
            metrics: [
              ['Grantkeeper', 'Failed', 'service', 'keeper', { id: 'm1', stat: 'Maximum', visible: false }],
              ['.', 'Refreshed', '.', '.', { label: 'Refreshed', color: '#2ca02c', yAxis: 'right' }],
              ['...', 'other'],
              [{ expression: 'FILL(m1, 0)', label: 'Failed', id: 'e1' }],
            ],
          },
        },
        {
          type: 'metric',
          properties: {
            region: 'us-east-1',
            view: 'gauge',
            metrics: [['Grantkeeper', 'DaysLeft']],
            yAxis: { left: { min: 0, max: 90 } },
          },
        },
      ],
    });
  });

  test.each<[string, () => void, string]>([
    ['a bad name', () => add({ widgets: [] }, 'a b'), "Value at 'dashboardName'"],
    ['a body that is no JSON', () => add('{'), 'is not JSON'],
    ['no widgets', () => add({}), "Value at 'widgets'"],
    [
      '501 widgets',
      () => add({ widgets: Array.from({ length: 501 }, () => ({ type: 'text', properties: text })) }),
      'widgets',
    ],
    ['an unknown override', () => add({ widgets: [], periodOverride: 'none' }), 'periodOverride'],
    ['x at 24', () => add(widget('text', text, { x: 24 })), "Value at 'x'"],
    ['a width of 25', () => add(widget('text', text, { width: 25 })), "Value at 'width'"],
    ['a height of 0', () => add(widget('text', text, { height: 0 })), "Value at 'height'"],
    ['what leaves the grid', () => add(widget('text', text, { x: 13 })), 'wider than the grid'],
    ['x without y', () => add(widget('text', text, { y: undefined })), 'one of x and y'],
    ['text without markdown', () => add(widget('text', {})), "Value at 'properties.markdown'"],
    ['no alarms in an alarm widget', () => add(widget('alarm', { alarms: [] })), 'properties.alarms'],
    ['an alarm by name', () => add(widget('alarm', { alarms: ['failing'] })), 'properties.alarms.0'],
    ['a graph without a region', () => add(widget('metric', { metrics: [] })), 'properties.region'],
    ['a graph of nothing', () => add(widget('metric', { region: 'us-east-1' })), 'metrics, or an alarm'],
    [
      'a gauge without bounds',
      () => add(widget('metric', { region: 'us-east-1', metrics: [], view: 'gauge' })),
      'a gauge needs min and max',
    ],
    ['an empty metric', () => add(graph([])), 'properties.metrics.0'],
    [
      'a metric without a name',
      () => add(graph(['Grantkeeper'])),
      'the metric 0 of the widget 0 of the dashboard grantkeeper has no name',
    ],
    ['a dimension without a value', () => add(graph(['Grantkeeper', 'Failed', 'service'])), 'no pairs'],
    ['a number as dimension', () => add(graph(['Grantkeeper', 'Failed', 'service', 7])), 'expected string'],
    ['a dot with nothing above', () => add(graph(['.', 'Failed'])), 'repeats what is not above it'],
    [
      'an unknown statistic',
      () => add(graph(['Grantkeeper', 'Failed', { stat: 'Total' }])),
      "Value at 'stat'",
    ],
    ['no expression', () => add(graph([{ label: 'a' }])), "Value at 'expression'"],
    [
      'a query without a source',
      () => add(widget('log', { region: 'us-east-1', query: 'limit 1' })),
      'query',
    ],
  ])('is refused with %s', (_what, run, words) => {
    expect(run).toThrow(words);
  });

  const notSupported = 'The embedded cloud does not play';
  test.each<[string, () => void, string]>([
    [
      'tags',
      () => cloudWatch().addDashboard({ dashboardName: 'a', dashboardBody: '{}', tags: {} }),
      'the parameter tags',
    ],
    [
      'variables',
      () => add({ widgets: [], variables: [] }),
      'the parameter variables of the dashboard grantkeeper',
    ],
    ['a custom widget', () => add(widget('custom', {})), 'the type custom of the widget 0'],
    ['an explorer', () => add(widget('explorer', {})), 'the type explorer of the widget 0'],
    ['an inherited name as type', () => add(widget('toString', {})), 'the type toString'],
    [
      'a property of a widget',
      () => add(widget('text', { ...text, color: 'red' })),
      'the parameter properties.color',
    ],
    [
      'a rendering property',
      () => add(graph(['Grantkeeper', 'Failed', { lineWidth: 2 }])),
      'the parameter lineWidth',
    ],
  ])('is not supported with %s', (_what, run, words) => {
    expect(run).toThrow(`${notSupported} ${words}`);
  });
});
