import type { Settings } from '../../core/settings.ts';
import { tickSeconds } from '../../core/settings.ts';
import type { Stage } from './stage.ts';
import type { StateMachine } from './state-machine.ts';

/** EventBridge Scheduler: a check of each connection at every tick, at least once, and not at once. */
export class Schedule {
  readonly #stage: Stage;
  readonly #machine: StateMachine;
  readonly #nextTickMs = new Map<string, number>();

  constructor(stage: Stage, machine: StateMachine) {
    this.#stage = stage;
    this.#machine = machine;
  }

  start({ connectionId, provider }: Settings): void {
    const tickMs = tickSeconds(provider.accessTokenLifetimeSeconds) * 1000;
    this.#tick(connectionId, tickMs, this.#stage.nowMs + this.#stage.dice.between(0, tickMs));
  }

  /** So long, or so that it falls together with a tick: there is where things meet. */
  nearTick(delayMs: number, connectionId: string): number {
    const { dice, nowMs } = this.#stage;
    if (!dice.chance(0.4)) return delayMs;
    const nextMs = this.#nextTickMs.get(connectionId)! - nowMs;
    return Math.max(0, nextMs + dice.skewed(10, 20_000));
  }

  #tick(connectionId: string, tickMs: number, atMs: number): void {
    const { agenda, dice, faults } = this.#stage;
    this.#nextTickMs.set(connectionId, atMs);
    agenda.at(atMs, '', () => {
      const scheduledTime = new Date(atMs).toISOString();
      const deliver = (delayMs: number) =>
        agenda.after(delayMs, () => {
          void this.#machine.start('tick', { connectionId, trigger: 'schedule', scheduledTime });
        });
      if (!faults.happens('missed tick', 2)) {
        deliver(faults.happens('late tick', 4) ? dice.skewed(1000, 600_000) : dice.skewed(5, 2000));
        if (faults.happens('repeated tick', 6)) deliver(dice.skewed(5, 300_000));
      }
      this.#tick(connectionId, tickMs, atMs + tickMs);
    });
  }
}
