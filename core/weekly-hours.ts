import { TZDate } from '@date-fns/tz';
import * as z from 'zod/mini';

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** An IANA time zone that this runtime knows, for example `America/New_York`. */
export const TimeZoneSchema = z.string().check(
  z.refine(isTimeZone, {
    error: 'must be an IANA time zone such as America/New_York',
  }),
);

const LocalTimeSchema = z
  .string()
  .check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a local time such as 07:00' }));

/**
 * Hours that repeat every week, in local time with the zone's daylight saving. `to` before `from` means the next day.
 */
export const WeeklyHoursSchema = z
  .object({
    days: z._default(z.array(z.enum(weekdays)).check(z.minLength(1)), [...weekdays]),
    from: LocalTimeSchema,
    to: LocalTimeSchema,
    timeZone: TimeZoneSchema,
  })
  .check(z.refine((hours) => hours.from !== hours.to, { error: 'never opens: from and to are the same' }));

export type WeeklyHours = z.infer<typeof WeeklyHoursSchema>;

/** Epoch milliseconds of one opening: from `startMs` up to, not including, `endMs`. */
export interface Opening {
  readonly startMs: number;
  readonly endMs: number;
}

/** The opening that holds `atMs`, or undefined outside the hours. */
export function openingAt(hours: WeeklyHours, atMs: number): Opening | undefined {
  return openingsAround(hours, atMs, 2).find(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
}

/** The openings between `fromMs` and `toMs`, cut to these, in order. */
export function openingsWithin(hours: WeeklyHours, fromMs: number, toMs: number): Opening[] {
  const days = Math.ceil((toMs - fromMs) / (24 * 3600 * 1000));
  return openingsAround(hours, fromMs, days + 1)
    .filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs)
    .map(({ startMs, endMs }) => ({ startMs: Math.max(startMs, fromMs), endMs: Math.min(endMs, toMs) }));
}

/** The first instant at or after `atMs` within the hours, epoch milliseconds. */
export function firstInstantWithin(hours: WeeklyHours, atMs: number): number {
  // The next opening is mostly tomorrow. A daylight-saving gap can swallow an opening, and the next is then a week away.
  for (const daysAhead of [1, 14]) {
    const opening = openingsAround(hours, atMs, daysAhead).find(({ endMs }) => endMs > atMs);
    if (opening) return Math.max(opening.startMs, atMs);
  }
  return atMs;
}

/**
 * Openings from two days before `atMs`, because they may run past midnight, to `daysAhead` days after, in order. Merges
 * openings that touch: daylight saving can skip the hour between them.
 */
function openingsAround(hours: WeeklyHours, atMs: number, daysAhead: number): Opening[] {
  const { from, to, timeZone } = hours;
  const today = new TZDate(atMs, timeZone);
  const openings: Opening[] = [];
  for (let day = -2; day <= daysAhead; day += 1) {
    if (!hours.days.includes(weekdayOf(today, day))) continue;
    const startMs = localMs(today, day, from, timeZone);
    const endMs = localMs(today, to > from ? day : day + 1, to, timeZone);
    if (startMs >= endMs) continue;
    const previous = openings.at(-1);
    const touches = previous !== undefined && startMs <= previous.endMs;
    if (touches) openings.pop();
    openings.push({ startMs: touches ? previous.startMs : startMs, endMs });
  }
  return openings;
}

/** Epoch milliseconds of a local time `day` days after `today`. */
function localMs(today: TZDate, day: number, time: string, timeZone: string): number {
  const [hour, minute] = time.split(':').map(Number) as [number, number];
  const date = today.getDate() + day;
  return new TZDate(today.getFullYear(), today.getMonth(), date, hour, minute, 0, 0, timeZone).getTime();
}

/** Computed in UTC, because a date's weekday is the same in every zone. */
function weekdayOf(today: TZDate, day: number): (typeof weekdays)[number] {
  const date = new Date(Date.UTC(today.getFullYear(), today.getMonth(), today.getDate() + day));
  return weekdays[(date.getUTCDay() + 6) % 7]!;
}

/** Caches known zones: settings are parsed at every step, and `Intl` is slow. */
const askedBefore = new Map<string, boolean>();

function isTimeZone(name: string): boolean {
  const known = askedBefore.get(name) ?? isKnownToIntl(name);
  askedBefore.set(name, known);
  return known;
}

function isKnownToIntl(name: string): boolean {
  // Intl accepts offsets such as +02:00, too, but they have no daylight saving.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0);
    return true;
  } catch {
    return false;
  }
}
