/**
 * What happened to a connection: each type of event, and under which of the timeline's filters it comes. In the order in
 * which they follow each other where all of them bear the same millisecond.
 */
export const eventKinds = {
  /** An operator asked for something by the panel. */
  requested: 'action',
  /** The client's credentials were put into their secret by the operator's command. */
  connected: 'action',
  /** So was what a browser logs in with. */
  'browser-credentials-stored': 'action',
  paused: 'action',
  resumed: 'action',
  /** Somebody asked for what they may not do, or what comes to nothing now. */
  refused: 'action',
  /** The owner pressed the button. */
  started: 'login',
  declined: 'login',
  /** The provider sent the owner back without a code, and the owner had not declined. */
  'authorization-failed': 'login',
  /** The callback named another issuer than the configured one, or none although one is promised. */
  'issuer-refused': 'login',
  'exchange-failed': 'login',
  'identity-refused': 'login',
  /** The provider could not tell who logged in; the tokens are kept until it can. */
  'identity-unavailable': 'login',
  completed: 'login',
  /** A login replaced the grant before it; `revocation` says what became of that one at the provider. */
  'grant-replaced': 'login',
  /** A grant that somebody else had kept was taken over. */
  imported: 'login',
  /** A browser logged in by itself; its own start and its callback are told as everybody's. */
  'browser-logged-in': 'login',
  'browser-failed': 'login',
  /** None was sent: it would have been the second for the same reminder, say. */
  'browser-skipped': 'login',
  checked: 'check',
  'login-recovered': 'login',
  'login-lost': 'login',
  refreshed: 'refresh',
  /** Nothing was to be refreshed: another execution had done it. */
  fresh: 'refresh',
  /** A newer login won meanwhile, and its tokens stand. */
  dropped: 'refresh',
  rejected: 'refresh',
  /** Somebody asked for too many refreshes; the stored token is valid. */
  'refresh-limited': 'refresh',
  /** An authorization was opened, and its link sent. */
  asked: 'notice',
  notified: 'notice',
  tested: 'notice',
  disconnected: 'action',
  /** Operators were alerted. */
  failed: 'failure',
  /** What they were alerted of works again. */
  recovered: 'failure',
} as const;

export type EventType = keyof typeof eventKinds;
export type EventKind = (typeof eventKinds)[EventType];

/** One line of the timeline: `connection#<id>/event#<time>#<random>`. No credential is in it. */
export interface TimelineEvent {
  /** What it is found again by: its time, and more. */
  readonly key: string;
  /** ISO 8601. */
  readonly at: string;
  readonly type: EventType;
  /** `executionId`, where an execution did it, is the execution's ARN. */
  readonly details: Readonly<Record<string, string | number>>;
}

const types = Object.keys(eventKinds);

/** The keys of events of one millisecond have no order of their own. */
export function newestFirst(events: readonly TimelineEvent[]): TimelineEvent[] {
  return events.toSorted((a, b) => b.at.localeCompare(a.at) || types.indexOf(b.type) - types.indexOf(a.type));
}
