import type { DecisionReason } from './decide.ts';

/** Why a requested action was refused. The texts are in app/labels.ts. */
export type ActionRefusal =
  /** The check decided something else. */
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
  /** Somebody requested the same action in the same minute. */
  | 'already-asked'
  /** Another request won a race. */
  | 'asked-at-same-time';
