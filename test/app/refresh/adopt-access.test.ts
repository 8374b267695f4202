/** Which access token a refresh goes on with, where one is pending. */
import { expect, test } from '@jest/globals';

import type { AccessSecret, GrantSecret } from '../../../core/stored-tokens.ts';
import type { Tokens } from '../../../core/ports.ts';
import { adoptAccess } from '../../../app/refresh/adopt.ts';
import { iso, ms } from '../../helpers/core-samples.ts';

const atMs = ms('2026-03-02T15:00:00Z');
const grant = { versionId: 'g' } as GrantSecret;
const access = (versionId: string, obtainedAtMs: number, derivedFrom = 'g') =>
  ({ versionId, obtainedAt: iso(obtainedAtMs), derivedFrom }) as AccessSecret;
const current = access('a1', atMs);

test.each([
  ['newer', current, access('a2', atMs + 1), 'a2'],
  ['as old', current, access('a2', atMs), 'a1'],
  ['older', current, access('a2', atMs - 1), 'a1'],
  ['of another grant', current, access('a2', atMs + 1, 'other'), 'a1'],
  ['the only one', undefined, access('a2', atMs), 'a2'],
  ['not there', current, undefined, 'a1'],
])('a pending access token that is %s', async (_which, now, pending, expected) => {
  const moves: unknown[] = [];
  const tokens = { moveCurrent: async (...given: unknown[]) => moves.push(given) } as unknown as Tokens;
  const found = { currentVersionId: 'a1', current: now, pending };
  const adopted = await adoptAccess('main', found, grant, tokens);
  expect(adopted.current?.versionId).toBe(expected);
  expect(moves).toEqual(expected === 'a2' ? [['main', 'access', 'a1', 'a2']] : []);
});

test('a pending access token that somebody else has overtaken: what is current then', async () => {
  const theirs = { currentVersionId: 'a3', current: access('a3', atMs + 2), pending: undefined };
  const tokens = { moveCurrent: async () => false, readAccess: async () => theirs } as unknown as Tokens;
  const found = { currentVersionId: 'a1', current, pending: access('a2', atMs + 1) };
  expect(await adoptAccess('main', found, grant, tokens)).toBe(theirs);
});
