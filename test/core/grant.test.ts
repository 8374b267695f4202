import { expect, test } from '@jest/globals';
import {
  LoginReasonSchema,
  claimMs,
  disconnectionGraceMs,
  isDisconnected,
  isEndedByOperator,
  isEndedFor,
  isExchanging,
  isInSetUp,
  isLoginUnderWay,
  isOpen,
  isInterrupted,
  newGrant,
  startGraceMs,
} from '../../core/grant.ts';
import { callbackGraceMs } from '../../core/time-limits.ts';
import { ms } from '../helpers/core-samples.ts';

const authorization = {
  authorizationId: 'a1b2c3d4e5f6a7b8c9d0',
  reason: 'reminder',
  expiresAtMs: ms('2026-03-02T15:00:00Z'),
} as const;
const login = {
  versionId: '11111111-2222-3333-4444-555555555555',
  authorizationId: 'a1b2c3d4e5f6a7b8c9d0',
  atMs: ms('2026-03-02T15:00:00Z'),
};
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

test('a callback is exchanging for 90 seconds, unless its login is held', () => {
  expect(isExchanging(undefined, 0)).toBe(false);
  expect(isExchanging(login, ms('2026-03-02T15:01:29.999Z'))).toBe(true);
  expect(isExchanging(login, ms('2026-03-02T15:01:30Z'))).toBe(false);
  expect(isExchanging({ ...login, tokensHeld: true }, ms('2026-03-02T15:00:01Z'))).toBe(false);
  expect(isExchanging({ ...login, closed: null }, ms('2026-03-02T15:00:01Z'))).toBe(false);
});

test('a login whose mark stands for 90 seconds is stranded, recorded or not; one that is held is at once', () => {
  expect(isInterrupted(undefined, 0)).toBe(false);
  expect(isInterrupted(login, ms('2026-03-02T15:01:29.999Z'))).toBe(false);
  expect(isInterrupted(login, ms('2026-03-02T15:01:30Z'))).toBe(true);
  expect(isInterrupted({ ...login, closed: null }, ms('2026-03-02T15:01:30Z'))).toBe(true);
  expect(isInterrupted({ ...login, tokensHeld: true }, ms('2026-03-02T15:00:00Z'))).toBe(true);
});

test('a connection is disconnected once nothing of it is open', () => {
  const ended = { ...newGrant, status: 'disconnected' } as const;
  expect(isDisconnected(ended)).toBe(true);
  expect(isDisconnected(newGrant)).toBe(false);
  expect(isDisconnected({ ...ended, disconnection: { atMs: 0 } })).toBe(false);
  expect(isDisconnected({ ...ended, authorization })).toBe(false);
  expect(isDisconnected({ ...ended, login })).toBe(false);
});

test('a disconnected connection refuses every login but one that was requested since', () => {
  const { authorizationId } = authorization;
  const ended = { ...newGrant, status: 'disconnected' } as const;
  expect(isEndedFor(authorizationId, newGrant)).toBe(false);
  expect(isEndedFor(authorizationId, ended)).toBe(true);
  expect(isEndedFor(authorizationId, { ...ended, authorization })).toBe(false);
  expect(isEndedFor('another', { ...ended, authorization })).toBe(true);
  expect(isEndedFor(authorizationId, { ...ended, authorization, disconnection: { atMs: 0 } })).toBe(true);
});

test('a connection stays disconnected until somebody is asked to log in', () => {
  const ended = { ...newGrant, status: 'disconnected' } as const;
  const { expiresAtMs } = authorization;
  expect(isEndedByOperator(newGrant, 0)).toBe(false);
  expect(isEndedByOperator(ended, 0)).toBe(true);
  expect(isEndedByOperator({ ...ended, authorization }, expiresAtMs - 1)).toBe(false);
  expect(isEndedByOperator({ ...newGrant, status: 'active', authorization }, expiresAtMs - 1)).toBe(false);
});

test('a connection is in set-up until its first login', () => {
  expect(isInSetUp(newGrant)).toBe(false);
  expect(isInSetUp({ ...newGrant, setUp: true })).toBe(true);
  expect(isInSetUp({ ...newGrant, setUp: true, status: 'active' })).toBe(false);
});

test('a login has 15 minutes, a notice two, a callback one and a half, a disconnection five', () => {
  expect([startGraceMs, claimMs, callbackGraceMs, disconnectionGraceMs]).toEqual([
    900_000, 120_000, 90_000, 300_000,
  ]);
});

test('there are eight reasons to ask an owner', () => {
  expect(LoginReasonSchema.options).toEqual([
    'first-login',
    'expiring',
    'expired',
    'rejected',
    'reminder',
    'requested',
    'change-owner',
    'panel',
  ]);
});

test('a new grant was never authorised and has sent no reminder', () => {
  expect(newGrant).toEqual({
    status: 'never-authorized',
    sentReminders: [],
    restoredNoticePending: false,
    fencingNumber: 0,
    paused: false,
    setUp: false,
  });
});
