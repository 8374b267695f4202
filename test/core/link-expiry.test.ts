import { expect, test } from '@jest/globals';
import { linkExpiry } from '../../core/link-expiry.ts';
import { presets } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';

const settings = { provider: presets.schwab! } as Settings;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const reminder = (atMs: number) => ({ atMs, channels: ['email'] as const });
const schedule = {
  deadlineMs: 100 * hourMs,
  neededAtMs: 100 * hourMs,
  reminders: [reminder(40 * hourMs), reminder(90 * hourMs)],
};

test.each([
  ['without a reminder schedule it is a day', undefined, 'first-login', 0, 24 * hourMs],
  ['of a rejected grant it is a day', schedule, 'rejected', 0, 24 * hourMs],
  ['after the end it is a day', schedule, 'expired', 100 * hourMs, 124 * hourMs],
  ['two ticks after the next reminder', schedule, 'reminder', 50 * hourMs, 90 * hourMs + 50 * minuteMs],
  ['of the last reminder it is when the token is needed', schedule, 'expiring', 90 * hourMs, 100 * hourMs],
  ['fifteen minutes at least', schedule, 'expiring', 100 * hourMs - 1, 100 * hourMs - 1 + 15 * minuteMs],
  ['of a new owner it is a day', schedule, 'change-owner', 0, 24 * hourMs],
  ['of a new owner it is the next reminder', schedule, 'change-owner', 30 * hourMs, 40 * hourMs],
] as const)('a link’s expiry: %s', (_, planned, reason, nowMs, expiresAtMs) => {
  expect(linkExpiry(settings, planned, reason, nowMs)).toBe(expiresAtMs);
});
