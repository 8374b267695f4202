import type { Settings } from './settings.ts';
import type { ChannelName, ChannelsReached } from './channel.ts';
import * as z from 'zod/mini';

import type { Identity } from './identity.ts';
import { callbackGraceMs } from './time-limits.ts';
import type { Writes } from './version-budget.ts';

/** Why the owner has to log in; recorded with the authorization. `panel`: the owner came from the panel and got no message. */
export const LoginReasonSchema = z.enum([
  'first-login',
  'expiring',
  'expired',
  'rejected',
  'reminder',
  'requested',
  'change-owner',
  'panel',
]);
export type LoginReason = z.infer<typeof LoginReasonSchema>;

/** The newest authorization of a grant. Times in epoch milliseconds. */
export interface OpenAuthorization {
  readonly authorizationId: string;
  readonly reason: LoginReason;
  /** When it was opened. */
  readonly openedAtMs?: number | undefined;
  readonly expiresAtMs: number;
  /** Earlier authorizations, until each is recorded as ended. */
  readonly supersedes?: readonly Superseded[] | undefined;
  /** When the owner last began to log in. */
  readonly startedAtMs?: number | undefined;
}

export interface Superseded {
  readonly authorizationId: string;
  readonly expiresAtMs: number;
}

/** A login that a callback is completing. Recorded before the code is spent, and removed last. */
export interface Login {
  /** The version of the grant secret that will hold its refresh token. */
  readonly versionId: string;
  readonly authorizationId: string;
  /** When the callback began. */
  readonly atMs: number;
  /** Once its tokens are recorded: the authorization that was open then, or null. */
  readonly closed?: OpenAuthorization | null | undefined;
  /** The tokens are stored, but the account is not checked yet. */
  readonly tokensHeld?: true | undefined;
  /** The account is not the pinned one, so the tokens are being revoked. */
  readonly refusedAs?: 'other' | 'unknown' | undefined;
}

/** A disconnection by an operator, from its first write until it is complete. */
export interface Disconnection {
  /** Address of the operator, if known. */
  readonly by?: string | undefined;
  /** When it began. */
  readonly atMs: number;
  /** Set once the provider has answered. */
  readonly revocation?: Revocation | undefined;
}

/**
 * The result of revoking the tokens at the provider.
 * - `nothing`: there were none
 * - `not-offered`: it has no revocation endpoint
 * - `unanswered`: it gave no answer, after retries
 * - `refused`: it refused, or the client's credentials cannot be read
 * - `removed`: the connection had left the configuration, so its provider is not known
 */
export type Revocation = 'revoked' | 'nothing' | 'not-offered' | 'unanswered' | 'refused' | 'removed';

export interface Lease {
  /** The execution or callback that may spend the refresh token. */
  readonly owner: string;
  readonly expiresAtMs: number;
}

export interface Pause {
  /** Address of the operator. */
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface Tick {
  /** ISO 8601. */
  readonly scheduledTime: string;
  readonly executionName: string;
}

/** `connection#<id>/grant`: the record of a grant, without its tokens. Times in epoch milliseconds. */
export interface Grant extends Writes, ChannelsReached {
  /** `disconnected`: an operator has ended it, and nobody is asked to log in until an operator sends a link. */
  readonly status: 'never-authorized' | 'active' | 'rejected' | 'disconnected';
  readonly authorizedAtMs?: number | undefined;
  /** Last login or successful refresh. */
  readonly refreshedAtMs?: number | undefined;
  readonly accessExpiresAtMs?: number | undefined;
  readonly grantVersionId?: string | undefined;
  /** When the refresh token of that version was obtained. */
  readonly grantObtainedAtMs?: number | undefined;
  /** When the provider first rejected the refresh token, while a retry may still succeed. */
  readonly doubtedAtMs?: number | undefined;
  readonly accessVersionId?: string | undefined;
  /** Whose grant it is, pinned at the first login. */
  readonly identity?: Identity | undefined;
  /** Instants (ISO 8601) of the reminders that were sent. */
  readonly sentReminders: readonly string[];
  /** The owner knows that the grant had ended, but not yet that it works again. */
  readonly restoredNoticePending: boolean;
  /** When the owner last got a notice. */
  readonly notifiedAtMs?: number | undefined;
  readonly authorization?: OpenAuthorization | undefined;
  /** The newest login, until it is complete. */
  readonly login?: Login | undefined;
  /** Version ids of that login and of those that it displaced, oldest first, until one of them is recorded. */
  readonly unrecordedLogins?: readonly string[] | undefined;
  readonly disconnection?: Disconnection | undefined;
  readonly lease?: Lease | undefined;
  /** Grows with every lease. Work begun under an older lease is dropped. */
  readonly fencingNumber: number;
  /** Set by an operator. */
  readonly paused: boolean;
  /** By whom, why and when, while it is paused. */
  readonly pause?: Pause | undefined;
  /** The newest check that the scheduler has asked for. */
  readonly lastTick?: Tick | undefined;
  /** The client's credentials were not there yet at the last check. */
  readonly setUp: boolean;
}

/** The record before anything happened. */
export const newGrant: Grant = {
  status: 'never-authorized',
  sentReminders: [],
  restoredNoticePending: false,
  fencingNumber: 0,
  paused: false,
  setUp: false,
};

/** How long a login may take. Until then its callback is accepted, and the owner is not asked again. */
export const startGraceMs = 15 * 60 * 1000;

/** Longer than the function that notifies the owner can run, and much shorter than a tick. */
export const claimMs = 2 * 60 * 1000;

/** Longer than a disconnection takes if the provider does not answer. */
export const disconnectionGraceMs = 5 * 60 * 1000;

/** True if the owner began to log in so recently that the callback may still come. */
export function isLoginUnderWay(authorization: OpenAuthorization | undefined, nowMs: number): boolean {
  return authorization?.startedAtMs !== undefined && nowMs < authorization.startedAtMs + startGraceMs;
}

/** True if the link still works: it has not expired, or a login by it has begun. */
export function isOpen(
  authorization: OpenAuthorization | undefined,
  nowMs: number,
): authorization is OpenAuthorization {
  return (
    authorization !== undefined &&
    (nowMs < authorization.expiresAtMs || isLoginUnderWay(authorization, nowMs))
  );
}

/** True while a callback may be exchanging its code. */
export function isExchanging(login: Login | undefined, nowMs: number): boolean {
  return login !== undefined && login.closed === undefined && !isInterrupted(login, nowMs);
}

/** True if a check has to complete the login: its callback died, or its account could not be checked. */
export function isInterrupted(login: Login | undefined, nowMs: number): login is Login {
  return login !== undefined && (login.tokensHeld === true || nowMs >= login.atMs + callbackGraceMs);
}

/** True if it is deployed and waits for `connect` or `import`. Until then the owner is not asked to log in. */
export function isInSetUp({ status, setUp }: Grant): boolean {
  return setUp && status === 'never-authorized';
}

/** True if the connection is disconnected and nothing of it is open. */
export function isDisconnected({ status, disconnection, authorization, login }: Grant): boolean {
  return (
    [disconnection, authorization, login].every((each) => each === undefined) && status === 'disconnected'
  );
}

/** True if it is disconnected and no operator has sent a link since. */
export function isEndedByOperator({ status, authorization }: Grant, nowMs: number): boolean {
  return status === 'disconnected' && !isOpen(authorization, nowMs);
}

/** True if the connection was disconnected after this login was asked for, so that its tokens must not be stored. */
export function isEndedFor(
  authorizationId: string,
  { status, disconnection, authorization }: Pick<Grant, 'status' | 'disconnection' | 'authorization'>,
): boolean {
  if (disconnection !== undefined) return true;
  return status === 'disconnected' && authorization?.authorizationId !== authorizationId;
}

/** The settings and the grant record of one connection. */
export interface StoredConnection {
  /** Absent for a connection that the configuration does not have. */
  readonly settings: Settings | undefined;
  readonly grant: Grant;
}

export interface SeizedLease {
  readonly fencingNumber: number;
  /** Somebody else had the lease, or an earlier login is not recorded. They may still be storing tokens. */
  readonly hasDisplaced: boolean;
  /** The record before the seizure: the pinned account and the versions that it names. */
  readonly record: Grant;
}

/** The right to send one notice, so that only one execution sends it. */
export interface Claim {
  /** A reminder (ISO 8601), or `restored`. */
  readonly notice: string;
  /** The execution's id. */
  readonly by: string;
  readonly atMs: number;
}

/** A notice that the owner got. */
export interface Notified {
  readonly atMs: number;
  /** The channels that took it. */
  readonly channels: readonly ChannelName[];
  /** Reminders (ISO 8601) that this notice covers. */
  readonly reminders?: readonly string[];
  readonly restoredNoticePending?: boolean;
  /** Set after a login: the record forgets the reminders of the grant before. */
  readonly forgetsReminders?: boolean;
}
