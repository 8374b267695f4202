import type { DecisionReason } from './decide.ts';

/** Why somebody did not get what they asked for. Their texts are in app/labels.ts. */
export type Refusal =
  /** Nothing is to be done, or something else first. */
  | DecisionReason
  /** The form came from another site, or from a page of an earlier session. */
  | 'cross-site'
  | 'not-owner'
  | 'operators-only'
  | 'not-confirmed'
  | 'reason-missing'
  | 'already-paused'
  | 'not-paused'
  | 'paused-in-configuration'
  | 'already-disconnected'
  /** A viewer who owns a disconnected connection cannot restore it alone. */
  | 'login-needs-operator'
  /** The same was asked for in the same minute. */
  | 'already-asked'
  /** Another request won a race. */
  | 'asked-meanwhile';
