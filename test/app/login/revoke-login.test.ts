import { describe, expect, test } from '@jest/globals';

import { revokeLogin, revokeReplaced } from '../../../app/login/revoke-login.ts';
import { presets } from '../../../core/provider.ts';
import { Secret } from '../../../core/secret.ts';
import type { RevocationAnswer } from '../../../core/token-answer.ts';

describe('tokens that nobody uses are revoked', () => {
  const client = { clientId: 'c', clientSecret: new Secret('s') };
  const revoking = {
    ...presets.schwab!,
    loginEndsPreviousGrant: false,
    revocationEndpoint: 'https://provider.example.com/revoke',
    revocationEnds: 'login',
  } as const;
  const asking = (...answers: RevocationAnswer[]) => {
    const asked: string[] = [];
    const revoke = async (_provider: unknown, _client: unknown, token: Secret, type: string) => {
      asked.push(`${type} ${token.reveal()}`);
      return answers[asked.length - 1]!;
    };
    return { asked, endpoint: { revoke } };
  };
  const both = { refreshToken: new Secret('r'), accessToken: new Secret('a') };

  test.each<[RevocationAnswer[], string]>([
    [['revoked', 'revoked'], 'revoked'],
    [['revoked', 'unavailable'], 'unanswered'],
    [['refused', 'unavailable'], 'unanswered'],
    [['revoked', 'refused'], 'refused'],
    [['not-offered', 'revoked'], 'revoked'],
    [['not-offered', 'not-offered'], 'not-offered'],
  ])('answered %j it is %s', async (answers, revocation) => {
    const { asked, endpoint } = asking(...answers);
    expect(await revokeLogin(revoking, client, both, endpoint)).toBe(revocation);
    expect(asked).toEqual(['refresh_token r', 'access_token a']);
  });

  test('an access token alone', async () => {
    const { asked, endpoint } = asking('revoked');
    await revokeLogin(revoking, client, { accessToken: new Secret('a') }, endpoint);
    expect(asked).toEqual(['access_token a']);
  });

  test.each([
    ['which offers none', { revocationEndpoint: undefined }, 'not-offered'],
    ['whose metadata may offer one', { revocationEndpoint: undefined, metadata: 'openid' }, 'revoked'],
    ['where more than the login could end', { revocationEnds: undefined }, 'not-allowed'],
  ])('to a provider %s', async (_which, change, revocation) => {
    const { endpoint } = asking('revoked', 'revoked');
    const provider = { ...revoking, ...change } as unknown as typeof revoking;
    expect(await revokeLogin(provider, client, both, endpoint)).toBe(revocation);
  });

  test.each([
    ['that a login replaced', ['old'], {}, ['refresh_token old']],
    [
      'of all logins that it replaced',
      ['old', 'new', 'held'],
      {},
      ['refresh_token old', 'refresh_token held'],
    ],
    ['unless there was none', [], {}, []],
    ['unless the login itself has ended it', ['old'], { loginEndsPreviousGrant: true }, []],
    ['unless it is the same', ['new'], {}, []],
  ])('%s', async (_which, replaced, change, expected) => {
    const { asked, endpoint } = asking('revoked', 'revoked');
    const provider = { ...revoking, ...change };
    const grants = replaced.map((token) => ({
      versionId: token,
      refreshToken: new Secret(token),
      obtainedAt: '2026-01-05T12:00:00.000Z',
      authorizedAt: '2026-01-05T12:00:00.000Z',
    }));
    const revocation = await revokeReplaced(provider, client, grants, new Secret('new'), endpoint);
    expect(revocation).toBe(expected.length > 0 ? 'revoked' : undefined);
    expect(asked).toEqual(expected);
  });
});
