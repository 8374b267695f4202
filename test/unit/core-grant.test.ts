import { expect, test } from '@jest/globals';
import { isExchanging, isLoginUnderWay, isOpen, newGrant } from '../../core/grant.ts';
import { ms } from '../helpers/core-samples.ts';

const authorization = {
  authorizationId: 'a1b2c3d4e5f6a7b8c9d0',
  reason: 'rung',
  expiresAtMs: ms('2026-03-02T15:00:00Z'),
} as const;
const started = { ...authorization, startedAtMs: ms('2026-03-02T14:59:59Z') };

test('a login is under way for 15 minutes', () => {
  expect(isLoginUnderWay(undefined, 0)).toBe(false);
  expect(isLoginUnderWay(authorization, 0)).toBe(false);
  expect(isLoginUnderWay(started, ms('2026-03-02T15:14:58.999Z'))).toBe(true);
  expect(isLoginUnderWay(started, ms('2026-03-02T15:14:59Z'))).toBe(false);
});

test('a link is open until it expires, or while its login is under way', () => {
  expect(isOpen(undefined, 0)).toBe(false);
  expect(isOpen(authorization, ms('2026-03-02T14:59:59.999Z'))).toBe(true);
  expect(isOpen(authorization, ms('2026-03-02T15:00:00Z'))).toBe(false);
  expect(isOpen(started, ms('2026-03-02T15:14:58Z'))).toBe(true);
  expect(isOpen(started, ms('2026-03-02T15:14:59Z'))).toBe(false);
});

test('a callback is exchanging for a minute', () => {
  const exchanging = { ...started, exchangingAtMs: ms('2026-03-02T15:00:00Z') };
  expect(isExchanging(undefined, 0)).toBe(false);
  expect(isExchanging(started, 0)).toBe(false);
  expect(isExchanging(exchanging, ms('2026-03-02T15:00:59.999Z'))).toBe(true);
  expect(isExchanging(exchanging, ms('2026-03-02T15:01:00Z'))).toBe(false);
});

test('a new grant was never authorised and has told nothing', () => {
  expect(newGrant).toEqual({
    status: 'never-authorized',
    toldRungs: [],
    owesRestored: false,
    fencingNumber: 0,
    paused: false,
    setUp: false,
  });
});
