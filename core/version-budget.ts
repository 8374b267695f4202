import type { Settings } from './settings.ts';
import { marginSeconds, tickSeconds } from './settings.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/**
 * Secrets Manager holds about 100 versions of a secret, and removes none that is younger than a day.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 *
 * What the product may write to one secret within any 24 hours:
 *
 *   100  AWS's quota
 *   - 3  versions that keep a label (current, previous, pending) and may be older than a day
 *   - 1  because AWS says "about"
 *   - 2  for Disconnect, which is never refused: it writes two versions
 *   = 94 for refreshes and logins, which write one each
 *   -12  for logins alone
 *   = 82 for refreshes
 *
 * The schedule needs at most 73 of these: a tick comes every 20 minutes or more seldom, and 24 hours can touch one tick
 * more than they are long. Schwab's tick of 25 minutes needs 59. What the schedule leaves is for refreshes on request, no
 * more than 20, and for logins; they share it, and requests leave 12 to logins.
 */
const perDay = { writes: 94, refreshes: 82 } as const;
const onRequest = { perDay: 20, perHour: 4 } as const;

/** Times of writes to the two secrets within the last day, in epoch milliseconds, oldest first. */
export interface Writes {
  /** Each is noted before the refresh token is spent, so that one counts that dies before it has stored anything. */
  readonly refreshesAtMs?: readonly number[] | undefined;
  /** The refreshes among them that somebody requested. */
  readonly requestedAtMs?: readonly number[] | undefined;
  /** A login has one entry, an attempt to disconnect two. */
  readonly otherWritesAtMs?: readonly number[] | undefined;
}

export type RefreshBudget =
  /** `writes`: the record with this refresh in it. */
  | { readonly kind: 'granted'; readonly writes: Required<Writes> }
  /** Nobody needs this refresh: the stored token lives, and the next one can be asked for then. */
  | { readonly kind: 'limited'; readonly untilMs: number }
  /** The token must be refreshed and the secret has no room for it before then. */
  | { readonly kind: 'exhausted'; readonly untilMs: number };

/**
 * Whether one more refresh is within the budget. A refresh is on request unless the schedule has asked, or the access
 * token is about to end: then consumers get a new one even while the schedule does not run.
 */
export function refreshBudget(
  settings: Settings,
  {
    refreshesAtMs = [],
    requestedAtMs = [],
    otherWritesAtMs = [],
    accessExpiresAtMs = 0,
  }: Writes & { readonly accessExpiresAtMs?: number | undefined },
  {
    trigger = 'schedule',
    force,
  }: { readonly trigger?: string | undefined; readonly force?: string | undefined },
  nowMs: number,
): RefreshBudget {
  const isScheduled = trigger === 'schedule' && force === undefined;
  const isRequested = !isScheduled && accessExpiresAtMs > nowMs + marginSeconds * 1000;
  const fullUntilMs = latest(
    freeAgainMs(refreshesAtMs, perDay.refreshes, dayMs, nowMs),
    freeAgainMs([...refreshesAtMs, ...otherWritesAtMs], perDay.writes, dayMs, nowMs),
  );
  if (!isRequested && fullUntilMs !== undefined) return { kind: 'exhausted', untilMs: fullUntilMs };
  const spare = perDay.writes - ticksPerDay(settings);
  const requestsPerDay = Math.min(onRequest.perDay, perDay.refreshes - ticksPerDay(settings));
  const limitedUntilMs = latest(
    fullUntilMs,
    freeAgainMs(requestedAtMs, onRequest.perHour, hourMs, nowMs),
    freeAgainMs(requestedAtMs, requestsPerDay, dayMs, nowMs),
    freeAgainMs([...requestedAtMs, ...otherWritesAtMs], spare, dayMs, nowMs),
  );
  if (isRequested && limitedUntilMs !== undefined) return { kind: 'limited', untilMs: limitedUntilMs };
  return {
    kind: 'granted',
    writes: {
      refreshesAtMs: [...within(refreshesAtMs, dayMs, nowMs), nowMs],
      requestedAtMs: [...within(requestedAtMs, dayMs, nowMs), ...(isRequested ? [nowMs] : [])],
      otherWritesAtMs: within(otherWritesAtMs, dayMs, nowMs),
    },
  };
}

/** Until when the secrets have no room for a login; undefined while they have. */
export function loginsFullUntilMs(
  settings: Settings,
  { refreshesAtMs = [], requestedAtMs = [], otherWritesAtMs = [] }: Writes,
  nowMs: number,
): number | undefined {
  const spare = perDay.writes - ticksPerDay(settings);
  return latest(
    freeAgainMs([...refreshesAtMs, ...otherWritesAtMs], perDay.writes, dayMs, nowMs),
    freeAgainMs([...requestedAtMs, ...otherWritesAtMs], spare, dayMs, nowMs),
  );
}

function ticksPerDay({ provider }: Settings): number {
  return Math.ceil(dayMs / 1000 / tickSeconds(provider.accessTokenLifetimeSeconds)) + 1;
}

function latest(...timesMs: readonly (number | undefined)[]): number | undefined {
  const given = timesMs.filter((timeMs) => timeMs !== undefined);
  return given.length === 0 ? undefined : Math.max(...given);
}

function within(timesMs: readonly number[], windowMs: number, nowMs: number): readonly number[] {
  return timesMs.filter((atMs) => atMs > nowMs - windowMs);
}

/** When a window with so many times in it has room for another one; undefined where it has now. */
function freeAgainMs(
  timesMs: readonly number[],
  limit: number,
  windowMs: number,
  nowMs: number,
): number | undefined {
  const held = within(timesMs, windowMs, nowMs).toSorted((a, b) => a - b);
  const oldestInTheWay = held.at(-limit);
  return held.length < limit || oldestInTheWay === undefined ? undefined : oldestInTheWay + windowMs;
}
