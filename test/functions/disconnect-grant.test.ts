import { expect, test } from '@jest/globals';

import type { RevocationEndpoint } from '../../core/ports.ts';
import { presets } from '../../core/provider.ts';
import { minuteMs, ms } from '../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../helpers/one-connection.ts';

test.each([
  [
    'the version that the record names is revoked, too, where a read shows an older one',
    true,
    ['CANARY-refresh-2', 'CANARY-refresh-4'],
  ],
  ['what is current is given back once', false, ['CANARY-refresh-4']],
])('%s', async (_what, isStale, expected) => {
  const provider = { ...presets.schwab!, revocationEndpoint: 'https://provider.example.com/revoke' };
  const connection = await new OneConnection(ms('2026-01-05T12:00:00Z'), {}, { provider }).connect();
  const { tokens } = connection.ports;
  const older = await tokens.readGrant(connectionId);
  connection.later(25 * minuteMs);
  await connection.refresh();
  const revoked: string[] = [];
  const revoke: RevocationEndpoint['revoke'] = async (_provider, _client, token, type) => {
    if (type === 'refresh_token') revoked.push(token.reveal());
    return 'revoked';
  };
  const readGrant = async () => (isStale ? older : tokens.readGrant(connectionId));
  const changes = { tokens: { readGrant }, revocationEndpoint: { revoke } };
  expect((await connection.with(changes, () => connection.disconnect())).outcome).toBe('disconnected');
  expect(revoked).toEqual(expected);
});

test('the versions that empty the secrets are noted, and those of more than a day ago forgotten', async () => {
  const connection = await new OneConnection(ms('2026-01-05T12:00:00Z')).connect();
  const dayMs = 24 * 3600 * 1000;
  await connection.patch({ otherWritesAtMs: [connection.nowMs - dayMs, connection.nowMs - dayMs + 1] });
  await connection.disconnect();
  expect((await connection.grant()).otherWritesAtMs).toEqual([
    connection.nowMs - dayMs + 1,
    connection.nowMs,
    connection.nowMs,
  ]);
});
