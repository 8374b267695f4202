import { setImmediate as turn } from 'node:timers/promises';

import { tickSeconds } from '../../core/settings.ts';
import { startGraceMs } from '../../core/grant.ts';
import { Cloud, clientSecretName, secretPrefix } from './cloud.ts';
import type { Conditions } from './conditions.ts';
import { drawConditions } from './conditions.ts';
import { LoopingConsumer } from './consumer.ts';
import { Dice } from './dice.ts';
import { Functions } from './functions.ts';
import { takeFunctionOver } from './intruder.ts';
import { Lambda } from './lambda.ts';
import { Ledger } from './ledger.ts';
import type { Mutant } from './mutants.ts';
import { Operator } from './operator.ts';
import { Owner } from './owner.ts';
import { ProviderModel } from './provider.ts';
import { Schedule } from './schedule.ts';
import type { Violation } from './stage.ts';
import { Stage } from './stage.ts';
import { StateMachine } from './state-machine.ts';

/** Calls after which a world comes to its last calm. Some 100 refreshes within a day are more of them. */
const stepsPerWorld = 2000;
const stepsPerLoopingWorld = 6000;
const hourMs = 3_600_000;
const minuteMs = 60_000;

export interface WorldResult {
  readonly seed: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly conditions: Conditions;
  readonly violation: Violation | undefined;
  /** The last things that happened; empty where nothing was violated. */
  readonly trace: readonly string[];
}

/** One simulated world: storms, in which anything may fail, and calms, after which the promises must hold. */
class World {
  readonly stage: Stage;
  readonly conditions: Conditions;
  readonly #lambda: Lambda;
  readonly #cloud: Cloud;
  readonly #ledger: Ledger;
  readonly #operator: Operator;
  readonly #owners: ReadonlyMap<string, Owner>;
  readonly #consumer: LoopingConsumer | undefined;

  constructor(seed: number, mutant: Mutant) {
    const dice = new Dice(seed);
    this.conditions = drawConditions(dice);
    const { startMs, faultRate, connections, hasLoopingConsumer } = this.conditions;
    this.stage = new Stage(startMs, dice, faultRate);
    const { stage } = this;
    const provider = new ProviderModel(this.conditions.provider, () => stage.nowMs);
    this.#ledger = new Ledger(stage, provider);
    this.#lambda = new Lambda(stage, this.conditions, mutant.tokenRequestMs);
    const cloud = new Cloud(stage, this.#lambda, this.#ledger, provider, mutant);
    this.#cloud = cloud;
    const functions = new Functions(stage, this.#lambda, cloud, this.#ledger);
    const machine = new StateMachine(stage, this.#lambda, cloud, this.#ledger, functions);
    cloud.connect(machine);
    const schedule = new Schedule(stage, machine);
    const ports = { stage, functions, provider, ledger: this.#ledger, schedule };
    this.#owners = new Map(
      connections.map((settings) => [settings.connectionId, new Owner(settings, ports)]),
    );
    this.#operator = new Operator(connections, { ...ports, machine, cloud });

    cloud.secrets.createSecret({ name: clientSecretName });
    for (const settings of connections) {
      const { connectionId } = settings;
      for (const kind of ['grant', 'access']) {
        cloud.secrets.createSecret({ name: `${secretPrefix}/${connectionId}/${kind}` });
      }
      this.#ledger.watch(settings, cloud.table);
      schedule.start(settings);
    }
    this.#ledger.onMail = (connectionId, link) => this.#owners.get(connectionId)!.mailArrives(link);
    this.#operator.start();
    if (hasLoopingConsumer) {
      this.#consumer = new LoopingConsumer(connections[0]!, { ...ports, machine });
      this.#consumer.start();
    }
  }

  get #enoughSteps(): number {
    return this.conditions.hasLoopingConsumer ? stepsPerLoopingWorld : stepsPerWorld;
  }

  get #tickMs(): number {
    return tickSeconds(this.conditions.connections[0]!.provider.accessTokenLifetimeSeconds) * 1000;
  }

  async run(): Promise<void> {
    const { stage } = this;
    do {
      await this.#storm();
      await this.#calm();
    } while (stage.steps < this.#enoughSteps && stage.violation === undefined);
  }

  async #storm(): Promise<void> {
    const { stage } = this;
    stage.note(() => '-- storm');
    this.#people(true);
    stage.faults.intensity = stage.dice.pick([0, 1, 1, 4]);
    for (const settings of this.conditions.connections) takeFunctionOver(settings, this.#cloud, stage);
    const endsMs = stage.nowMs + stage.dice.skewed(2 * hourMs, 72 * hourMs);
    await this.#until(() => stage.nowMs >= endsMs || stage.steps >= this.#enoughSteps);
  }

  /** Long enough for a refresh to be due, a start to be forgotten, and two more ticks. */
  async #calm(): Promise<void> {
    const { stage } = this;
    stage.note(() => '-- calm');
    this.#people(false);
    stage.faults.intensity = 0;
    this.#operator.mend();
    const sinceMs = stage.nowMs;
    const { accessTokenLifetimeSeconds } = this.conditions.connections[0]!.provider;
    const enoughMs = startGraceMs + accessTokenLifetimeSeconds * 1000 + 3 * this.#tickMs;
    await this.#until(() => stage.nowMs >= sinceMs + enoughMs + 5 * minuteMs && this.#isQuiet());
    for (const [connectionId, owner] of this.#owners) {
      if (stage.violation) return;
      if (this.#ledger.settled(connectionId, sinceMs) === 'asked')
        await this.#requireAsked(connectionId, owner);
    }
  }

  /** A reminder may come one check after its link has expired, by clocks that differ. */
  async #requireAsked(connectionId: string, owner: Owner): Promise<void> {
    const { stage } = this;
    let title = await this.#titleOfNewest(connectionId, owner);
    if (title.startsWith('Log in to ')) return;
    const againMs = stage.nowMs + this.#tickMs + minuteMs;
    await this.#until(() => stage.nowMs >= againMs && this.#isQuiet());
    title = await this.#titleOfNewest(connectionId, owner);
    if (title.startsWith('Log in to ')) return;
    stage.fail(
      'the connection works or its owner was asked',
      `${connectionId} does not work, and its owner's newest link says: ${title}.`,
    );
  }

  async #titleOfNewest(connectionId: string, owner: Owner): Promise<string> {
    const link = this.#ledger.newestLink(connectionId);
    if (link === undefined) return 'there is none';
    let title: string | undefined;
    void owner.titleOf(link).then((found) => (title = found));
    await this.#until(() => title !== undefined);
    return title ?? 'nothing';
  }

  #people(areThere: boolean): void {
    this.#operator.isThere = areThere;
    if (this.#consumer !== undefined) this.#consumer.isThere = areThere;
    for (const owner of this.#owners.values()) owner.isThere = areThere;
  }

  #isQuiet(): boolean {
    return this.#lambda.running.size === 0 && this.#ledger.executionsWork() === 0;
  }

  async #until(isReached: () => boolean): Promise<void> {
    const { stage } = this;
    while (!isReached() && stage.violation === undefined && stage.agenda.step()) await turn();
  }
}

/** Simulates what one seed makes: until its steps are done, or a promise is broken. */
export async function simulateWorld(seed: number, mutant: Mutant): Promise<WorldResult> {
  const world = new World(seed, mutant);
  const { stage, conditions } = world;
  // The interpreter's retries jitter by Math.random.
  const { random } = Math;
  Math.random = () => stage.dice.next();
  try {
    await world.run();
  } finally {
    Math.random = random;
  }
  const { violation, steps, faults } = stage;
  return {
    seed,
    steps,
    virtualMs: stage.nowMs - stage.startMs,
    faults: faults.counts,
    conditions,
    violation,
    trace: violation === undefined ? [] : stage.trace(),
  };
}
