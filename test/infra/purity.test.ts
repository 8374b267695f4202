import { describe, expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Program } from '../helpers/program.ts';
import { program } from '../helpers/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = globSync('infra/**/*.ts', { cwd: root });
const sources = files.map((file) => ({ file, source: readFileSync(`${root}${file}`, 'utf8') }));

describe('the program', () => {
  test('imports nothing that reaches beyond Pulumi and its own files', () => {
    const imported = sources.flatMap(({ source }) =>
      [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from!),
    );
    const packages = imported.filter((from) => !from.startsWith('.') && !from.startsWith('@pulumi/'));
    expect([...new Set(packages)].sort()).toEqual([
      'esbuild',
      'node:fs',
      'node:fs/promises',
      'node:url',
      'zod/mini',
    ]);
  });

  test('reads files where it bundles, makes the layer and defines the state machines, and writes none', () => {
    const reads = sources.filter(({ source }) => /'node:fs/.test(source)).map(({ file }) => file);
    expect(reads.sort()).toEqual(['infra/browser-login/layer.ts', 'infra/bundle.ts', 'infra/definition.ts']);
    expect(sources.filter(({ source }) => /writeFile|mkdir|write: true/.test(source))).toEqual([]);
  });

  test('looks at neither the environment, nor the clock, nor the network', () => {
    const globals = /\bprocess\.|\bfetch\(|\bDate\b|Math\.random|crypto/;
    expect(sources.filter(({ source }) => globals.test(source)).map(({ file }) => file)).toEqual([]);
  });

  test('reads configuration in one place', () => {
    const reads = sources.filter(({ source }) => /\bConfig\(|allConfig|getConfig/.test(source));
    expect(reads.map(({ file }) => file)).toEqual(['infra/config.ts']);
  });

  test('registers the same twice, whatever the environment', async () => {
    const inputs = ({ resources }: Program) =>
      Object.fromEntries(resources.map(({ name, inputs: { code: _code, ...rest } }) => [name, rest]));
    const first = await program('prod');
    const changed = {
      AWS_REGION: 'eu-central-1',
      AWS_PROFILE: 'other',
      NODE_ENV: 'production',
      TZ: 'Asia/Tokyo',
    };
    const before = { ...process.env };
    Object.assign(process.env, changed);
    try {
      expect(inputs(await program('prod'))).toEqual(inputs(first));
    } finally {
      for (const name of Object.keys(changed)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});
