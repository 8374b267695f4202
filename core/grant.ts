import * as z from 'zod/mini';

import type { ChannelsReached } from './channel.ts';
import type { Identity } from './identity.ts';
import { callbackGraceMs } from './time-limits.ts';
import type { Writes } from './version-budget.ts';

/** Why the owner is asked; recorded with the authorization. `panel`: they came by themselves, and were sent no link. */
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

/** The one authorization that a grant record points at: the latest offered. Times in epoch milliseconds. */
export interface OpenAuthorization {
  readonly authorizationId: string;
  readonly reason: LoginReason;
  /** When it was opened. */
  readonly openedAtMs?: number | undefined;
  readonly expiresAtMs: number;
  /** Those before it, until they are surely ended. */
  readonly supersedes?: readonly Superseded[] | undefined;
  /** When the owner last pressed the button, if they did. */
  readonly startedAtMs?: number | undefined;
}

export interface Superseded {
  readonly authorizationId: string;
  readonly expiresAtMs: number;
}

/** A login that a callback has begun to complete. It is written down before the code is spent, and taken away last. */
export interface Login {
  /** Of the version of the grant secret that will hold its refresh token. */
  readonly versionId: string;
  readonly authorizationId: string;
  /** When the callback began. */
  readonly atMs: number;
  /** Once its tokens are recorded: the authorization that was open then, or null. */
  readonly closed?: OpenAuthorization | null | undefined;
  /** Its tokens are stored, and its account could not be checked yet. */
  readonly tokensHeld?: true | undefined;
  /** Its account was checked and is not the one that is pinned: its tokens are being given back. */
  readonly refusedAs?: 'other' | 'unknown' | undefined;
}

/** That an operator ends the connection: from its first write until all of it is done. */
export interface Disconnection {
  /** Address of the operator, where it is known. */
  readonly by?: string | undefined;
  /** When it began. */
  readonly atMs: number;
  /** Once that is settled. */
  readonly revocation?: Revocation | undefined;
}

/**
 * What became of the tokens at the provider.
 * - `nothing`: there were none
 * - `not-offered`: it has no revocation endpoint
 * - `unanswered`: it gave no answer, after retries
 * - `refused`: it would not take them back, or the client's credentials cannot be read
 * - `removed`: the connection had left the configuration before, so that its provider is not known
 */
export type Revocation = 'revoked' | 'nothing' | 'not-offered' | 'unanswered' | 'refused' | 'removed';

export interface Lease {
  /** Execution, or callback, that may spend the refresh token. */
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

/** `connection#<id>/grant`: all that is known of a grant but its tokens. Times in epoch milliseconds. */
export interface Grant extends Writes, ChannelsReached {
  /** `disconnected`: an operator has ended it; nothing is asked of anybody until a login is asked for. */
  readonly status: 'never-authorized' | 'active' | 'rejected' | 'disconnected';
  readonly authorizedAtMs?: number | undefined;
  /** Last login or successful refresh. */
  readonly refreshedAtMs?: number | undefined;
  readonly accessExpiresAtMs?: number | undefined;
  readonly grantVersionId?: string | undefined;
  /** When that version's refresh token was obtained. */
  readonly grantObtainedAtMs?: number | undefined;
  /** When the provider first rejected the refresh token in an answer that is not believed yet. */
  readonly doubtedAtMs?: number | undefined;
  readonly accessVersionId?: string | undefined;
  /** Whose grant it is, pinned at the first login. */
  readonly identity?: Identity | undefined;
  /** Instants (ISO 8601) of the reminders that the owner was told of. */
  readonly sentReminders: readonly string[];
  /** The owner was told that the grant had ended, and not yet that it is back. */
  readonly restoredNoticePending: boolean;
  /** When the owner last heard anything. */
  readonly notifiedAtMs?: number | undefined;
  readonly authorization?: OpenAuthorization | undefined;
  /** The newest login, until all of it is done. */
  readonly login?: Login | undefined;
  /** Version ids of that login and of those that it overtook, oldest first, until one of them is recorded. */
  readonly unrecordedLogins?: readonly string[] | undefined;
  readonly disconnection?: Disconnection | undefined;
  readonly lease?: Lease | undefined;
  /** Grows with every lease; what was begun under an older one is dropped. */
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

/** A login takes minutes; while one may be under way nothing else is asked, and its callback is honoured. */
export const startGraceMs = 15 * 60 * 1000;

/** Longer than a function that tells the owner can live, and much shorter than the time to the next check. */
export const claimMs = 2 * 60 * 1000;

/** Longer than a disconnection takes whose provider does not answer. */
export const disconnectionGraceMs = 5 * 60 * 1000;

/** Whether the owner began to log in so recently that their callback may still come. */
export function isLoginUnderWay(authorization: OpenAuthorization | undefined, nowMs: number): boolean {
  return authorization?.startedAtMs !== undefined && nowMs < authorization.startedAtMs + startGraceMs;
}

/** Whether the link still works: not expired, or its login has begun. */
export function isOpen(
  authorization: OpenAuthorization | undefined,
  nowMs: number,
): authorization is OpenAuthorization {
  return (
    authorization !== undefined &&
    (nowMs < authorization.expiresAtMs || isLoginUnderWay(authorization, nowMs))
  );
}

/** Whether a callback is exchanging its code now. */
export function isExchanging(login: Login | undefined, nowMs: number): boolean {
  return login !== undefined && login.closed === undefined && !isInterrupted(login, nowMs);
}

/** True if a check has to complete the login: its callback died, or its account could not be checked yet. */
export function isInterrupted(login: Login | undefined, nowMs: number): login is Login {
  return login !== undefined && (login.tokensHeld === true || nowMs >= login.atMs + callbackGraceMs);
}

/** Whether it is deployed, and waits for `connect` or `import`: nothing is asked of its owner. */
export function isInSetUp({ status, setUp }: Grant): boolean {
  return setUp && status === 'never-authorized';
}

/** Whether the connection is ended and nothing of it is open. */
export function isDisconnected({ status, disconnection, authorization, login }: Grant): boolean {
  return (
    [disconnection, authorization, login].every((each) => each === undefined) && status === 'disconnected'
  );
}

/** Whether it is ended, and no operator has asked for a login since. */
export function isEndedByOperator({ status, authorization }: Grant, nowMs: number): boolean {
  return status === 'disconnected' && !isOpen(authorization, nowMs);
}

/** Whether the connection was ended since this login was asked for: its tokens must not be stored. */
export function isEndedFor(
  authorizationId: string,
  { status, disconnection, authorization }: Pick<Grant, 'status' | 'disconnection' | 'authorization'>,
): boolean {
  if (disconnection !== undefined) return true;
  return status === 'disconnected' && authorization?.authorizationId !== authorizationId;
}
