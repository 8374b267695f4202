import { describe, expect, test } from '@jest/globals';

import { mutants, unchanged } from './mutants.ts';
import { simulate } from './run.ts';
import { simulateWorld } from './world.ts';

test('20,000 steps break no promise', async () => {
  const { broken, steps, faults } = await simulate({ seed: 3, steps: 20_000, mutant: unchanged });
  expect(broken?.trace.slice(-30)).toBeUndefined();
  expect(steps).toBeGreaterThanOrEqual(20_000);
  expect(Object.keys(faults)).toEqual(
    expect.arrayContaining([
      'answer lost',
      'asked twice',
      'cold start',
      'event of the operator',
      'function taken over',
      'identity endpoint down',
      'killed after',
      'killed before',
      'late',
      'late tick',
      'missed tick',
      'refused',
      'repeated tick',
      'slow',
      'stale read',
      'stalled',
      'version quota',
    ]),
  );
});

test('a seed makes the same world again, to the last step', async () => {
  const lease = mutants[0]!;
  const [first, again] = [await simulateWorld(lease.seed, lease), await simulateWorld(lease.seed, lease)];
  expect(first.trace.length).toBeGreaterThan(100);
  expect(again).toEqual(first);
});

describe('within 200,000 steps it is found when', () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s', async (_name, mutant) => {
    const { broken } = await simulate({ seed: mutant.seed, steps: 200_000, mutant });
    expect(broken?.violation).toBeDefined();
    // It is the change that breaks the promise, not the seed.
    expect((await simulateWorld(broken!.seed, unchanged)).violation).toBeUndefined();
  });
});
