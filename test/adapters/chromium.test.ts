import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { beforeAll, expect, test } from '@jest/globals';
import sparticuz from '@sparticuz/chromium';

/** What Chromium is called with, by something that is called in its place. */
let called: string[];
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grantkeeper-arguments-'));
  const seen = join(folder, 'seen');
  await writeFile(join(folder, 'chromium'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${seen}\n`, { mode: 0o755 });
  // In a process of its own, because the package unpacks into TMPDIR and takes any `chromium` found there.
  const start = `import { chromiumIn } from './adapters/chromium.ts'; await chromiumIn(process.env.TMPDIR)().catch(() => {});`;
  await promisify(execFile)(process.execPath, ['--no-warnings', '--input-type=module', '--eval', start], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, TMPDIR: folder },
  });
  called = (await readFile(seen, 'utf8')).trimEnd().split('\n');
  await rm(folder, { recursive: true });
});

const lists = (name: string, among: readonly string[]) =>
  among.filter((each) => each.startsWith(`--${name}=`)).map((each) => each.slice(name.length + 3).split(','));

test('features that Playwright or the package switches off are off: the last list, which counts alone, has them all', () => {
  const given = lists('disable-features', called);
  const packaged = lists('disable-features', sparticuz.args);

  expect(given).toHaveLength(2);
  expect(packaged).toHaveLength(1);
  const missing = [...given[0]!, ...packaged[0]!].filter((feature) => !given[1]!.includes(feature));
  expect(missing).toEqual([]);
});

test('features are switched on by Playwright alone', () => {
  const given = lists('enable-features', called);

  expect(given).toHaveLength(1);
  expect(given[0]).not.toContain('SharedArrayBuffer');
});

test('what the package has for Lambda is there, but for what weakens the browser', () => {
  const left = sparticuz.args.filter(
    (each) => !called.includes(each) && !/^--(en|dis)able-features=/.test(each),
  );

  expect(left).toEqual([
    '--allow-running-insecure-content',
    '--disable-site-isolation-trials',
    '--disable-web-security',
  ]);
  expect(called).toEqual(expect.arrayContaining(['--single-process', '--no-zygote', '--no-sandbox']));
});

test('nothing lets one page read another, or hides what it is', () => {
  const weakening =
    /^--(disable-web-security|disable-site-isolation-trials|allow-running-insecure-content|user-agent|disable-blink-features)/;
  expect(called.filter((each) => weakening.test(each))).toEqual([]);
});
