import { deadlineOf } from './deadline.ts';
import type { Decision } from './decide.ts';
import { decide, isPaused } from './decide.ts';
import type { Grant } from './grant.ts';
import { reminderScheduleOf } from './reminder-schedule.ts';
import type { Settings } from './settings.ts';
import { tickSeconds } from './settings.ts';

/** The next events of a connection if nothing happens before. Times are epoch milliseconds. */
export interface Forecast {
  /** When the next check is due; undefined before the first one. */
  readonly nextCheckMs: number | undefined;
  /** The last check, if two are overdue. */
  readonly silentSinceMs: number | undefined;
  /** The decision of the next check. */
  readonly decision: Decision;
  /** The next reminder, if the owner does not log in before. */
  readonly nextReminderMs: number | undefined;
}

/** When an active grant ends; undefined where the provider sets no end. */
export function grantEndsAtMs(settings: Settings, grant: Grant): number | undefined {
  return grant.status === 'active' ? deadlineOf(settings.provider.limits, grant) : undefined;
}

/** Makes the decision of the next check, at the time of that check. */
export function forecastOf(settings: Settings, grant: Grant, nowMs: number): Forecast {
  const tickMs = tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  const lastMs = grant.lastTick && Date.parse(grant.lastTick.scheduledTime);
  const overdue = lastMs !== undefined && nowMs >= lastMs + 2 * tickMs;
  // Missed checks do not move the schedule's rhythm.
  const missed = lastMs === undefined ? 0 : Math.max(0, Math.floor((nowMs - lastMs) / tickMs));
  const nextCheckMs = lastMs === undefined ? undefined : lastMs + (missed + 1) * tickMs;
  const isKept = !isPaused(settings, grant) && grant.status === 'active';
  const nextReminder = isKept
    ? reminderScheduleOf(settings, grant)?.reminders.find(({ atMs }) => atMs > nowMs)
    : undefined;
  return {
    nextCheckMs,
    silentSinceMs: overdue ? lastMs : undefined,
    decision: decide(settings, grant, nextCheckMs ?? nowMs, { done: [] }),
    nextReminderMs: nextReminder?.atMs,
  };
}
