/** Imports run one way: what the linter finds of what breaks that, and what it cannot find. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Who may import what of ours: paths from the root. A function's folder may import itself. */
const allowed: Readonly<Record<string, RegExp>> = {
  core: /^core\//,
  adapters: /^(core|adapters)\//,
  app: /^(core|adapters|app)\//,
  functions: /^(core|adapters|app)\//,
  infra: /^(core|infra)\/|^(app\/environment|functions\/[a-z-]+\/contract)\.ts$/,
  client: /^client\//,
  cli: /^(core|adapters|app|cli)\//,
  local: /^(core|infra|local|examples)\/|^(app\/environment|functions\/[a-z-]+\/contract)\.ts$/,
  'local/aws': /^local\/aws\//,
  examples: /^(examples|infra)\//,
};

/** What of others a folder may not import. */
const foreign: Readonly<Record<string, RegExp>> = {
  core: /^(node:|@aws-|@pulumi\/)/,
  adapters: /^@pulumi\//,
  app: /^(@pulumi\/|@aws-sdk\/)/,
  functions: /^(@pulumi\/|@aws-sdk\/)/,
  infra: /^@aws-sdk\//,
  client: /^@pulumi\//,
  cli: /^@pulumi\//,
  local: /^@aws-sdk\//,
  'local/aws': /^@aws-sdk\//,
  examples: /^@aws-sdk\//,
};

/** What is not pure, and what the linter has no rule for. */
const impure: readonly (readonly [RegExp, string])[] = [
  [/\bnew Date\(\s*\)/, 'new Date() reads the clock'],
  [/(?<!new )(?<![.\w])Date\(/, 'Date() reads the clock'],
  [/\bawait\b/, 'await'],
];

function violationsOf(file: string, source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:\w'"`])\/\/.*$/gm, '');
  const [room = '', ...inside] = file.split('/');
  const folder = file.startsWith('local/aws/') ? 'local/aws' : room;
  const own = folder === 'functions' && inside.length > 1 ? `functions/${inside[0]}/` : undefined;
  const imports = [...code.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"]+)['"]/g)].map(
    ([, specifier]) => specifier!,
  );
  const broken = imports.filter((specifier) => {
    if (!specifier.startsWith('.')) {
      return foreign[folder]!.test(specifier) || (folder === 'core' && isBuiltin(specifier));
    }
    const path = posix.normalize(posix.join(posix.dirname(file), specifier));
    return !allowed[folder]!.test(path) && !(own !== undefined && path.startsWith(own));
  });
  const unclean =
    folder === 'core' ? impure.filter(([pattern]) => pattern.test(code)).map(([, why]) => why) : [];
  return [...broken, ...unclean].map((what) => `${file}: ${what}`);
}

test('no file of ours breaks the rules', () => {
  const files = Object.keys(allowed).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((file) => violationsOf(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

test('a folder of functions/ holds its contract, its work and its handler, and nothing else', () => {
  for (const name of readdirSync(join(root, 'functions'))) {
    const expected = ['contract.ts', 'handler.ts', `${name}.ts`].toSorted();
    expect(readdirSync(join(root, 'functions', name)).toSorted()).toEqual(expected);
  }
});

/** What breaks them, one in a file; the last column where the linter has no rule for it. */
const seeds: readonly (readonly [file: string, source: string, onlyHere?: 'only here'])[] = [
  ['core/fs.ts', "import 'fs';"],
  ['core/fs-promises.ts', "export { rm } from 'fs/promises';"],
  ['core/node.ts', "import 'node:fs';"],
  ['core/process.ts', "import 'process';"],
  ['core/aws.ts', "import '@aws-sdk/client-sns';"],
  ['core/powertools.ts', "import '@aws-lambda-powertools/logger';"],
  ['core/adapters.ts', "import '../adapters/aws.ts';"],
  ['core/around.ts', "import './../adapters/aws.ts';"],
  ['core/new-date.ts', 'export const at = () => new Date();', 'only here'],
  ['core/date.ts', 'export const at = () => Date();', 'only here'],
  ['core/await.ts', 'export const x = await Promise.resolve(1);', 'only here'],
  ['adapters/function.ts', "import '../functions/callback/callback.ts';"],
  ['adapters/pulumi.ts', "import '@pulumi/pulumi';"],
  ['adapters/app.ts', "import '../app/labels.ts';"],
  ['app/aws.ts', "import '@aws-sdk/client-sns';"],
  ['app/shared.ts', "import '../functions/callback/callback.ts';"],
  ['app/login/shared.ts', "import '../../functions/callback/callback.ts';"],
  ['functions/check-grant/aws.ts', "import '@aws-sdk/client-sns';"],
  ['functions/check-grant/other.ts', "import '../callback/callback.ts';"],
  ['functions/check-grant/contract.ts', "import '../callback/contract.ts';"],
  ['functions/check-grant/around.ts', "import '../../functions/callback/callback.ts';"],
  ['functions/check-grant/later.ts', "export const f = () => import('../callback/callback.ts');"],
  ['functions/check-grant/infra.ts', "import '../../infra/stack.ts';"],
  ['infra/shared.ts', "import '../app/labels.ts';"],
  ['infra/components/function.ts', "export { x } from '../../functions/callback/callback.ts';"],
  ['infra/adapters.ts', "import '../adapters/aws.ts';"],
  ['client/core.ts', "import '../core/secret.ts';", 'only here'],
  ['cli/function.ts', "import '../functions/callback/callback.ts';"],
  ['cli/doctor/function.ts', "export const f = () => import('../../functions/sign-in/contract.ts');"],
  ['cli/local.ts', "import '../local/cloud.ts';"],
  ['local/shared.ts', "import '../app/labels.ts';"],
  ['local/tools/adapters.ts', "import '../../adapters/aws.ts';"],
  ['local/test.ts', "import '../test/helpers/demo.ts';"],
  ['local/aws/core.ts', "import '../../core/html.ts';"],
  ['local/aws/program.ts', "import '../program/evaluate.ts';"],
  ['local/aws/iam/sdk.ts', "import '@aws-sdk/client-iam';"],
  ['local/aws/iam/clock.ts', "import '../../threads.ts';"],
];

test.each(seeds)('%s is found here: %s', (file, source) => {
  expect(violationsOf(file, source)).toHaveLength(1);
});

test.each([
  ['infra/a.ts', "import '../app/environment.ts'; import '../functions/check-grant/contract.ts';"],
  [
    'infra/components/a.ts',
    "import '../../functions/check-grant/contract.ts'; import '../../core/settings.ts';",
  ],
  [
    'functions/check-grant/a.ts',
    "import './contract.ts'; import '../../app/labels.ts'; import '../../core/grant.ts';",
  ],
  ['local/aws/iam/a.ts', "import '../service.ts'; import './policy.ts'; import 'zod';"],
  ['functions/check-grant/deeper/a.ts', "import '../contract.ts';"],
  [
    'core/a.ts',
    "import './grant.ts'; import 'zod/mini'; // await new Date()\nexport const at = (ms: number) => new Date(ms);",
  ],
])('%s may do as it does', (file, source) => {
  expect(violationsOf(file, source)).toEqual([]);
});

describe('the linter', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
    copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('finds every one that it has a rule for', () => {
    const more = [
      ['core/now.ts', 'export const at = () => Date.now();'],
      ['core/random.ts', 'export const dice = () => Math.random();'],
      ['core/env.ts', 'export const name = () => process.env.NAME;'],
      ['core/fetch.ts', "export const get = () => fetch('http://localhost');"],
      ['core/async.ts', 'export const later = async (x: Promise<void>) => { await x; };'],
    ] as const;
    const ruled = [...seeds.filter(([, , onlyHere]) => onlyHere === undefined), ...more];
    for (const [file, source] of ruled) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), source);
    }
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/oxlint/bin/oxlint'), '--format=json'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] };
    const ours = /no-restricted-(imports|globals|properties)|no-async-await/;
    const found = new Set(diagnostics.filter(({ code }) => ours.test(code)).map(({ filename }) => filename));
    expect(ruled.map(([file]) => file).filter((file) => !found.has(file))).toEqual([]);
  });
});
