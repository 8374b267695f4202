/** The provider redirects back: who may complete a login, what is kept of it, and who hears of it. */
import { describe, expect, test } from '@jest/globals';

import type { Identity } from '../../../core/identity.ts';
import { presets } from '../../../core/provider.ts';
import type { Settings } from '../../../core/settings.ts';
import { hourMs, minuteMs, ms } from '../../helpers/core-samples.ts';
import type { WayBack } from '../../helpers/one-connection.ts';
import { connectionId, OneConnection, withLoginLink } from '../../helpers/one-connection.ts';

const startMs = ms('2026-03-02T15:00:00Z');
const schwab = presets.schwab!;
const identified: Partial<Settings> = { provider: { ...schwab, loginEndsPreviousGrant: false } };

async function asked(settings: Partial<Settings> = {}, traits = {}) {
  return (await withLoginLink(startMs, settings, traits)).connection;
}

/** Connected, and its owner is asked for another login. */
async function askedAgain(
  settings: Partial<Settings> = identified,
  force: 'reauthorize' | 'change-owner' = 'reauthorize',
) {
  const connection = await new OneConnection(startMs, {}, settings).connect();
  connection.later(minuteMs);
  await connection.request(force);
  return connection;
}

/** Logs in while the provider names this account. */
const telling = (connection: OneConnection, identity: Identity, back: WayBack) =>
  connection.with({ tokenEndpoint: { identify: async () => ({ kind: 'identity', identity }) } }, () =>
    connection.return(back),
  );

const authorizationOf = ({ query }: WayBack) => query.get('state')!.split('.')[1]!;

describe('a start', () => {
  test.each([
    ['whose link was superseded', 'superseded', 15 * minuteMs, 'CallbacksFailed too-late'],
    [
      'whose link was superseded a moment ago',
      'superseded',
      15 * minuteMs - 1,
      'CallbacksFailed code-refused',
    ],
    ['whose link works', 'started', 15 * minuteMs, 'CallbacksFailed code-refused'],
  ] as const)('%s', async (_what, status, afterMs, count) => {
    const connection = await asked();
    const back = await connection.logIn();
    await connection.ports.authorizations.setStatus(connectionId, authorizationOf(back), status);
    connection.later(afterMs);
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe(count);
  });

  test.each([
    [15 * minuteMs - 1, 'CallbacksFailed code-refused'],
    [15 * minuteMs, 'CallbacksFailed too-late'],
  ])('whose link has ended since, after %i ms', async (afterMs, count) => {
    const connection = await asked();
    connection.later(24 * hourMs - minuteMs);
    const back = await connection.logIn();
    connection.later(afterMs);
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe(count);
  });

  test('of a browser that lost its cookie is not taken for another browser’s', async () => {
    const connection = await asked();
    const { query, cookie } = await connection.logIn();
    connection.later(hourMs - 1);
    await connection.return({ query, cookie: undefined });
    expect(connection.counts.at(-1)).toBe('CallbacksRefused other-browser');
    connection.later(1);
    expect((await connection.return({ query, cookie: undefined })).body).toContain(
      'This login came too late',
    );
    expect(connection.counts.at(-1)).toBe('CallbacksFailed too-late');
    await connection.return({ query, cookie: 'x'.repeat(43) });
    expect(connection.counts.at(-1)).toBe('CallbacksRefused other-browser');
    // A browser whose clock is late has it still.
    await connection.return({ query, cookie });
    expect(connection.counts.at(-1)).toBe('CallbacksFailed code-refused');
  });

  test('of a removed connection or authorization', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    const { grants } = connection.ports;
    const read: typeof grants.read = async (id) => ({ ...(await grants.read(id)), settings: undefined });
    const page = await connection.with({ grants: { read } }, () => connection.return(back));
    expect(page.body).toContain('This connection was removed');
    expect(connection.counts.at(-1)).toBe('CallbacksFailed removed');
    const none = async () => undefined;
    await connection.with({ authorizations: { read: none } }, () => connection.return(back));
    expect(connection.counts.at(-1)).toBe('CallbacksFailed not-ours');
  });

  test('that was used: the page says what became of its login', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    await connection.dies(back, 'putAccess');
    connection.later(90_000 - 1);
    expect((await connection.return(back)).body).toContain('your login is being completed');
    connection.later(1);
    expect((await connection.return(back)).body).toContain('This login was used already');
    expect(connection.counts.at(-1)).toBe('CallbacksRefused used-already');
    await connection.refresh();
    expect((await connection.return(back)).body).toContain('Done: you are connected');
    const { status } = await connection.grant();
    await connection.patch({ status: 'disconnected' });
    expect((await connection.return(back)).body).toContain('This connection was disconnected');
    await connection.patch({ status });
    connection.later(8 * 24 * hourMs);
    expect((await connection.return(back)).body).toContain('This link was used already');
  });

  test('that was used by a login before the held one: only the held one is being checked', async () => {
    const connection = await askedAgain();
    const first = await connection.logIn();
    const second = await connection.logIn();
    await connection.dies(first, 'putGrant');
    connection.provider.isIdentityDown = true;
    await connection.return(second);
    connection.later(90_000);
    expect((await connection.return(second)).body).toContain('Your login is being checked');
    expect((await connection.return(first)).body).toContain('This login was used already');
  });

  test('is used by one of two callbacks at once', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    await Promise.all([connection.return(back), connection.return(back)]);
    expect(connection.counts).toContain('CallbacksRefused used-already');
    expect(connection.counts).toContain('CallbacksCompleted first');
  });
});

describe('an answer that is no code', () => {
  const answer = async (settings: Partial<Settings>, change: Record<string, string>) => {
    const connection = await asked(settings);
    const back = await connection.logIn();
    const query = new URLSearchParams({ state: back.query.get('state')!, ...change });
    const page = await connection.return({ query, cookie: back.cookie });
    return { connection, back, query, page, authorizationId: authorizationOf(back) };
  };
  const executionId = 'arn:aws:states:us-east-1:111122223333:execution:machine:run-1';

  test('nor an error', async () => {
    const { connection, back } = await answer({}, {});
    expect(connection.counts.at(-1)).toBe('CallbacksRefused not-the-answer');
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
  });

  test.each([
    ['temporarily_unavailable', 'unavailable', 'could not log you in'],
    ['login_required', 'unfinished', 'Your login was not finished'],
  ])('%s leaves the start unused, and is recorded once', async (error, outcome, title) => {
    const { connection, back, query, page, authorizationId } = await answer(
      {},
      { error, error_description: 'said' },
    );
    expect(page.body).toContain(title);
    expect(connection.counts.at(-1)).toBe(`CallbacksFailed ${outcome}`);
    connection.later(1);
    await connection.return({ query, cookie: back.cookie });
    expect(connection.happened('authorization-failed')).toEqual([
      { authorizationId, executionId, error, description: 'said' },
    ]);
    expect(connection.reported()).toEqual([]);
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
  });

  test.each([
    [{ iss: 'https://other.example.com' }, 'https://other.example.com', 'https://issuer.example.com'],
  ])(
    'of another issuer uses nothing, and alerts the operators once',
    async (change, received, configured) => {
      const provider = { ...schwab, identity: undefined, issuer: configured };
      const { connection, back, query, page, authorizationId } = await answer(
        { provider },
        { code: 'c', ...change },
      );
      expect(page.body).toContain('Your login could not be verified');
      expect(connection.counts.at(-1)).toBe('CallbacksRefused other-issuer');
      connection.later(1);
      await connection.return({ query, cookie: back.cookie });
      expect(connection.happened('issuer-refused')).toEqual([
        { authorizationId, executionId, received, configured },
      ]);
      expect(connection.reported()).toEqual([
        {
          step: 'Callback',
          error: 'IssuerMismatchError',
          reason: `A login at Charles Schwab came back with the issuer "${received}"; configured is "${configured}". Nothing was stored.`,
        },
      ]);
      await connection.return(back);
      expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
    },
  );

  test('of another issuer is recorded, even after an answer that decided nothing', async () => {
    const issuer = 'https://issuer.example.com';
    const provider = { ...schwab, identity: undefined, issuer };
    const { connection, back, authorizationId } = await answer(
      { provider },
      { error: 'temporarily_unavailable', iss: issuer },
    );
    connection.later(1);
    const query = new URLSearchParams({
      state: back.query.get('state')!,
      code: 'c',
      iss: 'https://x.example',
    });
    await connection.return({ query, cookie: back.cookie });
    expect(connection.happened('authorization-failed')).toHaveLength(1);
    expect(connection.happened('issuer-refused')).toHaveLength(1);
    const { starts } = (await connection.ports.authorizations.read(connectionId, authorizationId))!;
    expect(Object.values(starts)).toMatchObject([
      { failureNotedAtMs: startMs, issuerNotedAtMs: startMs + 1 },
    ]);
  });

  test('of no issuer, where only the provider’s metadata promise one', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    const otherIssuer = { kind: 'other-issuer', received: undefined } as const;
    await connection.with({ tokenEndpoint: { readCallback: async () => otherIssuer } }, () =>
      connection.return(back),
    );
    expect(connection.happened('issuer-refused')).toMatchObject([{ received: 'none', configured: 'none' }]);
  });

  test('access_denied alerts nobody', async () => {
    const { connection, page, authorizationId } = await answer({}, { error: 'access_denied' });
    expect(page.body).toContain('Nothing was changed');
    expect(connection.happened('declined')).toEqual([
      { authorizationId, executionId, error: 'access_denied' },
    ]);
    expect(connection.reported()).toEqual([]);
    const { status } = (await connection.ports.authorizations.read(connectionId, authorizationId))!;
    expect(status).toBe('started');
  });

  test('invalid_scope alerts the operators', async () => {
    const { connection, page, authorizationId } = await answer({}, { error: 'invalid_scope' });
    expect(page.body).toContain('refused this installation');
    expect(connection.counts.at(-1)).toBe('CallbacksFailed operator-must-act');
    expect(connection.happened('authorization-failed')).toEqual([
      { authorizationId, executionId, error: 'invalid_scope' },
    ]);
    expect(connection.reported()).toEqual([
      {
        step: 'Callback',
        error: 'AuthorizationRejectedError',
        reason: 'Charles Schwab refused the request for a login (invalid_scope).',
      },
    ]);
  });

  test('metadata that contradict the provider’s configuration alert the operators', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    const refused = { kind: 'refused', refusal: 'contract', error: 'other issuer' } as const;
    await connection.with({ tokenEndpoint: { readCallback: async () => refused } }, () =>
      connection.return(back),
    );
    expect(connection.reported()).toMatchObject([{ error: 'ProviderContractError' }]);
  });
});

describe('a code without usable tokens', () => {
  test.each([
    ['unavailable', 'provider-unavailable', 'did not answer', []],
    ['grant-doubted', 'provider-unavailable', 'did not answer', []],
    ['grant-rejected', 'code-refused', 'That took a little too long', []],
    ['contract', 'operator-must-act', 'refused this installation', ['ProviderContractError']],
  ] as const)('%s', async (refusal, outcome, title, errors) => {
    const connection = await asked();
    const back = await connection.logIn();
    const exchange = async () => ({ kind: 'refused', refusal, error: 'said' }) as const;
    const page = await connection.with({ tokenEndpoint: { exchange } }, () => connection.return(back));
    expect(page.body).toContain(title);
    expect(connection.counts.at(-1)).toBe(`CallbacksFailed ${outcome}`);
    expect(connection.reported()).toMatchObject(errors.map((error) => ({ step: 'Callback', error })));
    expect(connection.happened('exchange-failed')).toMatchObject([
      { authorizationId: authorizationOf(back), error: 'said' },
    ]);
    const { lease, login, unrecordedLogins } = await connection.grant();
    expect([lease, login, unrecordedLogins]).toEqual([undefined, undefined, undefined]);
    const authorization = await connection.ports.authorizations.read(connectionId, authorizationOf(back));
    expect(authorization!.status).toBe('started');
  });

  test('tokens without a refresh token', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    const { tokenEndpoint } = connection.ports;
    const without: typeof tokenEndpoint.exchange = async (...given) => {
      const answer = await tokenEndpoint.exchange(...given);
      if (answer.kind !== 'tokens') return answer;
      const { refreshToken: _none, ...tokens } = answer.tokens;
      return { kind: 'tokens', tokens };
    };
    await connection.with({ tokenEndpoint: { exchange: without } }, () => connection.return(back));
    expect(connection.counts.at(-1)).toBe('CallbacksFailed operator-must-act');
    expect(connection.happened('exchange-failed')).toMatchObject([{ error: 'no refresh_token' }]);
    expect(connection.reported()).toEqual([
      {
        step: 'Callback',
        error: 'ProviderContractError',
        reason: 'Charles Schwab answered in a way its data does not allow (no refresh_token).',
      },
    ]);
    expect(await connection.stored()).toEqual({});
  });

  test('keeps the lease and the mark where a login was overtaken that may have stored tokens', async () => {
    const connection = await asked();
    await connection.dies(await connection.logIn(), 'putAccess');
    const back = await connection.logIn();
    connection.later(31_000);
    await connection.return(back);
    expect(connection.counts.at(-1)).toBe('CallbacksFailed code-refused');
    const { lease, login, unrecordedLogins } = await connection.grant();
    expect(lease?.owner).toBe(`callback#${login!.versionId}`);
    expect(unrecordedLogins).toHaveLength(2);
  });
});

test('a login to a provider that ends no grant', async () => {
  const connection = await asked({ provider: { ...schwab, identity: undefined, limits: {} } });
  expect((await connection.return(await connection.logIn())).body).toContain('Done: you are connected');
});

test('a login when the secrets have no room spends no code', async () => {
  const connection = await asked();
  const back = await connection.logIn();
  await connection.patch({ otherWritesAtMs: Array.from({ length: 94 }, () => startMs - hourMs) });
  const page = await connection.return(back);
  expect(page.body).toContain('Too many logins within a day');
  expect(connection.counts.at(-1)).toBe('CallbacksFailed no-room');
  expect(connection.reported()).toEqual([
    {
      step: 'Callback',
      error: 'StoreQuotaExceededError',
      reason:
        "main had so many logins and disconnections within a day that its secrets have no room before 2026-03-03T14:00:00.000Z. Nothing was lost, and the owner's link still works.",
    },
  ]);
  expect(await connection.grant()).not.toHaveProperty('lease');
  expect(await connection.stored()).toEqual({});
});

describe('beside other logins and ends', () => {
  test('a login that is recorded and not completed is completed first', async () => {
    const connection = await new OneConnection(startMs).deploy();
    const { taskToken } = await connection.request('reauthorize');
    const first = await connection.logIn();
    const second = await connection.logIn();
    const setStatus = async () => {
      throw new Error('killed');
    };
    await connection
      .with({ authorizations: { setStatus } }, () => connection.return(first))
      .catch(() => undefined);
    expect((await connection.grant()).login?.closed).toBeDefined();
    expect((await connection.return(second)).statusCode).toBe(200);
    expect(connection.resumed).toContainEqual({ taskToken, resumption: { outcome: 'completed', done: [] } });
    expect((await connection.grant()).login).toBeUndefined();
    expect((await connection.stored()).refreshToken).toBe('CANARY-refresh-5');
  });

  test('a connection that was ended since stores nothing', async () => {
    const connection = await askedAgain();
    const back = await connection.logIn();
    const before = await connection.stored();
    await connection.patch({ disconnection: { atMs: connection.nowMs } });
    expect((await connection.return(back)).body).toContain('This connection was disconnected');
    expect(connection.counts.at(-1)).toBe('CallbacksFailed ended');
    expect(await connection.stored()).toEqual(before);
  });

  test('a record that keeps changing is a fault, after five attempts', async () => {
    const connection = await asked();
    const back = await connection.logIn();
    let attempts = 0;
    const seizeLease = async () => {
      attempts += 1;
      return undefined;
    };
    const returned = connection.with({ grants: { seizeLease } }, () => connection.return(back));
    await expect(returned).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message: 'The record of main kept changing when a login began.',
    });
    expect(attempts).toBe(5);
    expect(connection.reported()).toMatchObject([{ step: 'Callback', error: 'StoreUnavailableError' }]);
  });

  test('a login that a newer one has overtaken leaves the tokens to that one', async () => {
    const connection = await askedAgain();
    const before = await connection.stored();
    const back = await connection.logIn();
    const { tokens, grants } = connection.ports;
    const newer = { versionId: 'newer', authorizationId: 'newer', atMs: connection.nowMs };
    const putGrant: typeof tokens.putGrant = async (...given) => {
      await grants.seizeLease(connectionId, 'callback#newer', newer);
      return tokens.putGrant(...given);
    };
    const page = await connection.with({ tokens: { putGrant } }, () => connection.return(back));
    expect(page.statusCode).toBe(200);
    expect(await connection.stored()).toEqual(before);
    expect((await connection.grant()).login).toEqual(newer);
    expect(connection.happened('grant-replaced')).toEqual([]);
  });

  test('writes of more than a day ago are forgotten, also where no refresh does so', async () => {
    const connection = await asked();
    const dayAgo = startMs - 24 * hourMs;
    await connection.patch({ otherWritesAtMs: [dayAgo - 1, dayAgo, dayAgo + 1] });
    await connection.return(await connection.logIn());
    expect((await connection.grant()).otherWritesAtMs).toEqual([dayAgo + 1, startMs]);
  });

  test('the refresh token that a login replaced is revoked', async () => {
    const provider = {
      ...schwab,
      identity: undefined,
      loginEndsPreviousGrant: false,
      revocationEndpoint: 'https://provider.example.com/revoke',
      revocationEnds: 'login' as const,
    };
    const connection = await askedAgain({ provider });
    expect(connection.happened('grant-replaced')).toEqual([]);
    const { refreshToken } = await connection.stored();
    const back = await connection.logIn();
    await connection.return(back);
    expect(connection.provider.honours(refreshToken!)).toBe(false);
    expect(connection.happened('grant-replaced')).toMatchObject([
      { authorizationId: authorizationOf(back), revocation: 'revoked' },
    ]);
  });
});

describe('the account that the provider names', () => {
  test('the first one is pinned, and comes again', async () => {
    const connection = await askedAgain();
    const { identity } = await connection.grant();
    expect(identity).toEqual({ subject: connection.ports.random.hash('main') });
    await connection.return(await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted same');
    expect(connection.reported()).toEqual([]);
  });

  test.each([
    [
      'somebody else',
      { subject: 'mallory' },
      'other',
      'other-account',
      'That was another account',
      'IdentityError',
      'Somebody logged in to Charles Schwab who is not the owner of this connection. Nothing was stored. If that is intended, run grantkeeper reauthorize with --new-owner.',
    ],
    [
      'nobody',
      {},
      'unknown',
      'account-unknown',
      'Your account could not be checked',
      'IdentityUnknownError',
      'Charles Schwab did not say whose login it was, but an account is pinned. Nothing was stored. Compare its identity data with its answer.',
    ],
  ])(
    '%s is refused where another one is pinned',
    async (_who, identity, verdict, outcome, title, error, reason) => {
      const connection = await askedAgain();
      const before = [await connection.stored(), (await connection.grant()).identity];
      const back = await connection.logIn();
      expect((await telling(connection, identity, back)).body).toContain(title);
      expect(connection.counts.at(-1)).toBe(`CallbacksRefused ${outcome}`);
      expect(connection.happened('identity-refused')).toMatchObject([
        { authorizationId: authorizationOf(back), verdict, revocation: 'not-offered' },
      ]);
      expect(connection.reported()).toEqual([{ step: 'Callback', error, reason }]);
      expect([await connection.stored(), (await connection.grant()).identity]).toEqual(before);
      expect(await connection.grant()).not.toHaveProperty('login');
      expect(connection.started.filter(({ name }) => name === 'refresh-now')).toEqual([]);
    },
  );

  test('is refused where a login ends the grant before it: whether that lives is asked', async () => {
    const connection = await askedAgain({ provider: schwab });
    await telling(connection, { subject: 'mallory' }, await connection.logIn());
    expect(connection.started.at(-1)).toMatchObject({ name: 'refresh-now' });
  });

  test('somebody else is accepted where a new owner is requested', async () => {
    const connection = await askedAgain(identified, 'change-owner');
    await telling(connection, { subject: 'mallory' }, await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
    const { random } = connection.ports;
    expect((await connection.grant()).identity).toEqual({ subject: random.hash('mallory') });
  });

  test('nobody, at the first login: operators hear that nobody is pinned', async () => {
    const connection = await asked(identified);
    await telling(connection, {}, await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
    expect(connection.reported()).toEqual([
      {
        step: 'Callback',
        error: 'IdentityUnknownError',
        reason:
          'Charles Schwab did not say whose grant it is, so nobody is pinned. Each refresh asks again. If it never says it, compare its identity data with its answer.',
      },
    ]);
  });

  test.each<[string, Identity]>([
    ['accounts alone', { accounts: ['a'] }],
    ['the owner alone', { subject: 's' }],
  ])('%s are pinned, and no operator hears of it', async (_what, identity) => {
    const connection = await asked(identified);
    await telling(connection, identity, await connection.logIn());
    expect(connection.reported()).toEqual([]);
  });

  test('fewer accounts: the login is kept, and both hear of it', async () => {
    const connection = await asked(identified);
    await telling(connection, { subject: 's', accounts: ['a', 'b', 'c', 'e'] }, await connection.logIn());
    connection.later(minuteMs);
    await connection.request('reauthorize');
    const page = await telling(connection, { subject: 's', accounts: ['b', 'd'] }, await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted fewer');
    expect(page.body).toContain('3 accounts that you shared before');
    expect(connection.reported()).toEqual([
      {
        step: 'Callback',
        error: 'IdentityError',
        reason:
          'A login to Charles Schwab left out 3 of 5 accounts that were shared before. If that is intended, run grantkeeper reauthorize with --new-owner, and let them log in again.',
      },
    ]);
  });

  test('no account, where one is pinned beside the owner: the login is kept, and both hear of it', async () => {
    const connection = await asked(identified);
    await telling(connection, { subject: 's', accounts: ['a'] }, await connection.logIn());
    connection.later(minuteMs);
    await connection.request('reauthorize');
    await telling(connection, { subject: 's' }, await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted fewer');
    expect(connection.reported()).toMatchObject([
      { reason: expect.stringContaining('left out 1 of 1 accounts') },
    ]);
  });

  test('cannot be asked at the first login: there is nobody to compare with', async () => {
    const connection = await asked(identified);
    connection.provider.isIdentityDown = true;
    await connection.return(await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted first');
    // Each refresh asks again, and keeps what it got whatever the answer is.
    connection.later(25 * minuteMs);
    expect((await connection.refresh()).outcome).toBe('refreshed');
    expect((await connection.grant()).identity?.subject).toBeUndefined();
    const { random } = connection.ports;
    for (const subject of ['dana', 'mallory']) {
      connection.later(25 * minuteMs);
      const identify = async () => ({ kind: 'identity', identity: { subject } }) as const;
      await connection.with({ tokenEndpoint: { identify } }, () => connection.refresh());
      // The owner who is pinned stays so.
      expect((await connection.grant()).identity).toEqual({ subject: random.hash('dana') });
    }
  });

  test('cannot be asked while somebody is pinned: the login is held, and checked at once', async () => {
    const connection = await askedAgain();
    const before = await connection.stored();
    connection.provider.isIdentityDown = true;
    const back = await connection.logIn();
    expect((await connection.return(back)).body).toContain('Your login is being checked');
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted held');
    expect(connection.started.at(-1)).toMatchObject({ name: 'refresh-now' });
    expect(connection.happened('identity-unavailable')).toMatchObject([
      { authorizationId: authorizationOf(back), error: 'HTTP 503' },
    ]);
    const { login, lease } = await connection.grant();
    expect(login).toMatchObject({ tokensHeld: true, authorizationId: authorizationOf(back) });
    expect(lease).toBeUndefined();
    expect(await connection.stored()).toEqual(before);
    const { tokens } = connection.ports;
    expect(await tokens.readGrantVersion(connectionId, login!.versionId)).toMatchObject({ unverified: true });
    expect(await tokens.readAccessVersion(connectionId, login!.versionId)).toMatchObject({
      derivedFrom: login!.versionId,
    });
    connection.later(90_000);
    expect((await connection.return(back)).body).toContain('Your login is being checked');
  });

  test('cannot be asked, and both secrets are empty: nothing is current before it was checked', async () => {
    const connection = await asked(identified);
    const identity = { subject: connection.ports.random.hash('main') };
    await connection.patch({ identity });
    connection.provider.isIdentityDown = true;
    await connection.return(await connection.logIn());
    expect(connection.counts.at(-1)).toBe('CallbacksCompleted held');
    const { login } = await connection.grant();
    const { tokens } = connection.ports;
    for (const read of ['readGrant', 'readAccess'] as const) {
      const { currentVersionId, current, pending } = await tokens[read](connectionId);
      expect(currentVersionId).not.toBe(login!.versionId);
      expect([current, pending]).toEqual([undefined, undefined]);
    }
    connection.provider.isIdentityDown = false;
    connection.later(minuteMs);
    expect((await connection.refresh()).outcome).toBe('login-recovered');
    expect(await connection.stored()).toEqual({
      refreshToken: 'CANARY-refresh-2',
      accessToken: 'CANARY-access-3',
    });
  });

  test('cannot be asked after another login was overtaken: the lease ends by itself', async () => {
    const connection = await askedAgain();
    await connection.dies(await connection.logIn(), 'moveCurrent');
    connection.provider.isIdentityDown = true;
    await connection.return(await connection.logIn());
    expect((await connection.grant()).lease).toBeDefined();
  });
});
