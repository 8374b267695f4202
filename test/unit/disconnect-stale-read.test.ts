import { expect, test } from '@jest/globals';

import { systemRandom } from '../../adapters/system.ts';
import type { Grant } from '../../core/grant.ts';
import type { GrantSecret } from '../../core/ports.ts';
import { Secret } from '../../core/secret.ts';
import { disconnectGrant } from '../../functions/disconnect-grant/disconnect-grant.ts';
import { iso, loggedIn, ms, schwab } from '../helpers/core-samples.ts';
import { client } from '../helpers/kept-grant.ts';

const nowMs = ms('2026-01-05T12:00:00Z');
const settings = {
  ...schwab,
  provider: { ...schwab.provider, revocationEndpoint: 'https://provider.example.com/revoke' },
};
const version = (versionId: string): GrantSecret => ({
  versionId,
  refreshToken: new Secret(`refresh token of ${versionId}`),
  obtainedAt: iso(nowMs),
  authorizedAt: iso(nowMs),
});

/** @returns the tokens that were given back, where a read of what is current shows this version */
async function disconnect(shown: string, recorded: string): Promise<string[]> {
  const revoked: string[] = [];
  const grant: Grant = { ...loggedIn(nowMs), grantVersionId: recorded };
  await disconnectGrant(
    {
      ask: { connectionId: 'schwab-main', trigger: 'operator', force: 'disconnect' },
      done: [],
      retryCount: 0,
      entry: 1,
      executionId: 'execution',
      executionStartedAt: iso(nowMs),
    },
    {
      grants: {
        read: async () => ({ settings, grant }),
        beginDisconnection: async () => grant,
        recordRevocation: async () => true,
        recordDisconnected: async () => true,
        releaseLease: async () => undefined,
        endLogin: async () => undefined,
      },
      authorizations: { setStatus: async () => undefined },
      tokens: {
        readGrant: async () => ({ currentVersionId: shown, current: version(shown) }),
        readGrantVersion: async (_connectionId, versionId) => version(versionId),
        readAccess: async () => ({}),
        empty: async () => undefined,
      },
      clients: { read: async () => client },
      revocationEndpoint: {
        revoke: async (_provider, _client, token) => {
          revoked.push(token.reveal());
          return 'revoked';
        },
      },
      workflow: { resume: async () => undefined },
      incidents: { end: async () => [] },
      events: { record: async () => undefined },
      clock: { nowMs: () => nowMs },
      random: systemRandom,
    },
  );
  return revoked;
}

test('the version that the record names is given back, too, where a read shows an older one', async () => {
  expect(await disconnect('old', 'new')).toEqual(['refresh token of old', 'refresh token of new']);
});

test('what is current is given back once', async () => {
  expect(await disconnect('new', 'new')).toEqual(['refresh token of new']);
});
