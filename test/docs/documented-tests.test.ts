import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

/** Of the tables whose last column is `test`. */
const rowsOf = (document: string) =>
  readFileSync(`docs/${document}.md`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|\s*-|\| test\s+\|$/.test(line));
const rows = [...rowsOf('threat-model'), ...rowsOf('acceptance')];

test('every line of the checklists names a test', () => {
  expect(rows.length).toBeGreaterThan(75);
  expect(rows.filter((row) => !/\| \w+\/[\w/-]+: `[^`]+`\s+\|$/.test(row))).toEqual([]);
});

test.each(
  rows.map((row) => /([\w/-]+): `([^`]+)`\s+\|$/.exec(row)!).map(([, file, words]) => [file!, words!]),
)('%s has a test of %s', (file, words) => {
  expect(readFileSync(`test/${file}.test.ts`, 'utf8')).toContain(words);
});
