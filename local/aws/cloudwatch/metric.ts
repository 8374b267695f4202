/** What identifies a metric, and the limits of its parts. */
import * as z from 'zod';

/** Other dimensions make it another metric. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Datum extends Metric {
  readonly value: number;
  /** One of CloudWatch's units; `None` by default. */
  readonly unit?: string;
  /** Epoch milliseconds; by default the clock's now. */
  readonly atMs?: number;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StatisticSet.html
export const statistics = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type Statistic = (typeof statistics)[number];

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Namespace
export const Namespace = z
  .string()
  .regex(/^[0-9A-Za-z._/#: -]{1,255}$/)
  .regex(/\S/);

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
export const MetricName = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/)
  .regex(/\S/);

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
export const DimensionName = z
  .string()
  .regex(/^[\x20-\x39\x3b-\x7e][\x20-\x7e]{0,254}$/)
  .regex(/\S/);
export const DimensionValue = z
  .string()
  .regex(/^[\x20-\x7e]{1,1024}$/)
  .regex(/\S/);
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
export const maxDimensions = 30;
export const Dimensions = z
  .record(DimensionName, DimensionValue)
  .refine(
    (dimensions) => Object.keys(dimensions).length <= maxDimensions,
    `at most ${maxDimensions} dimensions`,
  );

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
const sizes = ['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'] as const;
const bits = ['Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits'] as const;
export const Unit = z.enum([
  'None',
  'Count',
  'Count/Second',
  'Percent',
  'Seconds',
  'Milliseconds',
  'Microseconds',
  ...sizes,
  ...bits,
  ...sizes.map((unit) => `${unit}/Second` as const),
  ...bits.map((unit) => `${unit}/Second` as const),
]);

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
export const Value = z.number().refine((value) => Math.abs(value) <= 2 ** 360, 'between -2^360 and 2^360');

/** A key that doesn't depend on the order of the dimensions. */
export function metricKey({ namespace, name, dimensions }: Metric): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}
