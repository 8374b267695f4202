import type { Settings } from '../../core/settings.ts';
import { firstInstantWithin, openingAt } from '../../core/weekly-hours.ts';

const hourMs = 3_600_000;

/** When a grant began and will end, or has ended, by the provider's own book. Epoch milliseconds. */
export interface Life {
  readonly bornMs: number;
  readonly endsMs: number;
  /** Whether its end counts from the login, so that use does not postpone it. */
  readonly isFixed: boolean;
}

/** Of grants that end within 30 days, as all do here. */
const hoursBefore = [48, 24, 6, 1];

/** Our clocks are off by so much, and what happens there is written down here as of when it was asked for. */
const earlierMs = 25_000;
const laterMs = 10_000;

/**
 * The reminder schedule that a grant must have by what its provider knows of it, not by what our record says: a record that
 * forgets the login must not forgive itself. On purpose without `core/reminder schedule.ts`; reminders are of
 * grants whose end is fixed.
 */
export function scheduleOfLife(
  { reminders, neededHours, quietHours }: Settings,
  { bornMs, endsMs }: Omit<Life, 'isFixed'>,
): { readonly neededAtMs: number; readonly remindersMs: readonly number[] } {
  const neededAtMs = neededHours ? firstInstantWithin(neededHours, endsMs) : endsMs;
  const awake = (atMs: number) => (quietHours && openingAt(quietHours, atMs)?.startMs) ?? atMs;
  const offsetsMs =
    reminders?.map(({ secondsBefore }) => secondsBefore * 1000) ?? hoursBefore.map((h) => h * hourMs);
  const remindersMs = offsetsMs
    .map((offsetMs) => awake(neededAtMs - offsetMs))
    .filter((atMs) => atMs > bornMs);
  if (remindersMs.length > 0) return { neededAtMs, remindersMs };
  const halfWayMs = (bornMs + neededAtMs) / 2;
  return { neededAtMs, remindersMs: [awake(halfWayMs) > bornMs ? awake(halfWayMs) : halfWayMs] };
}

/**
 * The newest reminder before `untilMs`, at the earliest that it can be by clocks that differ. Undefined where there is none,
 * or where seconds decide which one it is (the end of an hour in which the token is needed, or the owner awake).
 */
export function newestReminderMs(
  settings: Settings,
  { bornMs, endsMs }: Omit<Life, 'isFixed'>,
  untilMs: number,
): number | undefined {
  const [early, late] = [-earlierMs, laterMs].map((offMs) =>
    scheduleOfLife(settings, { bornMs: bornMs + offMs, endsMs: endsMs + offMs }).remindersMs.filter(
      (atMs) => atMs < untilMs,
    ),
  ) as [number[], number[]];
  const newestMs = Math.max(...early);
  return early.length > 0 && Math.abs(Math.max(...late) - newestMs) <= earlierMs + laterMs
    ? newestMs
    : undefined;
}
