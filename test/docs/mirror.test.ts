import { existsSync, globSync } from 'node:fs';

import { expect, test } from '@jest/globals';

/** Tests of the tests' own samples, and of files without code. */
const ofNoSource = ['core/shares', 'core/types'];

test('each unit test has the path of its source', () => {
  const tests = globSync('{core,app,adapters,functions,statemachines}/**/*.test.ts', { cwd: 'test' });
  const paths = tests.map((file) => file.replace('.test.ts', ''));
  const hasSource = (path: string) =>
    [`${path}.ts`, path.replace(/^functions\/(.*)$/, 'functions/$1/$1.ts'), `${path}.asl.json`].some(
      existsSync,
    );
  expect(paths.length).toBeGreaterThan(40);
  expect(paths.filter((path) => !hasSource(path)).toSorted()).toEqual(ofNoSource);
});
