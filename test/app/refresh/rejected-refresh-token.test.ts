/** A grant that its provider rejects long before its known end: the operators hear of it, once it is recorded. */
import { expect, test } from '@jest/globals';

import { isEarlyRejection } from '../../../core/deadline.ts';
import type { Grant } from '../../../core/grant.ts';
import { newGrant } from '../../../core/grant.ts';
import type { StepInput } from '../../../app/checks/step.ts';
import { earlyRejection } from '../../../app/refresh/rejected-refresh-token.ts';
import { dayMs, hourMs, minuteMs, ms, schwab } from '../../helpers/core-samples.ts';

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

const grant: Grant = { ...newGrant, status: 'active', authorizedAtMs: loginMs, refreshedAtMs: loginMs };
const scheduled: StepInput['request'] = { connectionId: 'schwab-main', trigger: 'schedule' };
const notified = (request: StepInput['request'], nowMs: number, settings = schwab) =>
  earlyRejection(settings, grant, request, { error: 'invalid_grant', description: 'reused' }, nowMs);

test('operators are told what the provider said, and when the end was due', () => {
  expect(notified(scheduled, loginMs + dayMs)).toMatchObject({
    name: 'EarlyRejectionError',
    message:
      'Charles Schwab rejected the refresh token of schwab-main (invalid_grant: “reused”), and its end is due at 2026-01-12T12:00:00.000Z. Its owner is asked to log in again.',
  });
  const endless = { ...schwab, provider: { ...schwab.provider, limits: {} } };
  expect(notified(scheduled, loginMs + dayMs, endless)?.message).toContain(
    'and it has no end that is known.',
  );
  expect(notified(scheduled, loginMs + 7 * dayMs - hourMs)).toBeUndefined();
});

test('but not where a login may have ended it: one that is under way, or was refused a moment ago', () => {
  const begun = (startedAtMs: number, settings = schwab) => {
    const authorization = { authorizationId: 'a', reason: 'requested', expiresAtMs: 0, startedAtMs } as const;
    const answer = { error: 'invalid_grant' };
    return earlyRejection(settings, { ...grant, authorization }, scheduled, answer, loginMs + dayMs);
  };
  expect(begun(loginMs + dayMs - 15 * minuteMs + 1)).toBeUndefined();
  expect(begun(loginMs + dayMs - 15 * minuteMs)).toBeDefined();
  const { loginEndsPreviousGrant: _ends, ...provider } = schwab.provider;
  expect(begun(loginMs + dayMs, { ...schwab, provider })).toBeDefined();

  expect(notified({ ...scheduled, trigger: 'link', force: 'refresh' }, loginMs + dayMs)).toBeUndefined();
  expect(notified({ ...scheduled, trigger: 'link' }, loginMs + dayMs)).toBeDefined();
  expect(notified({ ...scheduled, trigger: 'operator', force: 'refresh' }, loginMs + dayMs)).toBeDefined();
});
