import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { WeeklyHours } from '../../core/weekly-hours.ts';
import {
  firstInstantWithin,
  openingAt,
  openingsWithin,
  TimeZoneSchema,
  WeeklyHoursSchema,
} from '../../core/weekly-hours.ts';
import { dayMs, instants, iso, ms, tradingWeek, weeklyHours } from '../helpers/core-samples.ts';

const everyDay = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] satisfies WeeklyHours['days'];
const hours = (from: string, to: string, days: WeeklyHours['days'] = everyDay): WeeklyHours => ({
  days,
  from,
  to,
  timeZone: 'America/New_York',
});
const opening = (within: WeeklyHours, at: string) => {
  const found = openingAt(within, ms(at));
  return found && [iso(found.startMs), iso(found.endMs)];
};
const first = (within: WeeklyHours, at: string) => iso(firstInstantWithin(within, ms(at)));

describe('the openings within a time', () => {
  const within = (hours: WeeklyHours, from: string, to: string) =>
    openingsWithin(hours, ms(from), ms(to)).map(({ startMs, endMs }) => [iso(startMs), iso(endMs)]);

  test('are those that touch it, cut to it, in order', () => {
    expect(within(tradingWeek, '2026-02-05T18:00:00Z', '2026-02-09T13:00:00Z')).toEqual([
      ['2026-02-05T18:00:00.000Z', '2026-02-06T01:00:00.000Z'],
      ['2026-02-06T12:00:00.000Z', '2026-02-07T01:00:00.000Z'],
      ['2026-02-09T12:00:00.000Z', '2026-02-09T13:00:00.000Z'],
    ]);
    expect(within(tradingWeek, '2026-02-07T01:00:00Z', '2026-02-09T12:00:00Z')).toEqual([]);
  });

  test('follow the length of each day in a week in which clocks change', () => {
    const week = within(hours('00:00', '23:59'), '2026-03-06T05:00:00Z', '2026-03-13T04:00:00Z');
    expect(week.map(([start]) => start)).toEqual([
      '2026-03-06T05:00:00.000Z',
      '2026-03-07T05:00:00.000Z',
      '2026-03-08T05:00:00.000Z',
      '2026-03-09T04:00:00.000Z',
      '2026-03-10T04:00:00.000Z',
      '2026-03-11T04:00:00.000Z',
      '2026-03-12T04:00:00.000Z',
    ]);
  });
});

describe('an opening', () => {
  test('holds its start and not its end', () => {
    const friday = ['2026-02-06T12:00:00.000Z', '2026-02-07T01:00:00.000Z'];
    expect(opening(tradingWeek, '2026-02-06T11:59:59.999Z')).toBeUndefined();
    expect(opening(tradingWeek, '2026-02-06T12:00:00Z')).toEqual(friday);
    expect(opening(tradingWeek, '2026-02-07T00:59:59.999Z')).toEqual(friday);
    expect(opening(tradingWeek, '2026-02-07T01:00:00Z')).toBeUndefined();
  });

  test('past midnight belongs to the day on which it begins', () => {
    const fridayNight = hours('22:00', '07:00', ['Fri']);
    const expected = ['2026-02-07T03:00:00.000Z', '2026-02-07T12:00:00.000Z'];
    expect(opening(fridayNight, '2026-02-07T03:00:00Z')).toEqual(expected);
    expect(opening(fridayNight, '2026-02-07T11:00:00Z')).toEqual(expected);
    expect(opening(fridayNight, '2026-02-06T08:00:00Z')).toBeUndefined();
  });

  test('that ends at midnight is the whole rest of the day', () => {
    expect(opening(hours('20:00', '00:00'), '2026-02-07T04:59:00Z')).toEqual([
      '2026-02-07T01:00:00.000Z',
      '2026-02-07T05:00:00.000Z',
    ]);
  });

  test('is an hour shorter in the night on which clocks go forward, longer when they go back', () => {
    const night = hours('22:00', '07:00');
    expect(opening(night, '2026-03-08T06:00:00Z')).toEqual([
      '2026-03-08T03:00:00.000Z',
      '2026-03-08T11:00:00.000Z',
    ]);
    expect(opening(night, '2026-11-01T06:00:00Z')).toEqual([
      '2026-11-01T02:00:00.000Z',
      '2026-11-01T12:00:00.000Z',
    ]);
  });

  test('that begins in an hour that comes twice begins at the first', () => {
    expect(opening(hours('01:30', '03:00'), '2026-11-01T06:45:00Z')).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-01T08:00:00.000Z',
    ]);
  });

  test('in the hour that is skipped is an hour later by the clock', () => {
    expect(opening(hours('02:10', '02:50'), '2026-03-08T07:30:00Z')).toEqual([
      '2026-03-08T07:10:00.000Z',
      '2026-03-08T07:50:00.000Z',
    ]);
  });

  test('that begins in the hour that is skipped begins an hour later by the clock', () => {
    const within = hours('02:30', '05:00');
    expect(opening(within, '2026-03-08T07:29:59.999Z')).toBeUndefined();
    expect(first(within, '2026-03-08T07:00:00Z')).toBe('2026-03-08T07:30:00.000Z');
    expect(opening(within, '2026-03-08T07:30:00Z')).toEqual([
      '2026-03-08T07:30:00.000Z',
      '2026-03-08T09:00:00.000Z',
    ]);
    // Half an hour is skipped on Lord Howe, from 02:00 to 02:30.
    const lordHowe = { ...hours('02:15', '05:00'), timeZone: 'Australia/Lord_Howe' };
    expect(opening(lordHowe, '2026-10-03T16:00:00Z')).toEqual([
      '2026-10-03T15:45:00.000Z',
      '2026-10-03T18:00:00.000Z',
    ]);
  });

  test('that ends in the hour that is skipped ends an hour later by the clock', () => {
    expect(opening(hours('01:00', '02:30'), '2026-03-08T06:00:00Z')).toEqual([
      '2026-03-08T06:00:00.000Z',
      '2026-03-08T07:30:00.000Z',
    ]);
  });

  test('does not exist on the day that skips its start, if it would end as it begins', () => {
    const sundays = hours('02:30', '03:30', ['Sun']);
    expect(opening(sundays, '2026-03-08T07:30:00Z')).toBeUndefined();
    expect(first(sundays, '2026-03-08T00:00:00Z')).toBe('2026-03-15T06:30:00.000Z');
    expect(first(sundays, '2026-03-08T07:30:00Z')).toBe('2026-03-15T06:30:00.000Z');
  });

  test('joins the one before, on the day that skips the end of that one', () => {
    expect(opening(hours('03:10', '02:20'), '2026-03-08T07:15:00Z')).toEqual([
      '2026-03-07T08:10:00.000Z',
      '2026-03-09T06:20:00.000Z',
    ]);
  });

  test('does not exist on the day that skips its start, if it would end before it begins', () => {
    const sundays = hours('02:30', '03:15', ['Sun']);
    expect(opening(sundays, '2026-03-08T07:20:00Z')).toBeUndefined();
    expect(first(sundays, '2026-03-08T00:00:00Z')).toBe('2026-03-15T06:30:00.000Z');
    // Two weeks ahead.
    expect(first(sundays, '2026-03-01T09:00:00Z')).toBe('2026-03-15T06:30:00.000Z');
  });

  test('is one with the next where the hour between them is skipped', () => {
    const almostAlways = hours('03:00', '02:00');
    expect(opening(almostAlways, '2026-03-07T07:30:00Z')).toBeUndefined();
    for (const at of ['2026-03-07T15:00:00Z', '2026-03-08T15:00:00Z']) {
      expect(opening(almostAlways, at)).toEqual(['2026-03-07T08:00:00.000Z', '2026-03-09T06:00:00.000Z']);
    }
  });
});

describe('the first instant within', () => {
  test('is the moment itself inside, else the next start', () => {
    expect(first(tradingWeek, '2026-02-06T15:00:00Z')).toBe('2026-02-06T15:00:00.000Z');
    expect(first(tradingWeek, '2026-02-07T01:00:00Z')).toBe('2026-02-09T12:00:00.000Z');
    expect(first(hours('07:00', '20:00', ['Sat']), '2026-02-08T01:00:00Z')).toBe('2026-02-14T12:00:00.000Z');
  });

  test('follows daylight saving', () => {
    expect(first(tradingWeek, '2026-03-07T15:00:00Z')).toBe('2026-03-09T11:00:00.000Z');
    expect(first(tradingWeek, '2026-10-31T15:00:00Z')).toBe('2026-11-02T12:00:00.000Z');
  });

  test('is the moment itself for hours on no day', () => {
    expect(first(hours('07:00', '20:00', []), '2026-02-07T01:00:00Z')).toBe('2026-02-07T01:00:00.000Z');
  });

  test('is never before the moment, always within, and nothing between is', () => {
    fc.assert(
      fc.property(
        weeklyHours,
        instants,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (within, atMs, part) => {
          const firstMs = firstInstantWithin(within, atMs);
          expect(firstMs).toBeGreaterThanOrEqual(atMs);
          expect(firstMs).toBeLessThanOrEqual(atMs + 14 * dayMs);
          expect(openingAt(within, firstMs)).toBeDefined();
          const between = Math.floor(atMs + (firstMs - atMs) * part);
          if (between < firstMs) expect(openingAt(within, between)).toBeUndefined();
        },
      ),
    );
  });
});

test('openings never overlap or touch: nothing precedes a start, nothing follows an end', () => {
  fc.assert(
    fc.property(weeklyHours, instants, (within, atMs) => {
      const found = openingAt(within, atMs);
      if (!found) return;
      expect(openingAt(within, found.startMs - 1)).toBeUndefined();
      expect(openingAt(within, found.startMs)?.startMs).toBe(found.startMs);
      expect(openingAt(within, found.endMs)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

describe('the schemas', () => {
  test.each(['UTC', 'America/New_York', 'Etc/GMT+5'])('%s is a time zone', (zone) => {
    expect(TimeZoneSchema.parse(zone)).toBe(zone);
  });

  test.each(['Mars/Phobos', '+02:00', 'Z', '', 'New York'])('%j is none', (zone) => {
    expect(TimeZoneSchema.safeParse(zone).error?.issues[0]?.message).toBe(
      'must be an IANA time zone such as America/New_York',
    );
  });

  const valid = { from: '07:00', to: '20:00', timeZone: 'UTC' };
  test('hours are on every day unless days are named', () => {
    expect(WeeklyHoursSchema.parse(valid)).toEqual({ ...valid, days: everyDay });
  });

  test.each([
    [{ from: '7:00' }, 'must be a local time such as 07:00'],
    [{ to: '24:00' }, 'must be a local time such as 07:00'],
    [{ from: '107:00' }, 'must be a local time such as 07:00'],
    [{ to: '20:000' }, 'must be a local time such as 07:00'],
    [{ to: '20:00\n' }, 'must be a local time such as 07:00'],
    [{ to: '20:60' }, 'must be a local time such as 07:00'],
    [{ to: '07:00' }, 'never opens: from and to are the same'],
    [{ days: [] }, expect.any(String)],
    [{ days: ['Monday'] }, expect.any(String)],
    [{ timeZone: 'Nowhere' }, 'must be an IANA time zone such as America/New_York'],
  ])('hours with %j are refused', (change, message) => {
    const issues = WeeklyHoursSchema.safeParse({ ...valid, ...change }).error?.issues;
    expect(issues?.map((issue) => issue.message)).toEqual([message]);
  });
});
