import { deadlineOf } from './deadline.ts';
import type { Decision } from './decide.ts';
import { decide, isPaused } from './decide.ts';
import type { Grant } from './grant.ts';
import { reminderScheduleOf } from './reminder-schedule.ts';
import type { Settings } from './settings.ts';
import { tickSeconds } from './settings.ts';

/** What comes next for a connection, as far as its record tells now. Epoch milliseconds. */
export interface Forecast {
  /** When the next check is due; undefined before the first one. */
  readonly nextCheckMs: number | undefined;
  /** How long the checks have been silent: set once two of them are overdue. */
  readonly silentSinceMs: number | undefined;
  /** What the next check will decide if nothing happens before it. */
  readonly decision: Decision;
  /** When the owner will be told next, if they do not log in before. */
  readonly nextReminderMs: number | undefined;
}

/** When the grant ends, as far as it is alive and its provider sets an end. */
export function grantEndsAtMs(settings: Settings, grant: Grant): number | undefined {
  return grant.status === 'active' ? deadlineOf(settings.provider.limits, grant) : undefined;
}

/** Runs the very decision that the next check will run, at the time when it will. */
export function forecastOf(settings: Settings, grant: Grant, nowMs: number): Forecast {
  const tickMs = tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  const lastMs = grant.lastTick && Date.parse(grant.lastTick.scheduledTime);
  const overdue = lastMs !== undefined && nowMs >= lastMs + 2 * tickMs;
  // After a silence the schedule goes on with its own rhythm.
  const missed = lastMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - lastMs) / tickMs));
  const nextCheckMs = lastMs === undefined ? undefined : lastMs + (missed + 1) * tickMs;
  const isKept = !isPaused(settings, grant) && grant.status === 'active';
  const notified = isKept
    ? reminderScheduleOf(settings, grant)?.reminders.find(({ atMs }) => atMs > nowMs)
    : undefined;
  return {
    nextCheckMs,
    silentSinceMs: overdue ? lastMs : undefined,
    decision: decide(settings, grant, nextCheckMs ?? nowMs, { done: [] }),
    nextReminderMs: notified?.atMs,
  };
}
