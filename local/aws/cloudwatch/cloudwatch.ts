/** CloudWatch: metrics and alarms. Dashboards are only checked. */
import * as z from 'zod';
import { AwsError, notSupported } from '../errors.ts';
import { definer, TableService, type Output } from '../operations.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from '../service.ts';
import { parseInput } from '../validate.ts';
import type { Timer, VirtualClock } from '../clock.ts';
import { parseAlarm, type AlarmDefinition } from './alarm.ts';
import { checkDashboard } from './dashboard.ts';
import { readEmf } from './emf.ts';
import { evaluate, evaluationRange, reasonOf, type StateValue } from './evaluation.ts';
import { sum } from './metric-math.ts';
import { MetricStore } from './metric-store.ts';
import {
  Dimensions,
  metricKey,
  MetricName,
  Namespace,
  Unit,
  Value,
  type Datum,
  type Metric,
  type Statistic,
} from './metric.ts';
import { notificationsOf, type AlarmNotification, type AlarmState } from './notification.ts';

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
  readonly notify: (notification: AlarmNotification) => Promise<void>;
  /** Puts an event on the default bus. */
  readonly emit?: (source: string, detailType: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** One event of the clock evaluates all alarms that are due at that instant. */
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
const DescribeAlarmsInput = z.strictObject({ AlarmNames: z.array(z.string().min(1).max(255)).max(100) });
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
   * Puts the metrics of a log line in the embedded metric format. Ignores any other line.
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
    // Such an alarm leaves its first state even without data.
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

  #describeAlarms({ AlarmNames: names }: z.output<typeof DescribeAlarmsInput>): Output {
    const found = [...this.#alarms.values()].filter(({ definition: { name } }) => names.includes(name));
    return {
      MetricAlarms: found.map(({ definition: { name, inputs }, state }) => ({
        AlarmName: name,
        AlarmArn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`,
        AlarmDescription: inputs.alarmDescription,
        ActionsEnabled: inputs.actionsEnabled ?? true,
        OKActions: inputs.okActions ?? [],
        AlarmActions: inputs.alarmActions ?? [],
        InsufficientDataActions: inputs.insufficientDataActions ?? [],
        StateValue: state.state,
        StateReason: state.reason,
      })),
      CompositeAlarms: [],
    };
  }

  /** AWS bills alarms by the metrics that they watch. */
  metricsOfAlarms(): number {
    return [...this.#alarms.values()].reduce((sum, { definition: { terms } }) => sum + terms.length, 0);
  }

  /** Like a person who deletes it by hand. */
  removeAlarm(name: string): void {
    this.#alarms.delete(name);
  }

  /** Like a person who mutes it by hand. */
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

  /** Every metric that ever had a datum. */
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
      terms.map(({ metricKey: key, statistic, unit }) =>
        this.#store.points(key, { statistic, fromMs, periodMs, count, unit }),
      ),
    );
    const state = evaluate(criteria, points);
    if (state && state !== alarm.state.state) {
      const startsMs = points.map((_, index) => fromMs + index * periodMs);
      this.#change(alarm, state, reasonOf(state, criteria, points, startsMs));
    }

    // Evaluate once more after the range has run empty; then the state has settled.
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
