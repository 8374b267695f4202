/**
 * The metric math that is supported: a sum of metrics, each as it is or filled.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
import { AwsError, notSupported } from '../errors.ts';

/** What stands in where a metric has no data. */
export type Fill = 'nothing' | 'zero' | 'repeat';

export interface Term {
  readonly id: string;
  readonly fill: Fill;
}

export type Points = readonly (number | undefined)[];

/**
 * Reads `a + FILL(b, 0) + FILL(c, REPEAT)` or `SUM(METRICS())`.
 * @param metricIds of the metrics in the same request
 * @param expressionIds of its expressions
 * @throws {AwsError} `NotImplementedByEmbeddedCloud` for any other form
 */
export function parseExpression(
  expression: string,
  metricIds: readonly string[],
  expressionIds: readonly string[],
): Term[] {
  if (/^\s*SUM\(\s*METRICS\(\s*\)\s*\)\s*$/.test(expression)) {
    return metricIds.map((id) => ({ id, fill: 'nothing' }));
  }
  return expression.split('+').map((text) => {
    const plain = /^\s*(?<id>[a-z]\w*)\s*$/.exec(text)?.groups;
    const filled = /^\s*FILL\(\s*(?<id>[a-z]\w*)\s*,\s*(?<by>0|REPEAT)\s*\)\s*$/.exec(text)?.groups;
    const id = plain?.['id'] ?? filled?.['id'];
    if (id === undefined) throw notSupported(`the metric math ${expression}`);
    if (expressionIds.includes(id)) throw notSupported(`an expression over another (${expression})`);
    if (!metricIds.includes(id)) {
      throw new AwsError('ValidationError', `The expression ${expression} needs a metric with the id ${id}.`);
    }
    if (!filled) return { id, fill: 'nothing' };
    return { id, fill: filled['by'] === '0' ? 'zero' : 'repeat' };
  });
}

/** A series without any data point is none: there is nothing to fill. */
export function filled(points: Points, fill: Fill): Points {
  if (fill === 'nothing' || points.every((point) => point === undefined)) return points;
  if (fill === 'zero') return points.map((point) => point ?? 0);
  let last: number | undefined;
  return points.map((point) => (last = point ?? last));
}

/**
 * "Missing values in a time series are treated as 0"; where every series has none, the sum has none.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-arithmetic
 */
export function sum(series: readonly Points[]): Points {
  const [first = [], ...others] = series;
  return others.reduce(
    (total, points) =>
      total.map((value, index) => {
        const other = points[index];
        return value === undefined ? other : value + (other ?? 0);
      }),
    first,
  );
}
