/** A check that completes a login gives the replaced grant back. */
import { expect, test } from '@jest/globals';

import { newGrant } from '../../../core/grant.ts';
import type { GrantSecret } from '../../../core/stored-tokens.ts';
import { Secret } from '../../../core/secret.ts';
import type { RecoverLoginPorts } from '../../../app/login/recover-login.ts';
import { recoverLogin } from '../../../app/login/recover-login.ts';
import { client } from '../../helpers/kept-grant.ts';

const settings = {
  connectionId: 'demo-main',
  provider: { revocationEndpoint: 'https://login.example.net/revoke', revocationEnds: 'login' },
  clientSecretName: 'client',
} as unknown as Parameters<typeof recoverLogin>[0];

/** Completes a login that nobody but a check can complete; answers which refresh tokens were revoked. */
async function revokedBy(authorizationId: string): Promise<string[]> {
  const login = { versionId: 'new', authorizationId, atMs: 0 };
  const record = { ...newGrant, login, unrecordedLogins: ['new'], fencingNumber: 1 };
  const secretOf = (versionId: string, token: string, obtainedAt: string): GrantSecret => ({
    versionId,
    refreshToken: new Secret(token),
    obtainedAt,
    authorizedAt: '2026-01-05T12:00:00.000Z',
  });
  const current = secretOf('old', 'refresh-1', '2026-01-05T12:00:00.000Z');
  const newest = secretOf('new', 'refresh-2', '2026-01-05T13:00:00.000Z');
  const nothing = async () => undefined;
  const revoked: string[] = [];
  const ports = {
    grants: {
      read: async () => ({ settings, grant: record }),
      recordTokens: async () => ({ ...record, login: { ...login, closed: {} } }),
      endLogin: nothing,
    },
    authorizations: { setStatus: nothing },
    tokens: {
      readGrant: async () => ({ currentVersionId: 'old', current }),
      readGrantVersion: async () => newest,
      readAccess: async () => ({}),
      moveCurrent: async () => true,
    },
    clients: { read: async () => client },
    revocationEndpoint: {
      revoke: async (_provider: unknown, _client: unknown, token: Secret) => {
        revoked.push(token.reveal());
        return 'revoked';
      },
    },
    workflow: { resume: nothing },
    events: { record: nothing },
    clock: { nowMs: () => 0 },
  } as unknown as RecoverLoginPorts;
  expect(await recoverLogin(settings, record, { isBegun: false }, ports)).toBe('login-recovered');
  return revoked;
}

test('the token of another login is revoked; what an import replaces is not, for it may be of that very login', async () => {
  expect(await revokedBy('an-authorization')).toEqual(['refresh-1']);
  expect(await revokedBy('import')).toEqual([]);
});
