/** A refresh whose refresh token the provider rejects. */
import { describe, expect, test } from '@jest/globals';

import type { StepInput } from '../../../app/checks/step.ts';
import { earlyRejection } from '../../../app/refresh/rejected-refresh-token.ts';
import type { Grant, Login } from '../../../core/grant.ts';
import { newGrant } from '../../../core/grant.ts';
import { Secret } from '../../../core/secret.ts';
import type { TokenAnswer } from '../../../core/token-answer.ts';
import { dayMs, hourMs, iso, minuteMs, ms, schwab } from '../../helpers/core-samples.ts';
import { firstTokens, KeptGrant } from '../../helpers/kept-grant.ts';

const loginMs = ms('2026-01-05T12:00:00Z');
const grant: Grant = { ...newGrant, status: 'active', authorizedAtMs: loginMs, refreshedAtMs: loginMs };
const scheduled: StepInput['request'] = { connectionId: 'schwab-main', trigger: 'schedule' };
const notified = (request: StepInput['request'], nowMs: number, settings = schwab) =>
  earlyRejection(settings, grant, request, { error: 'invalid_grant', description: 'reused' }, nowMs);

test('the alert has the provider’s words and the time of the deadline', () => {
  expect(notified(scheduled, loginMs + dayMs)).toMatchObject({
    name: 'EarlyRejectionError',
    message:
      'Charles Schwab rejected the refresh token of schwab-main (invalid_grant: “reused”), and its end is due at 2026-01-12T12:00:00.000Z. Its owner is asked to log in again.',
  });
  const endless = { ...schwab, provider: { ...schwab.provider, limits: {} } };
  expect(notified(scheduled, loginMs + dayMs, endless)?.message).toContain(
    'and it has no end that is known.',
  );
  expect(notified(scheduled, loginMs + 7 * dayMs - hourMs)).toBeUndefined();
});

test('a login in progress, or one refused a moment ago, may have ended the grant, so there is no alert', () => {
  const begun = (startedAtMs: number, settings = schwab) => {
    const authorization = { authorizationId: 'a', reason: 'requested', expiresAtMs: 0, startedAtMs } as const;
    const answer = { error: 'invalid_grant' };
    return earlyRejection(settings, { ...grant, authorization }, scheduled, answer, loginMs + dayMs);
  };
  expect(begun(loginMs + dayMs - 15 * minuteMs + 1)).toBeUndefined();
  expect(begun(loginMs + dayMs - 15 * minuteMs)).toBeDefined();
  const { loginEndsPreviousGrant: _ends, ...provider } = schwab.provider;
  expect(begun(loginMs + dayMs, { ...schwab, provider })).toBeDefined();

  expect(notified({ ...scheduled, trigger: 'link', force: 'refresh' }, loginMs + dayMs)).toBeUndefined();
  expect(notified({ ...scheduled, trigger: 'link' }, loginMs + dayMs)).toBeDefined();
  expect(notified({ ...scheduled, trigger: 'operator', force: 'refresh' }, loginMs + dayMs)).toBeDefined();
});

// When the provider refuses the refresh token, the function reads the stored tokens again. The fencing number protects from
// nearly the same fault, so the simulation can't notice that one of the two is missing (docs/decisions/0013). These tests
// have no fencing.

/** The time of the refresh: at the tick. */
const refreshMs = loginMs + 25 * minuteMs;

/** A refresh that the provider refuses, and what happens between request and answer. */
async function refusedRefresh(meanwhile: (kept: KeptGrant) => void) {
  const kept: KeptGrant = new KeptGrant(
    schwab,
    {
      refresh: async () => {
        meanwhile(kept);
        return { kind: 'refused', refusal: 'grant-rejected', error: 'invalid_grant' };
      },
    },
    loginMs,
  );
  kept.logIn(firstTokens(1800));
  kept.nowMs = refreshMs;
  const { outcome } = await kept.check();
  return { outcome, status: kept.grant.status };
}

const loginBegunAt = (atMs: number): Login => ({
  versionId: '11111111-2222-4333-8444-555555555555',
  authorizationId: 'other',
  atMs,
});

test('a refused refresh token is the end of the grant, where nobody else has done anything', async () => {
  expect(await refusedRefresh(() => undefined)).toEqual({ outcome: 'rejected', status: 'rejected' });
});

test('a refused refresh token does not end the grant if another one has become current', async () => {
  const replaced = await refusedRefresh((kept) =>
    kept.grantSecret.putCurrent({
      versionId: '11111111-2222-4333-8444-555555555555',
      refreshToken: new Secret('refresh-2'),
      obtainedAt: iso(refreshMs),
      authorizedAt: iso(refreshMs),
    }),
  );
  expect(replaced).toEqual({ outcome: 'dropped', status: 'active' });
});

test.each([
  [0, 'dropped', 'active'],
  [89_999, 'dropped', 'active'],
  [90_000, 'rejected', 'rejected'],
])(
  'a login that began %i ms ago and has stored nothing yet: the refused refresh is %s',
  async (agoMs, outcome, status) => {
    const begun = await refusedRefresh((kept) => {
      kept.grant = { ...kept.grant, login: loginBegunAt(refreshMs - agoMs) };
    });
    expect(begun).toEqual({ outcome, status });
  },
);

test('a login whose tokens are recorded does not save what was refused', async () => {
  const recorded = await refusedRefresh((kept) => {
    kept.grant = { ...kept.grant, login: { ...loginBegunAt(refreshMs), closed: null } };
  });
  expect(recorded).toEqual({ outcome: 'rejected', status: 'rejected' });
});

describe('a rejection under a status that says the server is not well', () => {
  const doubted: TokenAnswer = { kind: 'refused', refusal: 'grant-doubted', error: 'invalid_grant' };
  /** A refresh at each of these minutes after the login, with the answers in turn. */
  async function refreshes(at: readonly (readonly [number, TokenAnswer])[]) {
    const answers = at.map(([, answer]) => answer);
    const kept = new KeptGrant(schwab, { refresh: async () => answers.shift()! }, loginMs);
    kept.logIn(firstTokens(1800));
    const outcomes: unknown[] = [];
    for (const [minutes] of at) {
      kept.nowMs = loginMs + minutes * minuteMs;
      const { outcome } = await kept.check();
      outcomes.push([outcome, kept.grant.status, kept.grant.doubtedAtMs]);
    }
    return outcomes;
  }

  test('is an outage at first, and believed when a check ten minutes later hears it again', async () => {
    const firstMs = loginMs + 25 * minuteMs;
    expect(
      await refreshes([
        [25, doubted],
        [26, doubted],
        [34.99, doubted],
        [35, doubted],
      ]),
    ).toEqual([
      ['TokenEndpointUnavailableError', 'active', firstMs],
      ['TokenEndpointUnavailableError', 'active', firstMs],
      ['TokenEndpointUnavailableError', 'active', firstMs],
      ['rejected', 'rejected', firstMs],
    ]);
  });

  test('is forgotten by a success', async () => {
    const outcomes = await refreshes([
      [25, doubted],
      [26, { kind: 'tokens', tokens: firstTokens(1800) }],
      [60, doubted],
    ]);
    expect(outcomes).toEqual([
      ['TokenEndpointUnavailableError', 'active', loginMs + 25 * minuteMs],
      ['refreshed', 'active', undefined],
      ['TokenEndpointUnavailableError', 'active', loginMs + 60 * minuteMs],
    ]);
  });
});

test('a refused refresh token is not the end, where a newer version appears that could not be read before', async () => {
  const stored = await refusedRefresh((kept) => {
    const { versionId } = kept.grantSecret.read().current!;
    kept.grantSecret.put({
      versionId: '11111111-2222-4333-8444-555555555555',
      refreshToken: new Secret('refresh-2'),
      obtainedAt: iso(refreshMs),
      authorizedAt: iso(loginMs),
      derivedFrom: versionId,
    });
  });
  expect(stored).toEqual({ outcome: 'StoreUnavailableError', status: 'active' });
});
