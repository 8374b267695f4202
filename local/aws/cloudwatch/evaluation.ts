/**
 * The state of an alarm, computed from its data points.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
import type { Points } from './metric-math.ts';

export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type ComparisonOperator =
  | 'GreaterThanOrEqualToThreshold'
  | 'GreaterThanThreshold'
  | 'LessThanThreshold'
  | 'LessThanOrEqualToThreshold';
export type TreatMissingData = 'breaching' | 'notBreaching' | 'ignore' | 'missing';

export interface Criteria {
  readonly comparisonOperator: ComparisonOperator;
  readonly threshold: number;
  /** N */
  readonly evaluationPeriods: number;
  /** M */
  readonly datapointsToAlarm: number;
  readonly treatMissingData: TreatMissingData;
}

/**
 * "CloudWatch attempts to retrieve a higher number of data points than the number specified as Evaluation
 * Periods. The exact number […] depends"; the page's examples have 5 for 3.
 */
export function evaluationRange(evaluationPeriods: number): number {
  return evaluationPeriods + 2;
}

/**
 * @param points of the whole evaluation range, oldest first
 * @returns undefined when the alarm keeps its state
 */
export function evaluate(criteria: Criteria, points: Points): StateValue | undefined {
  return judge(
    points.map((value) => (value === undefined ? undefined : breaches(criteria, value))),
    criteria,
  );
}

/**
 * @param breaching for each point of the range, oldest first; undefined where it is missing
 * @returns undefined when the alarm keeps its state
 */
export function judge(
  breaching: readonly (boolean | undefined)[],
  criteria: Pick<Criteria, 'evaluationPeriods' | 'datapointsToAlarm' | 'treatMissingData'>,
): StateValue | undefined {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = criteria;
  // Existing points first, from as far back as the range goes; missing ones fill up only what is left.
  const real = breaching.filter((point) => point !== undefined).slice(-evaluationPeriods);
  const bad = real.filter(Boolean).length;
  if (bad >= datapointsToAlarm) return 'ALARM';
  if (real.length === evaluationPeriods) return 'OK';

  switch (treatMissingData) {
    case 'breaching':
      return bad + (evaluationPeriods - real.length) >= datapointsToAlarm ? 'ALARM' : 'OK';
    case 'notBreaching':
      return 'OK';
    case 'ignore':
      return real.includes(false) ? 'OK' : undefined;
    case 'missing': {
      if (real.includes(false)) return 'OK';
      // "Avoiding premature transitions": fewer points than M, all of them breaching, are an alarm only when
      // the oldest is at least M periods old. An older edition of the page has the state until then.
      const oldest = breaching.indexOf(true);
      return oldest >= 0 && breaching.length - oldest >= datapointsToAlarm ? 'ALARM' : 'INSUFFICIENT_DATA';
    }
  }
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
function breaches({ comparisonOperator, threshold }: Criteria, value: number): boolean {
  switch (comparisonOperator) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'LessThanThreshold':
      return value < threshold;
    case 'LessThanOrEqualToThreshold':
      return value <= threshold;
  }
}

const words: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  GreaterThanThreshold: 'greater than',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

/**
 * CloudWatch's reason for a state that `evaluate` returned, newest data point first.
 * @param startsMs when the period of each point began
 */
export function reasonOf(
  state: StateValue,
  criteria: Criteria,
  points: Points,
  startsMs: readonly number[],
): string {
  const { evaluationPeriods, comparisonOperator, threshold, treatMissingData } = criteria;
  const real = points.flatMap((value, index) =>
    value === undefined ? [] : [{ value, atMs: startsMs[index] ?? 0 }],
  );
  if (state === 'INSUFFICIENT_DATA') {
    return `Insufficient Data: ${points.length - real.length} datapoints were unknown.`;
  }

  const judged = real.slice(-evaluationPeriods);
  const fills = treatMissingData === 'breaching' || treatMissingData === 'notBreaching';
  const missing = fills ? evaluationPeriods - judged.length : 0;
  const treated = `${count(missing)} ${treatMissingData === 'breaching' ? '[Breaching]' : '[NonBreaching]'}`;
  const concerned = judged
    .filter(({ value }) => breaches(criteria, value) === (state === 'ALARM'))
    .map(({ value, atMs }) => `${decimal(value)} (${timestamp(atMs)})`)
    .toReversed();
  if (concerned.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${missing} periods and ${treated}.`;
  }
  const verb = `${concerned.length === 1 ? 'was' : 'were'} ${state === 'ALARM' ? '' : 'not '}`;
  return [
    `Threshold Crossed: ${concerned.length} out of the last ${evaluationPeriods} datapoints`,
    `[${concerned.join(', ')}] ${verb}${words[comparisonOperator]} the threshold (${decimal(threshold)})`,
    ...(missing === 0 ? [] : [`and ${treated}`]),
  ]
    .join(' ')
    .concat('.');
}

function count(missing: number): string {
  return missing === 1
    ? '1 missing datapoint was treated as'
    : `${missing} missing datapoints were treated as`;
}

function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** `05/01/26 12:00:00`: day, month, year. */
function timestamp(atMs: number): string {
  const [date = '', time = ''] = new Date(atMs).toISOString().slice(2, 19).split('T');
  return `${date.split('-').toReversed().join('/')} ${time}`;
}
