/** CloudWatch: metrics, alarms on them, and dashboards that are checked and no more. */
import * as z from 'zod';
import { AwsError, notPlayed } from '../aws/errors.ts';
import { accountId, region, type Authorize, type AwsService, type Caller } from '../aws/service.ts';
import { parseInput } from '../aws/validate.ts';
import type { Timer, VirtualClock } from '../clock.ts';
import { parseAlarm, type AlarmDefinition } from './alarm.ts';
import { checkDashboard } from './dashboard.ts';
import { readEmf } from './emf.ts';
import { evaluate, evaluationRange, reasonOf, type StateValue } from './evaluation.ts';
import { filled, sum } from './metric-math.ts';
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
  readonly definition: AlarmDefinition;
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
  readonly #authorize: Authorize;
  readonly #notify: CloudWatchPorts['notify'];
  readonly #emit: NonNullable<CloudWatchPorts['emit']>;
  readonly #store = new MetricStore();
  readonly #alarms = new Map<string, Alarm>();
  readonly #watchers = new Map<string, Alarm[]>();
  readonly #due = new Map<number, Due>();

  constructor({ clock, authorize, notify, emit = () => undefined }: CloudWatchPorts) {
    this.#clock = clock;
    this.#authorize = authorize;
    this.#notify = notify;
    this.#emit = emit;
  }

  /** @throws {AwsError} `InvalidParameterValue`, or `NotImplementedByEmbeddedCloud` for what is not played */
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
   * @throws {AwsError} `ValidationError`, or `NotImplementedByEmbeddedCloud` for what is not played
   */
  addAlarm(inputs: unknown): void {
    const definition = parseAlarm(inputs);
    const { name, criteria, terms } = definition;
    if (this.#alarms.has(name)) throw notPlayed(`changing an alarm (${name})`);
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
   * @throws {AwsError} `InvalidParameterInput`, or `NotImplementedByEmbeddedCloud` for what is not played
   */
  addDashboard(inputs: unknown): void {
    checkDashboard(inputs);
  }

  /** DescribeAlarms, for whoever signs the call: the alarms among those named that there are. */
  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    if (operation !== 'DescribeAlarms') throw notPlayed(`cloudwatch:${operation}`);
    const { AlarmNames: names } = parseInput('cloudwatch:DescribeAlarms', DescribeAlarmsInput, input);
    this.#authorize(caller, 'cloudwatch:DescribeAlarms', '*');
    const found = names.flatMap((name) => this.#alarms.get(name) ?? []);
    return {
      MetricAlarms: found.map(({ definition: { inputs }, state: { name, state, reason, sinceMs } }) => ({
        AlarmName: name,
        AlarmArn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`,
        AlarmDescription: inputs.alarmDescription,
        ActionsEnabled: true,
        AlarmActions: inputs.alarmActions ?? [],
        StateValue: state,
        StateReason: reason,
        StateUpdatedTimestamp: sinceMs / 1000,
      })),
      CompositeAlarms: [],
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
