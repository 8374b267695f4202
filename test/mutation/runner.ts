/**
 * Runs tests for Stryker within its process, without Jest. Modules are loaded again for each mutant, so that none leaves
 * anything behind for the next one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

import type { InstrumenterContext, MutantCoverage, StrykerOptions } from '@stryker-mutator/api/core';
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import type {
  DryRunResult,
  MutantRunOptions,
  MutantRunResult,
  TestResult,
  TestRunner,
} from '@stryker-mutator/api/test-runner';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';

import type { Collected } from './globals.ts';
import { collect, fileOf } from './globals.ts';

/** Which files have the tests: paths from the root, in Stryker's options. */
export interface RunnerOptions {
  readonly inProcess: { readonly tests: readonly string[] };
}

/** How long each test takes, by its id: a file of the sandbox, which is the working directory once the runner starts. */
const durationsFile = 'durations.json';

class InProcessRunner implements TestRunner {
  static readonly inject = tokens(commonTokens.options);
  readonly #files: readonly string[];
  #generation = 0;

  constructor(options: StrykerOptions) {
    this.#files = (options as unknown as RunnerOptions).inProcess.tests;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    const sandbox = pathToFileURL(`${process.cwd()}/`).href;
    const standIns: Readonly<Record<string, string>> = {
      '@jest/globals': new URL('globals.ts', import.meta.url).href,
      'fast-check': new URL('fast-check.ts', import.meta.url).href,
    };
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier in standIns && context.parentURL?.startsWith(sandbox)) {
          return next(standIns[specifier]!, context);
        }
        const resolved = next(specifier, context);
        const isOurs = resolved.url.startsWith(sandbox) && !resolved.url.includes('/node_modules/');
        return isOurs ? { ...resolved, url: `${resolved.url.split('?')[0]}?${this.#generation}` } : resolved;
      },
    });
  }

  async dryRun(): Promise<DryRunResult> {
    const tests: TestResult[] = [];
    stryker.mutantCoverage = { static: {}, perTest: {} };
    await run(await this.#load(this.#files), (result) => {
      tests.push(result);
      return true;
    });
    const durations = Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]));
    writeFileSync(durationsFile, JSON.stringify(durations));
    const mutantCoverage: MutantCoverage = stryker.mutantCoverage;
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, hitLimit, mutantActivation, testFilter } = options;
    Object.assign(stryker, { hitCount: 0, hitLimit });
    if (mutantActivation === 'static') stryker.activeMutant = activeMutant.id;
    else delete stryker.activeMutant;
    const tests: TestResult[] = [];
    try {
      const wanted = testFilter && new Set(testFilter);
      const wantedFiles = testFilter && new Set(testFilter.map(fileOf));
      const loaded = await this.#load(this.#files.filter((file) => wantedFiles?.has(file) ?? true));
      stryker.activeMutant = activeMutant.id;
      const durations = JSON.parse(readFileSync(durationsFile, 'utf8')) as Record<string, number>;
      const quickestFirst = loaded
        .filter(({ id }) => wanted === undefined || wanted.has(id))
        .toSorted((a, b) => (durations[a.id] ?? 0) - (durations[b.id] ?? 0));
      await run(quickestFirst, (result) => {
        tests.push(result);
        return result.status !== TestStatus.Failed;
      });
    } catch (error) {
      // Its modules do not load.
      tests.push(failed('load', 'load', 0, error));
    }
    return toMutantRunResult(
      determineHitLimitReached(stryker.hitCount, stryker.hitLimit) ?? {
        status: DryRunStatus.Complete,
        tests,
      },
    );
  }

  async #load(files: readonly string[]): Promise<readonly Collected[]> {
    this.#generation += 1;
    const all: Collected[] = [];
    for (const file of files) {
      all.push(...(await collect(file, () => import(`${pathToFileURL(file).href}?${this.#generation}`))));
    }
    return all;
  }
}

/** State that instrumented code shares with this runner. */
const stryker: InstrumenterContext = ((globalThis as { __stryker__?: InstrumenterContext }).__stryker__ ??=
  {});

/** Runs tests one after the other, until `onResult` says that it is enough. */
async function run(tests: readonly Collected[], onResult: (result: TestResult) => boolean): Promise<void> {
  const begun = new Set<Collected['blocks'][number]>();
  try {
    for (const { id, name, blocks, run } of tests) {
      const beganMs = performance.now();
      let result: TestResult;
      stryker.currentTestId = id;
      try {
        for (const block of blocks) {
          if (!begun.has(block)) {
            begun.add(block);
            for (const each of block.beforeAll) await each();
          }
        }
        for (const block of blocks) for (const each of block.beforeEach) await each();
        try {
          await run();
        } finally {
          for (const block of blocks.toReversed()) for (const each of block.afterEach) await each();
        }
        result = { id, name, timeSpentMs: performance.now() - beganMs, status: TestStatus.Success };
      } catch (error) {
        result = failed(id, name, performance.now() - beganMs, error);
      } finally {
        delete stryker.currentTestId;
      }
      if (!onResult(result)) return;
    }
  } finally {
    for (const block of [...begun].toReversed()) for (const each of block.afterAll) await each();
  }
}

function failed(id: string, name: string, timeSpentMs: number, error: unknown): TestResult {
  const failureMessage = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { id, name, timeSpentMs, status: TestStatus.Failed, failureMessage };
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
