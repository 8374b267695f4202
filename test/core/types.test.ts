/** Modules of types need no tests of their own. Loading them shows the coverage check that they have no code. */
import { expect, test } from '@jest/globals';

test.each(['authorization', 'execution-request', 'action-refusal', 'stored-tokens'])(
  'core/%s.ts has only types',
  async (name) => {
    expect(Object.keys((await import(`../../core/${name}.ts`)) as object)).toEqual([]);
  },
);
