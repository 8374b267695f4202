/** How fast virtual time goes. */
import { mailOnly, minuteMs, TestDemo } from '../helpers/demo.ts';
import { unchanged } from '../simulation/mutants.ts';
import { simulate } from '../simulation/run.ts';
import { timed } from './timed.ts';

export interface Speed {
  readonly simulationStepsPerSecond: number;
  readonly ticksPerSecond: number;
}

export async function measureSpeed(steps: number, ticks: number): Promise<Speed> {
  await using demo = await TestDemo.start({ configure: mailOnly });
  await demo.connect();
  const cloudMs = await timed(() => demo.advance(ticks * 25 * minuteMs));
  let done = 0;
  const simulationMs = await timed(async () => {
    ({ steps: done } = await simulate({ seed: 1, steps, mutant: unchanged }));
  });
  return { simulationStepsPerSecond: (done * 1000) / simulationMs, ticksPerSecond: (ticks * 1000) / cloudMs };
}
