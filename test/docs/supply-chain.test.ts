import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

interface Locked {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (name: string) => readFileSync(name, 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly allowScripts: Record<string, boolean>;
};
const lock = JSON.parse(read('package-lock.json')) as {
  readonly lockfileVersion: number;
  readonly packages: Record<string, Locked>;
};
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

test('each dependency is asked for in one exact version', () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.length).toBeGreaterThan(25);
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test('the lock file has the hash of each package, and nothing that does not come from the registry', () => {
  expect(lock.lockfileVersion).toBe(3);
  expect(packages.length).toBeGreaterThan(500);
  const loose = packages.filter(
    ([, { integrity, link, resolved }]) =>
      !/^sha512-[\w+/]{86}==$/.test(integrity ?? '') || link === true || resolved !== undefined,
  );
  expect(loose).toEqual([]);
});

test('each install script was looked at, and npm 11 refuses any other', () => {
  expect(read('.npmrc')).toMatch(/^strict-allow-scripts=true$/m);
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  expect(scripted.map((path) => path.replace(/^.*node_modules\//, '')).toSorted()).toEqual(
    Object.keys(manifest.allowScripts).toSorted(),
  );
  const allowed = Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name]);
  // Node's puts the binary of this platform in place, and so does esbuild's.
  expect(allowed).toEqual(['node', 'esbuild']);
});

test('install scripts run by name only, whatever npm does with those that it was not asked for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grantkeeper-'));
  try {
    for (const name of ['tools/ensure-installed.mjs', 'package.json', 'package-lock.json'])
      cpSync(name, join(folder, name));
    mkdirSync(join(folder, 'node_modules'));
    const npm = join(folder, 'npm');
    writeFileSync(npm, `#!/bin/sh\necho "$@" >> ${join(folder, 'asked')}\n`);
    chmodSync(npm, 0o755);
    const install = () => {
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
      return spawnSync(process.execPath, ['tools/ensure-installed.mjs'], { cwd: folder, env }).status;
    };
    // Once: then the lock file is the one that was installed.
    expect([install(), install()]).toEqual([0, 0]);
    const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
    expect(asked.map((line) => line.replace(/( --(no-audit|no-fund|loglevel=error))+$/, ''))).toEqual([
      'install --no-save --ignore-scripts',
      'rebuild --ignore-scripts=false node esbuild',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
