import { describe, expect, test } from '@jest/globals';
import { decide } from '../../core/decide.ts';
import { loginsFullUntilMs, refreshBudget } from '../../core/version-budget.ts';
import { dayMs, hourMs, iso, loggedIn, minuteMs, ms, schwab, withLimits } from '../helpers/core-samples.ts';

const nowMs = ms('2026-03-02T12:00:00Z');
const ago = (sinceMs: number) => nowMs - sinceMs;
/** So many, one minute apart, the oldest so long ago. */
const series = (count: number, oldestAgoMs: number) =>
  Array.from({ length: count }, (_, index) => ago(oldestAgoMs) + index * minuteMs);

const lives = { accessExpiresAtMs: nowMs + 20 * minuteMs };
const asked = { trigger: 'consumer', force: 'refresh' };
const tick = { trigger: 'schedule' };

describe('a refresh on request', () => {
  test('is noted among the versions, and what is older than a day is forgotten', () => {
    const refreshesAtMs = [ago(dayMs), ago(dayMs - 1), ago(hourMs)];
    expect(
      refreshBudget(
        schwab,
        { ...lives, refreshesAtMs, requestedAtMs: [ago(dayMs)], otherWritesAtMs: [ago(dayMs), ago(5)] },
        asked,
        nowMs,
      ),
    ).toEqual({
      kind: 'granted',
      writes: {
        refreshesAtMs: [ago(dayMs - 1), ago(hourMs), nowMs],
        requestedAtMs: [nowMs],
        otherWritesAtMs: [ago(5)],
      },
    });
  });

  test('is granted four times an hour, for all requesters together', () => {
    const three = { ...lives, requestedAtMs: series(3, 50 * minuteMs) };
    const four = { ...lives, requestedAtMs: series(4, 50 * minuteMs) };
    for (const asker of [
      asked,
      { trigger: 'panel', force: 'refresh' },
      { trigger: 'operator', force: 'refresh' },
      { trigger: 'link', force: 'refresh' },
      // Whatever else they ask for, it is not the schedule that refreshes.
      { trigger: 'panel', force: 'test' },
      { trigger: 'link' },
      { trigger: 'schedule', force: 'refresh' },
    ]) {
      expect(refreshBudget(schwab, three, asker, nowMs).kind).toBe('granted');
      expect(refreshBudget(schwab, four, asker, nowMs)).toEqual({
        kind: 'limited',
        untilMs: nowMs + 10 * minuteMs,
      });
    }
    expect(refreshBudget(schwab, four, asked, nowMs + 10 * minuteMs).kind).toBe('granted');
  });

  test('is as good as a scheduled one once the access token is about to end', () => {
    const requestedAtMs = series(4, 50 * minuteMs);
    const living = { accessExpiresAtMs: nowMs + 150_001, requestedAtMs };
    const ending = { accessExpiresAtMs: nowMs + 150_000, requestedAtMs };
    expect(refreshBudget(schwab, living, asked, nowMs).kind).toBe('limited');
    expect(refreshBudget(schwab, ending, asked, nowMs)).toMatchObject({
      kind: 'granted',
      writes: { refreshesAtMs: [nowMs], requestedAtMs },
    });
  });

  test('waits for the later of two limits', () => {
    const requestedAtMs = series(20, 10 * hourMs).toSpliced(16, 4, ...series(4, 30 * minuteMs));
    expect(refreshBudget(schwab, { ...lives, requestedAtMs }, asked, nowMs)).toEqual({
      kind: 'limited',
      untilMs: nowMs + 14 * hourMs,
    });
  });

  test('is limited, and no error, where the day is full', () => {
    const full = { ...lives, refreshesAtMs: series(82, 23 * hourMs) };
    expect(refreshBudget(schwab, full, asked, nowMs)).toEqual({ kind: 'limited', untilMs: nowMs + hourMs });
  });
});

describe('a scheduled refresh', () => {
  test('does not wait for those on request', () => {
    const many = { ...lives, requestedAtMs: series(30, 30 * minuteMs) };
    expect(refreshBudget(schwab, many, tick, nowMs).kind).toBe('granted');
    expect(refreshBudget(schwab, many, {}, nowMs).kind).toBe('granted');
  });

  test('all granted requests, logins and disconnections fit the quota of 100, even with the shortest tick', () => {
    const ticks = 73;
    const shortest = withLimits({ absoluteSeconds: 7 * 86_400 }, 1500);
    let record = {};
    let requests = 0;
    for (let atMs = nowMs; atMs < nowMs + dayMs; atMs += minuteMs) {
      const budget = refreshBudget(shortest, { accessExpiresAtMs: atMs + hourMs, ...record }, asked, atMs);
      if (budget.kind !== 'granted') continue;
      record = budget.writes;
      requests += 1;
    }
    let logins = 0;
    const full = () =>
      loginsFullUntilMs(
        shortest,
        { ...record, otherWritesAtMs: series(logins, 0) },
        nowMs + dayMs - minuteMs,
      );
    while (full() === undefined) logins += 1;
    const disconnect = 2;
    const labelled = 3;
    expect({ requests, logins }).toEqual({ requests: 9, logins: 12 });
    expect(ticks + requests + logins + disconnect + labelled).toBeLessThan(100);
  });
});

describe('within a day there is room', () => {
  const shortest = withLimits({ absoluteSeconds: 7 * 86_400 }, 1500);
  const requests = (count: number) => ({ requestedAtMs: series(count, 10 * hourMs) });
  const refreshes = (count: number) => ({ refreshesAtMs: series(count, 23 * hourMs) });
  const others = (count: number) => ({ otherWritesAtMs: series(count, 20 * hourMs) });

  test.each([
    ['for 20 requests with a tick of 25 minutes', schwab, requests(19), requests(20), asked, 14 * hourMs],
    ['for 9 requests with a tick of 20 minutes', shortest, requests(8), requests(9), asked, 14 * hourMs],
    ['for a request beside 34 logins', schwab, others(34), others(35), asked, 4 * hourMs],
    ['for 82 scheduled refreshes', schwab, refreshes(81), refreshes(82), tick, hourMs],
    [
      'for the last of these beside 12 logins',
      schwab,
      { ...refreshes(81), ...others(12) },
      { ...refreshes(81), ...others(13) },
      tick,
      hourMs,
    ],
  ])('%s, and then an hour that says from when', (_what, settings, room, full, asker, afterMs) => {
    expect(refreshBudget(settings, { ...lives, ...room }, asker, nowMs).kind).toBe('granted');
    expect(refreshBudget(settings, { ...lives, ...full }, asker, nowMs)).toEqual({
      kind: asker === asked ? 'limited' : 'exhausted',
      untilMs: nowMs + afterMs,
    });
    expect(refreshBudget(settings, { ...lives, ...full }, asker, nowMs + afterMs).kind).toBe('granted');
  });
});

describe('a login', () => {
  const logins = (count: number) => series(count, 20 * hourMs);
  const fullUntil = (otherWrites: number, requests: number) =>
    loginsFullUntilMs(
      schwab,
      { otherWritesAtMs: logins(otherWrites), requestedAtMs: series(requests, 10 * hourMs) },
      nowMs,
    );

  test('shares with refreshes on request what the schedule leaves: 35 a day where the tick is 25 minutes', () => {
    expect(loginsFullUntilMs(schwab, {}, nowMs)).toBeUndefined();
    expect([fullUntil(34, 0), fullUntil(35, 0)]).toEqual([undefined, nowMs + 4 * hourMs]);
    expect([fullUntil(14, 20), fullUntil(15, 20)]).toEqual([undefined, nowMs + 4 * hourMs]);
  });

  test('leaves the last two versions to Disconnect', () => {
    const record = (others: number) => ({
      refreshesAtMs: series(80, 23 * hourMs),
      otherWritesAtMs: logins(others),
    });
    expect(loginsFullUntilMs(schwab, record(13), nowMs)).toBeUndefined();
    expect(loginsFullUntilMs(schwab, record(14), nowMs)).toBe(nowMs + hourMs);
  });
});

describe('the decision', () => {
  const grant = (refreshedAgoMs: number, requests: number) =>
    loggedIn(ago(hourMs), {
      refreshedAtMs: ago(refreshedAgoMs),
      accessExpiresAtMs: ago(refreshedAgoMs) + 30 * minuteMs,
      requestedAtMs: series(requests, 50 * minuteMs),
    });

  test('says why nothing is refreshed, and when a request works again', () => {
    const limited = decide(schwab, grant(minuteMs, 4), nowMs, { ...asked, force: 'refresh', done: [] });
    expect(limited).toEqual({
      decision: 'none',
      reason: 'refresh-limited',
      until: iso(nowMs + 10 * minuteMs),
    });
    expect(decide(schwab, grant(minuteMs, 3), nowMs, { force: 'refresh', done: [] })).toEqual({
      decision: 'refresh',
      reason: 'asked-for',
    });
  });

  test('leaves a refresh that is due to the next tick, if an execution for something else meets it', () => {
    const due = grant(10 * minuteMs, 4);
    expect(decide(schwab, due, nowMs, { trigger: 'panel', done: [] }).decision).toBe('none');
    expect(decide(schwab, due, nowMs, { trigger: 'schedule', done: [] }).decision).toBe('refresh');
  });
});
