/**
 * The functions' own metrics with their units. All connections of a stack share each metric, because AWS charges for each
 * metric.
 */
export const metricUnits = {
  /** Completed checks. The alarm checks-stopped goes off without them. */
  ChecksCompleted: 'Count',
  /** At each check of a grant with a deadline: the time until the token is needed after that deadline. Alarms use the minimum. */
  SecondsToDeadline: 'Seconds',
  /** At each check of a live grant: the time until the stored access token ends. Negative if refreshes fail. */
  SecondsToAccessExpiry: 'Seconds',
  /** At each check: 1 while the owner has an unused link, else 0. Alarms use the maximum. */
  AuthorizationsOpen: 'Count',
  RefreshesSucceeded: 'Count',
  /** Also by `reason`: the error's name, or `rejected`. */
  RefreshesFailed: 'Count',
  /** Also by `channel`. */
  NoticesSent: 'Count',
  /** Also by `channel`. */
  NoticesFailed: 'Count',
  /** Completed logins, also by `outcome`. */
  CallbacksCompleted: 'Count',
  /** Failed logins, also by `outcome`: declined, too late, unknown, a provider error. */
  CallbacksFailed: 'Count',
  /** Refused logins, also by `outcome`: another browser, a repeat, a forged issuer, another account. */
  CallbacksRefused: 'Count',
  BrowserLoginsSucceeded: 'Count',
  /** Also by `reason`: how it ended. */
  BrowserLoginsFailed: 'Count',
  /** The duration of a browser login, with the start of its function. */
  BrowserLoginSeconds: 'Seconds',
  /** The duration of each step of a browser login. */
  BrowserLoginStepSeconds: 'Seconds',
} as const satisfies Record<string, 'Count' | 'Seconds'>;

export type MetricName = keyof typeof metricUnits;

/** The namespace of all metrics. The dimension `service` names the stack. */
export const metricNamespace = 'Grantkeeper';
