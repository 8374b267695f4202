import { deadlineOf } from './deadline.ts';
import type { Grant } from './grant.ts';
import type { Limits } from './provider.ts';
import type { Settings } from './settings.ts';
import { firstInstantWithin, openingAt } from './window.ts';

const hours = 3600;
const days = 24 * hours;

/** The planned moments at which the owner is told, for a grant that has a deadline. Epoch milliseconds. */
export interface Ladder {
  readonly deadlineMs: number;
  /** The first instant at or after the deadline at which the token is needed. */
  readonly neededAtMs: number;
  /** Ascending, at least one; the last one asks and waits, those before only tell. */
  readonly rungsMs: readonly number[];
}

/** Undefined where the grant has no deadline, or there was no login yet. */
export function ladderOf(
  settings: Pick<Settings, 'provider' | 'rungOffsetsSeconds' | 'neededHours' | 'quietHours'>,
  grant: Pick<Grant, 'authorizedAtMs' | 'refreshedAtMs'>,
): Ladder | undefined {
  const { limits } = settings.provider;
  const deadlineMs = deadlineOf(limits, grant);
  if (deadlineMs === undefined || grant.authorizedAtMs === undefined) return undefined;
  const { neededHours, quietHours } = settings;
  const neededAtMs = neededHours ? firstInstantWithin(neededHours, deadlineMs) : deadlineMs;
  // The owner sleeps: tell them when their quiet hours begin, not in the middle and not after.
  const awake = (rungMs: number) => (quietHours && openingAt(quietHours, rungMs)?.startMs) ?? rungMs;
  const fromMs = firstRungAfterMs(settings.provider, grant.authorizedAtMs, grant.refreshedAtMs, deadlineMs);
  const planned = (settings.rungOffsetsSeconds ?? defaultRungOffsetsSeconds(limits))
    .map((offsetSeconds) => awake(neededAtMs - offsetSeconds * 1000))
    .filter((rungMs) => rungMs > fromMs);
  if (planned.length > 0) {
    return { deadlineMs, neededAtMs, rungsMs: [...new Set(planned)].sort((a, b) => a - b) };
  }
  const halfWayMs = fromMs + Math.floor((neededAtMs - fromMs) / 2);
  // Whoever logs in during their own quiet hours is awake.
  const rungMs = awake(halfWayMs) > fromMs ? awake(halfWayMs) : halfWayMs;
  return { deadlineMs, neededAtMs, rungsMs: [rungMs] };
}

/**
 * Rungs come after this: the login, or, where use alone postpones the deadline, the time by which the next
 * refresh is due. Before that nothing has failed, and the owner could do nothing that the refresh does not.
 */
function firstRungAfterMs(
  { limits, accessTokenLifetimeSeconds }: Settings['provider'],
  authorizedAtMs: number,
  refreshedAtMs: number | undefined,
  deadlineMs: number,
): number {
  const absoluteEndMs = deadlineOf({ absoluteSeconds: limits.absoluteSeconds }, { authorizedAtMs });
  if (absoluteEndMs === deadlineMs) return authorizedAtMs;
  return (refreshedAtMs ?? authorizedAtMs) + accessTokenLifetimeSeconds * 1000;
}

/** Seconds before `neededAt`: a grant of months is announced a week ahead, one of a week two days ahead. */
export function defaultRungOffsetsSeconds(limits: Limits): readonly number[] {
  const shortest = Math.min(limits.absoluteSeconds ?? Infinity, limits.slidingSeconds ?? Infinity);
  return shortest > 30 * days
    ? [7 * days, 3 * days, 1 * days, 6 * hours]
    : [48 * hours, 24 * hours, 6 * hours, 1 * hours];
}
