/**
 * The types of events, each with the timeline's filter that shows it. Their order here is their order in the timeline if
 * several have the same millisecond.
 */
export const eventKinds = {
  /** Somebody asked for an action, by the panel or the command. */
  requested: 'action',
  /** The command stored the client's credentials. */
  connected: 'action',
  /** The command stored the credentials of the browser login. */
  'browser-credentials-stored': 'action',
  paused: 'action',
  resumed: 'action',
  /** A request was refused; `why` has the code. */
  refused: 'action',
  /** The owner pressed the button on the link's page. */
  started: 'login',
  declined: 'login',
  /** The provider led the owner back without a code, although the owner had not declined. */
  'authorization-failed': 'login',
  /** The callback named an issuer other than the configured one, or none although the provider promises one. */
  'issuer-refused': 'login',
  'exchange-failed': 'login',
  'identity-refused': 'login',
  /** The provider could not say who logged in. The tokens are stored until it can. */
  'identity-unavailable': 'login',
  completed: 'login',
  /** A login replaced the grant before it. `revocation` says what the provider did with the old tokens. */
  'grant-replaced': 'login',
  /** The command imported a grant of another program. */
  imported: 'login',
  /** The browser login succeeded. Its start and callback have events as every login's. */
  'browser-logged-in': 'login',
  'browser-failed': 'login',
  /** No browser was started; `why` has the code. */
  'browser-skipped': 'login',
  checked: 'check',
  'login-recovered': 'login',
  'login-lost': 'login',
  refreshed: 'refresh',
  /** No refresh was needed, because another execution had done it. */
  fresh: 'refresh',
  /** The refresh's tokens were dropped, because a newer login had stored its own. */
  dropped: 'refresh',
  rejected: 'refresh',
  /** Too many refreshes were asked for. The stored token is valid. */
  'refresh-limited': 'refresh',
  /** An authorization was opened, and its link sent. */
  asked: 'notice',
  notified: 'notice',
  tested: 'notice',
  disconnected: 'action',
  /** Operators were alerted. */
  failed: 'failure',
  /** An incident is over. */
  recovered: 'failure',
} as const;

export type EventType = keyof typeof eventKinds;
export type EventKind = (typeof eventKinds)[EventType];

/** One line of the timeline: `connection#<id>/event#<time>#<random>`. No credential is in it. */
export interface TimelineEvent {
  /** Its time and random letters. */
  readonly key: string;
  /** ISO 8601. */
  readonly at: string;
  readonly type: EventType;
  /** `executionId` is the ARN of the execution that did it. Codes are in `why`, `reason`, `decision` and `revocation`. */
  readonly details: Readonly<Record<string, string | number>>;
}

const types = Object.keys(eventKinds);

/** Sorts events of one millisecond by their type, because their keys are random. */
export function newestFirst(events: readonly TimelineEvent[]): TimelineEvent[] {
  return events.toSorted((a, b) => b.at.localeCompare(a.at) || types.indexOf(b.type) - types.indexOf(a.type));
}
