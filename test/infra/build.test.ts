import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';

import { bundleOf, functionNames } from '../../infra/bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = (...flags: string[]) =>
  spawnSync(process.execPath, ['tools/build.ts', ...flags], { cwd: root, encoding: 'utf8' });

test.each(functionNames)('the bundle of %s has 350 KB at most', (name) => {
  const { startBytes } = bundleOf(name);
  expect(startBytes).toBeGreaterThan(10_000);
  expect(startBytes).toBeLessThanOrEqual(350_000);
});

test.each(functionNames)('the bundle of %s brings all that it loads at start', (name) => {
  const { files } = bundleOf(name);
  const imported = Object.values(files).flatMap((text) =>
    [...text.matchAll(/(?:^|[;}])import\b[^;"'(]*["']([^"']+)["']/g)].map(([, from]) => from!),
  );
  expect(imported).toContain('node:module');
  expect(imported.filter((from) => !isBuiltin(from) && files[from.slice('./'.length)] === undefined)).toEqual(
    [],
  );
});

/** The middleware's own words: the cache that it would ask is not there. */
test.each(functionNames)('no call of %s discovers its endpoint', (name) => {
  expect(Object.values(bundleOf(name).files).join('')).not.toContain('Endpoint Discovery is disabled');
});

test('npm run build lists every bundle with its size and its cold start', () => {
  const { status, stdout, stderr } = build('--json', '--runs', '1');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const listed = JSON.parse(stdout) as { name: string; sizeKb: number; initMs: number }[];
  expect(listed.map(({ name }) => name)).toEqual([
    'check-grant',
    'refresh-tokens',
    'notify-owner',
    'request-reauthorization',
    'disconnect-grant',
    'reauthorize',
    'callback',
    'show-panel',
    'take-action',
    'sign-in',
    'request-browser-login',
    'browser-login',
  ]);
  for (const { name, sizeKb, initMs } of listed) {
    // Rounded to 100 bytes.
    const { startBytes } = bundleOf(name as (typeof functionNames)[number]);
    expect(Math.abs(sizeKb * 1000 - startBytes)).toBeLessThanOrEqual(50.001);
    expect(initMs).toBeGreaterThanOrEqual(0);
  }
});

test('npm run build explains itself and refuses flags that it does not know', () => {
  expect(build('--help').stdout).toMatch(/Fails when the first is\s+larger than 350 KB\./);
  expect(build('--jsn')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("Unknown option '--jsn'"),
  });
});
