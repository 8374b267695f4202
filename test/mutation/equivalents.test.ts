import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { equivalents } from './equivalents.ts';

test('every equivalent mutant changes a line of its file', () => {
  const isStale = ({ file, line }: { readonly file: string; readonly line: string }) =>
    !readFileSync(file, 'utf8')
      .split('\n')
      .some((each) => each.trim() === line);
  expect(equivalents.filter(isStale)).toEqual([]);
});
