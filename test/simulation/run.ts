import type { Mutant } from './mutants.ts';
import type { WorldResult } from './world.ts';
import { simulateWorld } from './world.ts';

export interface Run {
  /** Of the first world; the others follow. */
  readonly seed: number;
  /** At least so many, unless a promise is broken before. */
  readonly steps: number;
  readonly mutant: Mutant;
}

export interface Summary {
  readonly worlds: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
  /** The world in which a promise was broken, if one was; it is the last. */
  readonly broken: WorldResult | undefined;
}

/** Simulates world after world until the steps are done or a promise is broken, and tells of each world. */
export async function simulate(
  { seed, steps, mutant }: Run,
  onWorld: (soFar: Summary) => void = () => undefined,
): Promise<Summary> {
  let soFar: Summary = { worlds: 0, steps: 0, virtualMs: 0, faults: {}, broken: undefined };
  while (soFar.steps < steps && soFar.broken === undefined) {
    const world = await simulateWorld(seed + soFar.worlds, mutant);
    soFar = {
      worlds: soFar.worlds + 1,
      steps: soFar.steps + world.steps,
      virtualMs: soFar.virtualMs + world.virtualMs,
      faults: sums(soFar.faults, world.faults),
      broken: world.violation && world,
    };
    onWorld(soFar);
  }
  return soFar;
}

function sums(a: Summary['faults'], b: Summary['faults']): Summary['faults'] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(names.map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}
