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
  const loginMs = grant.authorizedAtMs;
  const { neededHours, quietHours } = settings;
  const neededAtMs = neededHours ? firstInstantWithin(neededHours, deadlineMs) : deadlineMs;
  const planned = (settings.rungOffsetsSeconds ?? defaultRungOffsetsSeconds(limits))
    .map((offsetSeconds) => neededAtMs - offsetSeconds * 1000)
    // The owner sleeps: tell them when their quiet hours begin, not in the middle and not after.
    .map((rungMs) => (quietHours && openingAt(quietHours, rungMs)?.startMs) ?? rungMs)
    .filter((rungMs) => rungMs > loginMs);
  const rungsMs = [...new Set(planned)].sort((a, b) => a - b);
  return {
    deadlineMs,
    neededAtMs,
    rungsMs: rungsMs.length > 0 ? rungsMs : [loginMs + Math.floor((neededAtMs - loginMs) / 2)],
  };
}

/** Seconds before `neededAt`: a grant of months is announced a week ahead, one of a week two days ahead. */
export function defaultRungOffsetsSeconds(limits: Limits): readonly number[] {
  const shortest = Math.min(limits.absoluteSeconds ?? Infinity, limits.slidingSeconds ?? Infinity);
  return shortest > 30 * days
    ? [7 * days, 3 * days, 1 * days, 6 * hours]
    : [48 * hours, 24 * hours, 6 * hours, 1 * hours];
}
