import type { LoginReason } from './grant.ts';
import type { ReminderSchedule } from './reminder-schedule.ts';
import type { Settings } from './settings.ts';
import { tickSeconds } from './settings.ts';

export const minimumLinkMs = 15 * 60 * 1000;
const dayMs = 24 * 3600 * 1000;

/**
 * When a login link expires, epoch milliseconds. A link works until the next reminder's notice has arrived, the last one
 * until the token is needed. A dead grant, and one without a reminder schedule, gets a new link every day.
 */
export function linkExpiry(
  settings: Settings,
  schedule: ReminderSchedule | undefined,
  reason: LoginReason,
  nowMs: number,
): number {
  if (schedule === undefined || reason === 'rejected' || nowMs >= schedule.neededAtMs) return nowMs + dayMs;
  const twoTicksMs = 2 * tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  const nextReminderMs = schedule.reminders.find(({ atMs }) => atMs > nowMs)?.atMs;
  if (reason === 'change-owner') {
    const untilMs = Math.min(nextReminderMs ?? schedule.neededAtMs, nowMs + dayMs);
    return Math.max(untilMs, nowMs + minimumLinkMs);
  }
  const endsMs = nextReminderMs === undefined ? schedule.neededAtMs : nextReminderMs + twoTicksMs;
  return Math.max(endsMs, nowMs + minimumLinkMs);
}
