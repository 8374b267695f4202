import { Temporal } from 'temporal-polyfill';
import { z } from 'zod/mini';

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
 * Hours that repeat every week, in a place's own time. `to` before `from` runs past midnight, into the day
 * after; daylight saving is that of the zone.
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
  return openingsAround(hours, atMs).find((opening) => opening.startMs <= atMs && atMs < opening.endMs);
}

/** The first instant at or after `atMs` within the hours, epoch milliseconds. */
export function firstInstantWithin(hours: WeeklyHours, atMs: number): number {
  // A day's opening can vanish in a daylight-saving gap, so look two weeks ahead before giving up.
  const opening = openingsAround(hours, atMs).find(({ endMs }) => endMs > atMs);
  return opening ? Math.max(opening.startMs, atMs) : atMs;
}

/**
 * Openings from two days before `atMs` (they may run past midnight) to two weeks after, in order. Those that
 * touch, as happens where daylight saving skips the hour between them, are one.
 */
function openingsAround(hours: WeeklyHours, atMs: number): Opening[] {
  const today = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(hours.timeZone).toPlainDate();
  const openings: Opening[] = [];
  for (let day = -2; day <= 14; day += 1) {
    const date = today.add({ days: day });
    if (!hours.days.includes(weekdays[date.dayOfWeek - 1]!)) continue;
    const startMs = epochMs(date, hours.from, hours.timeZone);
    const endMs = epochMs(hours.to > hours.from ? date : date.add({ days: 1 }), hours.to, hours.timeZone);
    if (startMs >= endMs) continue;
    const previous = openings.at(-1);
    const touches = previous !== undefined && startMs <= previous.endMs;
    if (touches) openings.pop();
    openings.push({ startMs: touches ? previous.startMs : startMs, endMs });
  }
  return openings;
}

function epochMs(date: Temporal.PlainDate, time: string, timeZone: string): number {
  return date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds;
}

function isTimeZone(name: string): boolean {
  // Offsets such as +02:00 are accepted by Temporal too; they know no daylight saving.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}
