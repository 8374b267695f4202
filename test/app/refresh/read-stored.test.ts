import { describe, expect, test } from '@jest/globals';

import type { Stored } from '../../../app/refresh/read-stored.ts';
import { asRecorded, requireCurrent } from '../../../app/refresh/read-stored.ts';
import type { Grant } from '../../../core/grant.ts';
import { newGrant } from '../../../core/grant.ts';
import type { AccessSecret, GrantSecret } from '../../../core/stored-tokens.ts';
import { iso, minuteMs, ms } from '../../helpers/core-samples.ts';

const nowMs = ms('2026-03-02T15:00:00Z');
const [v1, v2, v3] = ['v1', 'v2', 'v3'] as const;
const connectionId = 'main';

describe('a read of a secret is older than the record', () => {
  const record: Grant = {
    ...newGrant,
    grantVersionId: v2,
    grantObtainedAtMs: nowMs,
    accessVersionId: v2,
    refreshedAtMs: nowMs,
  };
  const of = (versionId: string | undefined, obtainedAtMs?: number, derivedFrom?: string) => ({
    currentVersionId: versionId,
    ...(obtainedAtMs !== undefined && {
      current: { versionId, obtainedAt: iso(obtainedAtMs), derivedFrom } as unknown as GrantSecret &
        AccessSecret,
    }),
  });
  const good = of(v2, nowMs);
  type Found = ReturnType<typeof of>;

  test.each<[string, 'grant' | 'access', Found, Partial<Grant>, number, boolean]>([
    ['the recorded one', 'grant', of(v2, nowMs - 1), {}, 0, false],
    ['an older one', 'grant', of(v1, nowMs - 1), {}, 0, true],
    ['an older one, long after', 'grant', of(v1, nowMs - 1), {}, 60 * minuteMs, true],
    ['one as old', 'grant', of(v1, nowMs), {}, 0, false],
    ['one that was refreshed from the recorded one', 'grant', of(v1, nowMs - 1, v2), {}, 0, false],
    ['one that was refreshed from another one', 'grant', of(v1, nowMs - 1, v3), {}, 0, true],
    ['one that nobody recorded', 'grant', of(v1, nowMs - 1), { grantVersionId: undefined }, 0, false],
    ['one without a time', 'grant', of(v1), {}, 0, false],
    ['none', 'grant', of(undefined), {}, 5 * minuteMs - 1, true],
    ['none, five minutes after', 'grant', of(undefined), {}, 5 * minuteMs, false],
    ['none, and none is recorded', 'grant', of(undefined), { grantVersionId: undefined }, 0, false],
    ['none, and no time is recorded', 'grant', of(undefined), { grantObtainedAtMs: undefined }, 0, false],
    ['the recorded access token', 'access', of(v2, nowMs - 1), {}, 0, false],
    ['an older access token', 'access', of(v1, nowMs - 1), {}, 5 * minuteMs - 1, true],
    ['an older access token, five minutes after', 'access', of(v1, nowMs - 1), {}, 5 * minuteMs, false],
    ['an older access token of the recorded grant', 'access', of(v1, nowMs - 1, v2), {}, 0, true],
    [
      'an older access token, and no time is recorded',
      'access',
      of(v1, nowMs - 1),
      { refreshedAtMs: undefined },
      0,
      false,
    ],
  ])('where it shows %s (%s)', (_what, secret, found, change, afterMs, isStale) => {
    const stored: Stored = { grant: good, access: good, [secret]: found };
    const then = { ...record, ...change };
    const look = () => requireCurrent(connectionId, stored, then, nowMs + afterMs);
    if (isStale)
      expect(look).toThrow(
        `Secrets Manager shows a version of the ${secret} secret of main that is older than ${v2}, which the record names.`,
      );
    else expect(look).not.toThrow();
    expect(asRecorded(stored, then, nowMs + afterMs)).toEqual({
      ...stored,
      ...(isStale && { [secret]: { currentVersionId: v2 } }),
    });
  });
});
