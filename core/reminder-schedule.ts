import type { ChannelName } from './channel.ts';
import { channelsOf } from './channel.ts';
import { deadlineOf } from './deadline.ts';
import type { Grant } from './grant.ts';
import type { RefreshTokenLifetime } from './provider.ts';
import type { ReminderSettings, Settings } from './settings.ts';
import { firstInstantWithin, openingAt } from './weekly-hours.ts';

const hours = 3600;
const days = 24 * hours;

/** The planned reminders of a grant with a deadline. Epoch milliseconds. */
export interface ReminderSchedule {
  readonly deadlineMs: number;
  /** The first instant at or after the deadline at which the token is needed. */
  readonly neededAtMs: number;
  /** Ascending, at least one. At the last one an execution waits for the login. */
  readonly reminders: readonly Reminder[];
}

/** One reminder: its time in epoch milliseconds and its channels, at least one. */
export interface Reminder {
  readonly atMs: number;
  readonly channels: readonly ChannelName[];
}

/** Undefined if the grant has no deadline, or nobody has logged in yet. */
export function reminderScheduleOf(
  settings: Pick<Settings, 'provider' | 'owner' | 'reminders' | 'neededHours' | 'quietHours'>,
  grant: Pick<Grant, 'authorizedAtMs' | 'refreshedAtMs'>,
): ReminderSchedule | undefined {
  const { limits } = settings.provider;
  const deadlineMs = deadlineOf(limits, grant);
  if (deadlineMs === undefined || grant.authorizedAtMs === undefined) return undefined;
  const { neededHours, quietHours } = settings;
  const neededAtMs = neededHours ? firstInstantWithin(neededHours, deadlineMs) : deadlineMs;
  // Move a reminder in quiet hours to their beginning.
  const awake = (reminderMs: number) =>
    (quietHours && openingAt(quietHours, reminderMs)?.startMs) ?? reminderMs;
  const fromMs = firstReminderAfterMs(
    settings.provider,
    grant.authorizedAtMs,
    grant.refreshedAtMs,
    deadlineMs,
  );
  const had = channelsOf(settings.owner);
  const planned = new Map<number, ReadonlySet<ChannelName>>();
  for (const { secondsBefore, channels = had } of settings.reminders ?? defaultReminders(limits)) {
    const atMs = awake(neededAtMs - secondsBefore * 1000);
    // Merge reminders of the same time, with the channels of all.
    if (atMs > fromMs) planned.set(atMs, new Set([...(planned.get(atMs) ?? []), ...channels]));
  }
  if (planned.size > 0) {
    const reminders = [...planned].map(([atMs, channels]) => ({ atMs, channels: among(had, channels) }));
    return { deadlineMs, neededAtMs, reminders: reminders.sort((a, b) => a.atMs - b.atMs) };
  }
  const halfWayMs = fromMs + Math.floor((neededAtMs - fromMs) / 2);
  // An owner who logs in during their own quiet hours is awake.
  const atMs = awake(halfWayMs) > fromMs ? awake(halfWayMs) : halfWayMs;
  return { deadlineMs, neededAtMs, reminders: [{ atMs, channels: had }] };
}

/** The reminder's channels that the owner has. All of the owner's channels if they have none of these. */
function among(had: readonly ChannelName[], channels: ReadonlySet<ChannelName>): readonly ChannelName[] {
  const both = had.filter((channel) => channels.has(channel));
  return both.length > 0 ? both : had;
}

/**
 * The time before which no reminder is planned: the login or, if each refresh postpones the deadline, the time of the next
 * refresh. Before that nothing has failed, and the refresh makes the owner's login needless.
 */
function firstReminderAfterMs(
  { limits, accessTokenLifetimeSeconds }: Settings['provider'],
  authorizedAtMs: number,
  refreshedAtMs: number | undefined,
  deadlineMs: number,
): number {
  const absoluteEndMs = deadlineOf({ absoluteSeconds: limits.absoluteSeconds }, { authorizedAtMs });
  if (absoluteEndMs === deadlineMs) return authorizedAtMs;
  return (refreshedAtMs ?? authorizedAtMs) + accessTokenLifetimeSeconds * 1000;
}

/**
 * Reminders by default: from a week before the end of a grant of months, or two days before the end of a grant of a week.
 * The first go by mail, the last over every channel.
 */
export function defaultReminders(limits: RefreshTokenLifetime): readonly ReminderSettings[] {
  const shortest = Math.min(limits.absoluteSeconds ?? Infinity, limits.slidingSeconds ?? Infinity);
  const [first, second, third, last] =
    shortest > 30 * days
      ? ([7 * days, 3 * days, 1 * days, 6 * hours] as const)
      : ([48 * hours, 24 * hours, 6 * hours, 1 * hours] as const);
  return [
    { secondsBefore: first, channels: ['email'] },
    { secondsBefore: second, channels: ['email', 'sms'] },
    { secondsBefore: third },
    { secondsBefore: last },
  ];
}
