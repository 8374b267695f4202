import { Dashboard, MetricAlarm } from '@pulumi/aws/cloudwatch/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { MetricName } from '../../core/metrics.ts';
import { metricNamespace } from '../../core/metrics.ts';
import type { AlarmData, Measured } from '../alarms.ts';
import { alarmsOf, periodSeconds } from '../alarms.ts';
import type { WatchedEvent } from './operator-alerts.ts';

export interface MonitoringArgs {
  /** The dimension `service` of the functions' own metrics. */
  readonly prefix: string;
  readonly region: pulumi.Input<string>;
  readonly shortestTickSeconds: number;
  readonly longestTickSeconds: number;
  readonly stateMachineArn: pulumi.Input<string>;
  readonly functionNames: readonly pulumi.Input<string>[];
  readonly apiId: pulumi.Input<string>;
  readonly deadLetterQueueName: pulumi.Input<string>;
  readonly operatorTopicArn: pulumi.Input<string>;
}

/** One metric as CloudWatch knows it. */
interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The alarms, and a dashboard. */
export class Monitoring extends pulumi.ComponentResource {
  readonly dashboardName: pulumi.Output<string>;
  readonly alarmNames: readonly pulumi.Output<string>[];

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:Monitoring', name, {}, opts);
    const parent = { parent: this };
    const alarms = alarmsOf(args.shortestTickSeconds, args.longestTickSeconds).map(
      (data) => new MetricAlarm(data.name, alarmOf(data, args), parent),
    );
    this.alarmNames = alarms.map((alarm) => alarm.name);
    const dashboard = new Dashboard(
      `${name}-dashboard`,
      {
        dashboardName: args.prefix,
        dashboardBody: pulumi.jsonStringify(dashboardOf(args, alarms)),
      },
      parent,
    );
    this.dashboardName = dashboard.dashboardName;
    this.registerOutputs({ dashboardName: this.dashboardName });
  }
}

function alarmOf(data: AlarmData, args: MonitoringArgs) {
  const { statistic, periods } = data;
  const metrics = data.metrics.flatMap((measured) => metricsOf(measured, args));
  const [only, ...others] = metrics;
  const query = ({ namespace, metricName, dimensions }: Metric, index: number) => ({
    id: `m${index}`,
    metric: { namespace, metricName, dimensions, stat: statistic, period: periodSeconds },
  });
  return {
    name: `${args.prefix}-${data.name}`,
    alarmDescription: `${data.means} ${data.remedy}`,
    comparisonOperator: data.comparison,
    threshold: data.threshold,
    evaluationPeriods: periods.of,
    datapointsToAlarm: periods.beyond,
    treatMissingData: data.missing,
    ...(others.length === 0
      ? { ...only!, statistic, period: periodSeconds }
      : {
          metricQueries: [
            {
              id: 'all',
              expression: 'SUM(METRICS())',
              label: data.name,
              returnData: true,
            },
            ...metrics.map(query),
          ],
        }),
    // That it is over comes as an event: `okActions` would also tell of every alarm that is new.
    alarmActions: [args.operatorTopicArn],
  };
}

function metricsOf(measured: Measured, args: MonitoringArgs): Metric[] {
  if ('own' in measured) return [ownMetric(measured.own, args)];
  const { metric: metricName } = measured;
  switch (measured.of) {
    case 'stateMachine':
      return [{ namespace: 'AWS/States', metricName, dimensions: { StateMachineArn: args.stateMachineArn } }];
    case 'eachFunction':
      return args.functionNames.map((FunctionName) => ({
        namespace: 'AWS/Lambda',
        metricName,
        dimensions: { FunctionName },
      }));
    case 'api':
      return [{ namespace: 'AWS/ApiGateway', metricName, dimensions: { ApiId: args.apiId } }];
    case 'deadLetters':
      return [{ namespace: 'AWS/SQS', metricName, dimensions: { QueueName: args.deadLetterQueueName } }];
  }
}

function ownMetric(metricName: MetricName, { prefix }: MonitoringArgs): Metric {
  return { namespace: metricNamespace, metricName, dimensions: { service: prefix } };
}

/**
 * Is every grant well, and until when? The two numbers on top answer that; below stands what happened.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
function dashboardOf(args: MonitoringArgs, alarms: readonly MetricAlarm[]) {
  const { region } = args;
  const inWidget = ({ namespace, metricName, dimensions }: Metric, options: object) => [
    namespace,
    metricName,
    ...Object.entries(dimensions).flat(),
    options,
  ];
  const own = (metricName: MetricName, stat: AlarmData['statistic'], label: string, more: object = {}) =>
    inWidget(ownMetric(metricName, args), { stat, label, ...more });
  const hours = (metricName: MetricName, label: string) => [
    own(metricName, 'Minimum', label, { id: 'seconds', visible: false }),
    [{ expression: 'seconds / 3600', label: `${label} (hours)`, id: 'hours' }],
  ];
  const widget = (x: number, y: number, width: number, height: number, properties: object) => ({
    type: 'metric',
    x,
    y,
    width,
    height,
    properties: { region, period: periodSeconds, ...properties },
  });
  return {
    widgets: [
      {
        type: 'alarm',
        x: 0,
        y: 0,
        width: 12,
        height: 6,
        properties: {
          title: 'Is everything well? Green means yes.',
          alarms: alarms.map(({ arn }) => arn),
        },
      },
      widget(12, 0, 6, 6, {
        title: 'Until the next login is needed, of any grant',
        view: 'singleValue',
        period: 3600,
        metrics: hours('SecondsToDeadline', 'Shortest'),
      }),
      widget(18, 0, 6, 6, {
        title: 'Until an access token ends, at its check',
        view: 'singleValue',
        period: 3600,
        metrics: hours('SecondsToAccessExpiry', 'Shortest'),
      }),
      widget(0, 6, 12, 6, {
        title: 'Until the next login is needed (hours)',
        view: 'timeSeries',
        period: 3600,
        metrics: hours('SecondsToDeadline', 'Shortest'),
        yAxis: { left: { min: 0 } },
      }),
      widget(12, 6, 12, 6, {
        title: 'Refreshes',
        view: 'timeSeries',
        metrics: [
          own('RefreshesSucceeded', 'Sum', 'Succeeded'),
          own('RefreshesFailed', 'Sum', 'Failed'),
          own('ChecksCompleted', 'Sum', 'Checks'),
        ],
      }),
      widget(0, 12, 12, 6, {
        title: 'Owners: notices, links, logins',
        view: 'timeSeries',
        metrics: [
          own('NoticesSent', 'Sum', 'Notices sent'),
          own('NoticesFailed', 'Sum', 'Notices failed'),
          own('AuthorizationsOpen', 'Maximum', 'A link is open'),
          own('CallbacksCompleted', 'Sum', 'Logins completed'),
          own('CallbacksFailed', 'Sum', 'Logins that came to nothing'),
          own('CallbacksRefused', 'Sum', 'Logins refused'),
        ],
      }),
      widget(12, 12, 12, 6, {
        title: 'What AWS saw',
        view: 'timeSeries',
        metrics: [
          ...metricsOf({ of: 'stateMachine', metric: 'ExecutionsFailed' }, args),
          ...metricsOf({ of: 'eachFunction', metric: 'Errors' }, args),
          ...metricsOf({ of: 'api', metric: '5xx' }, args),
          ...metricsOf({ of: 'deadLetters', metric: 'ApproximateNumberOfMessagesVisible' }, args),
        ].map((metric) => inWidget(metric, { stat: 'Sum' })),
      }),
    ],
  };
}

/** Alarms that were, and are no more. */
export function endedAlarms(alarmNames: readonly pulumi.Input<string>[]): WatchedEvent {
  return {
    description: 'Alarms that have come back.',
    pattern: {
      source: ['aws.cloudwatch'],
      'detail-type': ['CloudWatch Alarm State Change'],
      detail: { alarmName: alarmNames, state: { value: ['OK'] }, previousState: { value: ['ALARM'] } },
    },
    paths: { alarm: '$.detail.alarmName', at: '$.detail.state.timestamp' },
    message: 'Grantkeeper: the alarm <alarm> is over since <at>.',
  };
}
