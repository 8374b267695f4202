import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { deadlineOf } from '../../core/deadline.ts';
import { instants, ms, ninetyDays, schwab } from '../helpers/core-samples.ts';

const authorizedAtMs = ms('2026-03-02T15:00:00Z');
const refreshedAtMs = ms('2026-03-05T09:30:00Z');

describe('the deadline', () => {
  test('of an absolute limit counts from the login alone', () => {
    const { limits } = schwab.provider;
    expect(deadlineOf(limits, { authorizedAtMs })).toBe(ms('2026-03-09T15:00:00Z'));
    expect(deadlineOf(limits, { authorizedAtMs, refreshedAtMs })).toBe(ms('2026-03-09T15:00:00Z'));
    expect(deadlineOf(ninetyDays.provider.limits, { authorizedAtMs, refreshedAtMs })).toBe(
      ms('2026-05-31T15:00:00Z'),
    );
  });

  test('of a sliding limit counts from the last refresh, or the login if there was none', () => {
    const limits = { slidingSeconds: 90 * 86_400 };
    expect(deadlineOf(limits, { authorizedAtMs })).toBe(ms('2026-05-31T15:00:00Z'));
    expect(deadlineOf(limits, { authorizedAtMs, refreshedAtMs })).toBe(ms('2026-06-03T09:30:00Z'));
  });

  test('of both is the earlier', () => {
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
