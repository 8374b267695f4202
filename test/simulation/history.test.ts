import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { StepsDone } from '../../core/decide.ts';
import { decide, passedReminders } from '../../core/decide.ts';
import type { Grant, OpenAuthorization } from '../../core/grant.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import type { RefreshTokenLifetime } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { SettingsSchema, tickSeconds } from '../../core/settings.ts';
import { WeeklyHoursSchema } from '../../core/weekly-hours.ts';
import { hourMs, iso, loggedIn, minuteMs, ms, weeklyHours, withLimits } from '../helpers/core-samples.ts';

interface Told {
  readonly atMs: number;
  readonly reminders: readonly string[];
  readonly linkEndsMs: number;
}

interface Course {
  readonly settings: Settings;
  readonly loginMs: number;
  /** Of the ticks against the login: the scheduler knows nothing of it. */
  readonly phaseMs: number;
  /** How often a refresh works, of every seven. */
  readonly working: number;
  /** The ticks, of every forty, shortly before which the owner presses the button of an open link, and goes away. */
  readonly starts: number;
}

/** A grant from its login until it is needed and gone, checked every tick as the state machine does. */
function live({ settings, loginMs, phaseMs, working, starts }: Course): {
  grant: Grant;
  notified: readonly Told[];
} {
  const tickMs = tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  const lifetimeMs = settings.provider.accessTokenLifetimeSeconds * 1000;
  const notified: Told[] = [];
  let grant = loggedIn(loginMs, { accessExpiresAtMs: loginMs + lifetimeMs });
  const ask = (reason: OpenAuthorization['reason'], expiresAt: string, nowMs: number) => {
    const reminders = passedReminders(settings, grant, nowMs);
    notified.push({ atMs: nowMs, reminders, linkEndsMs: ms(expiresAt) });
    const authorization = { authorizationId: `a${notified.length}`, reason, expiresAtMs: ms(expiresAt) };
    grant = { ...grant, sentReminders: [...grant.sentReminders, ...reminders], authorization };
  };

  let { neededAtMs } = reminderScheduleOf(settings, grant)!;
  for (let tick = 0, nowMs = loginMs + phaseMs; ; tick += 1, nowMs += tickMs) {
    const { authorization, refreshedAtMs } = grant;
    const startedAtMs = nowMs - 5 * minuteMs;
    if (tick % 40 < starts && authorization !== undefined && startedAtMs < authorization.expiresAtMs) {
      grant = { ...grant, authorization: { ...authorization, startedAtMs } };
    }
    const done: StepsDone = [];
    for (;;) {
      const next = decide(settings, grant, nowMs, { done });
      if (next.decision === 'none') break;
      if (done.includes(next.decision)) throw new Error(`${next.decision} is answered twice`);
      done.push(next.decision);
      if (next.decision === 'refresh' && tick % 7 < working) {
        grant = { ...grant, refreshedAtMs: nowMs, accessExpiresAtMs: nowMs + lifetimeMs };
      }
      if (next.decision === 'notify') ask('reminder', next.expiresAt!, nowMs);
      if (next.decision === 'reauthorize') ask(next.reason, next.expiresAt, nowMs);
      if (next.decision === 'reauthorize') break; // it waits, and others tick on
    }
    if (grant.refreshedAtMs !== refreshedAtMs) ({ neededAtMs } = reminderScheduleOf(settings, grant)!);
    if (nowMs >= neededAtMs) return { grant, notified };
  }
}

/** Hours of every day, so that a life stays short. */
const daily = weeklyHours.map((hours) => WeeklyHoursSchema.parse({ ...hours, days: undefined }));

const courses = (
  limits: fc.Arbitrary<RefreshTokenLifetime>,
  working: fc.Arbitrary<number>,
  starts: fc.Arbitrary<number>,
) =>
  fc
    .record({
      limits,
      lifetimeSeconds: fc.constantFrom(1500, 1800, 3600, 86_400),
      loginMs: fc.integer({ min: ms('2026-03-01T00:00:00Z'), max: ms('2026-03-15T00:00:00Z') }),
      phase: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      working,
      starts,
      hours: fc.record(
        {
          reminders: fc.array(
            fc.integer({ min: 3600, max: 4 * 86_400 }).map((secondsBefore) => ({ secondsBefore })),
            {
              minLength: 1,
              maxLength: 3,
            },
          ),
          neededHours: daily,
          quietHours: daily,
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ limits, lifetimeSeconds, phase, hours, ...rest }) => ({
      ...rest,
      settings: SettingsSchema.parse({ ...withLimits(limits, lifetimeSeconds), ...hours }),
      phaseMs: Math.floor(phase * tickSeconds(lifetimeSeconds) * 1000),
    }));

const absolute = fc.record({ absoluteSeconds: fc.integer({ min: 7200, max: 86_400 }) });
const never = fc.constant(0);
const some = fc.integer({ min: 0, max: 7 });

describe('over the life of a grant', () => {
  test('every reminder is sent once, before the token is needed, within a tick and not before its time', () => {
    fc.assert(
      fc.property(courses(absolute, some, never), (course) => {
        const { grant, notified } = live(course);
        const { reminders, neededAtMs } = reminderScheduleOf(course.settings, grant)!;
        const remindersMs = reminders.map(({ atMs }) => atMs);
        const tickMs = tickSeconds(course.settings.provider.accessTokenLifetimeSeconds) * 1000;
        for (const reminderMs of remindersMs) {
          const first = notified.find(({ reminders }) => reminders.includes(iso(reminderMs)));
          expect(first?.atMs).toBeGreaterThanOrEqual(reminderMs);
          // The first tick may come late, by the phase: then all reminders so far are sent at once.
          expect(first?.atMs).toBeLessThan(Math.max(reminderMs, course.loginMs) + tickMs);
          expect(first?.atMs).toBeLessThan(neededAtMs);
        }
        expect(notified.length).toBeLessThanOrEqual(remindersMs.length + 1);
      }),
      { numRuns: 10 },
    );
  });

  test('from the first notice until the token is needed the owner has a working link, also while they start logins', () => {
    fc.assert(
      fc.property(courses(absolute, some, some), (course) => {
        const { grant, notified } = live(course);
        const { neededAtMs } = reminderScheduleOf(course.settings, grant)!;
        expect(notified.length).toBeGreaterThan(0);
        for (const [index, { linkEndsMs }] of notified.entries()) {
          const nextMs = Math.min(notified[index + 1]?.atMs ?? neededAtMs, neededAtMs);
          expect(linkEndsMs).toBeGreaterThanOrEqual(nextMs);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('a grant that use postpones is never asked for while refreshes work', () => {
    const lifetimes = fc.constantFrom(1500, 1800, 3600, 86_400);
    const settings = fc
      .tuple(lifetimes, fc.integer({ min: 7200, max: 3 * 86_400 }), fc.option(daily, { nil: undefined }))
      .map(([lifetime, spare, quietHours]) => ({
        ...withLimits({ slidingSeconds: lifetime + spare, absoluteSeconds: 400 * 86_400 }, lifetime),
        quietHours,
      }));
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 1_200_000 }), ({ quietHours, ...bare }, phaseMs) => {
        const asked = SettingsSchema.parse({ ...bare, quietHours });
        const lifetimeMs = asked.provider.accessTokenLifetimeSeconds * 1000;
        const tickMs = tickSeconds(asked.provider.accessTokenLifetimeSeconds) * 1000;
        const loginMs = ms('2026-03-01T00:00:00Z');
        let grant = loggedIn(loginMs, { accessExpiresAtMs: loginMs + lifetimeMs });
        for (let nowMs = loginMs + phaseMs; nowMs < loginMs + 2 * 24 * hourMs; nowMs += tickMs) {
          if (decide(asked, grant, nowMs, { done: [] }).decision === 'refresh') {
            grant = { ...grant, refreshedAtMs: nowMs, accessExpiresAtMs: nowMs + lifetimeMs };
          }
          expect(decide(asked, grant, nowMs, { done: ['refresh'] })).toEqual({
            decision: 'none',
            reason: 'healthy',
          });
        }
      }),
      { numRuns: 10 },
    );
  });

  test('the owner of a grant that use postpones is reminded in time when refreshes stop working', () => {
    const sliding = fc.record({ slidingSeconds: fc.integer({ min: 86_400 + 7200, max: 2 * 86_400 }) });
    fc.assert(
      fc.property(courses(sliding, never, never), (course) => {
        const { grant, notified } = live(course);
        const { reminders, neededAtMs } = reminderScheduleOf(course.settings, grant)!;
        const remindersMs = reminders.map(({ atMs }) => atMs);
        for (const reminderMs of remindersMs) {
          const first = notified.find(({ reminders }) => reminders.includes(iso(reminderMs)));
          expect(first?.atMs).toBeLessThan(neededAtMs);
        }
      }),
      { numRuns: 10 },
    );
  });
});
