import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';

import { metricUnits } from '../../core/metrics.ts';
import type { AlarmData } from '../../infra/alarms.ts';
import { alarmsOf } from '../../infra/alarms.ts';
import type { Config, Program } from '../helpers/program.ts';
import { json, ofType, program, resource } from '../helpers/program.ts';

const prod = await program('prod');
const docs = readFileSync(new URL('../../docs/alarms.md', import.meta.url), 'utf8');
/** Cells as a formatter leaves them. */
const rows = docs.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));

const when = ({ statistic, metrics, comparison, threshold, periods }: AlarmData) => {
  const what = metrics
    .map((measured) => `\`${'own' in measured ? measured.own : measured.metric}\``)
    .join(' + ');
  const beyond = comparison === 'LessThanThreshold' ? 'below' : 'at least';
  return `${statistic.toLowerCase()} of ${what} ${beyond} ${threshold} in ${periods.beyond} of ${periods.of} periods`;
};

describe('docs/alarms.md', () => {
  test.each(alarmsOf(1500, 1500))('says of $name when it goes off, what it means and what to do', (alarm) => {
    expect(rows).toContainEqual(['', `\`${alarm.name}\``, when(alarm), alarm.means, alarm.remedy, '']);
  });

  test('names no alarm that is not there, and every metric that is', () => {
    const first = rows.flatMap(([, cell]) => /^`([\w-]+)`$/.exec(cell ?? '')?.[1] ?? []);
    const alarms = alarmsOf(1500, 1500).map(({ name }) => name);
    expect(first.filter((name) => !/^[A-Z]/.test(name))).toEqual(alarms);
    expect(first.filter((name) => /^[A-Z]/.test(name))).toEqual(Object.keys(metricUnits));
  });

  test('names every rule that tells the operators', () => {
    const rules = ofType(prod, 'aws:cloudwatch/eventRule:EventRule').map(({ name }) => name);
    expect(rules).toHaveLength(4);
    for (const name of rules) expect(docs).toContain(`(\`${name}\``);
  });
});

describe('the alarms of a stack', () => {
  test('are those, by name, and each tells the operators what it means and what to do', () => {
    const alarms = ofType(prod, 'aws:cloudwatch/metricAlarm:MetricAlarm').map(({ inputs }) => inputs);
    expect(Object.fromEntries(alarms.map(({ name, alarmDescription }) => [name, alarmDescription]))).toEqual(
      Object.fromEntries(
        alarmsOf(1500, 1500).map(({ name, means, remedy }) => [
          `grantkeeper-prod-${name}`,
          `${means} ${remedy}`,
        ]),
      ),
    );
  });

  test('notice within three ticks of the connection that is checked most often that checks have stopped', async () => {
    expect(resource(prod, 'checks-stopped').inputs).toMatchObject({
      metricName: 'ChecksCompleted',
      statistic: 'Sum',
      period: 300,
      evaluationPeriods: 12,
      datapointsToAlarm: 12,
      treatMissingData: 'breaching',
    });
    // Three hours, three of the longest ticks.
    expect(alarmsOf(3600, 3600)[0]).toMatchObject({
      name: 'checks-stopped',
      periods: { beyond: 33, of: 33 },
    });
  });

  test('add up all functions, and of any number of browsers only the one that sends them', async () => {
    const functionsOf = (stack: Program) => {
      const { metricQueries } = resource(stack, 'functions-failing').inputs as {
        metricQueries: { metric?: { dimensions: { FunctionName: string } } }[];
      };
      return metricQueries.flatMap(({ metric }) => metric?.dimensions.FunctionName ?? []);
    };
    const own = [
      'check-grant',
      'refresh-tokens',
      'notify-owner',
      'request-reauthorization',
      'disconnect-grant',
      'reauthorize',
      'callback',
    ].map((name) => `grantkeeper-prod-${name}`);
    expect(functionsOf(prod)).toEqual(own);
    const withBrowsers = await program('prod', (config) => {
      const [[, connection] = []] = Object.entries(config['grantkeeper:connections'] as Config);
      const connections = ['c1', 'c2', 'c3', 'c4', 'c5'].map((id) => [
        id,
        { ...(connection as Config), browserLoginWithStoredPassword: {} },
      ]);
      return { ...config, 'grantkeeper:connections': Object.fromEntries(connections) };
    });
    expect(functionsOf(withBrowsers)).toEqual([...own, 'grantkeeper-prod-request-browser-login']);
  });

  test('stand on the dashboard, with how long the shortest grant has', () => {
    const body = json(resource(prod, 'monitoring-dashboard'), 'dashboardBody') as {
      widgets: { type: string; properties: { alarms?: string[]; title: string } }[];
    };
    const [first] = body.widgets;
    expect(first!.properties.alarms).toHaveLength(11);
    expect(body.widgets.map(({ properties }) => properties.title)).toContain(
      'Until the next login is needed, of any grant',
    );
  });
});
