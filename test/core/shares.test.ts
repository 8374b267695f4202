/** The samples of core's properties contain every kind of case. A mutation run leaves this file out. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { channelsOf } from '../../core/channel.ts';
import { decide } from '../../core/decide.ts';
import { defaultReminders, reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { classifyRefusal } from '../../core/token-refusal.ts';
import { firstInstantWithin, openingAt } from '../../core/weekly-hours.ts';
import { asks, dayMs, instants, minuteMs, refusals, uses, weeklyHours } from '../helpers/core-samples.ts';
import { sharesOf, tooRare } from '../helpers/shares.ts';

test('every answer is met: percent of a sample', () => {
  const shares = sharesOf(asks, ({ situation: { settings, grant, nowMs }, ...ask }) => {
    const answer = decide(settings, grant, nowMs, ask);
    const kind = answer.decision === 'notify' ? ` ${answer.kind}` : '';
    const isAttached = answer.decision === 'reauthorize' && answer.authorizationId !== undefined;
    return [`${answer.decision}${kind}: ${isAttached ? 'attached' : answer.reason}`];
  });
  const wanted = {
    'disconnect: disconnection-interrupted': 1.5,
    'disconnect: asked-for': 5,
    'none: healthy': 7,
    'none: disconnected': 3,
    'none: disconnecting': 1,
    'none: paused': 4,
    'none: in-set-up': 1.5,
    'none: link-closed': 4,
    'none: waiting-for-owner': 7,
    'none: owner-logging-in': 1.2,
    'notify expiring: reminder-due': 0.8,
    'notify restored: grant-restored': 2,
    'notify test: asked-for': 5,
    'reauthorize: attached': 2,
    'reauthorize: expired': 2,
    'reauthorize: expiring': 1.5,
    'reauthorize: first-login': 1.5,
    'reauthorize: rejected': 1.5,
    'reauthorize: change-owner': 6,
    'reauthorize: requested': 2,
    'refresh: login-interrupted': 3,
    'refresh: asked-for': 2,
    'refresh: access-token-expiring': 8,
  };
  expect(tooRare(shares, wanted)).toEqual([]);
});

test('every shape of a reminder schedule is met: percent of a sample', () => {
  const shares = sharesOf(uses, ({ settings, loginMs, usedMs }) => {
    const schedule = reminderScheduleOf(settings, {
      authorizedAtMs: loginMs,
      refreshedAtMs: loginMs + usedMs,
    });
    if (schedule === undefined) return ['no deadline'];
    const { reminders, neededAtMs, deadlineMs } = schedule;
    const { limits } = settings.provider;
    const planned = settings.reminders ?? defaultReminders(limits);
    const plannedMs = planned.map(({ secondsBefore }) => neededAtMs - secondsBefore * 1000);
    const isAsleep = (atMs: number) => settings.quietHours && openingAt(settings.quietHours, atMs);
    const kinds = {
      'needed after the deadline': neededAtMs > deadlineMs,
      'ends by use':
        limits.slidingSeconds !== undefined && deadlineMs !== loginMs + limits.absoluteSeconds! * 1000,
      'reminders of its own': settings.reminders !== undefined,
      'channels of its own': settings.reminders?.some(({ channels }) => channels !== undefined),
      'a reminder not over all channels': reminders.some(
        ({ channels }) => channels.length < channelsOf(settings.owner).length,
      ),
      'a reminder moved by quiet hours': reminders.some(({ atMs }) => isAsleep(atMs)?.startMs === atMs),
      'a reminder dropped or joined': reminders.length < planned.length,
      'half-way':
        reminders.length === 1 && !plannedMs.includes(reminders[0]!.atMs) && !isAsleep(reminders[0]!.atMs),
      'half-way, in quiet hours that began before': reminders.some(
        ({ atMs }) => isAsleep(atMs) !== undefined && isAsleep(atMs)!.startMs !== atMs,
      ),
    };
    return Object.entries(kinds).flatMap(([kind, holds]) => (holds === true ? [kind] : []));
  });
  const wanted = {
    'no deadline': 10,
    'needed after the deadline': 15,
    'ends by use': 25,
    'reminders of its own': 25,
    'channels of its own': 20,
    'a reminder not over all channels': 25,
    'a reminder moved by quiet hours': 12,
    'a reminder dropped or joined': 15,
    'half-way': 5,
    'half-way, in quiet hours that began before': 1.2,
  };
  expect(tooRare(shares, wanted)).toEqual([]);
});

test('hours of every shape are met: percent of a sample', () => {
  const shares = sharesOf(fc.tuple(weeklyHours, instants), ([within, atMs]) => {
    const found = openingAt(within, atMs);
    const startsAtMs = firstInstantWithin(within, atMs);
    const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
    const lengthMs = ((1440 + minutesOf(within.to) - minutesOf(within.from)) % 1440) * minuteMs;
    return [
      found ? 'inside' : 'outside',
      within.to > within.from ? 'within a day' : 'past midnight',
      ...(startsAtMs > atMs + dayMs ? ['closed for more than a day'] : []),
      ...(found && found.endMs - found.startMs !== lengthMs ? ['not as long as its clock says'] : []),
    ];
  });
  const wanted = {
    inside: 25,
    outside: 25,
    'within a day': 30,
    'past midnight': 30,
    'closed for more than a day': 10,
    'not as long as its clock says': 1.5,
  };
  expect(tooRare(shares, wanted)).toEqual([]);
});

test('every meaning is met: percent of a sample', () => {
  const shares = sharesOf(refusals, ({ status, body }) => [
    classifyRefusal({ rejectedGrantTexts: [] }, 'refresh_token', { status, body }).refusal,
  ]);
  const wanted = {
    'grant-rejected': 5,
    'grant-doubted': 5,
    'client-rejected': 5,
    unavailable: 20,
    contract: 20,
  };
  expect(tooRare(shares, wanted)).toEqual([]);
});
