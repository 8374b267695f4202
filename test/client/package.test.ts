/** What is published of client/, as somebody who installs it has it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let packed: { filename: string; size: number; files: { path: string }[] };
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/grantkeeper-client-`);
  const { stdout, stderr } = run('npm', ['pack', '--json', '--pack-destination', folder], `${root}client`);
  try {
    [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [typeof packed];
  } catch {
    throw new Error(`npm pack said: ${stdout}${stderr}`);
  }
  const installed = `${folder}/node_modules/@grantkeeper/client`;
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', `${folder}/${packed.filename}`, '-C', installed, '--strip-components=1'], folder);
  for (const name of ['@aws-sdk', '@middy', '@types', 'undici-types']) {
    symlinkSync(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`);
  }
  writeFileSync(`${folder}/package.json`, '{"type": "module"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string) {
  return spawnSync(command, args, { cwd, encoding: 'utf8' });
}

test('is small, and has its own code, types and words alone', () => {
  expect(packed.size).toBeLessThan(13_150);
  const paths = packed.files.map(({ path }) => path.replace(/chunk-\w+/, 'chunk'));
  expect(paths.sort()).toEqual([
    'LICENSE',
    'README.md',
    'dist/access-token.d.ts',
    'dist/access-tokens.d.ts',
    'dist/chunk.js',
    'dist/errors.d.ts',
    'dist/fetch.d.ts',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/middy.d.ts',
    'dist/middy.js',
    'package.json',
  ]);
  const imported = packed.files
    .filter(({ path }) => path.endsWith('.js'))
    .flatMap(({ path }) => [
      ...readFileSync(`${folder}/node_modules/@grantkeeper/client/${path}`, 'utf8').matchAll(
        /(?:from |import\()"([^".][^"]*)"/g,
      ),
    ])
    .map(([, name]) => name);
  expect(new Set(imported)).toEqual(new Set(['@aws-sdk/client-secrets-manager', '@aws-sdk/client-sfn']));
  expect(statSync(`${root}client/LICENSE`).size).toBe(statSync(`${root}LICENSE`).size);
});

test('its README’s code is right by its types, and its exports load', () => {
  const readme = readFileSync(`${root}client/README.md`, 'utf8');
  const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
  expect(blocks).toHaveLength(4);
  blocks.forEach((code, index) => writeFileSync(`${folder}/block-${index}.ts`, code));
  const options = {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      types: ['node'],
      // Of others; middy's own types lack some.
      skipLibCheck: true,
    },
    include: ['block-*.ts'],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(options));
  const checked = run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', '.'], folder);
  expect(checked.stdout).toBe('');

  const script =
    "const a = await import('@grantkeeper/client'); const b = await import('@grantkeeper/client/middy'); console.log(Object.keys(a).join(), Object.keys(b).join());";
  expect(run(process.execPath, ['--input-type=module', '-e', script], folder).stdout.trim()).toBe(
    'AccessTokenError,AccessTokenRefusedError,AccessTokens,ReauthorizationRequiredError,fetchFor,fetchWith,getAccessToken accessToken',
  );
});
