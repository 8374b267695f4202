import { expect, test } from '@jest/globals';

import type { EnvironmentOf } from '../../infra/environment.ts';

test('the compiler refuses an environment that differs from the contract', () => {
  const exact: EnvironmentOf<'take-action'> = { TABLE_NAME: 'table', STATE_MACHINE_ARN: 'arn:' };
  // @ts-expect-error: STATE_MACHINE_ARN is missing.
  const missing: EnvironmentOf<'take-action'> = { TABLE_NAME: 'table' };
  // @ts-expect-error: the contract doesn't name SECRET_PREFIX.
  const surplus: EnvironmentOf<'take-action'> = { ...exact, SECRET_PREFIX: 'prefix' };
  expect([missing, surplus]).toHaveLength(2);
});
