/** CloudWatch: metrics, alarms on them, and dashboards, which are only checked. */
import * as z from 'zod';
import { AwsError, notSupported } from '../errors.ts';
import { Count, definer, paged, TableService, Token, type Output } from '../operations.ts';
import type { Authorize, AwsService, Caller } from '../service.ts';
import { parseInput } from '../validate.ts';
import type { Timer, VirtualClock } from '../clock.ts';
import { parseAlarm, type AlarmDefinition } from './alarm.ts';
import { checkDashboard } from './dashboard.ts';
import { readEmf } from './emf.ts';
import { evaluate, evaluationRange, reasonOf, type StateValue } from './evaluation.ts';
import { filled, sum } from './metric-math.ts';
import { MetricStore } from './metric-store.ts';
import {
  Dimensions,
  DimensionName,
  DimensionValue,
  metricKey,
  MetricName,
  Namespace,
  statistics,
  Unit,
  Value,
  type Datum,
  type Metric,
  type Statistic,
} from './metric.ts';
import { describedAlarm, notificationsOf, type AlarmNotification, type AlarmState } from './notification.ts';

export type { AlarmNotification, AlarmState, Datum };

interface Alarm {
  definition: AlarmDefinition;
  /** In order of creation. */
  readonly number: number;
  state: AlarmState;
  planned: boolean;
}

interface CloudWatchPorts {
  readonly authorize: Authorize;
  readonly clock: Pick<VirtualClock, 'now' | 'inBackground' | 'track'>;
  readonly notify: (told: AlarmNotification) => Promise<void>;
  /** Puts an event on the default bus. */
  readonly emit?: (source: string, detailType: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** Alarms that are evaluated at one instant, in one event of the clock. */
interface Due {
  readonly alarms: Alarm[];
  readonly timer: Timer;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
const DatumInput = z.strictObject({
  namespace: Namespace,
  name: MetricName,
  dimensions: Dimensions,
  value: Value,
  unit: Unit.optional(),
  atMs: z.number().optional(),
});
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const DescribeAlarmsInput = z.strictObject({
  // The Query protocol writes an empty list as an empty text.
  AlarmNames: z
    .union([z.literal('').transform((): string[] => []), z.array(z.string().min(1).max(255)).max(100)])
    .optional(),
  AlarmNamePrefix: z.string().min(1).max(255).optional(),
  // There are metric alarms alone.
  AlarmTypes: z.array(z.enum(['MetricAlarm', 'CompositeAlarm', 'LogAlarm'])).optional(),
  StateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']).optional(),
  ActionPrefix: z.string().min(1).max(1024).optional(),
  MaxRecords: Count(100),
  NextToken: Token,
});
const DimensionFilters = z
  .array(z.strictObject({ Name: DimensionName, Value: DimensionValue.optional() }))
  .max(30)
  .default([]);
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
const ListMetricsInput = z.strictObject({
  Namespace: Namespace.optional(),
  MetricName: MetricName.optional(),
  Dimensions: DimensionFilters,
  // A metric that was not active for three hours is listed here, too.
  RecentlyActive: z.literal('PT3H').optional(),
  NextToken: Token,
});
// JSON and CBOR have epoch seconds, the Query protocol ISO 8601.
const Timestamp = z
  .union([z.number(), z.string(), z.date()])
  .transform((value) => new Date(typeof value === 'number' ? value * 1000 : value).getTime())
  .refine((value) => !Number.isNaN(value), 'a timestamp');
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
const GetMetricStatisticsInput = z.strictObject({
  Namespace,
  MetricName,
  Dimensions: DimensionFilters,
  StartTime: Timestamp,
  EndTime: Timestamp,
  Period: z.coerce.number().int().min(60).multipleOf(60),
  Statistics: z.array(z.enum(statistics)).min(1).max(5),
  Unit: Unit.optional(),
});
const maxDatapoints = 1440;
const maxAgeMs = 14 * 24 * 60 * 60_000;
const maxAheadMs = 2 * 60 * 60_000;

/**
 * An alarm is evaluated at the ends of its periods, which are aligned to the epoch (CloudWatch: each minute,
 * over a window that slides), and only while its range has data or has just lost them.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
export class CloudWatch implements AwsService {
  readonly #clock: CloudWatchPorts['clock'];
  readonly #notify: CloudWatchPorts['notify'];
  readonly #emit: NonNullable<CloudWatchPorts['emit']>;
  readonly #store = new MetricStore();
  readonly #alarms = new Map<string, Alarm>();
  readonly #watchers = new Map<string, Alarm[]>();
  readonly #due = new Map<number, Due>();
  readonly #table: TableService;

  constructor({ clock, authorize, notify, emit = () => undefined }: CloudWatchPorts) {
    this.#clock = clock;
    this.#notify = notify;
    this.#emit = emit;
    const define = definer('cloudwatch', authorize);
    this.#table = new TableService('cloudwatch', [
      define('DescribeAlarms', DescribeAlarmsInput, (given) => this.#describeAlarms(given)),
      define('ListMetrics', ListMetricsInput, (given) => this.#listMetrics(given)),
      define('GetMetricStatistics', GetMetricStatisticsInput, (given) => this.#metricStatistics(given)),
    ]);
  }

  /** @throws {AwsError} `InvalidParameterValue`, or `NotImplementedByEmbeddedCloud` for what is not supported */
  put(datum: Datum): void {
    const nowMs = this.#clock.now();
    const code = 'InvalidParameterValue';
    const parsed = parseInput('cloudwatch:PutMetricData', DatumInput, datum, code);
    const { value, unit = 'None', atMs = nowMs, ...metric } = parsed;
    if (atMs < nowMs - maxAgeMs || atMs > nowMs + maxAheadMs) {
      throw new AwsError(code, `A datum of ${metric.name} is more than two weeks old or two hours ahead.`);
    }
    this.#store.put(metric, value, unit, atMs, nowMs);
    for (const alarm of this.#watchers.get(metricKey(metric)) ?? []) this.#planIfInRange(alarm);
  }

  /**
   * Takes the embedded metric format out of one log line of a function; any other line is left alone.
   * @throws {Error} the line claims to be EMF and breaks its specification
   */
  readLog(line: string): void {
    for (const datum of readEmf(line)) this.put(datum);
  }

  /**
   * @param inputs of a Pulumi `aws:cloudwatch/metricAlarm:MetricAlarm`
   * @throws {AwsError} `ValidationError`, or `NotImplementedByEmbeddedCloud` for what is not supported
   */
  addAlarm(inputs: unknown): void {
    const definition = parseAlarm(inputs);
    const { name, criteria, terms } = definition;
    if (this.#alarms.has(name)) throw notSupported(`changing an alarm (${name})`);
    const alarm: Alarm = {
      definition,
      number: this.#alarms.size,
      state: {
        name,
        state: 'INSUFFICIENT_DATA',
        sinceMs: this.#clock.now(),
        reason: 'Unchecked: Initial alarm creation',
      },
      planned: false,
    };
    this.#alarms.set(name, alarm);
    for (const key of new Set(terms.map((term) => term.metricKey))) {
      this.#watchers.set(key, [...(this.#watchers.get(key) ?? []), alarm]);
    }
    // Without any data such an alarm still leaves its first state.
    if (['breaching', 'notBreaching'].includes(criteria.treatMissingData)) {
      this.#plan(alarm, this.#endOfPeriod(alarm));
    }
    this.#planIfInRange(alarm);
  }

  /**
   * @param inputs of a Pulumi `aws:cloudwatch/dashboard:Dashboard`
   * @throws {AwsError} `InvalidParameterInput`, or `NotImplementedByEmbeddedCloud` for what is not supported
   */
  addDashboard(inputs: unknown): void {
    checkDashboard(inputs);
  }

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    return this.#table.call(operation, input, caller);
  }

  #describeAlarms({
    AlarmNames: names,
    AlarmNamePrefix: prefix = '',
    AlarmTypes: types = ['MetricAlarm'],
    StateValue: state,
    ActionPrefix: action,
    MaxRecords: max = 100,
    NextToken: token,
  }: z.output<typeof DescribeAlarmsInput>): Output {
    const isMeant = ({ definition: { name, inputs }, state: now }: Alarm) => {
      const actions = [inputs.alarmActions, inputs.okActions, inputs.insufficientDataActions].flat();
      return (
        (names?.includes(name) ?? true) &&
        name.startsWith(prefix) &&
        types.includes('MetricAlarm') &&
        (state === undefined || now.state === state) &&
        (action === undefined || actions.some((arn) => arn?.startsWith(action)))
      );
    };
    const found = [...this.#alarms.values()].filter(isMeant);
    const { items, next } = paged(found, { max, token, code: 'InvalidNextToken' });
    return {
      MetricAlarms: items.map(({ definition, state: now }) => describedAlarm(definition, now)),
      CompositeAlarms: [],
      NextToken: next,
    };
  }

  #listMetrics(given: z.output<typeof ListMetricsInput>): Output {
    const found = this.#store
      .metrics()
      .filter(
        ({ namespace, name, dimensions }) =>
          (given.Namespace === undefined || namespace === given.Namespace) &&
          (given.MetricName === undefined || name === given.MetricName) &&
          given.Dimensions.every(({ Name, Value: value }) =>
            value === undefined ? Object.hasOwn(dimensions, Name) : dimensions[Name] === value,
          ),
      );
    // "Up to 500 results are returned for any one call."
    const { items, next } = paged(found, { max: 500, token: given.NextToken, code: 'InvalidParameterValue' });
    return {
      Metrics: items.map(({ namespace, name, dimensions }) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      })),
      NextToken: next,
    };
  }

  #metricStatistics(given: z.output<typeof GetMetricStatisticsInput>): Output {
    const { Period: period, Statistics: wanted, Unit: unit } = given;
    const periodMs = period * 1000;
    const fromMs = Math.floor(given.StartTime / periodMs) * periodMs;
    const count = Math.ceil((given.EndTime - fromMs) / periodMs);
    if (count <= 0 || count > maxDatapoints) {
      throw new AwsError(
        'InvalidParameterCombination',
        `StartTime must be before EndTime, with at most ${maxDatapoints} periods between them.`,
      );
    }
    const dimensions = Object.fromEntries(
      given.Dimensions.map(({ Name, Value: value = '' }) => [Name, value]),
    );
    const key = metricKey({ namespace: given.Namespace, name: given.MetricName, dimensions });
    const points = wanted.map((statistic) =>
      this.#store.points(key, { statistic, fromMs, periodMs, count, unit }),
    );
    const datapoints = Array.from({ length: count }, (_, index) => ({
      Timestamp: new Date(fromMs + index * periodMs),
      ...Object.fromEntries(wanted.map((statistic, each) => [statistic, points[each]![index]])),
      Unit: this.#store.unitOf(key),
    }));
    return {
      Label: given.MetricName,
      Datapoints: datapoints.filter((_, index) => points[0]![index] !== undefined),
    };
  }

  /** How many metrics all alarms look at: what is billed of them. */
  metricsOfAlarms(): number {
    return [...this.#alarms.values()].reduce((sum, { definition: { terms } }) => sum + terms.length, 0);
  }

  /** As somebody does who deletes it by hand. */
  removeAlarm(name: string): void {
    this.#alarms.delete(name);
  }

  /** As somebody does who mutes it by hand. */
  disableActions(name: string): void {
    const alarm = this.#alarms.get(name)!;
    alarm.definition = parseAlarm({ ...alarm.definition.inputs, actionsEnabled: false });
  }

  /** In order of creation. */
  alarms(): readonly AlarmState[] {
    return [...this.#alarms.values()].map(({ state }) => state);
  }

  alarm(name: string): AlarmState | undefined {
    return this.#alarms.get(name)?.state;
  }

  /** Over the minutes that begin in [fromMs, untilMs), for as long as data are kept; undefined without data. */
  statistic(metric: Metric, statistic: Statistic, fromMs: number, untilMs: number): number | undefined {
    const query = { statistic, fromMs, periodMs: untilMs - fromMs, count: 1 };
    return this.#store.points(metricKey(metric), query)[0];
  }

  /** All that were ever put. */
  metrics(): readonly Metric[] {
    return this.#store.metrics();
  }

  #endOfPeriod({ definition: { periodMs } }: Alarm): number {
    return (Math.floor(this.#clock.now() / periodMs) + 1) * periodMs;
  }

  #planIfInRange(alarm: Alarm): void {
    const atMs = this.#endOfPeriod(alarm);
    if (this.#hasDataSince(alarm, atMs - rangeMs(alarm.definition))) this.#plan(alarm, atMs);
  }

  #hasDataSince({ definition: { terms } }: Alarm, fromMs: number): boolean {
    return terms.some((term) => (this.#store.latestMs(term.metricKey) ?? -Infinity) >= fromMs);
  }

  #plan(alarm: Alarm, atMs: number): void {
    if (alarm.planned) return;
    alarm.planned = true;
    const known = this.#due.get(atMs);
    const alarms = known ? [...known.alarms, alarm] : [alarm];
    known?.timer.cancel();
    const label = known ? 'evaluating alarms' : `evaluating the alarm ${alarm.definition.name}`;
    this.#due.set(atMs, {
      alarms,
      timer: this.#clock.inBackground(atMs, label, () => this.#run(alarms, atMs)),
    });
  }

  #run(alarms: readonly Alarm[], atMs: number): void {
    this.#due.delete(atMs);
    for (const alarm of alarms.toSorted((a, b) => a.number - b.number)) this.#evaluate(alarm, atMs);
  }

  #evaluate(alarm: Alarm, atMs: number): void {
    const { definition } = alarm;
    const { criteria, periodMs, terms } = definition;
    const fromMs = atMs - rangeMs(definition);
    const count = evaluationRange(criteria.evaluationPeriods);
    const points = sum(
      terms.map(({ metricKey: key, statistic, unit, fill }) =>
        filled(this.#store.points(key, { statistic, fromMs, periodMs, count, unit }), fill),
      ),
    );
    const state = evaluate(criteria, points);
    if (state && state !== alarm.state.state) {
      const startsMs = points.map((_, index) => fromMs + index * periodMs);
      this.#change(alarm, state, reasonOf(state, criteria, points, startsMs));
    }

    // Once more after the range has run empty: then the state has settled.
    alarm.planned = false;
    if (this.#hasDataSince(alarm, fromMs)) this.#plan(alarm, atMs + periodMs);
  }

  #change(alarm: Alarm, state: StateValue, reason: string): void {
    const before = alarm.state.state;
    alarm.state = { ...alarm.state, state, reason, sinceMs: this.#clock.now() };
    for (const notification of notificationsOf(alarm.definition, before, alarm.state)) {
      void this.#clock.track(this.#notify(notification));
    }
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    this.#emit('aws.cloudwatch', 'CloudWatch Alarm State Change', {
      alarmName: alarm.state.name,
      state: { value: state, reason, timestamp: new Date(this.#clock.now()).toISOString() },
      previousState: { value: before },
      configuration: { description: alarm.definition.inputs.alarmDescription },
    });
  }
}

function rangeMs({ criteria, periodMs }: AlarmDefinition): number {
  return evaluationRange(criteria.evaluationPeriods) * periodMs;
}
