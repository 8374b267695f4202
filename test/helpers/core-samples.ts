import * as fc from 'fast-check';
import type { Grant } from '../../core/grant.ts';
import { newGrant } from '../../core/grant.ts';
import { presets } from '../../core/provider.ts';
import type { Limits } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { SettingsSchema } from '../../core/settings.ts';
import type { WeeklyHours } from '../../core/window.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export const ms = (instant: string) => Date.parse(instant);
export const iso = (epochMs: number) => new Date(epochMs).toISOString();

/** A bot at Schwab: access tokens of 30 minutes, a grant of 7 days, checked every 25 minutes. */
export const schwab: Settings = {
  connectionId: 'schwab-main',
  provider: presets.schwab!,
  owner: { name: 'Dana', email: 'dana@example.com', timeZone: 'America/New_York' },
  clientSecretName: 'grantkeeper/prod/client/schwab',
  redirectUri: 'https://grants.example.com/callback',
  publicUrl: 'https://grants.example.com',
  paused: false,
};

export const withLimits = (limits: Limits, accessTokenLifetimeSeconds = 1800): Settings => ({
  ...schwab,
  provider: { ...schwab.provider, limits, accessTokenLifetimeSeconds },
});

/** The shape of TD Ameritrade's grants, gone since: access 30 minutes, refresh token 90 days. */
export const ninetyDays = withLimits({ absoluteSeconds: 90 * 86_400 });

/** New York's trading week, with an hour before and after it. */
export const tradingWeek: WeeklyHours = {
  days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'],
  from: '07:00',
  to: '20:00',
  timeZone: 'America/New_York',
};

/** A login at that moment, and a refresh then or since. */
export const loggedIn = (authorizedAtMs: number, change: Partial<Grant> = {}): Grant => ({
  ...newGrant,
  status: 'active',
  authorizedAtMs,
  refreshedAtMs: authorizedAtMs,
  accessExpiresAtMs: authorizedAtMs + 30 * minuteMs,
  ...change,
});

const zones = [
  'UTC',
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Africa/Cairo',
];
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** Instants around which daylight saving changes somewhere, and all between. */
export const instants = fc.integer({ min: ms('2026-01-01T00:00:00Z'), max: ms('2028-01-01T00:00:00Z') });

const localTimes = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);

export const weeklyHours: fc.Arbitrary<WeeklyHours> = fc
  .record({
    days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1, maxLength: 7 }),
    from: localTimes,
    to: localTimes,
    timeZone: fc.constantFrom(...zones),
  })
  .filter(({ from, to }) => from !== to);

/** Settings that the schema accepts, of every shape that bears on decisions. */
export const anySettings: fc.Arbitrary<Settings> = fc
  .record(
    {
      accessTokenLifetimeSeconds: fc.constantFrom(1500, 1800, 3600, 7200, 86_400),
      absoluteSeconds: fc.integer({ min: 7200, max: 100 * 86_400 }),
      slidingSeconds: fc.integer({ min: 86_400 + 7200, max: 100 * 86_400 }),
      rungs: fc.array(
        fc.integer({ min: 3600, max: 20 * 86_400 }).map((secondsBefore) => ({ secondsBefore })),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      neededHours: weeklyHours,
      quietHours: weeklyHours,
    },
    { requiredKeys: ['accessTokenLifetimeSeconds'] },
  )
  .map(({ accessTokenLifetimeSeconds, absoluteSeconds, slidingSeconds, ...hours }) =>
    SettingsSchema.parse({
      ...withLimits({ absoluteSeconds, slidingSeconds }, accessTokenLifetimeSeconds),
      ...hours,
    }),
  );

const someTimes = (nowMs: number) => fc.integer({ min: nowMs - 20 * dayMs, max: nowMs + 20 * dayMs });

/** Any grant that a record can hold, around a moment. */
export const anyGrant = (nowMs: number): fc.Arbitrary<Grant> =>
  fc.record({
    status: fc.constantFrom('never-authorized', 'active', 'active', 'active', 'rejected', 'disconnected'),
    authorizedAtMs: fc.integer({ min: nowMs - 100 * dayMs, max: nowMs }),
    refreshedAtMs: fc.option(fc.integer({ min: nowMs - dayMs, max: nowMs }), { nil: undefined }),
    accessExpiresAtMs: fc.option(fc.integer({ min: nowMs - hourMs, max: nowMs + 2 * hourMs }), {
      nil: undefined,
    }),
    toldRungs: fc.constant([]),
    owesRestored: fc.boolean(),
    authorization: fc.option(
      fc.record({
        authorizationId: fc.constant('a1b2c3d4e5f6a7b8c9d0'),
        reason: fc.constantFrom('first-login', 'expiring', 'expired', 'rejected', 'rung', 'requested'),
        expiresAtMs: someTimes(nowMs),
        startedAtMs: fc.option(fc.integer({ min: nowMs - hourMs, max: nowMs }), { nil: undefined }),
      }),
      { nil: undefined },
    ),
    login: fc.option(
      fc.record({
        versionId: fc.constant('11111111-2222-3333-4444-555555555555'),
        authorizationId: fc.constant('a1b2c3d4e5f6a7b8c9d0'),
        atMs: fc.integer({ min: nowMs - hourMs, max: nowMs }),
        closed: fc.constantFrom(undefined, null),
      }),
      { nil: undefined, freq: 10 },
    ),
    disconnection: fc.option(fc.record({ atMs: fc.integer({ min: nowMs - hourMs, max: nowMs }) }), {
      nil: undefined,
      freq: 10,
    }),
    fencingNumber: fc.constant(1),
    paused: fc.boolean(),
    setUp: fc.boolean(),
  });
