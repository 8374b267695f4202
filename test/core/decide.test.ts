import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { DecisionRequest, Decision, StepsDone } from '../../core/decide.ts';
import {
  channelsForNotice,
  decide,
  DecisionSchema,
  StepsDoneSchema,
  ForceSchema,
  outlivesNextTick,
  restoredNoticePending,
  passedReminders,
  untilOf,
} from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { newGrant } from '../../core/grant.ts';
import type { Settings } from '../../core/settings.ts';
import {
  asks,
  hourMs,
  iso,
  loggedIn,
  minuteMs,
  ms,
  sampleId,
  schwab,
  tradingWeek,
  withLimits,
} from '../helpers/core-samples.ts';

const login = ms('2026-03-02T15:00:00Z');
// Of that login: reminders at 03-07 15:00, 03-08 15:00, 03-09 09:00 and 03-09 14:00, the end at 03-09 15:00.
const afterFirstReminder = ms('2026-03-07T15:10:00Z');
const afterLastReminder = ms('2026-03-09T14:10:00Z');
const afterTheEnd = ms('2026-03-09T15:10:00Z');
const id = sampleId;

const fresh = (nowMs: number, change: Partial<Grant> = {}) =>
  loggedIn(login, { accessExpiresAtMs: nowMs + 30 * minuteMs, ...change });
const at = (nowMs: number, grant: Grant, ask: Partial<DecisionRequest> = {}, settings: Settings = schwab) =>
  decide(settings, grant, nowMs, { done: [], ...ask });
const none = (reason: Extract<Decision, { decision: 'none' }>['reason'], until?: string): Decision => ({
  decision: 'none',
  reason,
  ...(until !== undefined && { until }),
});
const open = (
  reason: NonNullable<Grant['authorization']>['reason'],
  expiresAt: string,
  startedAt?: string,
) => ({
  authorization: {
    authorizationId: id,
    reason,
    expiresAtMs: ms(expiresAt),
    ...(startedAt === undefined ? {} : { startedAtMs: ms(startedAt) }),
  },
});

describe('1. paused or in set-up', () => {
  test.each([
    ['the operator paused the connection', schwab, { paused: true }, 'paused'],
    ['config pauses it', { ...schwab, paused: true }, {}, 'paused'],
    ['it is still in set-up', schwab, { setUp: true }, 'in-set-up'],
  ] as const)('answers none when %s, whatever is asked', (_, settings, change, reason) => {
    const grant = { ...newGrant, ...change };
    expect(at(login, grant, {}, settings)).toEqual(none(reason));
    expect(at(login, grant, { force: 'refresh' }, settings)).toEqual(none(reason));
    expect(at(login, grant, { force: 'reauthorize', authorizationId: id }, settings)).toEqual(none(reason));
  });
});

describe('a disconnection', () => {
  const ended: Decision = { decision: 'disconnect', reason: 'asked-for' };
  test.each<[string, Partial<Grant>, Settings]>([
    ['is paused', { paused: true }, schwab],
    ['is paused in config', {}, { ...schwab, paused: true }],
    ['is in set-up', { setUp: true }, schwab],
    ['was never authorized', {}, schwab],
    ['is kept', fresh(login), schwab],
    ['was ended before', { status: 'disconnected' }, schwab],
  ])('is decided once where a connection %s', (_, change, settings) => {
    const grant = { ...newGrant, ...change };
    expect(at(login, grant, { force: 'disconnect' }, settings)).toEqual(ended);
    expect(at(login, grant, { force: 'disconnect', done: ['disconnect'] }, settings)).toEqual(
      at(login, grant, { done: ['disconnect'] }, settings),
    );
  });

  const gone: Grant = { ...newGrant, status: 'disconnected', restoredNoticePending: true };
  test('leaves no step to take', () => {
    expect(at(login, gone)).toEqual(none('disconnected'));
    expect(at(login, gone, { force: 'refresh' })).toEqual(none('disconnected'));
    expect(at(afterTheEnd, { ...fresh(login), status: 'disconnected' })).toEqual(none('disconnected'));
  });

  test('lasts until somebody requests a login; the link is sent once and works for a day', () => {
    const asked = { decision: 'reauthorize', reason: 'requested', expiresAt: '2026-03-03T15:00:00.000Z' };
    expect(at(login, gone, { force: 'reauthorize' })).toEqual(asked);
    expect(at(login, gone, { force: 'change-owner' })).toEqual({ ...asked, reason: 'change-owner' });
    const askedFor = { ...gone, ...open('requested', '2026-03-03T15:00:00Z') };
    expect(at(login, askedFor, { force: 'reauthorize' })).toEqual(none('waiting-for-owner'));
    expect(at(login, askedFor)).toEqual(none('disconnected'));
    expect(at(afterTheEnd, askedFor)).toEqual(none('disconnected'));
    expect(at(login, gone, { force: 'reauthorize', done: ['reauthorize'] })).toEqual(none('disconnected'));
    // The ended grant has no reminders to come.
    expect(at(login, { ...fresh(login), status: 'disconnected' }, { force: 'reauthorize' })).toEqual(asked);
  });

  test('that was interrupted continues after five minutes, or at the next request', () => {
    const left = { ...fresh(login, { paused: true }), disconnection: { atMs: login } };
    const goesOn = { decision: 'disconnect', reason: 'disconnection-interrupted' };
    expect(at(login + 5 * minuteMs - 1, left)).toEqual(none('disconnecting'));
    expect(at(login + 5 * minuteMs, left)).toEqual(goesOn);
    expect(at(login, left, { force: 'reauthorize' })).toEqual(goesOn);
    expect(at(login + 5 * minuteMs, left, { done: ['disconnect'] })).toEqual(none('disconnecting'));
  });

  test('does not hide a login that was requested after it and whose callback died', () => {
    const interrupted = { ...gone, login: { versionId: 'v', authorizationId: id, atMs: login } };
    expect(at(login + 90_000, interrupted)).toEqual({
      decision: 'refresh',
      reason: 'login-interrupted',
    });
  });
});

describe('a test of the channels', () => {
  const tested: Decision = { decision: 'notify', reason: 'asked-for', kind: 'test' };
  test.each<[string, Partial<Grant>, Settings]>([
    ['is paused', { ...newGrant, paused: true }, schwab],
    ['is paused in config', newGrant, { ...schwab, paused: true }],
    ['is in set-up', { ...newGrant, setUp: true }, schwab],
    ['was never authorized', newGrant, schwab],
    ['is kept and needs a refresh', fresh(login, { accessExpiresAtMs: login }), schwab],
  ])('is sent once where a connection %s', (_, change, settings) => {
    const grant = { ...newGrant, ...change };
    expect(at(login, grant, { force: 'test' }, settings)).toEqual(tested);
    expect(at(login, grant, { force: 'test', done: ['notify'] }, settings)).toEqual(
      at(login, grant, { done: ['notify'] }, settings),
    );
  });
});

test('a request to change the owner goes first, even while the owner has a link for another reason', () => {
  const asked = fresh(login, open('requested', '2026-03-03T15:00:00Z'));
  const answer = at(login, asked, { force: 'change-owner' });
  expect(answer).toMatchObject({ decision: 'reauthorize', reason: 'change-owner' });
  expect(at(login, asked, { force: 'change-owner', done: ['reauthorize'] })).toEqual(none('healthy'));
  expect(
    at(login, fresh(login, open('change-owner', '2026-03-03T15:00:00Z')), { force: 'change-owner' }),
  ).toEqual(none('waiting-for-owner'));
  expect(at(login, newGrant, { force: 'change-owner' })).toMatchObject({ reason: 'change-owner' });
});

test('a link to change the owner serves every reason until the next reminder, for a day at most, and no other link replaces it', () => {
  const letIn = open('change-owner', '2026-03-03T15:00:00Z');
  const rejected: Grant = { ...fresh(login, letIn), status: 'rejected' };
  expect(at(login + minuteMs, rejected)).toEqual(none('waiting-for-owner'));
  expect(at(ms('2026-03-03T15:00:00Z'), rejected)).toMatchObject({ reason: 'rejected' });
  const atReminder = ms('2026-03-07T15:00:00Z');
  const kept = (expiresAt: string) =>
    fresh(login, { ...open('change-owner', expiresAt), accessExpiresAtMs: atReminder + hourMs });
  expect(at(atReminder, kept('2026-03-07T16:00:00Z'))).toEqual(none('healthy'));
  expect(at(atReminder, kept('2026-03-07T14:00:00Z'))).toMatchObject({
    decision: 'notify',
    kind: 'expiring',
  });
  const changeOwner = (nowMs: number) =>
    at(nowMs, fresh(login), { force: 'change-owner', done: ['refresh'] });
  expect(changeOwner(login)).toMatchObject({ expiresAt: new Date(login + 24 * hourMs).toISOString() });
  expect(changeOwner(atReminder - 2 * hourMs)).toMatchObject({ expiresAt: '2026-03-07T15:00:00.000Z' });
  expect(changeOwner(atReminder - minuteMs)).toMatchObject({ expiresAt: '2026-03-07T15:14:00.000Z' });
  expect(at(afterTheEnd, fresh(login), { force: 'change-owner', done: ['refresh'] })).toMatchObject({
    reason: 'change-owner',
    expiresAt: new Date(afterTheEnd + 24 * hourMs).toISOString(),
  });
});

describe('a login that was not completed', () => {
  const interrupted = { login: { versionId: 'v', authorizationId: id, atMs: login } };
  const past = login + 90_000;

  test.each(['never-authorized', 'active', 'rejected'] as const)(
    'is finished by a refresh, 90 seconds after its callback began (%s)',
    (status) => {
      const grant = loggedIn(login, { ...interrupted, status });
      const finish: Decision = { decision: 'refresh', reason: 'login-interrupted' };
      expect(at(past, grant)).toEqual(finish);
      expect(at(past, grant, { force: 'reauthorize', authorizationId: id })).toEqual(finish);
      expect(at(past - 1, grant)).not.toEqual(finish);
      expect(at(past, grant, { done: ['refresh'] })).not.toEqual(finish);
    },
  );

  test('waits while the connection is paused', () => {
    expect(at(past, loggedIn(login, { ...interrupted, paused: true }))).toEqual(none('paused'));
  });
});

describe('2. a started link', () => {
  const ask: Partial<DecisionRequest> = { force: 'reauthorize', authorizationId: id };

  test('attaches before anything else, even a due refresh', () => {
    const grant = loggedIn(login, open('reminder', '2026-03-08T15:50:00Z'));
    expect(at(afterFirstReminder, grant, ask)).toEqual({
      decision: 'reauthorize',
      reason: 'reminder',
      expiresAt: '2026-03-08T15:50:00.000Z',
      authorizationId: id,
    });
  });

  test('that has expired is still waited for during its login, for at least 15 minutes', () => {
    const grant = loggedIn(login, open('reminder', '2026-03-07T15:05:00Z', '2026-03-07T15:04:59Z'));
    expect(at(afterFirstReminder, grant, ask)).toMatchObject({ expiresAt: '2026-03-07T15:25:00.000Z' });
  });

  test.each([
    ['there is none', {}, ask],
    ['another one is', open('reminder', '2026-03-08T15:50:00Z'), { ...ask, authorizationId: 'f'.repeat(20) }],
    ['it has expired', open('reminder', '2026-03-07T15:09:59Z'), ask],
  ])('does not attach when it is no longer open: %s', (_, change, asked) => {
    expect(at(afterFirstReminder, loggedIn(login, change), asked)).toEqual(none('link-closed'));
  });

  test('attaches once', () => {
    const grant = fresh(login, open('reminder', '2026-03-08T15:50:00Z'));
    expect(at(login, grant, { ...ask, done: ['reauthorize'] })).toEqual(none('healthy'));
  });
});

describe('3. refresh', () => {
  const due = { decision: 'refresh', reason: 'access-token-expiring' };

  test('the access token must outlive the next tick (25 minutes) and the margin (150 seconds)', () => {
    const now = login + 10 * hourMs;
    const needed = 27.5 * minuteMs;
    expect(at(now, loggedIn(login, { accessExpiresAtMs: now + needed }))).toEqual(due);
    expect(at(now, loggedIn(login, { accessExpiresAtMs: now + needed + 1 }))).toEqual(none('healthy'));
    expect(at(now, loggedIn(login, { accessExpiresAtMs: undefined }))).toEqual(due);
  });

  test('comes before asking the owner, and continues while an authorization is open or a login is in progress', () => {
    for (const now of [afterFirstReminder, afterLastReminder]) {
      expect(at(now, loggedIn(login))).toEqual(due);
      expect(at(now, loggedIn(login, open('reminder', '2026-03-10T00:00:00Z', iso(now))))).toEqual(due);
    }
  });

  test('is done once when requested', () => {
    const now = login + hourMs;
    expect(at(now, fresh(now), { force: 'refresh' })).toEqual({ decision: 'refresh', reason: 'asked-for' });
    expect(at(now, fresh(now), { force: 'refresh', done: ['refresh'] })).toEqual(none('healthy'));
    expect(at(now, loggedIn(login), { done: ['refresh'] })).toEqual(none('healthy'));
  });

  test('is never tried without a working grant, even on request', () => {
    const ask: Partial<DecisionRequest> = { force: 'refresh' };
    expect(at(afterTheEnd, loggedIn(login), ask)).toMatchObject({
      decision: 'reauthorize',
      reason: 'expired',
    });
    expect(at(login, loggedIn(login, { status: 'rejected' }), ask)).toMatchObject({ reason: 'rejected' });
    expect(at(login, newGrant, ask)).toMatchObject({ reason: 'first-login' });
  });

  test('a grant without a deadline is refreshed for ever', () => {
    const later = login + 5000 * 24 * hourMs;
    expect(at(later, loggedIn(login), {}, withLimits({}))).toEqual(due);
  });
});

describe('4. the owner is needed', () => {
  test.each([
    ['never authorised: a day', newGrant, login, 'first-login', '2026-03-03T15:00:00.000Z'],
    ['rejected: a day', fresh(login, { status: 'rejected' }), login, 'rejected', '2026-03-03T15:00:00.000Z'],
    [
      'past the last reminder: until needed',
      fresh(afterLastReminder),
      afterLastReminder,
      'expiring',
      '2026-03-09T15:00:00.000Z',
    ],
    [
      'at the last reminder',
      fresh(afterLastReminder),
      ms('2026-03-09T14:00:00Z'),
      'expiring',
      '2026-03-09T15:00:00.000Z',
    ],
    [
      'a minute before the end: 15 minutes',
      fresh(afterLastReminder),
      ms('2026-03-09T14:59:00Z'),
      'expiring',
      '2026-03-09T15:14:00.000Z',
    ],
    [
      'when it is needed and gone: a day',
      loggedIn(login),
      ms('2026-03-09T15:00:00Z'),
      'expired',
      '2026-03-10T15:00:00.000Z',
    ],
  ])('%s', (_, grant, now, reason, expiresAt) => {
    expect(at(now, grant, { done: ['refresh'] })).toEqual({ decision: 'reauthorize', reason, expiresAt });
  });

  test('once: not again while an authorization is open for this reason, but for another one', () => {
    const asked = none('waiting-for-owner');
    const expiring = fresh(afterLastReminder, open('expiring', '2026-03-09T15:00:00Z'));
    expect(at(afterLastReminder, expiring)).toEqual(asked);
    expect(at(afterTheEnd, expiring)).toMatchObject({ decision: 'reauthorize', reason: 'expired' });
    const fromReminder = fresh(afterLastReminder, open('reminder', '2026-03-09T14:50:00Z'));
    expect(at(afterLastReminder, fromReminder)).toMatchObject({
      decision: 'reauthorize',
      reason: 'expiring',
    });
    // A login that began in the panel and was given up sent no link.
    const came = fresh(afterLastReminder, open('panel', '2026-03-09T15:00:00Z'));
    expect(at(afterLastReminder, came)).toMatchObject({ decision: 'reauthorize', reason: 'expiring' });
    expect(at(login, fresh(login, open('panel', '2026-03-09T15:00:00Z')))).toEqual(none('healthy'));
    expect(at(afterLastReminder, fresh(afterLastReminder), { done: ['reauthorize'] })).toEqual(asked);
  });

  test('again when the link has expired: the reminder', () => {
    const grant = { ...newGrant, ...open('first-login', '2026-03-02T15:00:00Z') };
    expect(at(login - 1, grant)).toEqual(none('waiting-for-owner'));
    expect(at(login, grant)).toMatchObject({
      decision: 'reauthorize',
      expiresAt: '2026-03-03T15:00:00.000Z',
    });
  });

  test('a login begun less than 15 minutes ago holds every ask back', () => {
    const started = open('reminder', '2026-03-09T14:50:00Z', '2026-03-09T14:00:00Z');
    const grant = fresh(ms('2026-03-09T14:15:00Z'), started);
    expect(at(ms('2026-03-09T14:14:59Z'), grant)).toEqual(none('owner-logging-in'));
    expect(at(ms('2026-03-09T14:15:00Z'), grant)).toMatchObject({ decision: 'reauthorize' });
  });

  test('but not when its link would end before the next check, 25 minutes later: an owner who gives up would have no link', () => {
    const started = (linkEnds: string) => open('reminder', linkEnds, '2026-03-09T14:00:00Z');
    const now = ms('2026-03-09T14:10:00Z');
    expect(at(now, fresh(now, started('2026-03-09T14:35:00Z')))).toEqual(none('owner-logging-in'));
    expect(at(now, fresh(now, started('2026-03-09T14:34:59Z')))).toMatchObject({ reason: 'expiring' });
  });

  test('where the token is not needed at its deadline, the grant is expiring until it is needed', () => {
    const settings = { ...schwab, neededHours: tradingWeek };
    const saturday = ms('2026-03-07T14:00:00Z');
    const nextSaturday = ms('2026-03-14T16:00:00Z');
    const lastReminder = ms('2026-03-16T10:00:00Z');
    const done: Partial<DecisionRequest> = { done: ['notify'] };
    expect(at(nextSaturday, loggedIn(saturday), done, settings)).toEqual(none('healthy'));
    expect(at(lastReminder, loggedIn(saturday), {}, settings)).toEqual({
      decision: 'reauthorize',
      reason: 'expiring',
      expiresAt: '2026-03-16T11:00:00.000Z',
    });
    expect(at(lastReminder + hourMs, loggedIn(saturday), {}, settings)).toMatchObject({ reason: 'expired' });
  });

  test('a requested login sends one link, which works until the next reminder and two ticks', () => {
    const force: Partial<DecisionRequest> = { force: 'reauthorize' };
    expect(at(login, fresh(login), force)).toEqual({
      decision: 'reauthorize',
      reason: 'requested',
      expiresAt: '2026-03-07T15:50:00.000Z',
    });
    expect(at(login, fresh(login), force, withLimits({}))).toMatchObject({
      expiresAt: '2026-03-03T15:00:00.000Z',
    });
    expect(at(login, fresh(login), { ...force, done: ['reauthorize'] })).toEqual(none('healthy'));
    const requested = fresh(login, open('requested', '2026-03-07T15:50:00Z'));
    expect(at(login, requested, force)).toEqual(none('waiting-for-owner'));
    // Who asks by hand a quarter of an hour later means a new link.
    const openedAtMs = login - 15 * minuteMs;
    const asked = (atMs: number) =>
      fresh(login, { authorization: { ...requested.authorization!, openedAtMs: atMs } });
    expect(at(login, asked(openedAtMs), force)).toMatchObject({ reason: 'requested' });
    expect(at(login, asked(openedAtMs + 1), force)).toEqual(
      none('waiting-for-owner', '2026-03-02T15:00:00.001Z'),
    );
    expect(at(login, asked(openedAtMs))).toEqual(none('healthy'));
    expect(at(login, newGrant, force)).toMatchObject({ reason: 'first-login' });
  });
});

describe('5. a reminder', () => {
  const notify = {
    decision: 'notify',
    reason: 'reminder-due',
    kind: 'expiring',
    reminder: '2026-03-07T15:00:00.000Z',
    expiresAt: '2026-03-08T15:50:00.000Z',
  };

  test('that has just passed is sent, with a link until the next one and two ticks', () => {
    expect(at(ms('2026-03-07T14:59:59Z'), fresh(afterFirstReminder))).toEqual(none('healthy'));
    expect(at(ms('2026-03-07T15:00:00Z'), fresh(afterFirstReminder))).toEqual(notify);
    expect(at(afterFirstReminder, fresh(afterFirstReminder))).toEqual(notify);
  });

  test('is also sent after a failed refresh', () => {
    expect(at(afterFirstReminder, loggedIn(login), { done: ['refresh'] })).toEqual(notify);
  });

  test('is sent once, and only the newest', () => {
    const notified = { sentReminders: ['2026-03-07T15:00:00.000Z'] };
    expect(at(afterFirstReminder, fresh(afterFirstReminder, notified))).toEqual(none('healthy'));
    expect(at(afterFirstReminder, fresh(afterFirstReminder), { done: ['notify'] })).toEqual(none('healthy'));
    const later = ms('2026-03-09T10:00:00Z');
    expect(at(later, fresh(later))).toMatchObject({
      reminder: '2026-03-09T09:00:00.000Z',
      expiresAt: '2026-03-09T14:50:00.000Z',
    });
  });

  test('waits while the owner logs in, but not for an open link with another reason', () => {
    const started = open('requested', '2026-03-07T15:50:00Z', '2026-03-07T15:00:00Z');
    expect(at(afterFirstReminder, fresh(afterFirstReminder, started))).toEqual(none('healthy'));
    const requested = open('requested', '2026-03-07T15:50:00Z');
    expect(at(afterFirstReminder, fresh(afterFirstReminder, requested), { force: 'reauthorize' })).toEqual(
      notify,
    );
  });

  test('its link lasts 15 minutes at least', () => {
    const shortTicks = { ...schwab, reminders: [{ secondsBefore: 86_400 }, { secondsBefore: 3600 }] };
    expect(at(ms('2026-03-09T13:59:00Z'), fresh(afterLastReminder), {}, shortTicks)).toMatchObject({
      expiresAt: '2026-03-09T14:50:00.000Z',
    });
  });
});

describe('6. a problem ended', () => {
  test('sends one notice, when nothing else needs the owner', () => {
    const grant = fresh(login, { restoredNoticePending: true });
    expect(at(login, grant)).toEqual({ decision: 'notify', reason: 'grant-restored', kind: 'restored' });
    expect(at(login, grant, { done: ['notify'] })).toEqual(none('healthy'));
    expect(at(login, { ...grant, ...open('rejected', '2026-03-03T00:00:00Z'), status: 'rejected' })).toEqual(
      none('waiting-for-owner'),
    );
    expect(at(afterFirstReminder, fresh(afterFirstReminder, { restoredNoticePending: true }))).toMatchObject({
      kind: 'expiring',
    });
  });

  test('by a refresh sends a notice if the owner had a reminder, where use postpones the end', () => {
    const sliding = withLimits({ slidingSeconds: 7 * 86_400 });
    const refreshed = (change: Partial<Grant> = {}) => fresh(later, { refreshedAtMs: later, ...change });
    const back = { decision: 'notify', reason: 'grant-restored', kind: 'restored' };
    const later = ms('2026-03-10T15:00:00Z');
    // The reminder of an end that is not the end any more.
    const notified = { sentReminders: ['2026-03-07T15:00:00.000Z'] };
    expect(at(later, refreshed(notified), {}, sliding)).toEqual(back);
    expect(at(later, refreshed(notified), { done: ['notify'] }, sliding)).toEqual(none('healthy'));
    expect(at(later, refreshed(), {}, sliding)).toEqual(none('healthy'));
    // By a clock that is late: the reminder is still to come, and was sent already.
    const reminderMs = ms('2026-03-15T15:00:00Z');
    const early = { sentReminders: [new Date(reminderMs).toISOString()] };
    expect(at(reminderMs - 1000, { ...refreshed(early), accessExpiresAtMs: Infinity }, {}, sliding)).toEqual(
      none('healthy'),
    );
    // Of an end that nothing postpones there is no such news: only a login ends it.
    expect(at(ms('2026-03-07T14:00:00Z'), fresh(ms('2026-03-07T14:00:00Z'), notified))).toEqual(
      none('healthy'),
    );
    expect(at(later, refreshed(notified), {}, withLimits({}))).toEqual(none('healthy'));
  });

  test('is not assumed because other reminder settings would send the reminder later', () => {
    const notified = { sentReminders: ['2026-03-07T15:00:00.000Z'] };
    const atLast = { reminders: [{ secondsBefore: 3600 }] };
    const now = ms('2026-03-07T16:00:00Z');
    for (const limits of [{ slidingSeconds: 7 * 86_400 }, { absoluteSeconds: 7 * 86_400 }]) {
      const changed = { ...withLimits(limits), ...atLast };
      expect(at(now, fresh(now, notified), {}, changed)).toEqual(none('healthy'));
      // Used as the reminder was crossed; below, a millisecond after it.
      const refreshed = (atMs: number) => fresh(now, { ...notified, refreshedAtMs: atMs });
      expect(at(now, refreshed(ms('2026-03-07T15:00:00Z')), {}, changed)).toEqual(none('healthy'));
    }
    const used = fresh(now, { ...notified, refreshedAtMs: ms('2026-03-07T15:00:00.001Z') });
    expect(at(now, used, {}, { ...withLimits({ slidingSeconds: 7 * 86_400 }), ...atLast })).toEqual({
      decision: 'notify',
      reason: 'grant-restored',
      kind: 'restored',
    });
    expect(at(now, used, {}, { ...schwab, ...atLast })).toEqual(none('healthy'));
    const twoTold = { ...used, sentReminders: [...notified.sentReminders, '2026-03-08T15:00:00.000Z'] };
    expect(at(now, twoTold, {}, { ...withLimits({ slidingSeconds: 7 * 86_400 }), ...atLast })).toEqual(
      none('healthy'),
    );
  });

  test('counts only until the first reminder of the next deadline', () => {
    const sliding = withLimits({ slidingSeconds: 7 * 86_400 });
    const grant = fresh(login, {
      refreshedAtMs: ms('2026-03-08T15:00:00Z'),
      sentReminders: ['2026-03-07T15:00:00.000Z'],
    });
    expect(restoredNoticePending(sliding, grant, ms('2026-03-13T14:59:59.999Z'))).toBe(true);
    expect(restoredNoticePending(sliding, grant, ms('2026-03-13T15:00:00Z'))).toBe(false);
  });
});

describe('its helpers', () => {
  test('a notice goes over the channels of the newest reminder while the grant works, and otherwise over all of the owner’s channels', () => {
    const owner = { ...schwab.owner, phone: '+12125550123', slack: 'a/slack' };
    const reachable = { ...schwab, owner };
    const all = ['email', 'sms', 'slack'];
    const to = (reason: Parameters<typeof channelsForNotice>[2], nowMs: number) =>
      channelsForNotice(reachable, fresh(nowMs), reason, nowMs);
    expect(to('reminder', afterFirstReminder)).toEqual(['email']);
    expect(to('reminder', ms('2026-03-08T15:10:00Z'))).toEqual(['email', 'sms']);
    expect(to('expiring', afterLastReminder)).toEqual(all);
    for (const reason of ['first-login', 'rejected', 'expired', 'requested', 'change-owner'] as const) {
      expect(to(reason, afterFirstReminder)).toEqual(all);
    }
    // The last reminder may have channels of its own.
    const reminders = [
      { secondsBefore: 86_400, channels: ['email' as const] },
      { secondsBefore: 3600, channels: ['sms' as const, 'slack' as const] },
    ];
    const ownChannels = (reason: Parameters<typeof channelsForNotice>[2], nowMs: number) =>
      channelsForNotice({ ...reachable, reminders }, fresh(nowMs), reason, nowMs);
    expect(ownChannels('expiring', ms('2026-03-09T14:00:00Z'))).toEqual(['sms', 'slack']);
    expect(ownChannels('expiring', ms('2026-03-09T13:59:59.999Z'))).toEqual(['email']);
    expect(ownChannels('expired', ms('2026-03-09T15:00:00Z'))).toEqual(all);
    // Before any reminder, and without a reminder schedule.
    expect(to('reminder', login)).toEqual(all);
    expect(channelsForNotice({ ...withLimits({}), owner }, fresh(login), 'reminder', login)).toEqual(all);
  });

  test('an access token that is not there outlives nothing', () => {
    expect(outlivesNextTick(schwab, undefined, login)).toBe(false);
    expect(outlivesNextTick(schwab, login + 28 * minuteMs, login)).toBe(true);
  });

  test('all reminders that have passed count as sent', () => {
    expect(passedReminders(schwab, loggedIn(login), ms('2026-03-09T09:00:00Z'))).toEqual([
      '2026-03-07T15:00:00.000Z',
      '2026-03-08T15:00:00.000Z',
      '2026-03-09T09:00:00.000Z',
    ]);
    expect(passedReminders(schwab, newGrant, login)).toEqual([]);
  });
});

/** One drawing for all promises: drawing the cases takes longer than checking them. */
test('for any grant, the answer keeps every promise', () => {
  fc.assert(
    fc.property(asks, ({ situation: { settings, grant, nowMs }, ...ask }) => {
      const copy = structuredClone({ settings, grant, ask });
      const answer = decide(settings, grant, nowMs, ask);
      const { decision, reason } = answer;

      // The same arguments have the same answer, and stay as they were.
      expect(decide(settings, grant, nowMs, ask)).toEqual(answer);
      expect({ settings, grant, ask }).toEqual(copy);
      expect(DecisionSchema.parse(answer)).toEqual(answer);
      // A step that was done is not decided again.
      expect(ask.done).not.toContain(decision);
      // A link lasts 15 minutes at least.
      if ('expiresAt' in answer) expect(ms(answer.expiresAt!)).toBeGreaterThanOrEqual(nowMs + 15 * minuteMs);

      // Only an active grant is refreshed, and a pause stops everything but a request.
      const isRequested = reason === 'asked-for' || reason === 'disconnection-interrupted';
      const inSetUp = grant.setUp && grant.status === 'never-authorized';
      if ((grant.paused || inSetUp) && !isRequested) expect(decision).toBe('none');
      if (decision === 'refresh' && reason !== 'login-interrupted') expect(grant.status).toBe('active');

      // Only a request brings a disconnected connection back.
      const isDisconnected = grant.status === 'disconnected' || grant.disconnection !== undefined;
      if (isDisconnected && ask.force === undefined && reason !== 'login-interrupted')
        expect(['none', ...(grant.disconnection ? ['disconnect'] : [])]).toContain(decision);

      // An execution ends: with each decision done, the fifth at the latest is none.
      const done: StepsDone[number][] = [];
      let last: Decision['decision'] | undefined;
      while (last !== 'none' && done.length < 5) {
        last = decide(settings, grant, nowMs, { ...ask, done }).decision;
        if (last !== 'none') done.push(last);
      }
      expect(last).toBe('none');
    }),
    { numRuns: 500 },
  );
});

describe('the contract', () => {
  test.each<Decision>([
    none('healthy'),
    { decision: 'refresh', reason: 'asked-for' },
    { decision: 'notify', reason: 'reminder-due', kind: 'expiring', reminder: 'r', expiresAt: 'e' },
    { decision: 'notify', reason: 'grant-restored', kind: 'restored' },
    { decision: 'notify', reason: 'asked-for', kind: 'test' },
    { decision: 'reauthorize', reason: 'panel', expiresAt: 'e', authorizationId: id },
    { decision: 'disconnect', reason: 'asked-for' },
    { decision: 'disconnect', reason: 'disconnection-interrupted' },
  ])('accepts the decision %j', (decision) => {
    expect(DecisionSchema.parse(decision)).toEqual(decision);
  });

  test('names each request and each step', () => {
    expect(ForceSchema.options).toEqual(['refresh', 'reauthorize', 'change-owner', 'test', 'disconnect']);
    const done = ['refresh', 'notify', 'reauthorize', 'disconnect'];
    expect(StepsDoneSchema.parse(done)).toEqual(done);
    expect(StepsDoneSchema.safeParse(['sleep']).success).toBe(false);
  });

  test('has the time from which a request is granted only where nothing is done', () => {
    expect(untilOf(none('healthy', '2026-03-02T15:00:00.000Z'))).toBe('2026-03-02T15:00:00.000Z');
    expect(untilOf({ decision: 'disconnect', reason: 'asked-for' })).toBeUndefined();
  });
});
