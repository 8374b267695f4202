import { readFileSync } from 'node:fs';

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

test('install scripts run by name only: npm refuses any that was not looked at', () => {
  expect(read('.npmrc')).toMatch(/^strict-allow-scripts=true$/m);
  const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  expect(scripted.map((path) => path.replace(/^.*node_modules\//, '')).toSorted()).toEqual(
    Object.keys(manifest.allowScripts).toSorted(),
  );
  const allowed = Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name]);
  // Node's puts the binary of this platform in place, and so does esbuild's.
  expect(allowed).toEqual(['node', 'esbuild']);
});
