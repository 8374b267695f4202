/**
 * The one expression of metric math that is supported: `SUM(METRICS())`.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */

export type Points = readonly (number | undefined)[];

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
