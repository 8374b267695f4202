import type { Settings } from '../../core/settings.ts';
import { secretPrefix } from './cloud.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';
import type { StateMachine } from './state-machine.ts';

interface ConsumerPorts {
  readonly stage: Stage;
  readonly machine: Pick<StateMachine, 'start'>;
  readonly ledger: Pick<Ledger, 'currentOf'>;
}

/** A bot whose API refuses every token, or whose clock is ahead: it asks for another token, again and again. */
export class LoopingConsumer {
  readonly #connectionId: string;
  readonly #ports: ConsumerPorts;
  isThere = false;

  constructor({ connectionId }: Settings, ports: ConsumerPorts) {
    this.#connectionId = connectionId;
    this.#ports = ports;
  }

  /** By `ask-refresh.asl.json`: the version that it has is the name of the execution. */
  start(): void {
    const { agenda, dice, faults } = this.#ports.stage;
    agenda.after(dice.skewed(3000, 120_000), () => {
      if (this.isThere) {
        faults.count('version quota');
        const connectionId = this.#connectionId;
        const current = this.#ports.ledger.currentOf(`${secretPrefix}/${connectionId}/access`);
        // Its role may name any other version, too.
        const accessVersionId = dice.chance(0.8) && current !== undefined ? current : 'of-its-own';
        const input = { connectionId, trigger: 'consumer', force: 'refresh', accessVersionId };
        void this.#ports.machine.start('consumer', input);
      }
      this.start();
    });
  }
}
