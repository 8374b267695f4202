import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';

/** Permissive, each of them: use, change and pass on, with a notice at most. */
const permissive = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'Python-2.0',
  '(MIT OR CC0-1.0)',
  '(BSD-3-Clause AND Apache-2.0)',
]);

/** Not software, a permissive licence by another name, or a tool of the tests that nothing of ours is made of. */
const looked: Readonly<Record<string, string>> = {
  'node_modules/axe-core': 'MPL-2.0', // what looks at pages in the browser tests, unchanged and not passed on
  'node_modules/caniuse-lite': 'CC-BY-4.0', // a table of browsers
  'node_modules/spdx-exceptions': 'CC-BY-3.0', // a list of licences' names
  'node_modules/spdx-license-ids': 'CC0-1.0', // a list of licences' names
  'node_modules/@logdna/tail-file': 'SEE LICENSE IN LICENSE', // the file is MIT's text
};

test('every package of the lock file has a permissive licence', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { license?: string }>;
  };
  const others = Object.entries(lock.packages).filter(
    ([path, { license }]) => !permissive.has(license ?? 'none') && looked[path] !== license,
  );
  expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
});
