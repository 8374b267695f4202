/**
 * An alarm's change of state in CloudWatch's own words.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
import type { Output } from '../operations.ts';
import { accountId, region } from '../service.ts';
import type { AlarmDefinition, AlarmInputs } from './alarm.ts';
import type { Criteria, StateValue } from './evaluation.ts';

export interface AlarmState {
  readonly name: string;
  readonly state: StateValue;
  readonly sinceMs: number;
  readonly reason: string;
}

/** What a topic is told of a change. */
export interface AlarmNotification {
  readonly topicArn: string;
  readonly subject: string;
  readonly message: string;
  /** What subscribers by mail get in its place. */
  readonly email: string;
}

const regionName = 'US East (N. Virginia)';
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: `Subject`
const maxSubjectLength = 100;

/** One for each action of the new state. */
export function notificationsOf(
  alarm: AlarmDefinition,
  before: StateValue,
  { state, reason, sinceMs }: AlarmState,
): AlarmNotification[] {
  const { inputs } = alarm;
  const subject = `${state}: "${alarm.name}" in ${regionName}`
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, maxSubjectLength);
  const message = JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: inputs.alarmDescription ?? null,
    AWSAccountId: accountId,
    NewStateValue: state,
    NewStateReason: reason,
    StateChangeTime: new Date(sinceMs).toISOString().replace('Z', '+0000'),
    Region: regionName,
    AlarmArn: alarmArn(alarm.name),
    OldStateValue: before,
    OKActions: inputs.okActions ?? [],
    AlarmActions: inputs.alarmActions ?? [],
    InsufficientDataActions: inputs.insufficientDataActions ?? [],
    Trigger: triggerOf(alarm),
  });
  const email = `You are receiving this email because your Amazon CloudWatch Alarm "${alarm.name}" in the ${regionName} region has entered the ${state} state, because "${reason}" at "${new Date(sinceMs).toUTCString()}".

Alarm Details:
- Name: ${alarm.name}
- Description: ${inputs.alarmDescription ?? ''}
- State Change: ${before} -> ${state}
`;
  return alarm.actions[state].map((topicArn) => ({ topicArn, subject, message, email }));
}

function triggerOf({ inputs, criteria, periodMs }: AlarmDefinition): Readonly<Record<string, unknown>> {
  const { metricQueries } = inputs;
  const rest = { Period: periodMs / 1000, ...criteriaOf(criteria), EvaluateLowSampleCountPercentile: '' };
  if (metricQueries) return { ...rest, Metrics: metricQueries.map(queryOf) };
  return {
    MetricName: inputs.metricName,
    Namespace: inputs.namespace,
    StatisticType: 'Statistic',
    Statistic: inputs.statistic?.toUpperCase(),
    Unit: inputs.unit ?? null,
    Dimensions: dimensionsOf(inputs.dimensions),
    ...rest,
  };
}

function criteriaOf(criteria: Criteria): Readonly<Record<string, unknown>> {
  return {
    EvaluationPeriods: criteria.evaluationPeriods,
    DatapointsToAlarm: criteria.datapointsToAlarm,
    ComparisonOperator: criteria.comparisonOperator,
    Threshold: criteria.threshold,
    TreatMissingData: criteria.treatMissingData,
  };
}

type Query = NonNullable<AlarmInputs['metricQueries']>[number];

function queryOf({ id, expression, label, returnData = false, metric }: Query): Record<string, unknown> {
  const common = { Id: id, ...(label !== undefined && { Label: label }), ReturnData: returnData };
  if (!metric) return { Expression: expression, ...common };
  const { metricName: MetricName, namespace: Namespace, period: Period, stat: Stat } = metric;
  const Metric = { Dimensions: dimensionsOf(metric.dimensions), MetricName, Namespace };
  return { ...common, MetricStat: { Metric, Period, Stat, ...(metric.unit && { Unit: metric.unit }) } };
}

/** As DescribeAlarms has it. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html */
export function describedAlarm({ inputs, criteria, periodMs }: AlarmDefinition, now: AlarmState): Output {
  const { metricQueries } = inputs;
  const single = {
    MetricName: inputs.metricName,
    Namespace: inputs.namespace,
    Statistic: inputs.statistic,
    Dimensions: dimensionsOf(inputs.dimensions).map(({ name: Name, value: Value }) => ({ Name, Value })),
    Period: periodMs / 1000,
    Unit: inputs.unit,
  };
  return {
    AlarmName: now.name,
    AlarmArn: alarmArn(now.name),
    AlarmDescription: inputs.alarmDescription,
    ActionsEnabled: inputs.actionsEnabled ?? true,
    OKActions: inputs.okActions ?? [],
    AlarmActions: inputs.alarmActions ?? [],
    InsufficientDataActions: inputs.insufficientDataActions ?? [],
    StateValue: now.state,
    StateReason: now.reason,
    StateUpdatedTimestamp: new Date(now.sinceMs),
    StateTransitionedTimestamp: new Date(now.sinceMs),
    ...criteriaOf(criteria),
    ...(metricQueries
      ? {
          Metrics: metricQueries.map((query) => {
            const { MetricStat, ...rest } = queryOf(query);
            if (MetricStat === undefined) return rest;
            const Dimensions = dimensionsOf(query.metric?.dimensions).map(({ name: Name, value: Value }) => ({
              Name,
              Value,
            }));
            const { Metric, ...stat } = MetricStat as { Metric: Output };
            return { ...rest, MetricStat: { Metric: { ...Metric, Dimensions }, ...stat } };
          }),
        }
      : single),
  };
}

export function alarmArn(name: string): string {
  return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
}

/** In this message, and nowhere else, the members' names are small. */
function dimensionsOf(dimensions: Readonly<Record<string, string>> = {}): { value: string; name: string }[] {
  return Object.entries(dimensions).map(([name, value]) => ({ value, name }));
}
