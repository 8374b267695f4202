import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

const rows = readFileSync('docs/threat-model.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|\s*(---|section|rule|attack|control)/.test(line));

test('every line of the checklists names a test', () => {
  expect(rows.length).toBeGreaterThan(35);
  expect(rows.filter((row) => !/\| \w+\/[\w-]+: `[^`]+`\s+\|$/.test(row))).toEqual([]);
});

test.each(
  rows.map((row) => /(\w+\/[\w-]+): `([^`]+)`\s+\|$/.exec(row)!).map(([, file, words]) => [file!, words!]),
)('%s has a test of %s', (file, words) => {
  expect(readFileSync(`test/${file}.test.ts`, 'utf8')).toContain(words);
});
