import * as fc from 'fast-check';
import { channelNames } from '../../core/channel.ts';
import type { StepsDone } from '../../core/decide.ts';
import { ForceSchema } from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { LoginReasonSchema, newGrant } from '../../core/grant.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { presets } from '../../core/provider.ts';
import type { RefreshTokenLifetime } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { SettingsSchema } from '../../core/settings.ts';
import type { WeeklyHours } from '../../core/weekly-hours.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export const ms = (instant: string) => Date.parse(instant);
export const iso = (epochMs: number) => new Date(epochMs).toISOString();

/** Id of an authorization. */
export const sampleId = 'a1b2c3d4e5f6a7b8c9d0';

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

export const withLimits = (limits: RefreshTokenLifetime, accessTokenLifetimeSeconds = 1800): Settings => ({
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
const weekdays: WeeklyHours['days'] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** When clocks change in New York, on Lord Howe (by half an hour) and in London. */
const clockChanges = [
  '2026-03-08T07:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-10-03T15:30:00Z',
  '2027-03-28T01:00:00Z',
].map(ms);

/** Two years; half of them within half a day of a change of clocks. */
export const instants = fc.oneof(
  fc.integer({ min: ms('2026-01-01T00:00:00Z'), max: ms('2028-01-01T00:00:00Z') }),
  fc
    .tuple(fc.constantFrom(...clockChanges), fc.integer({ min: -12 * hourMs, max: 12 * hourMs }))
    .map(([changeMs, offMs]) => changeMs + offMs),
);

/** Any of a day; half of them in the small hours, in which clocks change. */
const localTimes = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 3 })),
    fc.oneof(fc.integer({ min: 0, max: 59 }), fc.constantFrom(0, 30)),
  )
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);

export const weeklyHours: fc.Arbitrary<WeeklyHours> = fc
  .record({
    days: fc.oneof(fc.constant(weekdays), fc.subarray(weekdays, { minLength: 1 })),
    from: localTimes,
    to: localTimes,
    timeZone: fc.constantFrom(...zones, 'America/New_York', 'Australia/Lord_Howe'),
  })
  .filter(({ from, to }) => from !== to);

/** Undefined but once in so many times: fast-check's own option is seldom undefined. */
export const oneIn = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const optional = <T>(arbitrary: fc.Arbitrary<T>) => oneIn(2, arbitrary);

const anyReminders = fc.array(
  fc.record({
    secondsBefore: fc.integer({ min: 3600, max: 20 * 86_400 }),
    channels: optional(fc.uniqueArray(fc.constantFrom(...channelNames), { minLength: 1 })),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Settings that the schema accepts, of every shape that bears on decisions. */
export const anySettings: fc.Arbitrary<Settings> = fc
  .record({
    accessTokenLifetimeSeconds: fc.constantFrom(1500, 1800, 3600, 7200, 86_400),
    limits: fc.oneof(
      { weight: 1, arbitrary: fc.constant({}) },
      {
        weight: 5,
        arbitrary: fc.record(
          {
            absoluteSeconds: fc.integer({ min: 7200, max: 100 * 86_400 }),
            slidingSeconds: fc.integer({ min: 86_400 + 7200, max: 100 * 86_400 }),
          },
          { requiredKeys: [] },
        ),
      },
    ),
    owner: fc.record({
      phone: optional(fc.constant('+12125550123')),
      slack: optional(fc.constant('a/slack')),
      discord: optional(fc.constant('a/discord')),
    }),
    reminders: optional(anyReminders),
    neededHours: optional(weeklyHours),
    quietHours: optional(weeklyHours),
    paused: oneIn(50, fc.constant(true)),
  })
  .map(({ accessTokenLifetimeSeconds, limits, owner, ...others }) =>
    SettingsSchema.parse({
      ...withLimits(limits, accessTokenLifetimeSeconds),
      ...others,
      owner: { ...schwab.owner, ...owner },
    }),
  );

/** A connection at a moment that matters to it: its settings, its record, and the time. */
export interface Situation {
  readonly settings: Settings;
  readonly grant: Grant;
  readonly nowMs: number;
}

/** Mostly after the last use of a grant, around one of its reminders or its end; those are where decisions change. */
const momentsOf = (
  settings: Settings,
  uses: Pick<Grant, 'authorizedAtMs' | 'refreshedAtMs'>,
  usedMs: number,
) => {
  const schedule = reminderScheduleOf(settings, uses);
  const soon = fc.integer({ min: 0, max: 2 * hourMs }).map((afterMs) => usedMs + afterMs);
  if (schedule === undefined) return soon;
  const turns = [...schedule.reminders.map(({ atMs }) => atMs), schedule.neededAtMs, schedule.deadlineMs];
  const near = fc
    .tuple(
      fc.constantFrom(...turns, schedule.reminders.at(-1)!.atMs),
      fc.constantFrom(0, -1, 1, -hourMs, 10 * minuteMs),
    )
    .map(([turnMs, offMs]) => Math.max(usedMs, turnMs + offMs));
  return fc.oneof({ weight: 1, arbitrary: soon }, { weight: 3, arbitrary: near });
};

/** Any grant that a record can hold. Values that stop every other decision are rare here; cases that are rare in life are not. */
export const situations: fc.Arbitrary<Situation> = fc
  .record({
    settings: anySettings,
    authorizedAtMs: instants,
    usedForMs: optional(fc.integer({ min: 0, max: 20 * dayMs })),
  })
  .chain(({ settings, authorizedAtMs, usedForMs }) => {
    const refreshedAtMs = usedForMs === undefined ? undefined : authorizedAtMs + usedForMs;
    const uses = { authorizedAtMs, refreshedAtMs };
    return momentsOf(settings, uses, refreshedAtMs ?? authorizedAtMs).chain((nowMs) =>
      fc.record({
        settings: fc.constant(settings),
        nowMs: fc.constant(nowMs),
        grant: grants(settings, uses, nowMs),
      }),
    );
  });

const grants = (
  settings: Settings,
  uses: Pick<Grant, 'authorizedAtMs' | 'refreshedAtMs'>,
  nowMs: number,
): fc.Arbitrary<Grant> => {
  const justBefore = (spanMs: number) => fc.integer({ min: nowMs - spanMs, max: nowMs });
  const reminders = (reminderScheduleOf(settings, uses)?.reminders ?? []).map(({ atMs }) => iso(atMs));
  const authorizations = fc.record({
    authorizationId: fc.constantFrom(sampleId, sampleId, 'f'.repeat(20)),
    reason: fc.constantFrom(...LoginReasonSchema.options),
    openedAtMs: optional(justBefore(hourMs)),
    expiresAtMs: fc.integer({ min: nowMs - hourMs, max: nowMs + 2 * dayMs }),
    supersedes: oneIn(4, fc.constant([{ authorizationId: 'e'.repeat(20), expiresAtMs: nowMs + hourMs }])),
    startedAtMs: oneIn(3, justBefore(30 * minuteMs)),
  });
  return (
    fc
      .record({
        status: fc.constantFrom(
          ...(['never-authorized', 'rejected', 'disconnected'] as const),
          ...Array.from({ length: 7 }, () => 'active' as const),
        ),
        accessExpiresAtMs: fc.oneof(
          fc.constant(undefined),
          fc.integer({ min: nowMs - hourMs, max: nowMs + hourMs }),
          ...[1, 2].map(() => fc.integer({ min: nowMs + hourMs, max: nowMs + 2 * dayMs })),
        ),
        identity: optional(fc.constant({ subject: 'dana' })),
        // Reminders of this reminder schedule, and of one before it.
        sentReminders: fc.subarray([iso(nowMs - 3 * dayMs), ...reminders]),
        restoredNoticePending: fc.boolean(),
        notifiedAtMs: optional(justBefore(dayMs)),
        authorization: optional(authorizations),
        login: oneIn(
          10,
          fc.record({
            versionId: fc.constant('11111111-2222-3333-4444-555555555555'),
            authorizationId: fc.constant(sampleId),
            atMs: justBefore(5 * minuteMs),
            closed: fc.oneof(fc.constantFrom(undefined, null), authorizations),
          }),
        ),
        disconnection: oneIn(
          20,
          fc.record({
            by: optional(fc.constant('ops@example.com')),
            atMs: justBefore(10 * minuteMs),
            revocation: optional(fc.constantFrom('revoked', 'nothing', 'unanswered')),
          }),
        ),
        lease: oneIn(5, fc.constant({ owner: 'x#1', expiresAtMs: nowMs + minuteMs })),
        fencingNumber: fc.nat(),
        paused: oneIn(20, fc.constant(true)).map((paused) => paused === true),
        lastTick: optional(
          justBefore(3 * hourMs).map((atMs) => ({ scheduledTime: iso(atMs), executionName: 'x' })),
        ),
        setUp: oneIn(3, fc.constant(true)).map((setUp) => setUp === true),
      })
      // Before the first login there is no time of one.
      .map((grant) => ({ ...grant, ...(grant.status === 'never-authorized' ? {} : uses) }))
  );
};

/** The ask of an execution in such a situation: mostly nothing, or a login. */
export const asks = fc.record({
  situation: situations,
  force: fc.constantFrom(
    ...([undefined, undefined, undefined, 'reauthorize', 'reauthorize', 'change-owner'] as const),
    ...ForceSchema.options,
  ),
  authorizationId: fc.constantFrom(undefined, sampleId),
  done: fc.oneof(
    fc.constant<StepsDone>([]),
    fc.subarray<StepsDone[number]>(['refresh', 'notify', 'reauthorize', 'disconnect']),
  ),
});

/** A login, and how long after it the token was used last. */
export const uses = fc.record({
  settings: anySettings,
  loginMs: instants,
  usedMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 * dayMs })),
});

const errorCodes = [
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'server_error',
  'invalid_scope',
];
/** Answers of a token endpoint that are no token sets. */
export const refusals = fc
  .record({
    status: fc.oneof(
      fc.integer({ min: 200, max: 599 }),
      fc.constantFrom(200, 300, 400, 400, 401, 403),
      fc.constantFrom(408, 425, 429, 500, 503),
    ),
    text: fc.oneof(
      fc.constant('invalid_grant'),
      fc.constantFrom(...errorCodes),
      fc.stringMatching(/^[a-z_]{1,60}$/),
      fc.string(),
    ),
    isBare: fc.constantFrom(true, false, false, false),
  })
  .map(({ status, text, isBare }) => ({
    status,
    body: isBare ? text : JSON.stringify({ error: text, access_token: text }),
  }));
