/** A metric alarm as the program registers it, checked against what CloudWatch accepts. */
import * as z from 'zod';
import { AwsError, notSupported } from '../errors.ts';
import { accountId, region } from '../service.ts';
import { parseInput } from '../validate.ts';
import type { ComparisonOperator, Criteria, StateValue } from './evaluation.ts';
import {
  Dimensions,
  metricKey,
  MetricName,
  Namespace,
  statistics,
  Unit,
  type Metric,
  type Statistic,
} from './metric.ts';

/** One metric of the sum that an alarm watches; an ordinary alarm's sum has one term. */
interface WatchedTerm {
  readonly metricKey: string;
  readonly statistic: Statistic;
  readonly unit: string | undefined;
}

export interface AlarmDefinition {
  readonly name: string;
  readonly criteria: Criteria;
  readonly periodMs: number;
  readonly terms: readonly WatchedTerm[];
  /** ARNs of topics, empty while actions are disabled. */
  readonly actions: Readonly<Record<StateValue, readonly string[]>>;
  readonly inputs: AlarmInputs;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
const Period = z
  .int()
  .refine(
    (seconds) => [10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0),
    '10, 20, 30 or a multiple of 60',
  );

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: `AlarmActions`
const Actions = z.array(z.string().min(1).max(1024)).max(5).optional();

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
const MetricQuery = z
  .strictObject({
    id: z.string().regex(/^[a-z]\w{0,254}$/),
    expression: z.string().min(1).max(2048).optional(),
    label: z.string().optional(),
    returnData: z.boolean().optional(),
    metric: z
      .strictObject({
        metricName: MetricName,
        namespace: Namespace,
        period: Period,
        stat: z.string(),
        dimensions: Dimensions.optional(),
        unit: Unit.optional(),
      })
      .optional(),
  })
  .refine(({ expression, metric }) => (expression === undefined) !== (metric === undefined), {
    message: 'either an expression or a metric',
  });

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const Inputs = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(255)
    .regex(/^\P{Cc}*$/u),
  alarmDescription: z.string().max(1024).optional(),
  comparisonOperator: z.enum([
    'GreaterThanOrEqualToThreshold',
    'GreaterThanThreshold',
    'LessThanThreshold',
    'LessThanOrEqualToThreshold',
    'LessThanLowerOrGreaterThanUpperThreshold',
    'LessThanLowerThreshold',
    'GreaterThanUpperThreshold',
  ]),
  threshold: z.number(),
  evaluationPeriods: z.int().min(1),
  datapointsToAlarm: z.int().min(1).optional(),
  treatMissingData: z.enum(['breaching', 'notBreaching', 'ignore', 'missing']).optional(),
  metricName: MetricName.optional(),
  namespace: Namespace.optional(),
  statistic: z.enum(statistics).optional(),
  period: Period.optional(),
  dimensions: Dimensions.optional(),
  unit: Unit.optional(),
  metricQueries: z.array(MetricQuery).min(1).optional(),
  actionsEnabled: z.boolean().optional(),
  alarmActions: Actions,
  okActions: Actions,
  insufficientDataActions: Actions,
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Tag.html
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).optional(),
});
type AlarmInputs = z.output<typeof Inputs>;

interface WatchedMetric extends Metric {
  readonly id: string;
  readonly period: number;
  readonly statistic: string;
  readonly unit: string | undefined;
}

/** @throws {AwsError} `ValidationError`, or `NotImplementedByEmbeddedCloud` for what is not supported */
export function parseAlarm(raw: unknown): AlarmDefinition {
  const inputs = parseInput('cloudwatch:PutMetricAlarm', Inputs, raw, 'ValidationError');
  const metrics = inputs.metricQueries ? queriedMetrics(inputs.metricQueries) : [singleMetric(inputs)];
  if (inputs.metricQueries && singleMetricParameters.some((name) => inputs[name] !== undefined)) {
    throw invalid(`metricQueries leaves no room for ${singleMetricParameters.join(', ')}`);
  }
  const periodSeconds = periodOf(metrics, inputs.evaluationPeriods);
  return {
    name: inputs.name,
    criteria: criteriaOf(inputs, metrics),
    periodMs: periodSeconds * 1000,
    terms: termsOf(inputs, metrics),
    actions: {
      ALARM: topics(inputs, inputs.alarmActions),
      OK: topics(inputs, inputs.okActions),
      INSUFFICIENT_DATA: topics(inputs, inputs.insufficientDataActions),
    },
    inputs,
  };
}

const singleMetricParameters = [
  'metricName',
  'namespace',
  'statistic',
  'period',
  'dimensions',
  'unit',
] as const;

function singleMetric({ metricName, namespace, statistic, period, dimensions = {}, unit }: AlarmInputs) {
  if (!metricName || !namespace || !statistic || !period) {
    throw invalid('an alarm needs metricName, namespace, statistic and period, or metricQueries');
  }
  return { id: '', name: metricName, namespace, dimensions, statistic, period, unit };
}

type Queries = NonNullable<AlarmInputs['metricQueries']>;

function queriedMetrics(queries: Queries): WatchedMetric[] {
  const metrics = queries.flatMap(({ id, metric }) => {
    if (!metric) return [];
    const { metricName: name, namespace, dimensions = {}, stat: statistic, period, unit } = metric;
    return [{ id, name, namespace, dimensions, statistic, period, unit }];
  });
  if (new Set(queries.map(({ id }) => id)).size < queries.length) throw invalid('ids must differ');
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: `Metrics`
  if (queries.filter(({ returnData }) => returnData === true).length !== 1) {
    throw invalid('exactly one of metricQueries has returnData');
  }
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
  if (metrics.length > 10) throw invalid('at most 10 metrics');
  if (queries.length - metrics.length > 10) throw invalid('at most 10 expressions');
  return metrics;
}

/**
 * One for all: "Each metric must be using the same period."
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
function periodOf(metrics: readonly WatchedMetric[], evaluationPeriods: number): number {
  const [period, ...others] = new Set(metrics.map((metric) => metric.period));
  if (period === undefined || others.length > 0) throw invalid('all metrics of an alarm have one period');
  if (period < 60) throw notSupported(`alarms of high resolution (a period of ${period} s)`);
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: `EvaluationPeriods`
  const maxSeconds = period < 3600 ? 86_400 : 604_800;
  if (period * evaluationPeriods > maxSeconds) {
    throw invalid(`period times evaluationPeriods is at most ${maxSeconds} s`);
  }
  return period;
}

function criteriaOf(inputs: AlarmInputs, metrics: readonly WatchedMetric[]): Criteria {
  const { comparisonOperator, threshold, evaluationPeriods } = inputs;
  const { datapointsToAlarm = evaluationPeriods } = inputs;
  if (datapointsToAlarm > evaluationPeriods) throw invalid('datapointsToAlarm is at most evaluationPeriods');
  if (!isSupportedOperator(comparisonOperator))
    throw notSupported(`the comparison operator ${comparisonOperator}`);
  // "Alarms that evaluate metrics in the AWS/DynamoDB namespace default to ignore missing data."
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
  const byDefault = metrics.some(({ namespace }) => namespace === 'AWS/DynamoDB') ? 'ignore' : 'missing';
  const { treatMissingData = byDefault } = inputs;
  return { comparisonOperator, threshold, evaluationPeriods, datapointsToAlarm, treatMissingData };
}

function isSupportedOperator(operator: AlarmInputs['comparisonOperator']): operator is ComparisonOperator {
  return !/Lower|Upper/.test(operator);
}

function termsOf({ metricQueries = [] }: AlarmInputs, metrics: readonly WatchedMetric[]): WatchedTerm[] {
  for (const { expression } of metricQueries) {
    if (expression !== undefined && expression !== 'SUM(METRICS())') {
      throw notSupported(`the metric math ${expression}`);
    }
  }
  const returned = metricQueries.find(({ returnData }) => returnData);
  return metrics.flatMap((metric) => {
    const term = watched(metric);
    return returned?.metric === undefined || returned.id === metric.id ? [term] : [];
  });
}

function watched({ statistic, unit, ...metric }: WatchedMetric): WatchedTerm {
  const supported = statistics.find((known) => known === statistic);
  if (!supported) throw notSupported(`the statistic ${statistic}`);
  return { metricKey: metricKey(metric), statistic: supported, unit };
}

function topics({ actionsEnabled = true }: AlarmInputs, arns: readonly string[] = []): readonly string[] {
  // https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
  const topic = new RegExp(`^arn:aws:sns:${region}:${accountId}:[A-Za-z0-9_-]{1,256}$`);
  for (const arn of arns) {
    if (!topic.test(arn)) throw notSupported(`the alarm action ${arn}`);
  }
  return actionsEnabled ? arns : [];
}

function invalid(why: string): AwsError {
  return new AwsError('ValidationError', `PutMetricAlarm: ${why}.`);
}
