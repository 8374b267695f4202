import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { defaultReminders, reminderScheduleOf } from '../../core/reminder-schedule.ts';
import type { Settings } from '../../core/settings.ts';
import { tickSeconds } from '../../core/settings.ts';
import { openingAt } from '../../core/weekly-hours.ts';
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

const remindersOf = (settings: Settings, authorizedAt: string, refreshedAt = authorizedAt) =>
  reminderScheduleOf(settings, {
    authorizedAtMs: ms(authorizedAt),
    refreshedAtMs: ms(refreshedAt),
  })!.reminders.map(({ atMs }) => iso(atMs));

describe('reminders', () => {
  test('of a week: 48, 24, 6 hours and one before the end', () => {
    expect(reminderScheduleOf(schwab, loggedIn(ms('2026-03-02T15:00:00Z')))).toEqual({
      deadlineMs: ms('2026-03-09T15:00:00Z'),
      neededAtMs: ms('2026-03-09T15:00:00Z'),
      reminders: [
        { atMs: ms('2026-03-07T15:00:00Z'), channels: ['email'] },
        { atMs: ms('2026-03-08T15:00:00Z'), channels: ['email'] },
        { atMs: ms('2026-03-09T09:00:00Z'), channels: ['email'] },
        { atMs: ms('2026-03-09T14:00:00Z'), channels: ['email'] },
      ],
    });
  });

  test('of 90 days: 7 days, 3 days, one day and 6 hours before', () => {
    expect(remindersOf(ninetyDays, '2026-01-01T00:00:00Z')).toEqual([
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
  ])('the shortest limit of %j has its first reminder %d seconds before', (limits, first) => {
    expect(defaultReminders(limits)[0]!.secondsBefore).toBe(first);
  });

  test('are those of config where it has them, in order, each once', () => {
    const settings = {
      ...schwab,
      reminders: [{ secondsBefore: 7200 }, { secondsBefore: 86_400 }, { secondsBefore: 7200 }],
    };
    expect(remindersOf(settings, '2026-03-02T15:00:00Z')).toEqual([
      '2026-03-08T15:00:00.000Z',
      '2026-03-09T13:00:00.000Z',
    ]);
  });

  test('do not move when the token is refreshed', () => {
    expect(remindersOf(schwab, '2026-03-02T15:00:00Z', '2026-03-07T15:20:00Z')[0]).toBe(
      '2026-03-07T15:00:00.000Z',
    );
  });

  test('at or before the login are dropped', () => {
    const oneDay = withLimits({ absoluteSeconds: 86_400 });
    expect(remindersOf(oneDay, '2026-03-02T15:00:00Z')).toEqual([
      '2026-03-03T09:00:00.000Z',
      '2026-03-03T14:00:00.000Z',
    ]);
  });

  test('if none remain there is one, half-way', () => {
    const settings = { ...withLimits({ absoluteSeconds: 7200 }), reminders: [{ secondsBefore: 7200 }] };
    expect(remindersOf(settings, '2026-03-02T15:00:00Z')).toEqual(['2026-03-02T16:00:00.000Z']);
  });

  test('there are none without a login or a limit', () => {
    expect(reminderScheduleOf(schwab, {})).toBeUndefined();
    expect(reminderScheduleOf(withLimits({}), loggedIn(0))).toBeUndefined();
  });
});

describe('a deadline that every refresh postpones', () => {
  const idleDay = withLimits({ slidingSeconds: 86_400 });

  test('has no reminder before the next refresh is due', () => {
    // 48 and 24 hours before that end a refresh has just been made: there is nothing to tell.
    expect(remindersOf(idleDay, '2026-03-02T15:00:00Z', '2026-03-20T12:00:00Z')).toEqual([
      '2026-03-21T06:00:00.000Z',
      '2026-03-21T11:00:00.000Z',
    ]);
    expect(
      reminderScheduleOf(idleDay, { authorizedAtMs: ms('2026-03-02T15:00:00Z') })!.reminders.map(({ atMs }) =>
        iso(atMs),
      ),
    ).toEqual(['2026-03-03T09:00:00.000Z', '2026-03-03T14:00:00.000Z']);
  });

  test('has one half-way from then if no other remains', () => {
    const settings = {
      ...withLimits({ slidingSeconds: 1800 + 7200 }),
      reminders: [{ secondsBefore: 86_400 }],
    };
    expect(remindersOf(settings, '2026-03-02T15:00:00Z', '2026-03-20T12:00:00Z')).toEqual([
      '2026-03-20T13:30:00.000Z',
    ]);
  });

  test('counts from the login again where the absolute limit comes first', () => {
    const both = withLimits({ absoluteSeconds: 30 * 86_400, slidingSeconds: 10 * 86_400 });
    expect(remindersOf(both, '2026-03-01T00:00:00Z', '2026-03-29T00:10:00Z')).toEqual([
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
    const schedule = reminderScheduleOf(bot, loggedIn(ms('2026-02-07T13:10:00Z')))!;
    expect(iso(schedule.deadlineMs)).toBe('2026-02-14T13:10:00.000Z');
    expect(iso(schedule.neededAtMs)).toBe('2026-02-16T12:00:00.000Z');
    expect(schedule.reminders.map(({ atMs }) => iso(atMs))).toEqual([
      '2026-02-14T12:00:00.000Z',
      '2026-02-15T12:00:00.000Z',
      '2026-02-16T06:00:00.000Z',
      '2026-02-16T11:00:00.000Z',
    ]);
  });

  test('after a weekend on which clocks go forward, seven in the morning is an hour earlier', () => {
    const schedule = reminderScheduleOf(bot, loggedIn(ms('2026-02-28T13:10:00Z')))!;
    expect(iso(schedule.neededAtMs)).toBe('2026-03-09T11:00:00.000Z');
  });

  test('a deadline within them is when the token is needed', () => {
    const schedule = reminderScheduleOf(bot, loggedIn(ms('2026-02-04T15:00:00Z')))!;
    expect(iso(schedule.neededAtMs)).toBe('2026-02-11T15:00:00.000Z');
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

  test('move a reminder to their start; reminders that meet there are one', () => {
    // In New York the end is on Monday at 05:00: reminders on Saturday and Sunday at 05:00, Sunday 23:00, Monday 04:00.
    expect(remindersOf(sleeper, '2026-02-02T10:00:00Z')).toEqual([
      '2026-02-07T03:00:00.000Z',
      '2026-02-08T03:00:00.000Z',
      '2026-02-09T03:00:00.000Z',
    ]);
  });

  test('move a half-way reminder too, unless they began before the login', () => {
    const short = {
      ...sleeper,
      provider: withLimits({ absoluteSeconds: 6 * 3600 }).provider,
      reminders: [{ secondsBefore: 86_400 }],
    };
    // Logged in at 20:30 in New York, half-way at 23:30.
    expect(remindersOf(short, '2026-02-03T01:30:00Z')).toEqual(['2026-02-03T03:00:00.000Z']);
    // Logged in at 23:00: awake, whatever the hour; half-way at 02:00.
    expect(remindersOf(short, '2026-02-03T04:00:00Z')).toEqual(['2026-02-03T07:00:00.000Z']);
    // Logged in at 22:00, as the quiet hours begin; half-way at 01:00.
    expect(remindersOf(short, '2026-02-03T03:00:00Z')).toEqual(['2026-02-03T06:00:00.000Z']);
    // A second before it: half-way at 00:59:59 is sent at 22:00.
    expect(remindersOf(short, '2026-02-03T02:59:59Z')).toEqual(['2026-02-03T03:00:00.000Z']);
  });

  test('that begin at the login drop the reminder that they would move there', () => {
    // New York, 22:00: the end is a day later, reminders at 02:00, to be sent at 22:00, and at 21:00.
    const oneDay = {
      ...sleeper,
      provider: withLimits({ absoluteSeconds: 86_400 }).provider,
      reminders: [{ secondsBefore: 20 * 3600 }, { secondsBefore: 3600 }],
    };
    expect(remindersOf(oneDay, '2026-02-03T03:00:00Z')).toEqual(['2026-02-04T02:00:00.000Z']);
    expect(remindersOf(oneDay, '2026-02-03T02:59:59Z')).toEqual([
      '2026-02-03T03:00:00.000Z',
      '2026-02-04T01:59:59.000Z',
    ]);
  });
});

test('for any settings: at least one reminder, in order, after the login, before the token is needed, none in quiet hours', () => {
  fc.assert(
    fc.property(uses, ({ settings, loginMs, usedMs }) => {
      const schedule = reminderScheduleOf(settings, {
        authorizedAtMs: loginMs,
        refreshedAtMs: loginMs + usedMs,
      });
      const { limits, accessTokenLifetimeSeconds } = settings.provider;
      if (limits.absoluteSeconds === undefined && limits.slidingSeconds === undefined) {
        expect(schedule).toBeUndefined();
        return;
      }
      const { reminders, neededAtMs, deadlineMs } = schedule!;
      const remindersMs = reminders.map(({ atMs }) => atMs);
      expect(remindersMs.length).toBeGreaterThanOrEqual(1);
      expect(neededAtMs).toBeGreaterThanOrEqual(deadlineMs);
      if (settings.neededHours) expect(openingAt(settings.neededHours, neededAtMs)).toBeDefined();
      const lastMs = neededAtMs - tickSeconds(accessTokenLifetimeSeconds) * 1000;
      for (const [index, reminderMs] of remindersMs.entries()) {
        expect(reminderMs).toBeGreaterThan(remindersMs[index - 1] ?? loginMs);
        expect(reminderMs).toBeLessThanOrEqual(lastMs);
        const asleep = settings.quietHours && openingAt(settings.quietHours, reminderMs);
        // The owner hears of it as the quiet hours begin, or had logged in during them.
        if (asleep && asleep.startMs !== reminderMs) {
          expect(remindersMs).toHaveLength(1);
          expect(asleep.startMs).toBeLessThanOrEqual(loginMs + usedMs + accessTokenLifetimeSeconds * 1000);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a check an hour later is still in time for every default reminder', () => {
  for (const settings of [schwab, ninetyDays, withLimits({ absoluteSeconds: 7200 }, 86_400)]) {
    const { reminders, neededAtMs } = reminderScheduleOf(settings, loggedIn(0))!;
    expect(reminders.at(-1)!.atMs + 60 * minuteMs).toBeLessThanOrEqual(neededAtMs);
  }
});

describe('the channels of a reminder', () => {
  const reachable = {
    ...schwab,
    owner: { ...schwab.owner, phone: '+12125550123', slack: 'a/slack', discord: 'a/discord' },
  };
  const channelsOf = (settings: Settings) =>
    reminderScheduleOf(settings, loggedIn(ms('2026-03-02T15:00:00Z')))!.reminders.map(
      ({ channels }) => channels,
    );

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

  test('are those of config, reminder by reminder; without any that the owner has, all', () => {
    const reminders = [
      { secondsBefore: 86_400, channels: ['slack' as const] },
      { secondsBefore: 7200, channels: ['discord' as const, 'sms' as const] },
      { secondsBefore: 3600 },
    ];
    expect(channelsOf({ ...reachable, reminders })).toEqual([
      ['slack'],
      ['sms', 'discord'],
      ['email', 'sms', 'slack', 'discord'],
    ]);
    expect(channelsOf({ ...schwab, reminders })).toEqual([['email'], ['email'], ['email']]);
  });

  test('are joined where reminders coincide', () => {
    const reminders = [
      { secondsBefore: 86_400, channels: ['slack' as const] },
      { secondsBefore: 86_400, channels: ['email' as const] },
    ];
    expect(channelsOf({ ...reachable, reminders })).toEqual([['email', 'slack']]);
  });
});
