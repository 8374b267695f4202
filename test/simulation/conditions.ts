import { presets } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { clientSecretName } from './cloud.ts';
import type { Dice } from './dice.ts';
import type { ProviderTraits } from './provider.ts';

/** What one seed makes of the world before anything happens in it. */
export interface Conditions {
  readonly startMs: number;
  readonly connections: readonly Settings[];
  readonly provider: ProviderTraits;
  /** The longest that AWS and the provider take to answer, as long as nothing goes wrong. */
  readonly awsMs: number;
  readonly providerMs: number;
  /** How far the clocks of the functions may be off, either way. */
  readonly skewMs: number;
  /** Of calls that go wrong while things go badly. */
  readonly faultRate: number;
  /** A consumer asks for refreshes in a loop, which can exhaust the quota of versions. */
  readonly hasLoopingConsumer: boolean;
}

const hourSeconds = 3600;
const daySeconds = 24 * hourSeconds;

/** What providers say of a dead refresh token: the RFC's words, and Schwab's. */
const rejections = [
  { status: 400, body: '{"error":"invalid_grant"}' },
  {
    status: 400,
    body: '{"error":"unsupported_token_type","error_description":"400 Bad Request: \\"refresh_token_authentication_error\\""}',
  },
  { status: 401, body: '{"error":"invalid_client","error_description":"refresh token invalid"}' },
];

/** In some worlds the owner sleeps and the token rests; calendar arithmetic is slow, so not in many. */
const hours = {
  neededHours: {
    days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'],
    from: '07:00',
    to: '20:00',
    timeZone: 'America/New_York',
  },
  quietHours: {
    days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
    from: '22:00',
    to: '06:30',
    timeZone: 'America/New_York',
  },
} satisfies Partial<Settings>;

export function drawConditions(dice: Dice): Conditions {
  const accessTokenLifetimeSeconds = dice.pick([1500, 1800, hourSeconds, 2 * hourSeconds, 6 * hourSeconds]);
  const absoluteSeconds = dice.pick([
    undefined,
    4 * hourSeconds,
    10 * hourSeconds,
    daySeconds,
    3 * daySeconds,
    7 * daySeconds,
  ]);
  const shortestSliding = accessTokenLifetimeSeconds + 2 * hourSeconds;
  const slidingSeconds = dice.pick([undefined, undefined, shortestSliding, shortestSliding + daySeconds]);
  const rotates = dice.chance(0.6);
  const settings: Omit<Settings, 'connectionId'> = {
    provider: {
      ...presets.schwab!,
      ...(dice.chance(0.7) && { revocationEndpoint: 'https://provider.example.com/revoke' }),
      identity: dice.chance(0.5)
        ? { endpoint: 'https://provider.example.com/me', subject: '/sub' }
        : undefined,
      accessTokenLifetimeSeconds,
      limits: { absoluteSeconds, slidingSeconds },
    },
    owner: {
      email: 'dana@example.com',
      timeZone: 'UTC',
      ...(dice.chance(0.15) && { phone: '+12125550123' }),
    },
    clientSecretName,
    redirectUri: 'https://grants.example.com/callback',
    publicUrl: 'https://grants.example.com',
    reminders: dice.pick([undefined, [1], [3, 2, 1], [12, 6, 1]])?.map((hoursBefore) => ({
      secondsBefore: hoursBefore * hourSeconds,
    })),
    paused: false,
    ...(dice.chance(0.08) ? hours : {}),
  };
  return {
    // A Monday, and any hour after it.
    startMs: Date.UTC(2026, 0, 5) + Math.floor(dice.between(0, 7 * 24)) * hourSeconds * 1000,
    connections: (dice.chance(0.3) ? ['first', 'second'] : ['main']).map((connectionId) => ({
      ...settings,
      connectionId,
    })),
    provider: {
      rotates,
      onReuse: dice.pick(['refuse', 'end-grant']),
      graceMs: rotates ? dice.pick([0, 0, 30_000, 120_000]) : 0,
      graceReplaces: dice.chance(0.5),
      absoluteMs: absoluteSeconds === undefined ? undefined : absoluteSeconds * 1000,
      slidingMs: slidingSeconds === undefined ? undefined : slidingSeconds * 1000,
      loginEnds: dice.pick(['nothing', 'at-allow', 'at-exchange']),
      repeatsRefreshToken: dice.chance(0.5),
      rejection: dice.pick(rejections),
    },
    awsMs: dice.pick([60, 300, 1500]),
    providerMs: dice.pick([300, 900, 6000]),
    skewMs: dice.pick([0, 50, 1000, 4000]),
    faultRate: dice.pick([0, 0.003, 0.01, 0.03]),
    hasLoopingConsumer: dice.chance(0.06),
  };
}
