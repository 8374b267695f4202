import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { bundleOf, functionNames } from '../infra/bundle.ts';
import { loadedAfterMs, median } from './cold-start.ts';

const help = `npm run build [-- --json] [-- --runs <n>]

Bundles every function as it is deployed, writes .build/<name>/, and lists each with the size of what is
loaded at a cold start, the time that takes, and the size of what is loaded when it is needed. Fails when the first is
larger than 350 KB.

  --json       a JSON array instead of the table
  --runs <n>   how often each bundle is loaded for the median (default 7)
  --help       this`;

/** Minified, in units of 1,000 bytes. */
const limitKb = 350;

interface Bundle {
  readonly name: string;
  /** Loaded at the start. */
  readonly sizeKb: number;
  /** Loaded when it is needed. */
  readonly laterKb: number;
  /** Milliseconds from process start to loaded, less those of a process that loads nothing; medians. */
  readonly initMs: number;
}

try {
  run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function run(): void {
  const { values: flags } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      runs: { type: 'string', default: '7' },
      help: { type: 'boolean', default: false },
    },
  });
  if (flags.help) {
    console.log(help);
    return;
  }
  const runs = Number(flags.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs is ${flags.runs}: must be 1 or more.`);
  const bundles = listed(runs);
  console.log(flags.json ? JSON.stringify(bundles, null, 2) : tableOf(bundles));
  const tooLarge = bundles.filter(({ sizeKb }) => sizeKb > limitKb);
  for (const { name, sizeKb } of tooLarge) {
    console.error(`${name} has ${sizeKb} KB: a bundle may have ${limitKb} KB at most.`);
  }
  process.exitCode = tooLarge.length > 0 ? 1 : 0;
}

function listed(runs: number): Bundle[] {
  const folder = fileURLToPath(new URL('../.build', import.meta.url));
  rmSync(folder, { recursive: true, force: true });
  const bundles = functionNames.map((name) => {
    const { files, startBytes } = bundleOf(name);
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text);
    const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return {
      name,
      file: join(folder, name, 'index.mjs'),
      sizeKb: kilobytes(startBytes),
      laterKb: kilobytes(bytes - startBytes),
    };
  });
  const timed = (file?: string) => median(Array.from({ length: runs }, () => loadedAfterMs(file)));
  const bareMs = timed();
  return bundles.map(({ file, ...bundle }) => ({
    ...bundle,
    initMs: Math.max(0, Math.round((timed(file) - bareMs) * 10) / 10),
  }));
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 100) / 10;
}

function tableOf(bundles: readonly Bundle[]): string {
  const rows = bundles.map(({ name, sizeKb, initMs, laterKb }) => [
    name,
    sizeKb.toFixed(1),
    initMs.toFixed(1),
    laterKb.toFixed(1),
  ]);
  return [['bundle', 'KB minified', 'ms cold init', 'KB later'], ...rows]
    .map(([name, ...numbers]) => name!.padEnd(26) + numbers.map((number) => number.padStart(14)).join(''))
    .join('\n');
}
