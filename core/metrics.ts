/**
 * What the functions measure beside AWS's own metrics, and in which unit. Each is one metric for all connections of a
 * stack: a deployment pays for the metrics, not for its connections.
 */
export const metricUnits = {
  /** A check was done: its silence is an alarm. */
  ChecksCompleted: 'Count',
  /** Until the token is needed and the grant has ended; at each check, for each grant that has a deadline. The minimum counts. */
  SecondsToDeadline: 'Seconds',
  /** Until the stored access token ends; at each check, for each grant that is alive. Below zero: refreshes fail. */
  SecondsToAccessExpiry: 'Seconds',
  /** 1 while a link is open that the owner has not used, else 0; at each check. The maximum counts. */
  AuthorizationsOpen: 'Count',
  RefreshesSucceeded: 'Count',
  /** Also by `reason`: the error's name, or `rejected`. */
  RefreshesFailed: 'Count',
  /** Also by `channel`. */
  NoticesSent: 'Count',
  /** Also by `channel`. */
  NoticesFailed: 'Count',
  /** Also by `outcome`. A login was completed; */
  CallbacksCompleted: 'Count',
  /** it came to nothing: declined, too late, unknown, a fault of the provider's; */
  CallbacksFailed: 'Count',
  /** it was a login of ours, and not honoured: another browser, a repeat, a forged issuer, another account. */
  CallbacksRefused: 'Count',
  BrowserLoginsSucceeded: 'Count',
  /** Also by `reason`: how it ended. */
  BrowserLoginsFailed: 'Count',
  /** How long a browser was under way, the start of its function and its own included. */
  BrowserLoginSeconds: 'Seconds',
  /** Each step that it has done. */
  BrowserLoginStepSeconds: 'Seconds',
} as const satisfies Record<string, 'Count' | 'Seconds'>;

export type MetricName = keyof typeof metricUnits;

/** The namespace of all of them; a stack is told from others by the dimension `service`. */
export const metricNamespace = 'Grantkeeper';
