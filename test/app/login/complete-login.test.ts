import { expect, test } from '@jest/globals';

import { completeLogin } from '../../../app/login/complete-login.ts';
import { minuteMs, ms } from '../../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../../helpers/one-connection.ts';

const nowMs = ms('2026-03-02T15:00:00Z');

test('a completed login resumes the executions that wait for it or for another link', async () => {
  const connection = await new OneConnection(nowMs).deploy();
  const { authorizations, random } = connection.ports;
  const offer = (authorizationId: string, change = {}) =>
    authorizations.addLink(
      {
        connectionId,
        authorizationId,
        reason: 'requested',
        expiresAtMs: nowMs + minuteMs,
        linkHash: random.hash('x'),
        executionId: `run of ${authorizationId}`,
        taskToken: `token of ${authorizationId}`,
        ...change,
      },
      nowMs,
    );
  for (const each of ['done', 'open', 'old']) await offer(each);
  await offer('bare', { executionId: undefined, taskToken: undefined });
  const login = { versionId: 'v1', authorizationId: 'done', atMs: nowMs };
  const open = { authorizationId: 'open', reason: 'reminder', expiresAtMs: nowMs + minuteMs } as const;
  const supersedes = [
    { authorizationId: 'old', expiresAtMs: nowMs },
    { authorizationId: 'done', expiresAtMs: nowMs },
  ];
  await connection.patch({ login });
  await completeLogin(connectionId, { ...login, closed: { ...open, supersedes } }, connection.ports);
  expect(connection.resumed).toHaveLength(3);
  expect(connection.resumed).toEqual(
    expect.arrayContaining([
      { taskToken: 'token of done', resumption: { outcome: 'completed', done: [] } },
      { taskToken: 'token of open', resumption: { outcome: 'superseded', done: [] } },
      { taskToken: 'token of old', resumption: { outcome: 'superseded', done: [] } },
    ]),
  );
  const statusOf = async (id: string) => (await authorizations.read(connectionId, id))!.status;
  expect([await statusOf('done'), await statusOf('open'), await statusOf('old')]).toEqual([
    'completed',
    'superseded',
    'expired',
  ]);
  expect(connection.happened('completed')).toEqual([{ authorizationId: 'done', executionId: 'run of done' }]);
  expect(await connection.grant()).not.toHaveProperty('login');
  await completeLogin(connectionId, { ...login, authorizationId: 'bare' }, connection.ports);
  await completeLogin(connectionId, { ...login, authorizationId: 'gone', closed: null }, connection.ports);
  expect(connection.happened('completed')).toContainEqual({ authorizationId: 'bare' });
  expect(connection.happened('completed')).toContainEqual({ authorizationId: 'gone' });
  expect(connection.resumed).toHaveLength(3);
});
