/** `refresh-tokens` while the account of a login cannot be checked. */
import { expect, test } from '@jest/globals';

import type { TokenAnswer } from '../../../core/token-answer.ts';
import { Secret } from '../../../core/secret.ts';
import { loggedIn, minuteMs, ms, schwab } from '../../helpers/core-samples.ts';
import { firstTokens, KeptGrant } from '../../helpers/kept-grant.ts';

const loginMs = ms('2026-01-05T12:00:00Z');
const tokensOf = (name: string) => ({
  accessToken: new Secret(`access-${name}`),
  tokenType: 'Bearer',
  expiresInSeconds: 1800,
  refreshToken: new Secret(`refresh-${name}`),
});

/** A grant that works, and a login beside it that is held. */
async function heldBeside(refresh: (refreshToken: string) => TokenAnswer) {
  const asked: string[] = [];
  const { provider } = schwab;
  const kept = new KeptGrant(
    { ...schwab, provider: { ...provider, loginEndsPreviousGrant: false } },
    {
      refresh: async (_provider, _client, refreshToken) => {
        asked.push(refreshToken.reveal());
        return refresh(refreshToken.reveal());
      },
      identify: async () => ({ kind: 'unavailable', error: 'HTTP 503' }),
    },
    loginMs,
  );
  kept.logIn(firstTokens(1800));
  kept.grant = { ...kept.grant, identity: { subject: 'dana' } };
  await kept.holdTokens(tokensOf('held'));
  return { kept, asked };
}

test('a provider that doubts the tokens of a held login does not keep the grant before it from being refreshed', async () => {
  const { kept, asked } = await heldBeside((refreshToken) =>
    refreshToken === 'refresh-held'
      ? { kind: 'refused', refusal: 'grant-doubted', error: 'invalid_grant' }
      : { kind: 'tokens', tokens: { ...tokensOf('2'), refreshToken: undefined } },
  );
  kept.nowMs = loginMs + 35 * minuteMs;
  await kept.check();
  expect(asked).toEqual(['refresh-held', 'refresh-1']);
  expect(kept.access.token).toBe('access-2');
});

test('of a held login, doubt that comes again at a later check is believed', async () => {
  const { kept } = await heldBeside((refreshToken) =>
    refreshToken === 'refresh-held'
      ? { kind: 'refused', refusal: 'grant-doubted', error: 'invalid_grant' }
      : { kind: 'refused', refusal: 'unavailable', error: 'HTTP 503' },
  );
  kept.nowMs = loginMs + 35 * minuteMs;
  expect((await kept.check()).outcome).toBe('TokenEndpointUnavailableError');
  expect(kept.grant.login).toMatchObject({ tokensHeld: true });
  kept.nowMs += 10 * minuteMs;
  expect((await kept.check()).outcome).toBe('login-lost');
  expect(kept.grant.login).toBeUndefined();
});

test('credentials that are refused for a held login are told by their own name', async () => {
  const { kept, asked } = await heldBeside(() => ({
    kind: 'refused',
    refusal: 'client-rejected',
    error: 'invalid_client',
  }));
  kept.nowMs = loginMs + 35 * minuteMs;
  expect((await kept.check()).outcome).toBe('ClientRejectedError');
  expect(asked).toEqual(['refresh-held', 'refresh-1']);
});

test('an outage of the identity endpoint does not use up the room that the grant before it needs', async () => {
  const { kept } = await heldBeside(() => ({
    kind: 'tokens',
    tokens: { ...tokensOf('2'), refreshToken: undefined },
  }));
  for (let tick = 1; tick <= 116; tick += 1) {
    kept.nowMs = loginMs + tick * 25 * minuteMs;
    expect((await kept.check()).outcome).toBe('TokenEndpointUnavailableError');
    expect(Date.parse(kept.access.expiresAt)).toBeGreaterThan(kept.nowMs);
  }
  expect(kept.grant.login).toMatchObject({ tokensHeld: true });
});

test.each([
  [false, []],
  [true, ['refresh-held']],
])(
  'the first version of a secret, which AWS makes current at once, is not used before its account is checked (killed: %s)',
  async (isKilled, askedToCheck) => {
    const asked: string[] = [];
    const kept = new KeptGrant(
      schwab,
      {
        refresh: async (_provider, _client, refreshToken) => {
          asked.push(refreshToken.reveal());
          return { kind: 'tokens', tokens: tokensOf('2') };
        },
        identify: async () => ({ kind: 'identity', identity: { subject: 'somebody-else' } }),
      },
      loginMs,
    );
    kept.grant = { ...loggedIn(loginMs), identity: { subject: 'dana' } };
    if (isKilled) kept.dieAtEmptying();
    await kept.holdTokens(tokensOf('held')).catch(() => undefined);
    if (!isKilled) expect(kept.accessSecret.read().current?.accessToken).toBeUndefined();
    kept.nowMs += 2 * minuteMs;
    expect((await kept.check()).outcome).toBe('IdentityError');
    kept.nowMs += 25 * minuteMs;
    expect((await kept.check()).outcome).toBe('ConfigurationError');
    expect(asked).toEqual(askedToCheck);
  },
);

test('a held login that was checked is refreshed as any other', async () => {
  const kept = new KeptGrant(
    schwab,
    {
      refresh: async () => ({ kind: 'tokens', tokens: { ...tokensOf('2'), refreshToken: undefined } }),
      identify: async () => ({ kind: 'identity', identity: {} }),
    },
    loginMs,
  );
  kept.logIn(firstTokens(1800));
  kept.nowMs += minuteMs;
  await kept.holdTokens(tokensOf('held'));
  expect((await kept.check()).outcome).toBe('login-recovered');
  expect(kept.refreshToken).toBe('refresh-held');
  kept.grant = { ...kept.grant, login: undefined, unrecordedLogins: undefined };
  kept.nowMs += 25 * minuteMs;
  expect((await kept.check()).outcome).toBe('refreshed');
  expect(kept.access.token).toBe('access-2');
});
