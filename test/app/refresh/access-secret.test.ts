import { expect, test } from '@jest/globals';

import { accessSecretOf } from '../../../app/refresh/access-secret.ts';
import { Secret } from '../../../core/secret.ts';
import { iso, ms, schwab } from '../../helpers/core-samples.ts';

const nowMs = ms('2026-03-02T15:00:00Z');
const tokenSet = { accessToken: new Secret('access-new'), tokenType: 'Bearer', expiresInSeconds: 60 };

test('an access token lives as long as its answer says, or else as the provider’s data say', () => {
  const random = { uuid: () => 'v3', secret: () => '', hash: () => '' };
  const grant = { versionId: 'v1', authorizedAt: iso(nowMs) };
  const of = (change: object, limits: object = schwab.provider.limits) =>
    accessSecretOf(
      { ...schwab, provider: { ...schwab.provider, limits } },
      { ...tokenSet, ...change },
      nowMs,
      grant,
      random,
    );
  expect(of({}).expiresAt).toBe('2026-03-02T15:01:00.000Z');
  expect(of({ expiresInSeconds: undefined }).expiresAt).toBe('2026-03-02T15:30:00.000Z');
  expect(of({}).deadline).toBe('2026-03-09T15:00:00.000Z');
  expect(of({}, {}).deadline).toBeUndefined();
});
