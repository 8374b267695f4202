/** `npm run simulate`: what the promises are worth when everything goes wrong, over and over, in virtual time. */
import { readFlags, UsageError } from '../../local/flags.ts';
import { mutants, unchanged } from './mutants.ts';
import type { Run, Summary } from './run.ts';
import { simulate } from './run.ts';
import type { WorldResult } from './world.ts';

const help = `Usage: npm run simulate -- [options]

Runs the real functions and the real state machine over modelled stores and providers, in worlds that a seed decides:
connections, limits, clocks that differ, owners, operators, and faults. A step is one call of a store, a provider or
the workflow. Ends at the first broken promise, which the same seed breaks again.

Among the faults:
  function taken over     somebody with a function's role writes settings that send tokens and the client secret elsewhere
  identity endpoint down  the provider cannot be asked whose login it was, for up to six hours
  slow                    a store takes seconds, and a provider up to 22 of them, to answer
  stale read              a secret shows what it held up to 40 seconds ago
  version quota           a consumer asks for refreshes in a loop; a secret has room for some 100 versions a day

Options:
  --seed <n>    of the first world; each next world has the next one  (1; with --mutants near where each is found)
  --steps <n>   how many steps, all worlds together                   (20000)
  --trace       the whole story of a broken promise, not just its end
  --mutants     takes one protection away at a time, and shows what finds that; --steps is the limit for each (200000)
  --help        this text`;

const tailLines = 60;
const dayMs = 24 * 3600 * 1000;

/** @throws {UsageError} for an option that is not known, or no number */
function readOptions() {
  const values = readFlags({
    seed: { type: 'string' },
    steps: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  const number = (name: 'seed' | 'steps', value: string) => {
    if (/^\d{1,12}$/.test(value) && Number(value) > 0) return Number(value);
    throw new UsageError(`--${name} is ${JSON.stringify(value)}: must be a number from 1`);
  };
  const steps = number('steps', values.steps ?? (values.mutants ? '200000' : '20000'));
  return { ...values, seed: values.seed === undefined ? undefined : number('seed', values.seed), steps };
}

/** Tells how far it is: on a terminal in place, else a line now and then. */
function progress({ steps }: Run): { readonly show: (soFar: Summary) => void; readonly end: () => void } {
  const { stderr } = process;
  const everyMs = stderr.isTTY ? 250 : 10_000;
  const beganMs = performance.now();
  let shownMs = beganMs;
  return {
    show: (soFar) => {
      const nowMs = performance.now();
      if (nowMs < shownMs + everyMs) return;
      shownMs = nowMs;
      const rate = Math.round((soFar.steps / (nowMs - beganMs)) * 1000);
      const line = `${count(soFar.steps)} of ${count(steps)} steps, ${soFar.worlds} worlds, ${count(rate)} steps a second`;
      stderr.write(stderr.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
    },
    end: () => {
      if (stderr.isTTY) stderr.write('\r\u001B[K');
    },
  };
}

async function simulateAll(run: Run, wholeTrace: boolean): Promise<boolean> {
  const { show, end } = progress(run);
  const beganMs = performance.now();
  const summary = await simulate(run, show);
  const seconds = (performance.now() - beganMs) / 1000;
  end();
  const { worlds, steps, virtualMs, faults, broken } = summary;
  if (broken) console.log(storyOf(broken, wholeTrace));
  const last = run.seed + worlds - 1;
  console.log(`steps       ${count(steps)} (${count(Math.round(steps / seconds))} a second)
worlds      ${count(worlds)}, seeds ${run.seed} to ${last}, ${count(Math.round(virtualMs / dayMs))} days
faults      ${count(Object.values(faults).reduce((sum, times) => sum + times, 0))}`);
  for (const [name, times] of Object.entries(faults).sort(([, a], [, b]) => b - a)) {
    console.log(`  ${name.padEnd(24)}${count(times).padStart(10)}`);
  }
  console.log(`violations  ${broken ? 1 : 0}`);
  return broken === undefined;
}

function storyOf({ seed, violation, trace, conditions }: WorldResult, whole: boolean): string {
  const { invariant, message } = violation!;
  const { connections, ...others } = conditions;
  const { provider, reminders, neededHours, quietHours } = connections[0]!;
  const settings = { limits: provider.limits, reminders, neededHours, quietHours };
  return `${(whole ? trace : trace.slice(-tailLines)).join('\n')}

${JSON.stringify({ ...others, connections: connections.length, ...settings })}

Broken: ${invariant}
  ${message}
Again:  npm run simulate -- --seed ${seed} --steps 1 --trace
`;
}

/** @returns whether each was found */
async function findMutants({ seed, steps: limit }: { seed?: number; steps: number }): Promise<boolean> {
  let areFound = true;
  const row = (...cells: string[]) =>
    console.log(cells.map((cell, at) => cell.padEnd([52, 9, 6][at] ?? 0)).join('  '));
  row('taken away', 'found at', 'seed', 'by');
  for (const mutant of mutants) {
    const { steps, broken } = await simulate({ seed: seed ?? mutant.seed, steps: limit, mutant });
    areFound &&= broken !== undefined;
    if (broken) row(mutant.name, count(steps), String(broken.seed), broken.violation!.invariant);
    else row(mutant.name, 'never', '', `in ${count(steps)} steps`);
  }
  return areFound;
}

const count = (value: number) => value.toLocaleString('en-US');

try {
  const { help: isHelp, mutants: areMutants, trace, seed, steps } = readOptions();
  if (isHelp) console.log(help);
  else {
    const isWell = areMutants
      ? await findMutants({ ...(seed !== undefined && { seed }), steps })
      : await simulateAll({ seed: seed ?? 1, steps, mutant: unchanged }, trace);
    if (!isWell) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}. See npm run simulate -- --help.`);
  process.exitCode = 2;
}
