/** Each write of an authorization: what it changes, and when it changes nothing. */
import { describe, expect, test } from '@jest/globals';

import type { Authorization, LoginLink } from '../../core/authorization.ts';
import { minuteMs, ms } from '../helpers/core-samples.ts';
import { connectionId, OneConnection } from '../helpers/one-connection.ts';

const nowMs = ms('2026-03-02T15:00:00Z');
const offer: LoginLink = {
  connectionId,
  authorizationId: 'a',
  reason: 'requested',
  expiresAtMs: nowMs + minuteMs,
  linkHash: 'hash-1',
  executionId: 'run-1',
  taskToken: 'token-1',
};
const start = { cookieHash: 'c', codeVerifier: 'v', startedAtMs: nowMs };

async function offered() {
  const connection = await new OneConnection(nowMs).deploy();
  const { authorizations } = connection.ports;
  await authorizations.addLink(offer, nowMs);
  return { authorizations, now: async () => (await authorizations.read(connectionId, 'a'))! };
}

test('an offer, and its repeat with another link', async () => {
  const { authorizations, now } = await offered();
  const first = await now();
  expect(first).toMatchObject({
    connectionId,
    authorizationId: 'a',
    status: 'open',
    reason: 'requested',
    expiresAtMs: nowMs + minuteMs,
    openedAtMs: nowMs,
    linkHashes: ['hash-1'],
    starts: {},
    taskTokens: ['token-1'],
    executionId: 'run-1',
  });
  expect((first as unknown as { ttl: number }).ttl).toBeGreaterThan(nowMs / 1000);
  await authorizations.addStart(first, 's', start);
  const again = { ...offer, linkHash: 'hash-2', taskToken: undefined, executionId: undefined };
  const answer = await authorizations.addLink(again, nowMs + 1);
  expect(answer).toEqual(await now());
  expect(answer).toMatchObject({
    status: 'started',
    openedAtMs: nowMs,
    linkHashes: ['hash-1', 'hash-2'],
    starts: { s: start },
    taskTokens: ['token-1'],
    executionId: 'run-1',
  });
  expect(await authorizations.read(connectionId, 'b')).toBeUndefined();
});

test('another execution waits for it, if it is there', async () => {
  const { authorizations, now } = await offered();
  const wait = { taskToken: 'token-2', executionId: 'run-2' };
  const attached = await authorizations.attach(connectionId, 'a', wait);
  expect(attached).toMatchObject({ taskTokens: ['token-1', 'token-2'], executionId: 'run-2' });
  expect(attached).toEqual(await now());
  expect(await authorizations.attach(connectionId, 'b', wait)).toBeUndefined();
  expect(await authorizations.read(connectionId, 'b')).toBeUndefined();
});

describe('a start', () => {
  test.each([
    ['open', true],
    ['started', true],
    ['exchanging', true],
    ['completed', false],
    ['superseded', false],
    ['expired', false],
  ] as const)('is added to one that is %s: %s', async (status, isAdded) => {
    const { authorizations, now } = await offered();
    await authorizations.addStart(await now(), 's', start);
    if (status === 'exchanging') await authorizations.useStart(await now(), 's', nowMs, 'by');
    else if (status !== 'open') await authorizations.setStatus(connectionId, 'a', status);
    const before = await now();
    expect(await authorizations.addStart(before, 't', { ...start, cookieHash: 'd' })).toBe(isAdded);
    const after = await now();
    expect(after.starts.t).toEqual(isAdded ? { ...start, cookieHash: 'd' } : undefined);
    expect(after.status).toBe(isAdded ? 'started' : status);
  });

  test('is one of thirty: the oldest goes', async () => {
    const { authorizations, now } = await offered();
    for (let index = 0; index < 30; index += 1)
      await authorizations.addStart(await now(), `s${index}`, {
        ...start,
        startedAtMs: nowMs + ((index * 7) % 30),
      });
    expect(Object.keys((await now()).starts)).toHaveLength(30);
    await authorizations.addStart(await now(), 'newest', { ...start, startedAtMs: nowMs + 30 });
    const { starts } = await now();
    expect(Object.keys(starts)).toHaveLength(30);
    expect(starts.s0).toBeUndefined();
    expect(starts.newest).toBeDefined();
  });

  test('is one of thirty, though two were added at once', async () => {
    const { authorizations, now } = await offered();
    const at = (index: number) => ({ ...start, startedAtMs: nowMs + index });
    for (let index = 0; index < 29; index += 1)
      await authorizations.addStart(await now(), `s${index}`, at(index));
    const read = await now();
    await authorizations.addStart(read, 's29', at(29));
    await authorizations.addStart(read, 's30', at(30));
    expect(Object.keys((await now()).starts)).toHaveLength(31);
    await authorizations.addStart(await now(), 's31', at(31));
    const { starts } = await now();
    expect(Object.keys(starts)).toHaveLength(30);
    expect([starts.s0, starts.s1]).toEqual([undefined, undefined]);
  });

  test('is used once; the same callback may repeat the call', async () => {
    const { authorizations, now } = await offered();
    await authorizations.addStart(await now(), 's', start);
    expect(await authorizations.useStart(await now(), 'other', nowMs, 'by')).toBe(false);
    expect(await authorizations.useStart(await now(), 's', nowMs + 1, 'by')).toBe(true);
    expect(await now()).toMatchObject({
      status: 'exchanging',
      starts: { s: { ...start, usedAtMs: nowMs + 1, usedBy: 'by' } },
    });
    expect(await authorizations.useStart(await now(), 's', nowMs + 1, 'by')).toBe(true);
    expect(await authorizations.useStart(await now(), 's', nowMs + 2, 'another')).toBe(false);
    expect((await now()).starts.s!.usedBy).toBe('by');
  });

  test.each(['completed', 'superseded', 'expired'] as const)(
    'of one that is %s does not reopen it',
    async (status) => {
      const { authorizations, now } = await offered();
      await authorizations.addStart(await now(), 's', start);
      await authorizations.setStatus(connectionId, 'a', status);
      expect(await authorizations.useStart(await now(), 's', nowMs, 'by')).toBe(true);
      expect(await now()).toMatchObject({ status, starts: { s: { usedBy: 'by' } } });
    },
  );

  test('is marked as noted, if it is there', async () => {
    const { authorizations, now } = await offered();
    await authorizations.addStart(await now(), 's', start);
    await authorizations.noteStart(await now(), 's', 'issuerNotedAtMs', nowMs + 1);
    await authorizations.noteStart(await now(), 'other', 'issuerNotedAtMs', nowMs + 1);
    expect((await now()).starts).toEqual({ s: { ...start, issuerNotedAtMs: nowMs + 1 } });
  });
});

describe('from a status', () => {
  const all = ['open', 'started', 'exchanging', 'completed', 'superseded', 'expired'] as const;
  const reached: Record<
    'started' | 'completed' | 'superseded' | 'expired',
    readonly Authorization['status'][]
  > = {
    started: ['open', 'started', 'exchanging'],
    completed: all,
    superseded: ['open', 'started', 'exchanging', 'superseded', 'expired'],
    expired: ['open', 'started', 'exchanging', 'superseded', 'expired'],
  };
  const pairs = (['started', 'completed', 'superseded', 'expired'] as const).flatMap((to) =>
    all.map((from) => [from, to] as const),
  );

  test.each(pairs)('%s to %s', async (from, to) => {
    const { authorizations, now } = await offered();
    if (from === 'exchanging') {
      await authorizations.addStart(await now(), 's', start);
      await authorizations.useStart(await now(), 's', nowMs, 'by');
    } else if (from !== 'open') await authorizations.setStatus(connectionId, 'a', from);
    const moved = await authorizations.setStatus(connectionId, 'a', to);
    expect(moved?.status).toBe(reached[to].includes(from) ? to : undefined);
    expect((await now()).status).toBe(reached[to].includes(from) ? to : from);
  });

  test.each(['started', 'completed', 'expired'] as const)('of none to %s', async (status) => {
    const { authorizations } = await offered();
    expect(await authorizations.setStatus(connectionId, 'b', status)).toBeUndefined();
    expect(await authorizations.read(connectionId, 'b')).toBeUndefined();
  });
});
