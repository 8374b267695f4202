import { describe, expect, test } from '@jest/globals';

import type { Grant } from '../../core/grant.ts';
import { newGrant } from '../../core/grant.ts';
import { grantEndsAtMs, forecastOf } from '../../core/forecast.ts';
import type { KnownIncident } from '../../core/health.ts';
import { problemsOf, needsSomebody, healthOf } from '../../core/health.ts';
import {
  hourMs,
  iso,
  loggedIn,
  minuteMs,
  ms,
  schwab,
  tradingWeek,
  withLimits,
} from '../helpers/core-samples.ts';

/** A Monday; the grant ends a week later, the access token half an hour after the last refresh. */
const login = ms('2026-03-02T15:00:00Z');
const end = ms('2026-03-09T15:00:00Z');
const fresh = (nowMs: number, change: Partial<Grant> = {}) =>
  loggedIn(login, { refreshedAtMs: nowMs, accessExpiresAtMs: nowMs + 30 * minuteMs, ...change });
const ticked = (atMs: number) => ({ lastTick: { scheduledTime: iso(atMs), executionName: 'x' } });
const incident = (step: string): KnownIncident => ({
  step,
  error: 'ConfigurationError',
  since: iso(login),
  reason: 'Because.',
  executionId: 'arn:x',
});
const open = (expiresAtMs: number, startedAtMs?: number) => ({
  authorization: { authorizationId: 'a', reason: 'reminder' as const, expiresAtMs, startedAtMs },
});

const kinds = (grant: Grant, nowMs: number, incidents: KnownIncident[] = [], settings = schwab) =>
  problemsOf(settings, grant, incidents, nowMs).map(({ kind }) => kind);
const health = (grant: Grant, nowMs: number, incidents: KnownIncident[] = [], settings = schwab) =>
  healthOf(problemsOf(settings, grant, incidents, nowMs));

describe('how a connection stands', () => {
  test('is healthy without a problem', () => {
    expect(kinds(fresh(login), login)).toEqual([]);
    expect(health(fresh(login), login)).toBe('healthy');
  });

  test('is well for ever where the provider sets no end', () => {
    const later = login + 5000 * 24 * hourMs;
    expect(problemsOf(withLimits({}), fresh(later), [], later)).toEqual([]);
  });

  test('waits for its owner before the first login, and while a link is open', () => {
    expect(kinds(newGrant, login)).toEqual(['first-login']);
    expect(health(newGrant, login)).toBe('waiting-for-login');
    expect(kinds(fresh(login, open(login + hourMs)), login)).toEqual(['waiting']);
    expect(health(fresh(login, open(login + hourMs)), login)).toBe('waiting-for-login');
    expect(kinds(fresh(login, open(login)), login)).toEqual([]);
    // Expired, and its login has begun.
    expect(kinds(fresh(login, open(login, login - minuteMs)), login)).toEqual(['waiting']);
  });

  test('waits for nobody who came by the panel and went away again', () => {
    const { authorization } = open(login + hourMs);
    const came = { ...authorization, reason: 'panel' as const };
    expect(kinds(fresh(login, { authorization: came }), login)).toEqual([]);
    expect(kinds(fresh(login, { authorization: { ...came, startedAtMs: login } }), login)).toEqual([
      'waiting',
    ]);
  });

  test('ends soon from the first reminder, 48 hours before', () => {
    const first = end - 48 * hourMs;
    expect(kinds(fresh(first - 1), first - 1)).toEqual([]);
    expect(kinds(fresh(first), first)).toEqual(['ending']);
    expect(health(fresh(first), first)).toBe('ends-soon');
    expect(kinds(fresh(first, open(first + hourMs)), first)).toEqual(['ending', 'waiting']);
  });

  test('has failed when the token is needed and the grant is gone, or the provider rejects it', () => {
    expect(problemsOf(schwab, fresh(end), [], end)).toEqual([
      { kind: 'ended', deadlineMs: end, neededAtMs: end },
    ]);
    expect(health(fresh(end), end)).toBe('expired');
    expect(kinds(fresh(login, { status: 'rejected' }), login)).toEqual(['rejected']);
    expect(health(fresh(login, { status: 'rejected' }), login)).toBe('expired');
    // Ended on a Saturday, needed on Monday.
    const saturday = ms('2026-03-14T15:00:00Z');
    const weekend = loggedIn(ms('2026-03-07T15:00:00Z'), { accessExpiresAtMs: saturday });
    const settings = { ...schwab, neededHours: tradingWeek };
    const monday = ms('2026-03-16T11:00:00Z');
    const times = { deadlineMs: saturday, neededAtMs: monday };
    expect(problemsOf(settings, weekend, [], saturday)).toEqual([{ kind: 'ending', ...times }]);
    expect(problemsOf(settings, weekend, [], monday)).toEqual([{ kind: 'ended', ...times }]);
  });

  test('has failed while the access token is over though the grant lives', () => {
    const grant = loggedIn(login);
    expect(kinds(grant, login + 30 * minuteMs - 1)).toEqual([]);
    expect(problemsOf(schwab, grant, [], login + 30 * minuteMs)).toEqual([
      { kind: 'access-ended', atMs: login + 30 * minuteMs },
    ]);
    expect(health(grant, login + 30 * minuteMs)).toBe('failing');
    expect(kinds({ ...grant, accessExpiresAtMs: undefined }, login)).toEqual([]);
  });

  test('has failed while a step fails, not while a channel does', () => {
    const failing = [incident('RefreshTokens')];
    expect(kinds(fresh(login), login, failing)).toEqual(['incident']);
    expect(health(fresh(login), login, failing)).toBe('failing');
    expect(kinds(fresh(login), login, [incident('Slack')])).toEqual(['incident']);
    expect(health(fresh(login), login, [incident('Slack')])).toBe('healthy');
    expect(kinds(fresh(login), login, [incident('BrowserLogin')])).toEqual(['incident']);
    expect(health(fresh(login), login, [incident('BrowserLogin')])).toBe('healthy');
  });

  test('has failed when two checks are overdue', () => {
    const grant = fresh(login + 50 * minuteMs, ticked(login));
    expect(kinds(grant, login + 50 * minuteMs - 1)).toEqual([]);
    expect(problemsOf(schwab, grant, [], login + 50 * minuteMs)).toEqual([
      { kind: 'silent', sinceMs: login },
    ]);
    expect(health(grant, login + 50 * minuteMs)).toBe('failing');
  });

  test('is disconnected, and waits again once somebody is asked', () => {
    const disconnected: Grant = { ...newGrant, status: 'disconnected' };
    expect(kinds(disconnected, login)).toEqual(['disconnected']);
    expect(health(disconnected, login)).toBe('disconnected');
    expect(kinds({ ...disconnected, ...open(login + hourMs) }, login)).toEqual(['waiting']);
    // The ended grant has no end to show.
    const asked = { ...fresh(end), ...open(end + hourMs), status: 'disconnected' } as const;
    expect(kinds(asked, end)).toEqual(['waiting']);
    // What failed before is of a grant that there is not any more.
    expect(kinds(disconnected, login, [incident('RefreshTokens'), incident('Slack')])).toEqual([
      'disconnected',
      'incident',
    ]);
    expect(health(disconnected, login, [incident('RefreshTokens')])).toBe('disconnected');
    expect(kinds({ ...disconnected, paused: true }, login)).toEqual(['paused', 'disconnected']);
    expect(health({ ...disconnected, ...open(login + hourMs) }, login)).toBe('waiting-for-login');
    const underWay = fresh(login, { paused: true, disconnection: { atMs: login } });
    expect(kinds(underWay, login)).toEqual(['disconnecting']);
    expect(health(underWay, login)).toBe('disconnected');
    expect(kinds(underWay, login, [incident('DisconnectGrant')])).toEqual(['incident', 'disconnecting']);
    expect(health(underWay, login, [incident('DisconnectGrant')])).toBe('failing');
  });

  test('lists the worst first', () => {
    const near = end - hourMs;
    const dead = loggedIn(login);
    expect(kinds({ ...dead, ...open(end) }, near, [incident('Slack'), incident('RefreshTokens')])).toEqual([
      'access-ended',
      'incident',
      'ending',
      'waiting',
      'incident',
    ]);
    expect(kinds(newGrant, login, [incident('CheckGrant')])).toEqual(['incident', 'first-login']);
  });

  test('needs somebody, unless somebody has chosen it so', () => {
    const needs = (grant: Grant, incidents: KnownIncident[] = []) =>
      problemsOf(schwab, grant, incidents, login).some(needsSomebody);
    expect(needs(fresh(login))).toBe(false);
    expect(needs(newGrant)).toBe(true);
    expect(needs(fresh(login), [incident('Slack')])).toBe(true);
    expect(needs({ ...newGrant, paused: true })).toBe(false);
    expect(needs({ ...newGrant, setUp: true })).toBe(true);
    expect(needs({ ...newGrant, status: 'disconnected' })).toBe(false);
    expect(needs(fresh(login, { disconnection: { atMs: login } }))).toBe(false);
  });

  test('is paused; failures and the deadline are still listed, because the owner gets no reminder', () => {
    const pause = { by: 'ops@example.com', reason: 'holiday', atMs: login };
    const paused = fresh(login, { paused: true, pause });
    const beforeEnd = end - 48 * hourMs;
    expect(problemsOf(schwab, paused, [], beforeEnd - 1)).toEqual([{ kind: 'paused', pause }]);
    expect(health(paused, beforeEnd - 1)).toBe('paused');
    expect(kinds(paused, beforeEnd - 1, [incident('RefreshTokens')])).toEqual(['incident', 'paused']);
    expect(kinds(paused, beforeEnd)).toEqual(['ending', 'paused']);
    expect(health(paused, beforeEnd)).toBe('ends-soon');
    expect(kinds(paused, end)).toEqual(['ended', 'paused']);
    expect(kinds({ ...paused, status: 'rejected' }, login)).toEqual(['rejected', 'paused']);
    expect(kinds({ ...newGrant, paused: true, pause }, login)).toEqual(['paused']);
  });

  test('is paused in the configuration, or in set-up', () => {
    expect(kinds(fresh(login), login, [], { ...schwab, paused: true })).toEqual(['paused']);
    expect(health({ ...newGrant, setUp: true }, login)).toBe('set-up');
  });
});

test('a grant ends where it is alive and its provider sets an end', () => {
  expect(grantEndsAtMs(schwab, loggedIn(login))).toBe(end);
  expect(grantEndsAtMs(schwab, loggedIn(login, { status: 'rejected' }))).toBeUndefined();
  expect(grantEndsAtMs(withLimits({}), loggedIn(login))).toBeUndefined();
});

describe('the next event', () => {
  test('is the next check, 25 minutes after the last one, with what it will decide', () => {
    const grant = fresh(login, ticked(login));
    expect(forecastOf(schwab, grant, login + minuteMs)).toEqual({
      nextCheckMs: login + 25 * minuteMs,
      silentSinceMs: undefined,
      decision: { decision: 'refresh', reason: 'access-token-expiring' },
      nextReminderMs: end - 48 * hourMs,
    });
  });

  test('is not known before the first check', () => {
    expect(forecastOf(schwab, newGrant, login)).toMatchObject({
      nextCheckMs: undefined,
      silentSinceMs: undefined,
      decision: { decision: 'reauthorize', reason: 'first-login' },
      nextReminderMs: undefined,
    });
  });

  test('is the first reminder that is yet to come', () => {
    const second = end - 24 * hourMs;
    expect(forecastOf(schwab, fresh(second - 1), second - 1).nextReminderMs).toBe(second);
    expect(forecastOf(schwab, fresh(second), second).nextReminderMs).toBe(end - 6 * hourMs);
    expect(forecastOf(schwab, fresh(end), end).nextReminderMs).toBeUndefined();
  });

  test('keeps the rhythm of the schedule after checks that did not come', () => {
    const grant = fresh(login, ticked(login));
    expect(forecastOf(schwab, grant, login + 60 * minuteMs)).toMatchObject({
      nextCheckMs: login + 75 * minuteMs,
      silentSinceMs: login,
    });
    expect(forecastOf(schwab, grant, login - 1)).toMatchObject({ nextCheckMs: login + 25 * minuteMs });
  });

  test('is no notice while it is paused, after it was rejected, and where the grant has no end', () => {
    const grant = fresh(login, ticked(login));
    expect(forecastOf(schwab, { ...grant, paused: true }, login)).toMatchObject({
      decision: { decision: 'none', reason: 'paused' },
      nextReminderMs: undefined,
    });
    expect(forecastOf({ ...schwab, paused: true }, grant, login).nextReminderMs).toBeUndefined();
    expect(forecastOf(schwab, { ...grant, status: 'rejected' }, login).nextReminderMs).toBeUndefined();
    expect(forecastOf(withLimits({}), grant, login).nextReminderMs).toBeUndefined();
  });
});
