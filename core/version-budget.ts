import type { Settings } from './settings.ts';
import { marginSeconds, tickSeconds } from './settings.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/**
 * Secrets Manager holds about 100 versions of a secret, and removes none that is younger than a day.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 *
 * Versions that Grantkeeper may write to one secret within any 24 hours:
 *
 *   100  AWS's quota
 *   - 3  versions that keep a label (current, previous, pending) and may be older than a day
 *   - 1  because AWS says "about"
 *   - 2  for Disconnect, which is never refused: it writes two versions
 *   = 94 for refreshes and logins, which write one each
 *   -12  for logins alone
 *   = 82 for refreshes
 *
 * The schedule needs 73 of these at most: ticks are 20 minutes apart or more, which makes 72 a day and one at the edge.
 * Schwab's tick of 25 minutes needs 59. Refreshes on request, 20 at most, and logins share the rest; requests leave 12 to
 * logins.
 */
const perDay = { writes: 94, refreshes: 82 } as const;
const onRequest = { perDay: 20, perHour: 4 } as const;

/** Times of writes to the two secrets within the last day, in epoch milliseconds, oldest first. */
export interface Writes {
  /** Noted before the refresh token is spent, so that a refresh that dies halfway counts, too. */
  readonly refreshesAtMs?: readonly number[] | undefined;
  /** The refreshes among them that somebody requested. */
  readonly requestedAtMs?: readonly number[] | undefined;
  /** A login has one entry, an attempt to disconnect two. */
  readonly otherWritesAtMs?: readonly number[] | undefined;
}

export type RefreshBudget =
  /** `writes`: the record with this refresh in it. */
  | { readonly kind: 'granted'; readonly writes: Required<Writes> }
  /** The stored token is still valid, so this refresh can wait until then. */
  | { readonly kind: 'limited'; readonly untilMs: number }
  /** The token must be refreshed and the secret has no room for it before then. */
  | { readonly kind: 'exhausted'; readonly untilMs: number };

/**
 * Decides whether the budget has room for one more refresh. A refresh counts as requested, unless the schedule asks for it
 * or the access token is about to end. So consumers get a new token even while the schedule does not run.
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
  const requestsPerDay = Math.min(onRequest.perDay, perDay.refreshes - ticksPerDay(settings));
  const limitedUntilMs = latest(
    fullUntilMs,
    freeAgainMs(requestedAtMs, onRequest.perHour, hourMs, nowMs),
    freeAgainMs(requestedAtMs, requestsPerDay, dayMs, nowMs),
    loginsFullUntilMs(settings, { refreshesAtMs, requestedAtMs, otherWritesAtMs }, nowMs),
  );
  if (isRequested && limitedUntilMs !== undefined) return { kind: 'limited', untilMs: limitedUntilMs };
  const recent = withinDay({ refreshesAtMs, requestedAtMs, otherWritesAtMs }, nowMs);
  return {
    kind: 'granted',
    writes: {
      refreshesAtMs: [...recent.refreshesAtMs, nowMs],
      requestedAtMs: [...recent.requestedAtMs, ...(isRequested ? [nowMs] : [])],
      otherWritesAtMs: recent.otherWritesAtMs,
    },
  };
}

/** The writes that still count. */
export function withinDay(
  { refreshesAtMs = [], requestedAtMs = [], otherWritesAtMs = [] }: Writes,
  nowMs: number,
): { readonly [Name in keyof Writes]-?: readonly number[] } {
  return {
    refreshesAtMs: within(refreshesAtMs, dayMs, nowMs),
    requestedAtMs: within(requestedAtMs, dayMs, nowMs),
    otherWritesAtMs: within(otherWritesAtMs, dayMs, nowMs),
  };
}

/** When the secrets have room for a login again. Undefined if they have room now. */
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

/** When the window has room for another write; undefined if it has room now. */
function freeAgainMs(
  timesMs: readonly number[],
  limit: number,
  windowMs: number,
  nowMs: number,
): number | undefined {
  const held = within(timesMs, windowMs, nowMs).toSorted((a, b) => a - b);
  const oldestInTheWay = held.at(-limit);
  return oldestInTheWay === undefined ? undefined : oldestInTheWay + windowMs;
}
