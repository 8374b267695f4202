import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { deadlineOf, isEarlyRejection } from '../../core/deadline.ts';
import { dayMs, hourMs, instants, ms, ninetyDays, schwab } from '../helpers/core-samples.ts';

const authorizedAtMs = ms('2026-03-02T15:00:00Z');
const refreshedAtMs = ms('2026-03-05T09:30:00Z');

describe('the deadline', () => {
  test('counts an absolute limit from the login alone', () => {
    const { limits } = schwab.provider;
    expect(deadlineOf(limits, { authorizedAtMs })).toBe(ms('2026-03-09T15:00:00Z'));
    expect(deadlineOf(limits, { authorizedAtMs, refreshedAtMs })).toBe(ms('2026-03-09T15:00:00Z'));
    expect(deadlineOf(ninetyDays.provider.limits, { authorizedAtMs, refreshedAtMs })).toBe(
      ms('2026-05-31T15:00:00Z'),
    );
  });

  test('counts a sliding limit from the last refresh, or from the login before any', () => {
    const limits = { slidingSeconds: 90 * 86_400 };
    expect(deadlineOf(limits, { authorizedAtMs })).toBe(ms('2026-05-31T15:00:00Z'));
    expect(deadlineOf(limits, { authorizedAtMs, refreshedAtMs })).toBe(ms('2026-06-03T09:30:00Z'));
  });

  test('is the earlier of both', () => {
    const grant = { authorizedAtMs, refreshedAtMs };
    expect(deadlineOf({ absoluteSeconds: 30 * 86_400, slidingSeconds: 86_400 }, grant)).toBe(
      ms('2026-03-06T09:30:00Z'),
    );
    expect(deadlineOf({ absoluteSeconds: 3 * 86_400, slidingSeconds: 86_400 }, grant)).toBe(
      ms('2026-03-05T15:00:00Z'),
    );
  });

  test('is none without a limit or a login', () => {
    expect(deadlineOf({}, { authorizedAtMs, refreshedAtMs })).toBeUndefined();
    expect(deadlineOf(schwab.provider.limits, {})).toBeUndefined();
  });

  test('never moves by a refresh under an absolute limit, whenever it is made', () => {
    fc.assert(
      fc.property(instants, instants, fc.integer({ min: 7200 }), (login, refresh, absoluteSeconds) => {
        expect(deadlineOf({ absoluteSeconds }, { authorizedAtMs: login, refreshedAtMs: refresh })).toBe(
          deadlineOf({ absoluteSeconds }, { authorizedAtMs: login }),
        );
      }),
    );
  });

  test('never passes the absolute limit, however often the token is used', () => {
    fc.assert(
      fc.property(
        instants,
        instants,
        fc.integer({ min: 7200 }),
        fc.integer({ min: 9000 }),
        (login, refresh, absoluteSeconds, slidingSeconds) => {
          const grant = { authorizedAtMs: login, refreshedAtMs: refresh };
          expect(deadlineOf({ absoluteSeconds, slidingSeconds }, grant)).toBeLessThanOrEqual(
            login + absoluteSeconds * 1000,
          );
        },
      ),
    );
  });
});

const loginMs = ms('2026-01-05T12:00:00Z');
const absolute = { absoluteSeconds: 7 * 24 * 3600 };
const sliding = { slidingSeconds: 24 * 3600 };

test.each([
  ['an hour and a millisecond before its end', absolute, loginMs + 7 * dayMs - hourMs - 1, true],
  ['an hour before its end', absolute, loginMs + 7 * dayMs - hourMs, false],
  ['after its end', absolute, loginMs + 8 * dayMs, false],
  ['a day after its login, where its last use was two hours ago', sliding, loginMs + dayMs, true],
  ['an hour before the end of its last use', sliding, loginMs + 22 * hourMs + 23 * hourMs, false],
  ['where it has no end that is known', {}, loginMs + 400 * dayMs, true],
])('a rejection %s: early is %s', (_when, limits, nowMs, isEarly) => {
  const grant = { authorizedAtMs: loginMs, refreshedAtMs: loginMs + 22 * hourMs };
  expect(isEarlyRejection(limits, grant, nowMs)).toBe(isEarly);
});
