import { describe, expect, test } from '@jest/globals';
import type { Grant } from '../../core/grant.ts';
import { newGrant } from '../../core/grant.ts';
import { browserLoginStep, IncidentSchema, isOver } from '../../core/incident.ts';

const since = '2026-03-02T15:00:00.000Z';
const before = Date.parse(since) - 1;
const after = Date.parse(since) + 1;
const over = (step: string, grant: Partial<Grant>, succeeded = 'CheckGrant') =>
  isOver({ step, error: 'ConfigurationError', since }, { ...newGrant, ...grant }, succeeded, true);

describe('an incident is over', () => {
  test('when its step has just done its work', () => {
    expect(over('CheckGrant', {})).toBe(true);
    expect(over('RefreshTokens', {})).toBe(false);
    expect(over('RefreshTokens', {}, 'RefreshTokens')).toBe(true);
  });

  test('after a login, unless it is of a channel, of which a login says nothing', () => {
    expect(over('Slack', { authorizedAtMs: after })).toBe(false);
    for (const step of ['RefreshTokens', 'NotifyOwner', 'Callback', 'Reauthorize', 'Unknown']) {
      expect(over(step, { authorizedAtMs: after })).toBe(true);
      expect(over(step, { authorizedAtMs: before })).toBe(false);
    }
  });

  test.each([
    ['RefreshTokens', 'refreshedAtMs'],
    ['NotifyOwner', 'notifiedAtMs'],
    ['RequestReauthorization', 'notifiedAtMs'],
    ['Email', 'emailReachedAtMs'],
    ['Sms', 'smsReachedAtMs'],
    ['Slack', 'slackReachedAtMs'],
    ['Discord', 'discordReachedAtMs'],
    ['Telegram', 'telegramReachedAtMs'],
    ['Webhook', 'webhookReachedAtMs'],
  ] as const)('of %s, once %s is later', (step, attribute) => {
    expect(over(step, { [attribute]: after })).toBe(true);
    expect(over(step, { [attribute]: before })).toBe(false);
    expect(over(step, { [attribute]: Date.parse(since) })).toBe(false);
  });

  test.each([
    [true, false],
    [false, true],
    [undefined, true],
  ])(
    'of a browser ends by its own success alone, if the connection has a browser (%s)',
    (hasBrowser, isSo) => {
      const incident = { step: 'BrowserLogin', error: 'ConfigurationError', since };
      const grant = { ...newGrant, authorizedAtMs: hasBrowser ? after : before };
      expect(isOver(incident, grant, 'CheckGrant', hasBrowser)).toBe(isSo);
      expect(isOver(incident, grant, 'BrowserLogin', hasBrowser)).toBe(true);
    },
  );

  test('of a page ends by a login alone', () => {
    expect(over('Callback', { refreshedAtMs: after, notifiedAtMs: after, emailReachedAtMs: after })).toBe(
      false,
    );
  });
});

test('an incident has a step, an error and a time', () => {
  const incident = { step: browserLoginStep, error: 'ConfigurationError', since };
  expect(incident.step).toBe('BrowserLogin');
  expect(IncidentSchema.parse({ ...incident, reason: 'r' })).toEqual(incident);
  expect(IncidentSchema.safeParse({}).success).toBe(false);
});
