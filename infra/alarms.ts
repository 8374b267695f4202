import type { MetricName } from '../core/metrics.ts';

/** A metric of AWS's own, by the resource that has it. */
export type Measured =
  | { readonly own: MetricName }
  | { readonly of: 'stateMachine' | 'eachFunction' | 'api' | 'deadLetters'; readonly metric: string };

export interface AlarmData {
  readonly name: string;
  /** What it means. */
  readonly means: string;
  /** What to do; the first words are the first step. */
  readonly remedy: string;
  /**
   * Several are added up: ten at most, all functions counted.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
   */
  readonly metrics: readonly Measured[];
  readonly statistic: 'Sum' | 'Minimum' | 'Maximum';
  readonly comparison: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  readonly threshold: number;
  /** Of the last so many periods of five minutes this many must be beyond the threshold. */
  readonly periods: { readonly beyond: number; readonly of: number };
  readonly missing: 'breaching' | 'notBreaching' | 'ignore';
}

/** Metrics are looked at in periods of five minutes: an alarm comes that soon, and costs as little as one of an hour. */
export const periodSeconds = 300;

/**
 * Every alarm of a stack; `docs/alarms.md` lists them.
 * @param shortestTickSeconds between two checks of the connection that is checked most often
 * @param longestTickSeconds of the one that is checked least often
 */
export function alarmsOf(shortestTickSeconds: number, longestTickSeconds: number): readonly AlarmData[] {
  // Within three ticks, wherever the periods begin. CloudWatch also looks at some earlier periods (five for three in its
  // examples), and one check in any of them keeps the alarm quiet:
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
  const silentPeriods = Math.floor((3 * shortestTickSeconds) / periodSeconds) - 3;
  // Connections are checked at different times, up to the longest tick apart. What is looked at is a little longer than
  // that, or than three of them: it is the same wherever the ticks lie, so no alarm comes and goes with them.
  const tickPeriods = Math.ceil(longestTickSeconds / periodSeconds);
  const once = { beyond: 1, of: tickPeriods + 2 };
  const againAndAgain = { beyond: 3, of: 3 * tickPeriods + 2 };
  return [
    {
      name: 'checks-stopped',
      means: 'No check was completed for three ticks: nothing is refreshed, and nobody is told.',
      remedy:
        'If the stack is new, wait for its first check, one tick. Otherwise look at the newest executions of the state machine. If there are none, see whether the schedules are enabled and what the dead-letter queue holds; if they fail, what check-grant logs.',
      metrics: [{ own: 'ChecksCompleted' }],
      statistic: 'Sum',
      comparison: 'LessThanThreshold',
      threshold: 1,
      periods: { beyond: silentPeriods, of: silentPeriods },
      // Only checks are counted, so silence is missing data. A new stack's alarm may go off, too, until its first check.
      missing: 'breaching',
    },
    {
      name: 'deadline-near',
      means: 'A token will be needed within the hour and its grant has ended by then, or has ended already.',
      remedy:
        'Reach the owner by telephone: they have been told, and their newest notice has the link that works.',
      metrics: [{ own: 'SecondsToDeadline' }],
      statistic: 'Minimum',
      comparison: 'LessThanThreshold',
      threshold: 3600,
      periods: once,
      missing: 'notBreaching',
    },
    {
      name: 'access-token-expired',
      means:
        'A grant is alive, and its stored access token has ended: refreshes fail, and the provider refuses its consumers.',
      remedy: 'Look for the alert of RefreshTokens: it names the error and what to do.',
      metrics: [{ own: 'SecondsToAccessExpiry' }],
      statistic: 'Minimum',
      comparison: 'LessThanThreshold',
      threshold: 0,
      periods: once,
      missing: 'notBreaching',
    },
    {
      name: 'refreshes-failing',
      means: 'Refreshes fail again and again.',
      remedy: 'Look for the alert of RefreshTokens: it names the error and what to do.',
      metrics: [{ own: 'RefreshesFailed' }],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: againAndAgain,
      missing: 'notBreaching',
    },
    {
      name: 'executions-failed',
      means: 'Executions fail again and again. Each cause was told once, by an alert of its own.',
      remedy: 'Open the newest failed execution: it shows the step, the error and its cause.',
      metrics: [{ of: 'stateMachine', metric: 'ExecutionsFailed' }],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: againAndAgain,
      missing: 'notBreaching',
    },
    {
      name: 'executions-cut-short',
      means: 'An execution timed out, or Step Functions throttled one.',
      remedy:
        'Open the executions that timed out. For throttling see the account’s quotas of Step Functions.',
      metrics: [
        { of: 'stateMachine', metric: 'ExecutionsTimedOut' },
        { of: 'stateMachine', metric: 'ExecutionThrottled' },
      ],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: once,
      missing: 'notBreaching',
    },
    {
      name: 'functions-failing',
      means: 'Functions end in errors again and again. Single ones are retried and lose nothing.',
      remedy:
        'Look for errors in the log groups of the functions; correlation_id is the name of the execution.',
      metrics: [{ of: 'eachFunction', metric: 'Errors' }],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: againAndAgain,
      missing: 'notBreaching',
    },
    {
      name: 'functions-throttled',
      means: 'Lambda turns invocations away again and again: the account has no concurrency left.',
      remedy:
        'See which functions of the account take it all, and ask AWS for a higher quota: new accounts have 10.',
      metrics: [{ of: 'eachFunction', metric: 'Throttles' }],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: againAndAgain,
      missing: 'notBreaching',
    },
    {
      name: 'pages-failing',
      means: 'A page of an owner or of the panel, or a callback, was answered with an error of ours.',
      remedy:
        'Look at the logs of reauthorize and callback, and of show-panel, take-action and sign-in. A link goes on working: the owner can try again.',
      metrics: [{ of: 'api', metric: '5xx' }],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: once,
      missing: 'notBreaching',
    },
    {
      name: 'dead-letters',
      means: 'A check could not be started, and was given up.',
      remedy:
        'Read the messages of the dead-letter queue: each has the error. Nothing is lost, for the next tick asks the same; delete them once it is mended.',
      metrics: [{ of: 'deadLetters', metric: 'ApproximateNumberOfMessagesVisible' }],
      statistic: 'Maximum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      periods: { beyond: 1, of: 1 },
      // A queue that nobody touches reports nothing, whatever it holds.
      missing: 'ignore',
    },
    {
      name: 'logins-refused',
      means:
        'Several callbacks were ours and not honoured: other browsers, repeats, forged issuers, other accounts.',
      remedy:
        'Look at the histories of the connections, and at the log of callback, for which it was. Ask its owner whether it was they; if not, nothing was stored, and a new link ends the old one.',
      metrics: [{ own: 'CallbacksRefused' }],
      statistic: 'Sum',
      comparison: 'GreaterThanOrEqualToThreshold',
      threshold: 3,
      periods: { beyond: 1, of: 1 },
      missing: 'notBreaching',
    },
  ];
}
