import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { defaultRungs, ladderOf } from '../../core/ladder.ts';
import type { Settings } from '../../core/settings.ts';
import { tickSeconds } from '../../core/settings.ts';
import { openingAt } from '../../core/window.ts';
import {
  iso,
  loggedIn,
  minuteMs,
  ms,
  ninetyDays,
  schwab,
  tradingWeek,
  uses,
  withLimits,
} from '../helpers/core-samples.ts';

const rungsOf = (settings: Settings, authorizedAt: string, refreshedAt = authorizedAt) =>
  ladderOf(settings, { authorizedAtMs: ms(authorizedAt), refreshedAtMs: ms(refreshedAt) })!.rungs.map(
    ({ atMs }) => iso(atMs),
  );

describe('rungs', () => {
  test('of a week: 48, 24, 6 hours and one before the end', () => {
    expect(ladderOf(schwab, loggedIn(ms('2026-03-02T15:00:00Z')))).toEqual({
      deadlineMs: ms('2026-03-09T15:00:00Z'),
      neededAtMs: ms('2026-03-09T15:00:00Z'),
      rungs: [
        { atMs: ms('2026-03-07T15:00:00Z'), channels: ['email'] },
        { atMs: ms('2026-03-08T15:00:00Z'), channels: ['email'] },
        { atMs: ms('2026-03-09T09:00:00Z'), channels: ['email'] },
        { atMs: ms('2026-03-09T14:00:00Z'), channels: ['email'] },
      ],
    });
  });

  test('of 90 days: 7 days, 3 days, one day and 6 hours before', () => {
    expect(rungsOf(ninetyDays, '2026-01-01T00:00:00Z')).toEqual([
      '2026-03-25T00:00:00.000Z',
      '2026-03-29T00:00:00.000Z',
      '2026-03-31T00:00:00.000Z',
      '2026-03-31T18:00:00.000Z',
    ]);
  });

  test.each([
    [{ absoluteSeconds: 30 * 86_400 }, 172_800],
    [{ absoluteSeconds: 30 * 86_400 + 1 }, 604_800],
    [{ slidingSeconds: 90 * 86_400 }, 604_800],
    [{ absoluteSeconds: 365 * 86_400, slidingSeconds: 7 * 86_400 }, 172_800],
    [{}, 604_800],
  ])('the shortest limit of %j has its first rung %d seconds before', (limits, first) => {
    expect(defaultRungs(limits)[0]!.secondsBefore).toBe(first);
  });

  test('are those of config where it has them, in order, each once', () => {
    const settings = {
      ...schwab,
      rungs: [{ secondsBefore: 7200 }, { secondsBefore: 86_400 }, { secondsBefore: 7200 }],
    };
    expect(rungsOf(settings, '2026-03-02T15:00:00Z')).toEqual([
      '2026-03-08T15:00:00.000Z',
      '2026-03-09T13:00:00.000Z',
    ]);
  });

  test('do not move when the token is refreshed', () => {
    expect(rungsOf(schwab, '2026-03-02T15:00:00Z', '2026-03-07T15:20:00Z')[0]).toBe(
      '2026-03-07T15:00:00.000Z',
    );
  });

  test('not after the login are dropped', () => {
    const oneDay = withLimits({ absoluteSeconds: 86_400 });
    expect(rungsOf(oneDay, '2026-03-02T15:00:00Z')).toEqual([
      '2026-03-03T09:00:00.000Z',
      '2026-03-03T14:00:00.000Z',
    ]);
  });

  test('if none remain there is one, half-way', () => {
    const settings = { ...withLimits({ absoluteSeconds: 7200 }), rungs: [{ secondsBefore: 7200 }] };
    expect(rungsOf(settings, '2026-03-02T15:00:00Z')).toEqual(['2026-03-02T16:00:00.000Z']);
  });

  test('there are none without a login or a limit', () => {
    expect(ladderOf(schwab, {})).toBeUndefined();
    expect(ladderOf(withLimits({}), loggedIn(0))).toBeUndefined();
  });
});

describe('a deadline that every refresh postpones', () => {
  const idleDay = withLimits({ slidingSeconds: 86_400 });

  test('has no rung before the next refresh is due', () => {
    // 48 and 24 hours before that end a refresh has just been made: there is nothing to tell.
    expect(rungsOf(idleDay, '2026-03-02T15:00:00Z', '2026-03-20T12:00:00Z')).toEqual([
      '2026-03-21T06:00:00.000Z',
      '2026-03-21T11:00:00.000Z',
    ]);
    expect(
      ladderOf(idleDay, { authorizedAtMs: ms('2026-03-02T15:00:00Z') })!.rungs.map(({ atMs }) => iso(atMs)),
    ).toEqual(['2026-03-03T09:00:00.000Z', '2026-03-03T14:00:00.000Z']);
  });

  test('has one half-way from then if no other remains', () => {
    const settings = { ...withLimits({ slidingSeconds: 1800 + 7200 }), rungs: [{ secondsBefore: 86_400 }] };
    expect(rungsOf(settings, '2026-03-02T15:00:00Z', '2026-03-20T12:00:00Z')).toEqual([
      '2026-03-20T13:30:00.000Z',
    ]);
  });

  test('counts from the login again where the absolute limit comes first', () => {
    const both = withLimits({ absoluteSeconds: 30 * 86_400, slidingSeconds: 10 * 86_400 });
    expect(rungsOf(both, '2026-03-01T00:00:00Z', '2026-03-29T00:10:00Z')).toEqual([
      '2026-03-29T00:00:00.000Z',
      '2026-03-30T00:00:00.000Z',
      '2026-03-30T18:00:00.000Z',
      '2026-03-30T23:00:00.000Z',
    ]);
  });
});

describe('needed hours', () => {
  const bot = { ...schwab, neededHours: tradingWeek };

  test('a bot that rests at weekends is asked every Saturday', () => {
    // New York: logged in on Saturday at 08:10; the next one's end is first felt on Monday at 07:00.
    const ladder = ladderOf(bot, loggedIn(ms('2026-02-07T13:10:00Z')))!;
    expect(iso(ladder.deadlineMs)).toBe('2026-02-14T13:10:00.000Z');
    expect(iso(ladder.neededAtMs)).toBe('2026-02-16T12:00:00.000Z');
    expect(ladder.rungs.map(({ atMs }) => iso(atMs))).toEqual([
      '2026-02-14T12:00:00.000Z',
      '2026-02-15T12:00:00.000Z',
      '2026-02-16T06:00:00.000Z',
      '2026-02-16T11:00:00.000Z',
    ]);
  });

  test('after a weekend on which clocks go forward, seven in the morning is an hour earlier', () => {
    const ladder = ladderOf(bot, loggedIn(ms('2026-02-28T13:10:00Z')))!;
    expect(iso(ladder.neededAtMs)).toBe('2026-03-09T11:00:00.000Z');
  });

  test('a deadline within them is when the token is needed', () => {
    const ladder = ladderOf(bot, loggedIn(ms('2026-02-04T15:00:00Z')))!;
    expect(iso(ladder.neededAtMs)).toBe('2026-02-11T15:00:00.000Z');
  });
});

describe('quiet hours', () => {
  const quietHours = {
    days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
    from: '22:00',
    to: '07:00',
    timeZone: 'America/New_York',
  } satisfies Settings['quietHours'];
  const sleeper = { ...schwab, quietHours };

  test('move a rung to their start; rungs that meet there are one', () => {
    // In New York the end is on Monday at 05:00: rungs on Saturday and Sunday at 05:00, Sunday 23:00, Monday 04:00.
    expect(rungsOf(sleeper, '2026-02-02T10:00:00Z')).toEqual([
      '2026-02-07T03:00:00.000Z',
      '2026-02-08T03:00:00.000Z',
      '2026-02-09T03:00:00.000Z',
    ]);
  });

  test('move a half-way rung too, unless they began before the login', () => {
    const short = {
      ...sleeper,
      provider: withLimits({ absoluteSeconds: 6 * 3600 }).provider,
      rungs: [{ secondsBefore: 86_400 }],
    };
    // Logged in at 20:30 in New York, half-way at 23:30.
    expect(rungsOf(short, '2026-02-03T01:30:00Z')).toEqual(['2026-02-03T03:00:00.000Z']);
    // Logged in at 23:00: awake, whatever the hour; half-way at 02:00.
    expect(rungsOf(short, '2026-02-03T04:00:00Z')).toEqual(['2026-02-03T07:00:00.000Z']);
    // Logged in at 22:00, as the quiet hours begin; half-way at 01:00.
    expect(rungsOf(short, '2026-02-03T03:00:00Z')).toEqual(['2026-02-03T06:00:00.000Z']);
    // A second before it: half-way at 00:59:59 is told at 22:00.
    expect(rungsOf(short, '2026-02-03T02:59:59Z')).toEqual(['2026-02-03T03:00:00.000Z']);
  });

  test('that begin with the login drop the rung that they would move to it', () => {
    // New York, 22:00: the end is a day later, rungs at 02:00, to be told at 22:00, and at 21:00.
    const oneDay = {
      ...sleeper,
      provider: withLimits({ absoluteSeconds: 86_400 }).provider,
      rungs: [{ secondsBefore: 20 * 3600 }, { secondsBefore: 3600 }],
    };
    expect(rungsOf(oneDay, '2026-02-03T03:00:00Z')).toEqual(['2026-02-04T02:00:00.000Z']);
    expect(rungsOf(oneDay, '2026-02-03T02:59:59Z')).toEqual([
      '2026-02-03T03:00:00.000Z',
      '2026-02-04T01:59:59.000Z',
    ]);
  });
});

test('whatever the settings: at least one rung, in order, after the login, told before the token is needed, none in quiet hours', () => {
  fc.assert(
    fc.property(uses, ({ settings, loginMs, usedMs }) => {
      const ladder = ladderOf(settings, { authorizedAtMs: loginMs, refreshedAtMs: loginMs + usedMs });
      const { limits, accessTokenLifetimeSeconds } = settings.provider;
      if (limits.absoluteSeconds === undefined && limits.slidingSeconds === undefined) {
        expect(ladder).toBeUndefined();
        return;
      }
      const { rungs, neededAtMs, deadlineMs } = ladder!;
      const rungsMs = rungs.map(({ atMs }) => atMs);
      expect(rungsMs.length).toBeGreaterThanOrEqual(1);
      expect(neededAtMs).toBeGreaterThanOrEqual(deadlineMs);
      if (settings.neededHours) expect(openingAt(settings.neededHours, neededAtMs)).toBeDefined();
      const lastMs = neededAtMs - tickSeconds(accessTokenLifetimeSeconds) * 1000;
      for (const [index, rungMs] of rungsMs.entries()) {
        expect(rungMs).toBeGreaterThan(rungsMs[index - 1] ?? loginMs);
        expect(rungMs).toBeLessThanOrEqual(lastMs);
        const asleep = settings.quietHours && openingAt(settings.quietHours, rungMs);
        // They are told as it begins, or had logged in during it.
        if (asleep && asleep.startMs !== rungMs) {
          expect(rungsMs).toHaveLength(1);
          expect(asleep.startMs).toBeLessThanOrEqual(loginMs + usedMs + accessTokenLifetimeSeconds * 1000);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a check an hour later is still in time for every default rung', () => {
  for (const settings of [schwab, ninetyDays, withLimits({ absoluteSeconds: 7200 }, 86_400)]) {
    const { rungs, neededAtMs } = ladderOf(settings, loggedIn(0))!;
    expect(rungs.at(-1)!.atMs + 60 * minuteMs).toBeLessThanOrEqual(neededAtMs);
  }
});

describe('the channels of a rung', () => {
  const reachable = {
    ...schwab,
    owner: { ...schwab.owner, phone: '+12125550123', slack: 'a/slack', discord: 'a/discord' },
  };
  const channelsOf = (settings: Settings) =>
    ladderOf(settings, loggedIn(ms('2026-03-02T15:00:00Z')))!.rungs.map(({ channels }) => channels);

  test('are mail first, then a text message too, in the end all that the owner has', () => {
    const all = ['email', 'sms', 'slack', 'discord'];
    expect(channelsOf(reachable)).toEqual([['email'], ['email', 'sms'], all, all]);
    expect(channelsOf({ ...ninetyDays, owner: reachable.owner })).toEqual([
      ['email'],
      ['email', 'sms'],
      all,
      all,
    ]);
  });

  test('leave out what the owner does not have', () => {
    const owner = { ...schwab.owner, slack: 'a/slack' };
    expect(channelsOf({ ...schwab, owner })).toEqual([
      ['email'],
      ['email'],
      ['email', 'slack'],
      ['email', 'slack'],
    ]);
  });

  test('are those of config, rung by rung; without any that the owner has, all', () => {
    const rungs = [
      { secondsBefore: 86_400, channels: ['slack' as const] },
      { secondsBefore: 7200, channels: ['discord' as const, 'sms' as const] },
      { secondsBefore: 3600 },
    ];
    expect(channelsOf({ ...reachable, rungs })).toEqual([
      ['slack'],
      ['sms', 'discord'],
      ['email', 'sms', 'slack', 'discord'],
    ]);
    expect(channelsOf({ ...schwab, rungs })).toEqual([['email'], ['email'], ['email']]);
  });

  test('of rungs that coincide are those of all of them', () => {
    const rungs = [
      { secondsBefore: 86_400, channels: ['slack' as const] },
      { secondsBefore: 86_400, channels: ['email' as const] },
    ];
    expect(channelsOf({ ...reachable, rungs })).toEqual([['email', 'slack']]);
  });
});
