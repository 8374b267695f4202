import { describe, expect, test } from '@jest/globals';

import type { Person } from '../../core/panel.ts';
import { addressKey, isInTime, personOf } from '../../core/panel.ts';
import { ms } from '../helpers/core-samples.ts';

describe('an address', () => {
  const people: Person[] = [
    { email: 'Mike@Example.com', role: 'operator' },
    { email: 'jörg@example.com', role: 'viewer' },
  ];

  test.each([
    ['mike@example.com', 'operator'],
    [' MIKE@EXAMPLE.COM\n', 'operator'],
    ['jörg@example.com', 'viewer'],
    ['JÖRG@example.com', undefined],
    // A Kelvin sign, which `toLowerCase` makes a k of.
    ['mi\u212ae@example.com', undefined],
    ['m\u0131ke@example.com', undefined],
    ['jo\u0308rg@example.com', undefined],
    ['mike@example.com.evil.example', undefined],
    ['', undefined],
  ])('%j is that of %s', (typed, role) => {
    expect(personOf(people, typed)?.role).toBe(role);
  });

  test('is counted as it is compared', () => {
    expect(addressKey(' Mike@Example.com')).toBe('mike@example.com');
    expect(addressKey('mi\u212ae@example.com')).toBe('mi\u212ae@example.com');
  });
});

describe('a session', () => {
  const startedAtMs = ms('2026-03-02T09:00:00Z');
  const at = (clock: string) => ms(`2026-03-02T${clock}Z`);
  const seen = (clock: string) => ({ email: 'mike@example.com', startedAtMs, seenAtMs: at(clock) });

  test('holds for an hour after its person was last seen', () => {
    expect(isInTime(seen('10:30:00'), at('11:29:59'))).toBe(true);
    expect(isInTime(seen('10:30:00'), at('11:30:00'))).toBe(false);
  });

  test('holds for twelve hours at most', () => {
    expect(isInTime(seen('20:59:00'), at('20:59:59'))).toBe(true);
    expect(isInTime(seen('20:59:00'), at('21:00:00'))).toBe(false);
  });
});
