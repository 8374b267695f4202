import { describe, expect, test } from '@jest/globals';
import { DeploymentSchema } from '../../core/deployment.ts';
import { metricNamespace } from '../../core/metrics.ts';
import { isLoopback, presets, ProviderSchema } from '../../core/provider.ts';
import { ConnectionIdSchema, OwnerSchema, SettingsSchema, tickSeconds } from '../../core/settings.ts';
import { ninetyDays, schwab, tradingWeek } from '../helpers/core-samples.ts';

const problems = (parsed: { error?: { issues: { path: PropertyKey[]; message: string }[] } | undefined }) =>
  parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('a provider', () => {
  const custom = {
    displayName: 'Example',
    authorizationEndpoint: 'https://auth.example.com/authorize',
    tokenEndpoint: 'https://auth.example.com/token',
    accessTokenLifetimeSeconds: 3600,
    limits: {},
  };
  const withProblems = (change: object) => problems(ProviderSchema.safeParse({ ...custom, ...change }));

  test('needs its endpoints, the access token’s lifetime and limits; the rest has defaults', () => {
    expect(ProviderSchema.parse(custom)).toEqual({
      ...custom,
      clientAuthentication: 'client_secret_basic',
      authorizationResponseIss: false,
      rejectedGrantTexts: [],
    });
    expect(problems(ProviderSchema.safeParse({}))?.map((problem) => problem.split(':')[0])).toEqual([
      'displayName',
      'accessTokenLifetimeSeconds',
      'limits',
      'authorizationEndpoint',
      'tokenEndpoint',
    ]);
  });

  test('may leave its endpoints to its metadata, and then needs its issuer', () => {
    const { authorizationEndpoint, tokenEndpoint, ...rest } = custom;
    const without = (change: object) => problems(ProviderSchema.safeParse({ ...rest, ...change }));
    const metadata = 'openid';
    const issuer = 'https://auth.example.com';
    expect(without({ metadata, issuer })).toBeUndefined();
    expect(
      without({ metadata, issuer, endpointHosts: ['oauth2.example.com', 'localhost:8183'] }),
    ).toBeUndefined();
    expect(without({ metadata, issuer, authorizationEndpoint })).toBeUndefined();
    expect(without({ metadata })).toEqual(['issuer: must be given where metadata is']);
    expect(without({ issuer, tokenEndpoint })).toEqual([
      'authorizationEndpoint: must be given where metadata is not',
    ]);
    expect(without({ metadata, issuer, endpointHosts: ['https://oauth2.example.com'] })).toEqual([
      'endpointHosts.0: must be a host such as oauth2.example.com',
    ]);
  });

  test('names the owner by its id_token, or by a call, with at least one path', () => {
    const issuer = 'https://auth.example.com';
    const endpoint = 'https://auth.example.com/me';
    expect(withProblems({ identity: 'id_token', issuer })).toBeUndefined();
    expect(withProblems({ identity: { endpoint, subject: '/sub' } })).toBeUndefined();
    expect(withProblems({ identity: { endpoint, accounts: '/accounts/*/number' } })).toBeUndefined();
    expect(withProblems({ identity: 'id_token' })).toEqual([
      'issuer: must be given where identity is id_token',
    ]);
    expect(withProblems({ identity: { endpoint } })).toEqual([
      'identity: must have the path of subject, of accounts or of both',
    ]);
    expect(withProblems({ identity: { endpoint, subject: 'sub' } })).toEqual([
      'identity.subject: must be a path such as /sub or /accounts/*/accountNumber',
    ]);
    expect(withProblems({ identity: 'name' })).toEqual([
      'identity: must be id_token, or an object with endpoint and the path of subject, of accounts or of both',
    ]);
  });

  test('schwab: access 30 minutes, refresh token 7 days from the login, HTTP Basic', () => {
    expect(ProviderSchema.parse(presets.schwab)).toEqual(presets.schwab);
    expect(presets.schwab).toMatchObject({
      authorizationEndpoint: 'https://api.schwabapi.com/v1/oauth/authorize',
      tokenEndpoint: 'https://api.schwabapi.com/v1/oauth/token',
      clientAuthentication: 'client_secret_basic',
      accessTokenLifetimeSeconds: 1800,
      limits: { absoluteSeconds: 604_800 },
    });
    expect(presets.schwab).not.toHaveProperty('scope');
  });

  test.each([
    'https://auth.example.com/token',
    'http://localhost:8183/token',
    'http://127.0.0.1/token',
    'http://[::1]:8183/token',
  ])('%s is an endpoint', (tokenEndpoint) => {
    expect(withProblems({ tokenEndpoint })).toBeUndefined();
  });

  test.each([
    'http://auth.example.com/token',
    'http://localhost.example.com/token',
    'http://127.0.0.2/token',
    'https://auth.example.com/token#top',
    'https://user@auth.example.com/token',
    'https://:word@auth.example.com/token',
    'ftp://localhost/token',
    'auth.example.com/token',
    '',
  ])('%j is none', (tokenEndpoint) => {
    expect(withProblems({ tokenEndpoint })).toEqual([
      'tokenEndpoint: must be an https: URL without user, password and fragment (http: is allowed for localhost and 127.0.0.1 only)',
    ]);
  });

  test('access tokens under 25 minutes are refused', () => {
    expect(withProblems({ accessTokenLifetimeSeconds: 1500 })).toBeUndefined();
    expect(withProblems({ accessTokenLifetimeSeconds: 1499 })).toEqual([
      'accessTokenLifetimeSeconds: must be at least 1500 seconds (25 minutes)',
    ]);
  });

  test('refuses a lifetime that ends before its owner could be reminded', () => {
    expect(withProblems({ limits: { absoluteSeconds: 7200, slidingSeconds: 10_800 } })).toBeUndefined();
    expect(withProblems({ limits: { absoluteSeconds: 7199 } })).toEqual([
      'limits.absoluteSeconds: must be at least 7200 seconds (2 hours)',
    ]);
    expect(withProblems({ limits: { slidingSeconds: 10_799 } })).toEqual([
      'limits.slidingSeconds: must be at least 7200 seconds (2 hours) more than accessTokenLifetimeSeconds',
    ]);
  });

  test('loopback hosts are three, literally', () => {
    expect(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', 'localhost.', ''].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('settings', () => {
  const withProblems = (change: object) => problems(SettingsSchema.safeParse({ ...schwab, ...change }));

  test('are read back as they were written', () => {
    const whole = {
      ...ninetyDays,
      reminders: [{ secondsBefore: 172_800 }, { secondsBefore: 3600 }],
      neededHours: tradingWeek,
      quietHours: { ...tradingWeek, from: '22:00', to: '07:00' },
    };
    expect(SettingsSchema.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });

  test('run, and have the owner’s times in UTC, by default', () => {
    const { paused: _, ...running } = schwab;
    expect(SettingsSchema.parse({ ...running, owner: { email: 'dana@example.com' } })).toMatchObject({
      paused: false,
      owner: { email: 'dana@example.com', timeZone: 'UTC' },
    });
  });

  test.each([
    [{ owner: { email: 'dana' } }, 'owner.email: must be an e-mail address'],
    [{ publicUrl: 'https://grants.example.com/' }, 'publicUrl: must not end in a slash'],
    [
      { reminders: [{ secondsBefore: 86_400 }, { secondsBefore: 3599 }] },
      'reminders.1.secondsBefore: must be at least 3600 seconds, the longest time between two checks',
    ],
  ])('with %j are refused', (change, problem) => {
    expect(withProblems(change)).toEqual([problem]);
  });

  test.each([
    { reminders: [] },
    { reminders: Array.from({ length: 13 }, () => ({ secondsBefore: 3600 })) },
    { clientSecretName: '' },
  ])('with %j are refused too', (change) => expect(withProblems(change)).toHaveLength(1));

  test.each([
    'HTTPS://grants.example.com/callback',
    'https://Grants.example.com/callback',
    'https://grants.example.com:443/callback',
    'https://grants.example.com/a/../callback',
    'https://grants.example.com',
  ])('a redirect URI that a URL parser would rewrite is refused: %s', (redirectUri) => {
    expect(withProblems({ redirectUri })).toEqual([
      'redirectUri: must be written as URLs are compared: scheme and host in lower case, with a path',
    ]);
  });

  test('a redirect URI that is none at all has that problem, and no exception', () => {
    expect(withProblems({ redirectUri: '/callback' })?.[0]).toMatch(/^redirectUri: must be an https: URL/);
  });

  test.each(['schwab-main', 'ab', 'a1', `a${'b'.repeat(31)}`])('%s is a connection’s id', (id) => {
    expect(ConnectionIdSchema.parse(id)).toBe(id);
  });

  test.each(['a', 'Schwab', '1st', 'a-', 'a--b', '-a', 'a.b', 'a/b', 'a b', '', `a${'b'.repeat(32)}`])(
    '%j is none',
    (id) => {
      expect(ConnectionIdSchema.safeParse(id).success).toBe(false);
    },
  );
});

describe('a tick', () => {
  test.each([
    [1500, 1200],
    [1800, 1500],
    [1859, 1500],
    [3600, 3300],
    [3900, 3600],
    [86_400, 3600],
    [600, 1200],
  ])('of access tokens of %d seconds is %d seconds', (lifetime, tick) => {
    expect(tickSeconds(lifetime)).toBe(tick);
  });
});

describe('an owner', () => {
  const owner = (change: object) => problems(OwnerSchema.safeParse({ email: 'dana@example.com', ...change }));

  test.each(['+12125550123', '+491701234567', '+1234567'])('may have the telephone number %s', (phone) => {
    expect(owner({ phone })).toBeUndefined();
  });

  test.each([
    '12125550123',
    'tel:+12125550123',
    '+02125550123',
    '+123456',
    '+1234567890123456',
    '+12125550123 ',
  ])('may not have the telephone number %j', (phone) => {
    expect(owner({ phone })).toEqual([
      'phone: must be a telephone number with its country code (E.164), such as +12125550123',
    ]);
  });
});

test('the id of a connection says what it may be', () => {
  expect(ConnectionIdSchema.safeParse('Schwab').error?.issues.map(({ message }) => message)).toEqual([
    'must be lower-case letters, digits and single dashes, beginning with a letter',
  ]);
});

test('a deployment has all that the command needs', () => {
  const deployment = {
    stateMachineArn: 'arn:x',
    operatorTopicArn: 'arn:y',
    operatorEmails: ['ops@example.com'],
    mailFrom: 'grants@example.com',
    mailIdentity: 'example.com',
    alarmNames: ['a'],
    scheduleNames: { main: 's' },
  };
  expect(DeploymentSchema.parse(deployment)).toEqual(deployment);
  expect(DeploymentSchema.safeParse({}).success).toBe(false);
});

test('metrics have one namespace, which dashboards and alarms outside know', () => {
  expect(metricNamespace).toBe('Grantkeeper');
});

describe('a provider says what is wrong with', () => {
  const base = {
    displayName: 'Example',
    authorizationEndpoint: 'https://auth.example.com/authorize',
    tokenEndpoint: 'https://auth.example.com/token',
    accessTokenLifetimeSeconds: 3600,
    limits: {},
  };
  const found = (change: object) => problems(ProviderSchema.safeParse({ ...base, ...change }));

  test.each(['a\nb', '\n', 'a\u0000'])('the name %j', (displayName) => {
    expect(found({ displayName })).toEqual(['displayName: must be one line, without control characters']);
  });

  test('a pattern', () => {
    expect(found({ clientIdPattern: '[A-Z]{32}' })).toBeUndefined();
    expect(found({ clientIdPattern: '[' })).toEqual([
      'clientIdPattern: must be a regular expression such as [A-Za-z0-9]{32}',
    ]);
  });

  test('what a revocation ends', () => {
    for (const revocationEnds of ['login', 'account', 'client'])
      expect(found({ revocationEnds })).toBeUndefined();
    expect(found({ revocationEnds: '' })).toHaveLength(1);
  });

  test.each(['sub', 'x/sub', '/sub/', '//sub'])('the path %s', (subject) => {
    const endpoint = 'https://auth.example.com/me';
    expect(found({ identity: { endpoint, subject: '/sub' } })).toBeUndefined();
    expect(found({ identity: { endpoint, subject } })).toEqual([
      'identity.subject: must be a path such as /sub or /accounts/*/accountNumber',
    ]);
  });

  test.each([null, 'text', 7])('%j, which is none', (value) => {
    expect(problems(ProviderSchema.safeParse(value))).toHaveLength(1);
  });

  test('nothing of either metadata or either way to name the client', () => {
    const issuer = 'https://auth.example.com';
    for (const metadata of ['oauth', 'openid']) expect(found({ metadata, issuer })).toBeUndefined();
    for (const clientAuthentication of ['client_secret_basic', 'client_secret_post']) {
      expect(found({ clientAuthentication })).toBeUndefined();
    }
  });
});

test('a login at Charles Schwab ends the grant before it', () => {
  expect(presets.schwab!.loginEndsPreviousGrant).toBe(true);
});
