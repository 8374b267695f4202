import { deadlineOf, isEarlyRejection } from '../../core/deadline.ts';
import { EarlyRejectionError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isLoginUnderWay } from '../../core/grant.ts';
import type { Said } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { saidIn } from './refusal.ts';
import type { StepInput } from '../checks/step.ts';

/**
 * The alert for a grant that the provider rejects before its end. Either the refresh token was used twice, by us or by a thief,
 * or somebody revoked it. Undefined if the end was due, or if a login explains it: one that is under way, or one that was just
 * refused, which had an alert of its own.
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
