import type { RefreshTokenLifetime } from './provider.ts';

/**
 * A rejection within this time of the grant's known end is no alarm. Providers count from their login page, minutes before the
 * code is exchanged; clocks differ by seconds; and some providers count in coarser units.
 */
export const usualEndMs = 3600 * 1000;

/**
 * When the grant ends for good, epoch milliseconds; undefined where the provider sets no limit. The absolute
 * limit counts from the login alone, the sliding one from the last use: a new refresh token in an answer
 * moves neither by itself.
 */
export function deadlineOf(
  limits: RefreshTokenLifetime,
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

/**
 * True if the grant should still live. A grant without a known end counts as early at any time: somebody has ended it, or its
 * provider's data lacks a limit.
 */
export function isEarlyRejection(
  limits: RefreshTokenLifetime,
  grant: Parameters<typeof deadlineOf>[1],
  nowMs: number,
): boolean {
  return nowMs < (deadlineOf(limits, grant) ?? Infinity) - usualEndMs;
}
