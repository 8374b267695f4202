import type { Limits } from './provider.ts';

/**
 * When the grant ends for good, epoch milliseconds; undefined where the provider sets no limit. The absolute
 * limit counts from the login alone, the sliding one from the last use: a new refresh token in an answer
 * moves neither by itself.
 */
export function deadlineOf(
  limits: Limits,
  grant: { readonly authorizedAtMs?: number | undefined; readonly refreshedAtMs?: number | undefined },
): number | undefined {
  const { authorizedAtMs } = grant;
  if (authorizedAtMs === undefined) return undefined;
  const ends: number[] = [];
  if (limits.absoluteSeconds !== undefined) ends.push(authorizedAtMs + limits.absoluteSeconds * 1000);
  if (limits.slidingSeconds !== undefined) {
    ends.push((grant.refreshedAtMs ?? authorizedAtMs) + limits.slidingSeconds * 1000);
  }
  return ends.length > 0 ? Math.min(...ends) : undefined;
}
