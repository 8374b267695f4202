import { deadlineOf, isEarlyRejection } from '../../core/deadline.ts';
import { EarlyRejectionError, StoreUnavailableError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isExchanging, isLoginUnderWay } from '../../core/grant.ts';
import type { Clock, Grants, Tokens } from '../../core/ports.ts';
import type { GrantSecret } from '../../core/stored-tokens.ts';
import type { Said } from '../../core/token-answer.ts';
import type { TokenRefusal } from '../../core/token-refusal.ts';
import type { Settings } from '../../core/settings.ts';
import { saidIn } from './refusal-error.ts';
import type { StepInput } from '../checks/step.ts';

export interface RejectedRefreshTokenPorts {
  readonly grants: Pick<Grants, 'read' | 'recordDoubt' | 'recordRejection'>;
  readonly tokens: Pick<Tokens, 'readGrant'>;
  readonly clock: Clock;
}

/** Longer than the retries of one check, so that only a later check confirms a doubted rejection. */
const doubtMs = 10 * 60_000;

/** Turns a doubted rejection into a rejection, if an earlier check got the same and no refresh succeeded since. */
export async function confirmRejection(
  connectionId: string,
  fencingNumber: number,
  refusal: TokenRefusal,
  { grants, clock }: { readonly grants: Pick<Grants, 'recordDoubt'>; readonly clock: Clock },
): Promise<TokenRefusal> {
  if (refusal !== 'grant-doubted') return refusal;
  const nowMs = clock.nowMs();
  const doubtedAtMs = await grants.recordDoubt(connectionId, fencingNumber, nowMs);
  return doubtedAtMs !== undefined && nowMs >= doubtedAtMs + doubtMs ? 'grant-rejected' : refusal;
}

/**
 * Records that the grant has ended, after a second look.
 * @returns `dropped` if another refresh token has replaced the dead one, or is about to
 */
export async function recordRejection(
  connectionId: string,
  fencingNumber: number,
  spent: GrantSecret,
  { grants, tokens, clock }: RejectedRefreshTokenPorts,
): Promise<'rejected' | 'dropped'> {
  const [now, { grant }] = await Promise.all([tokens.readGrant(connectionId), grants.read(connectionId)]);
  if (now.currentVersionId !== spent.versionId) return 'dropped';
  if (now.pending?.derivedFrom === spent.versionId)
    throw new StoreUnavailableError(
      `The grant secret of ${connectionId} has a newer version, which could not be read before.`,
    );
  // A login ends the old grant at once; its callback is about to store the new one.
  if (isExchanging(grant.login, clock.nowMs())) return 'dropped';
  return (await grants.recordRejection(connectionId, fencingNumber)) ? 'rejected' : 'dropped';
}

/**
 * The alert for a grant that the provider rejects before its end: the refresh token was used twice, stolen or revoked.
 * Undefined if the end was due, or if a login explains it. Such a login is under way, or was just refused with its own alert.
 * @see RFC 9700 §4.14.2
 */
export function earlyRejection(
  { connectionId, provider }: Settings,
  grant: Grant,
  { trigger, force }: StepInput['request'],
  answer: Said,
  nowMs: number,
): EarlyRejectionError | undefined {
  const isByLogin =
    provider.loginEndsPreviousGrant === true &&
    (isLoginUnderWay(grant.authorization, nowMs) || (trigger === 'link' && force === 'refresh'));
  if (isByLogin || !isEarlyRejection(provider.limits, grant, nowMs)) return undefined;
  const deadlineMs = deadlineOf(provider.limits, grant);
  const end =
    deadlineMs === undefined
      ? 'it has no end that is known'
      : `its end is due at ${new Date(deadlineMs).toISOString()}`;
  return new EarlyRejectionError(
    `${provider.displayName} rejected the refresh token of ${connectionId} (${saidIn(answer)}), and ${end}. Its owner is asked to log in again.`,
  );
}
