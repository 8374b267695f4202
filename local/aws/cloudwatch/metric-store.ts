/** Stores one aggregate for each metric and minute; statistics are computed from these. */
import { notSupported } from '../errors.ts';
import { metricKey, type Metric, type Statistic } from './metric.ts';

interface Minute {
  /** Epoch milliseconds of the minute's start. */
  readonly atMs: number;
  sum: number;
  minimum: number;
  maximum: number;
  count: number;
}

interface Series {
  readonly metric: Metric;
  readonly unit: string;
  /** Ascending. */
  readonly minutes: Minute[];
}

/** A statistic over `count` periods of `periodMs` that follow each other from `fromMs`, a whole minute. */
export interface PointsQuery {
  readonly statistic: Statistic;
  readonly fromMs: number;
  readonly periodMs: number;
  readonly count: number;
  /** Data of other units don't count. */
  readonly unit?: string | undefined;
}

const minuteMs = 60_000;
// CloudWatch keeps data points of a minute as long; no alarm's range needs more.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
const keptMs = 15 * 24 * 60 * minuteMs;

export class MetricStore {
  readonly #series = new Map<string, Series>();

  put(metric: Metric, value: number, unit: string, atMs: number, nowMs: number): void {
    const { minutes, unit: known } = this.#seriesOf(metric, unit);
    if (known !== unit) throw notSupported(`a metric with two units (${metric.name}: ${known} and ${unit})`);

    const startMs = Math.floor(atMs / minuteMs) * minuteMs;
    const index = firstFrom(minutes, startMs);
    const minute = minutes[index];
    if (minute?.atMs === startMs) {
      minute.sum += value;
      minute.minimum = Math.min(minute.minimum, value);
      minute.maximum = Math.max(minute.maximum, value);
      minute.count += 1;
    } else {
      minutes.splice(index, 0, { atMs: startMs, sum: value, minimum: value, maximum: value, count: 1 });
    }
    minutes.splice(0, firstFrom(minutes, nowMs - keptMs));
  }

  /** One value a period, oldest first; undefined where there are no data. */
  points(key: string, query: PointsQuery): (number | undefined)[] {
    const { statistic, fromMs, periodMs, count, unit } = query;
    const buckets: (Minute | undefined)[] = Array<undefined>(count).fill(undefined);
    const series = this.#series.get(key);
    if (series && (unit === undefined || unit === series.unit)) {
      const { minutes } = series;
      for (let index = firstFrom(minutes, fromMs); index < minutes.length; index += 1) {
        const minute = minutes[index] as Minute;
        const at = Math.floor((minute.atMs - fromMs) / periodMs);
        if (at >= count) break;
        buckets[at] = merge(buckets[at], minute);
      }
    }
    return buckets.map((bucket) => bucket && valueOf(bucket, statistic));
  }

  /** Start of the newest minute with data. */
  latestMs(key: string): number | undefined {
    return this.#series.get(key)?.minutes.at(-1)?.atMs;
  }

  /** Every metric that ever had a datum, in order of its first one. */
  metrics(): readonly Metric[] {
    return [...this.#series.values()].map(({ metric }) => metric);
  }

  #seriesOf({ namespace, name, dimensions }: Metric, unit: string): Series {
    const key = metricKey({ namespace, name, dimensions });
    const known = this.#series.get(key);
    if (known) return known;
    const series: Series = {
      metric: { namespace, name, dimensions: { ...dimensions } },
      unit,
      minutes: [],
    };
    this.#series.set(key, series);
    return series;
  }
}

/** Index of the first minute that begins at `atMs` or later. */
function firstFrom(minutes: readonly Minute[], atMs: number): number {
  let low = 0;
  let high = minutes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((minutes[middle] as Minute).atMs < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merge(one: Minute | undefined, other: Minute): Minute {
  if (!one) return { ...other };
  one.sum += other.sum;
  one.minimum = Math.min(one.minimum, other.minimum);
  one.maximum = Math.max(one.maximum, other.maximum);
  one.count += other.count;
  return one;
}

function valueOf({ sum, minimum, maximum, count }: Minute, statistic: Statistic): number {
  switch (statistic) {
    case 'Sum':
      return sum;
    case 'Minimum':
      return minimum;
    case 'Maximum':
      return maximum;
    case 'SampleCount':
      return count;
    case 'Average':
      return sum / count;
  }
}
