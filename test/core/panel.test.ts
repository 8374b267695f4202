import { describe, expect, test } from '@jest/globals';

import type { Person } from '../../core/panel.ts';
import {
  addressKey,
  idleMs,
  isInTime,
  PanelSettingsSchema,
  personOf,
  PersonSchema,
  RoleSchema,
  sessionMs,
  signInLinkMs,
} from '../../core/panel.ts';
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

test('the panel has two roles, and knows who may sign in', () => {
  expect(RoleSchema.options).toEqual(['viewer', 'operator']);
  const settings = {
    publicUrl: 'https://grants.example.com',
    executionUrl: 'https://console.example.com/',
    people: [{ email: 'mike@example.com', role: 'operator' }],
    connectionIds: ['main'],
  };
  expect(PanelSettingsSchema.parse(settings)).toEqual(settings);
  expect(PanelSettingsSchema.safeParse({}).success).toBe(false);
  expect(PersonSchema.safeParse({ email: 'mike@example.com' }).success).toBe(false);
});

test('a link to sign in holds ten minutes, a session twelve hours, or one hour of rest', () => {
  expect([signInLinkMs, sessionMs, idleMs]).toEqual([600_000, 43_200_000, 3_600_000]);
});
