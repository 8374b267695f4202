/** `npm run mutation`: whether a test fails when something is changed in the code that must not be wrong. */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

import type { MutantResult, PartialStrykerOptions } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';

import { equivalents } from './equivalents.ts';
import type { RunnerOptions } from './runner.ts';
import { percentOfFile, targets } from './targets.ts';

const help = `Usage: npm run mutation -- [options] [file...]

Changes the code in one place at a time (StrykerJS), and runs the tests that reach it: a change that no test notices
survives. Fails where the tests kill fewer mutants of a part of the code than they must, or fewer than ${percentOfFile} % of one
file, or where equivalents.ts lists a change that does not survive.

${targets.map(({ name, percent, files }) => `  ${`${percent} %`.padEnd(6)} ${name}: ${files.join(', ')}`).join('\n')}

Without files, all of these (some 20 minutes on two cores).

Options:
  --workers <n>  processes at a time  (2)
  --help         this text`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: '2' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** A mutant's change to a line, as equivalents.ts writes it. */
function changeOf({ fileName, location, replacement }: MutantResult) {
  const file = relative(process.cwd(), fileName);
  const { start, end } = location;
  const lines = readFileSync(fileName, 'utf8').split('\n');
  const line = lines[start.line - 1]!;
  const lastLine = lines[end.line - 1]!;
  const rest = start.line === end.line ? lastLine.slice(end.column - 1) : '';
  const mutated = `${line.slice(0, start.column - 1)}${replacement}${rest}`;
  return { file, at: `${file}:${start.line}:${start.column}`, line: line.trim(), mutated: oneLine(mutated) };
}

function oneLine(code: string): string {
  return code.replaceAll(/\s+/g, ' ').trim();
}

async function mutate(files: readonly string[], tests: readonly string[]): Promise<MutantResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'grantkeeper-mutation-'));
  const options: PartialStrykerOptions & RunnerOptions = {
    mutate: [...files],
    testRunner: 'in-process',
    plugins: [join(import.meta.dirname, 'runner.ts')],
    coverageAnalysis: 'perTest',
    concurrency: Number(values.workers),
    // A loop without an end is found by its count of rounds; this is for what waits for ever.
    timeoutMS: 30_000,
    // Modules that were loaded stay in memory.
    maxTestRunnerReuse: 200,
    testRunnerNodeArgs: ['--no-warnings'],
    tempDirName: folder,
    cleanTempDir: 'always',
    reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only'],
    allowConsoleColors: process.stdout.isTTY,
    // It would be read with the compiler's API, which TypeScript 7 does not have.
    tsconfigFile: 'none',
    inProcess: { tests: globSync(tests, { exclude: ['**/core/shares.test.ts'] }).toSorted() },
    warnings: { unknownOptions: false, preprocessorErrors: true, unserializableOptions: true, slow: true },
  };
  try {
    return await new Stryker(options).runMutationTest();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<boolean> {
  let isGood = true;
  const asked = new Set(positionals);
  for (const { name, percent, files, tests } of targets) {
    const wanted = globSync(files).filter((file) => asked.size === 0 || asked.has(file));
    if (wanted.length === 0) continue;
    const results = await mutate(wanted, tests);
    const needless = new Set(equivalents.filter(({ file }) => wanted.includes(file)));
    const survivors: string[] = [];
    const counts = new Map(wanted.map((file) => [file, { killed: 0, all: 0 }]));
    for (const result of results) {
      const { file, at, line, mutated } = changeOf(result);
      const isKilled = result.status === 'Killed' || result.status === 'Timeout';
      const listed = [...needless, ...equivalents].find(
        (each) => each.file === file && each.line === line && each.mutated === mutated,
      );
      if (!isKilled && listed !== undefined) needless.delete(listed);
      if (listed !== undefined && !isKilled) continue;
      const count = counts.get(file)!;
      count.all += 1;
      if (isKilled) count.killed += 1;
      else survivors.push(`${at} ${result.status}\n  - ${line}\n  + ${mutated}`);
    }
    const total = { killed: 0, all: 0 };
    const rows = [...counts].map(([file, { killed, all }]) => {
      total.killed += killed;
      total.all += all;
      return `${share(killed, all)}  ${String(killed).padStart(5)} of ${String(all).padEnd(5)} ${file}`;
    });
    if (asked.size === 0) isGood &&= isEnough(total, percent);
    for (const count of counts.values()) isGood &&= isEnough(count, percentOfFile);
    isGood &&= needless.size === 0;
    console.log(`\n${survivors.join('\n')}\n\n${rows.join('\n')}`);
    console.log(
      `${share(total.killed, total.all)}  ${total.killed} of ${total.all} killed: ${name}; at least ${percent} %`,
    );
    for (const { file, line, mutated } of needless)
      console.log(
        `Take it out of equivalents.ts, it does not survive:\n  ${file}\n  - ${line}\n  + ${mutated}`,
      );
  }
  const unknown = positionals.filter(
    (file) => !existsSync(file) || !targets.some(({ files }) => globSync(files).includes(file)),
  );
  for (const file of unknown) console.error(`${file} is none of the files that are mutated; see --help.`);
  return isGood && unknown.length === 0;
}

function isEnough({ killed, all }: { killed: number; all: number }, percent: number): boolean {
  return killed * 100 >= percent * all;
}

function share(killed: number, all: number): string {
  return all === 0 ? '     –  ' : `${((100 * killed) / all).toFixed(1).padStart(5)} %`;
}

if (values.help) console.log(help);
else process.exitCode = (await main()) ? 0 : 1;
