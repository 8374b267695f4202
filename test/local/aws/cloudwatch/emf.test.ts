import { MetricUnit, Metrics } from '@aws-lambda-powertools/metrics';
import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../../../local/aws/clock.ts';
import { CloudWatch } from '../../../../local/aws/cloudwatch/cloudwatch.ts';
import { readEmf } from '../../../../local/aws/cloudwatch/emf.ts';

const atMs = Date.parse('2026-01-05T12:00:30Z');

interface Change {
  readonly aws?: Record<string, unknown>;
  readonly directive?: Record<string, unknown>;
  readonly metric?: Record<string, unknown>;
  readonly root?: Record<string, unknown>;
}
const line = ({ aws, directive, metric, root }: Change = {}) =>
  JSON.stringify({
    _aws: {
      Timestamp: atMs,
      CloudWatchMetrics: [
        {
          Namespace: 'Grantkeeper',
          Dimensions: [['service'], []],
          Metrics: [{ Name: 'Refreshed', Unit: 'Count', ...metric }],
          ...directive,
        },
      ],
      ...aws,
    },
    service: 'demo',
    Refreshed: 1,
    ...root,
  });

describe('The embedded metric format', () => {
  test('is a datum for each dimension set, metric and value', () => {
    const common = { namespace: 'Grantkeeper', name: 'Refreshed', unit: 'Count', atMs };
    expect(readEmf(line({ root: { Refreshed: [1, 2.5] } }))).toEqual([
      { ...common, dimensions: { service: 'demo' }, value: 1 },
      { ...common, dimensions: { service: 'demo' }, value: 2.5 },
      { ...common, dimensions: {}, value: 1 },
      { ...common, dimensions: {}, value: 2.5 },
    ]);
  });

  test('has the unit None by default', () => {
    expect(readEmf(line({ directive: { Metrics: [{ Name: 'Refreshed' }] } }))[0]?.unit).toBe('None');
  });

  test('is found after the time and request that Lambda puts before it', () => {
    const prefix = '2026-01-05T12:00:30.000Z\t3f2a8c1e-0000-4000-8000-000000000000\tINFO\t';
    expect(readEmf(prefix + line())).toHaveLength(2);
  });

  test('is what Powertools writes', () => {
    const metrics = new Metrics({ namespace: 'Grantkeeper', serviceName: 'demo' });
    metrics.addMetric('Refreshed', MetricUnit.Count, 3);
    metrics.addMetric('DaysLeft', MetricUnit.NoUnit, 6.5);
    const data = readEmf(JSON.stringify(metrics.serializeMetrics()));
    metrics.clearMetrics();
    expect(data.map(({ name, value, unit, dimensions }) => ({ name, value, unit, dimensions }))).toEqual([
      { name: 'Refreshed', value: 3, unit: 'Count', dimensions: { service: 'demo' } },
      { name: 'DaysLeft', value: 6.5, unit: 'None', dimensions: { service: 'demo' } },
    ]);
  });

  test.each([
    ['text', 'START RequestId: 1'],
    ['text that speaks of it', 'the member "_aws" is missing'],
    ['other JSON', '{"level":"INFO","message":"refreshed"}'],
    ['JSON with it further in', '{"event":{"_aws":{"Timestamp":1}}}'],
    ['JSON in a text', '{"message":"{\\"_aws\\":{}}"}'],
    ['an empty line', ''],
  ])('is not in %s', (_what, text) => {
    expect(readEmf(text)).toEqual([]);
  });

  const many = (count: number) => Array.from({ length: count }, (_, index) => `d${index}`);
  test.each<[string, string, string]>([
    ['that is no JSON', line().slice(0, -1), 'it is not JSON'],
    ['without a timestamp', line({ aws: { Timestamp: undefined } }), '_aws.Timestamp'],
    ['with a further member', line({ aws: { LogGroup: 'a' } }), 'LogGroup'],
    ['in a namespace of AWS', line({ directive: { Namespace: 'AWS/Lambda' } }), 'AWS/ is reserved'],
    ['with a flat dimension set', line({ directive: { Dimensions: ['service'] } }), 'Dimensions.0'],
    ['with 31 dimensions', line({ directive: { Dimensions: [many(31)] } }), 'Dimensions.0'],
    ['without the dimension’s value', line({ directive: { Dimensions: [['region']] } }), 'region'],
    ['with an empty dimension', line({ root: { service: '' } }), 'service'],
    ['with 101 metrics', line({ directive: { Metrics: many(101).map((Name) => ({ Name })) } }), 'Metrics'],
    ['with an unknown unit', line({ metric: { Unit: 'Days' } }), 'Metrics.0.Unit'],
    ['without the value', line({ root: { Refreshed: undefined } }), 'Refreshed'],
    ['with a value in text', line({ root: { Refreshed: '1' } }), 'Refreshed'],
    ['above 256 KiB', line({ root: { more: 'x'.repeat(262_144) } }), 'longer than 262144 bytes'],
  ])('is refused %s', (_what, text, words) => {
    expect(() => readEmf(text)).toThrow('A log line breaks the embedded metric format: ');
    expect(() => readEmf(text)).toThrow(words);
  });

  test('is not supported in high resolution', () => {
    expect(() => readEmf(line({ metric: { StorageResolution: 1 } }))).toThrow(
      'does not support metrics of high resolution (Refreshed)',
    );
    expect(readEmf(line({ metric: { StorageResolution: 60 } }))).toHaveLength(2);
  });

  test('keeps dimension sets apart', () => {
    const cloudWatch = new CloudWatch({
      authorize: () => undefined,
      clock: new VirtualClock(atMs),
      notify: async () => undefined,
    });
    cloudWatch.readLog(
      line({ directive: { Dimensions: [['service'], ['service', 'grant']] }, root: { grant: 'a' } }),
    );
    cloudWatch.readLog(
      line({ directive: { Dimensions: [['service'], ['service', 'grant']] }, root: { grant: 'b' } }),
    );
    cloudWatch.readLog('a line of text');

    const total = (dimensions: Record<string, string>) =>
      cloudWatch.statistic(
        { namespace: 'Grantkeeper', name: 'Refreshed', dimensions },
        'Sum',
        atMs - 30_000,
        atMs + 30_000,
      );
    expect(total({ service: 'demo' })).toBe(2);
    expect(total({ service: 'demo', grant: 'a' })).toBe(1);
    expect(total({ grant: 'b', service: 'demo' })).toBe(1);
    expect(total({ grant: 'a' })).toBeUndefined();
    expect(total({})).toBeUndefined();
    expect(cloudWatch.metrics()).toEqual([
      { namespace: 'Grantkeeper', name: 'Refreshed', dimensions: { service: 'demo' } },
      { namespace: 'Grantkeeper', name: 'Refreshed', dimensions: { service: 'demo', grant: 'a' } },
      { namespace: 'Grantkeeper', name: 'Refreshed', dimensions: { service: 'demo', grant: 'b' } },
    ]);
  });
});
