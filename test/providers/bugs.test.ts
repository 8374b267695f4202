/**
 * Twelve bugs that other token managers had, each as a test. Those that take a whole cloud, or a browser, to play out
 * have their long form elsewhere:
 *
 * | bug | test |
 * |---|---|
 * | 1 | workflow/refresh: `a new refresh token does not postpone the deadline` |
 * | 2 | workflow/refresh: `a revoked grant is seen by the next check` |
 * | 4 | workflow/attacks: `a start has a challenge and a state of its own` |
 * | 5 | workflow/canary: `no credential is anywhere else` |
 * | 6 | workflow/bad-input-token-endpoint: `6. a lock held while a person logs in` |
 * | 7 | workflow/races: `a refresh whose answer comes after a login is dropped` |
 * | 10 | workflow/bad-input-pages: `a link opens whatever a scanner did before` |
 * | 11 | workflow/brokerage: `a redirect URI that differs by a trailing slash is refused` |
 */
import { inspect } from 'node:util';

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { dynamoGrants } from '../../adapters/grants.ts';
import { providerEndpoints } from '../../adapters/provider-endpoints.ts';
import { Table } from '../../adapters/table.ts';
import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import { deadlineOf } from '../../core/deadline.ts';
import type { Authorization, Start } from '../../core/authorization.ts';
import type { Provider } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { SettingsSchema, tickSeconds } from '../../core/settings.ts';
import type { ReauthorizePorts } from '../../functions/reauthorize/reauthorize.ts';
import { reauthorize } from '../../functions/reauthorize/reauthorize.ts';
import { kinds } from '../fixtures/providers/kinds.ts';
import { leaks } from '../helpers/canary.ts';
import { dayMs, hourMs, iso, minuteMs, ms, schwab } from '../helpers/core-samples.ts';
import { client, firstTokens, KeptGrant } from '../helpers/kept-grant.ts';
import { clients, startLocalAws } from '../helpers/local-aws.ts';
import { providerAnswers } from '../helpers/provider-answers.ts';
import type { HttpAnswer } from '../helpers/token-server.ts';
import { TokenServer } from '../helpers/token-server.ts';

const endpoint = oauthTokenEndpoint({ timeoutMs: 5000 });
const loginMs = ms('2026-01-05T12:00:00Z');

let server: TokenServer;
beforeAll(async () => {
  server = await TokenServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.requests.length = 0;
});

function logIn(provider: Provider = kinds.schwab.provider): KeptGrant {
  // Without `identity`: the endpoint of Schwab's preset is on the Internet.
  const settings = { ...schwab, provider: { ...provider, identity: undefined, tokenEndpoint: server.url } };
  const grant = new KeptGrant(settings, endpoint, loginMs);
  grant.logIn(firstTokens(provider.accessTokenLifetimeSeconds));
  return grant;
}

const json = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const tokens = (members: object) => json(200, { access_token: 'access-2', token_type: 'Bearer', ...members });

const deadAnswers = providerAnswers().filter(
  ({ answer }) => answer.kind === 'refused' && answer.refusal === 'grant-rejected',
);

test('1. the deadline restarted on every refresh, so the warning never came', async () => {
  const grant = logIn();
  let serial = 1;
  server.answer = () => tokens({ expires_in: 1800, refresh_token: `refresh-${(serial += 1)}` });
  let warnedAt: string | undefined;
  while (warnedAt === undefined && grant.nowMs < loginMs + 7 * dayMs) {
    grant.nowMs += hourMs;
    const { decision } = await grant.check();
    if (decision.decision === 'notify') warnedAt = iso(grant.nowMs);
  }
  expect(warnedAt).toBe('2026-01-10T12:00:00.000Z');
  expect(grant.refreshToken).toBe('refresh-121');
  expect(deadlineOf(grant.settings.provider.limits, grant.grant)).toBe(ms('2026-01-12T12:00:00Z'));
});

test.each(deadAnswers.map((answer) => [answer.name, answer] as const))(
  '2. a dead token classified as retryable, retried every minute for days; or only a top-level invalid_grant understood: %s',
  async (_name, { kind, http }) => {
    const grant = logIn((kinds as Record<string, { provider: Provider }>)[kind]!.provider);
    server.answer = () => http;
    for (let minute = 0; minute < 600; minute += 1) {
      grant.nowMs += minuteMs;
      await grant.check();
    }
    expect(server.requests).toHaveLength(1);
    expect((await grant.check()).decision).toMatchObject({ decision: 'reauthorize', reason: 'rejected' });
  },
);

test('3. a good client secret blamed for body C', async () => {
  const grant = logIn();
  grant.nowMs += hourMs;
  server.answer = () => json(401, { error: 'invalid_client', error_description: 'refresh token invalid' });
  expect(await grant.check()).toMatchObject({ outcome: 'rejected', decision: { reason: 'rejected' } });

  const other = logIn();
  other.nowMs += hourMs;
  server.answer = () => json(401, { error: 'invalid_client', error_description: 'Unauthorized' });
  expect((await other.check()).outcome).toBe('ClientRejectedError');
  expect(other.grant.status).toBe('active');
});

/** The page of a link, and what its presses wrote and led to. */
function openLink(authorization: Partial<Authorization> = {}) {
  const starts: [stateHash: string, start: Start][] = [];
  let serial = 0;
  const link: Authorization = {
    connectionId: 'schwab-main',
    authorizationId: 'a'.repeat(20),
    status: 'open',
    reason: 'expiring',
    expiresAtMs: loginMs + dayMs,
    linkHashes: [`hash of ${'b'.repeat(43)}`],
    starts: {},
    taskTokens: [],
    ...authorization,
  };
  const open = {
    authorizationId: link.authorizationId,
    reason: 'expiring',
    expiresAtMs: loginMs + dayMs,
  } as const;
  const ports: ReauthorizePorts = {
    grants: {
      read: async () => ({ settings: schwab, grant: { ...logIn().grant, authorization: open } }),
      markStarted: async () => true,
    },
    authorizations: {
      read: async () => link,
      addStart: async (_authorization, stateHash, start) => {
        starts.push([stateHash, start]);
        return true;
      },
    },
    clients: { read: async () => client },
    findEndpoints: providerEndpoints({ nowMs: () => loginMs }),
    workflow: { startForLink: async () => undefined, report: async () => undefined },
    events: { record: async () => undefined },
    limits: { read: async () => 0, count: async () => 1 },
    clock: { nowMs: () => loginMs },
    random: {
      secret: () => String((serial += 1)).padStart(43, 'r'),
      uuid: () => crypto.randomUUID(),
      hash: (value) => `hash of ${value}`,
    },
  };
  const visit = (method: string) => {
    const request = {
      rawPath: `/reauthorize/schwab-main/${'a'.repeat(20)}/${'b'.repeat(43)}`,
      rawQueryString: '',
      headers: {},
      requestContext: { http: { method, sourceIp: '192.0.2.1' } },
    };
    return reauthorize(request, ports);
  };
  return { starts, visit };
}

test('4. the PKCE verifier put inside state', async () => {
  const { starts, visit } = openLink();
  const { headers } = await visit('POST');
  const url = new URL(headers.location!);
  const [stateHash, { codeVerifier }] = starts[0]!;

  const state = url.searchParams.get('state')!;
  expect(state).toMatch(/^schwab-main\.a{20}\.r+\d$/);
  expect(stateHash).toBe(`hash of ${state}`);
  expect(url.searchParams.get('code_challenge')).toBe(`hash of ${codeVerifier}`);
  url.searchParams.delete('code_challenge');
  expect(leaks([{ kind: 'verifier', value: codeVerifier }], [{ where: 'the URL', text: url.href }])).toEqual(
    [],
  );
});

test('5. code, Authorization header or token response logged, often by way of an error’s cause', async () => {
  const canaries = {
    'access token': 'canary-access-9f2c41d07be8',
    'refresh token': 'canary-refresh-5a1be07c93d4',
    code: 'C0.canary-code-71c3e5d2a90b@',
    verifier: 'canary-verifier-2d7f60b1c8e35a94f7c1b0d2e6a8',
    'client secret': client.clientSecret.reveal(),
    header: Buffer.from(`${client.clientId}:${client.clientSecret.reveal()}`).toString('base64'),
  };
  const { 'access token': access_token, 'refresh token': refresh_token } = canaries;
  const answers: (HttpAnswer | undefined)[] = [
    json(200, { access_token: [access_token], refresh_token, token_type: 'Bearer' }),
    json(200, { access_token, refresh_token: [refresh_token], token_type: 'Bearer' }),
    json(200, { access_token: '', refresh_token }),
    json(200, { tokens: { access_token, refresh_token } }),
    json(400, { error: 'invalid_request', error_description: `${access_token} ${refresh_token}` }),
    json(401, { error: 'invalid_client', error_description: canaries.header }),
    json(500, { error: canaries['client secret'] }),
    { status: 200, headers: {}, body: `access_token=${access_token}` },
    { status: 302, headers: { location: `https://elsewhere.example/?token=${refresh_token}` }, body: '' },
    undefined,
  ];
  const { provider, redirectUri } = logIn().settings;
  const exchange = {
    parameters: new URLSearchParams({ code: canaries.code, state: 'state' }),
    state: 'state',
    redirectUri,
    codeVerifier: canaries.verifier,
  };
  for (const answer of answers) {
    server.answer = () => answer;
    const grant = logIn();
    grant.logIn({ ...firstTokens(1800), refreshToken: new Secret(refresh_token) });
    grant.nowMs += hourMs;
    const { error } = await grant.check();
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).cause).toBeUndefined();
    const refused = await endpoint.exchange(provider, client, exchange);
    const documents = [error, refused].flatMap((value) => [
      { where: 'inspected', text: inspect(value, { depth: Infinity, showHidden: true }) },
      { where: 'as JSON', text: JSON.stringify(value) },
    ]);
    expect(
      leaks(
        Object.entries(canaries).map(([kind, value]) => ({ kind, value })),
        documents,
      ),
    ).toEqual([]);
  }
});

test('7. a slow refresh outliving its lock, then releasing the next holder’s', async () => {
  const aws = await startLocalAws();
  try {
    await aws.dynamoDb.createTable({ name: 'grantkeeper', hashKey: 'pk', rangeKey: 'sk' });
    const grants = dynamoGrants(new Table('grantkeeper', clients(aws.url).dynamoDb));
    const slow = await grants.takeLease('schwab-main', 'slow', loginMs);
    const next = await grants.takeLease('schwab-main', 'next', loginMs + 76_000);
    await grants.releaseLease('schwab-main', 'slow');
    expect((await grants.read('schwab-main')).grant.lease).toMatchObject({ owner: 'next' });

    const late = { loggedIn: false, authorizedAtMs: 1, refreshedAtMs: 1, accessExpiresAtMs: 1 };
    const versions = { grantVersionId: 'late', grantObtainedAtMs: 1, accessVersionId: 'late' };
    const recorded = await grants.recordTokens('schwab-main', slow.fencingNumber, { ...late, ...versions });
    expect(recorded).toBeUndefined();
    expect(await grants.recordRejection('schwab-main', slow.fencingNumber)).toBe(false);
    expect((await grants.read('schwab-main')).grant).toMatchObject({
      status: 'never-authorized',
      lease: { owner: 'next' },
      fencingNumber: next.fencingNumber,
    });
  } finally {
    await aws.close();
  }
});

test.each([
  ['omitted', {}],
  ['empty', { refresh_token: '' }],
  ['null', { refresh_token: null }],
])('8. an omitted refresh_token overwriting the stored one with nothing: %s', async (_how, members) => {
  const grant = logIn();
  const { grantVersionId } = grant.grant;
  grant.nowMs += hourMs;
  server.answer = () => tokens({ expires_in: 1800, ...members });
  expect((await grant.check()).outcome).toBe('refreshed');
  expect(grant.refreshToken).toBe('refresh-1');
  expect(grant.grantSecret.versions).toHaveLength(1);
  expect(grant.grant).toMatchObject({ grantVersionId, accessVersionId: expect.any(String) });
});

test.each([
  ['omitted', {}],
  ['null', { expires_in: null }],
  ['zero', { expires_in: 0 }],
  ['words', { expires_in: 'half an hour' }],
  ['for ever', { expires_in: Number.MAX_SAFE_INTEGER }],
])('9. an omitted expires_in, so never refreshed: %s', async (_how, members) => {
  const grant = logIn();
  server.answer = () => tokens(members);
  grant.nowMs += 25 * minuteMs;
  expect((await grant.check()).outcome).toBe('refreshed');
  expect(grant.access.expiresAt).toBe('2026-01-05T12:55:00.000Z');
  grant.nowMs += 25 * minuteMs;
  expect((await grant.check()).outcome).toBe('refreshed');
});

test('10. a one-time GET link consumed by a mail scanner; a task token in a URL', async () => {
  const taskToken = 'AQCEAAAAKgAAAAMAAAAAAAAAAcanary-task-token';
  const { starts, visit } = openLink({ taskTokens: [taskToken] });
  for (let time = 0; time < 10; time += 1) expect(await visit('GET')).toMatchObject({ statusCode: 200 });
  expect(starts).toEqual([]);
  for (let time = 0; time < 10; time += 1) {
    const answer = await visit('POST');
    expect(answer.statusCode).toBe(303);
    expect(JSON.stringify(answer)).not.toContain('canary-task-token');
  }
  const page = await visit('GET');
  expect(page).toMatchObject({ statusCode: 200, body: expect.stringContaining('Log in') });
  expect(JSON.stringify(page)).not.toContain('canary-task-token');
});

test('11. a callback URL that differs by a trailing slash or upper-case scheme, found out only at the provider', async () => {
  for (const redirectUri of [
    'HTTPS://grants.example.com/callback',
    'https://Grants.example.com/callback',
    'https://grants.example.com:443/callback',
    'https://grants.example.com/a/../callback',
    'https://grants.example.com',
  ]) {
    expect(SettingsSchema.safeParse({ ...schwab, redirectUri }).error?.issues).toMatchObject([
      {
        path: ['redirectUri'],
        message: 'must be written as URLs are compared: scheme and host in lower case, with a path',
      },
    ]);
  }
  // What is printed to be registered is what is sent, to both endpoints, slash for slash.
  const { headers } = await openLink().visit('POST');
  expect(new URL(headers.location!).searchParams.get('redirect_uri')).toBe(
    'https://grants.example.com/callback',
  );
  const { provider } = logIn().settings;
  server.answer = () => json(400, { error: 'invalid_grant' });
  await endpoint.exchange(provider, client, {
    parameters: new URLSearchParams({ code: 'c', state: 'state' }),
    state: 'state',
    redirectUri: 'https://grants.example.com/callback/',
    codeVerifier: 'v'.repeat(43),
  });
  expect(server.requests[0]!.form.get('redirect_uri')).toBe('https://grants.example.com/callback/');
});

test.each(Object.entries(kinds))(
  '12. an access token served although the caller needs it for longer than it lives: %s',
  async (_name, { provider }) => {
    const grant = logIn(provider);
    const lifetimeSeconds = provider.accessTokenLifetimeSeconds;
    server.answer = () => tokens({ expires_in: lifetimeSeconds });
    const tickMs = tickSeconds(lifetimeSeconds) * 1000;
    for (let check = 0; check < 12; check += 1) {
      // A consumer that reads it just before the next check has it for another 150 seconds.
      grant.nowMs += tickMs;
      expect(ms(grant.access.expiresAt) - grant.nowMs).toBeGreaterThanOrEqual(150_000);
      await grant.check();
    }
  },
);
