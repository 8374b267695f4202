import type { Settings } from '../../core/settings.ts';
import type { Cloud } from './cloud.ts';
import { clientSecretName } from './cloud.ts';
import type { Ledger } from './ledger.ts';
import type { ProviderModel } from './provider.ts';
import type { Schedule } from './schedule.ts';
import type { Stage } from './stage.ts';
import type { StateMachine } from './state-machine.ts';
import { administrator } from '../../local/aws/service.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface OperatorPorts {
  readonly stage: Stage;
  readonly machine: StateMachine;
  readonly cloud: Cloud;
  readonly provider: ProviderModel;
  readonly ledger: Ledger;
  readonly schedule: Schedule;
}

/** The operator, and what happens to the deployment: forced refreshes, ends, pauses, outages, a client secret that changes. */
export class Operator {
  readonly #connections: readonly Settings[];
  readonly #ports: OperatorPorts;
  #putSecrets = 0;
  isThere = false;

  constructor(connections: readonly Settings[], ports: OperatorPorts) {
    this.#connections = connections;
    this.#ports = ports;
  }

  start(): void {
    this.deploy(false);
    this.putClientSecret();
    this.#next();
  }

  /** Writes the settings as Pulumi does. */
  deploy(paused: boolean): void {
    const { cloud, ledger, stage } = this.#ports;
    for (const settings of this.#connections) {
      const deployed = { ...settings, paused };
      const pk = { S: `settings#${settings.connectionId}` };
      const item = { pk, sk: { S: 'settings' }, settings: { S: JSON.stringify(deployed) } };
      cloud.table.call('PutItem', { Item: item });
      ledger.deployed(deployed);
    }
    stage.note(() => `the operator deploys${paused ? ', paused' : ''}`);
  }

  /** Puts what the provider takes into the client secret. */
  putClientSecret(): void {
    const { cloud, provider, stage } = this.#ports;
    this.#putSecrets += 1;
    void cloud.secrets.call(
      'PutSecretValue',
      {
        SecretId: clientSecretName,
        ClientRequestToken: `client-secret-of-the-operator-number-${this.#putSecrets}`,
        SecretString: JSON.stringify({ client_id: 'client', client_secret: provider.shareClientSecret() }),
      },
      administrator,
    );
    stage.note(() => 'the operator puts the client secret');
  }

  /** Everything is as it should be. */
  mend(): void {
    this.#ports.provider.isDown = false;
    this.#ports.provider.isIdentityDown = false;
    this.putClientSecret();
    this.deploy(false);
  }

  #next(): void {
    const { agenda, dice } = this.#ports.stage;
    agenda.after(dice.skewed(minuteMs, 3 * hourMs), () => {
      if (this.isThere) this.#act();
      this.#next();
    });
  }

  /** Ends a connection, beside whatever else moves, and wants it back some time later. */
  #disconnect(connectionId: string): void {
    const { stage, schedule, machine } = this.#ports;
    const { agenda, dice } = stage;
    stage.faults.count('end by the operator');
    const start = (force: string) => void machine.start('panel', { connectionId, trigger: 'panel', force });
    void stage.untilOthersMove(schedule.nearTick(0, connectionId)).then(() => start('disconnect'));
    agenda.after(dice.skewed(minuteMs, 6 * hourMs), () => start('reauthorize'));
  }

  #act(): void {
    const { stage, schedule, provider, ledger, machine } = this.#ports;
    const { agenda, dice, faults } = stage;
    const { connectionId } = dice.pick(this.#connections);
    if (dice.chance(0.02)) {
      this.#disconnect(connectionId);
      return;
    }
    const whatHappens = dice.next();
    if (whatHappens < 0.7) {
      const force = dice.pick(['refresh', 'refresh', 'refresh', 'reauthorize', undefined]);
      const input = { connectionId, trigger: 'operator', ...(force && { force }) };
      for (let times = dice.pick([1, 1, 2, 3]); times > 0; times -= 1) {
        void stage
          .untilOthersMove(schedule.nearTick(0, connectionId))
          .then(() => machine.start('operator', input));
      }
      return;
    }
    if (!faults.happens('event of the operator', 1e9)) return;
    if (whatHappens < 0.74) {
      faults.count('identity endpoint down');
      provider.isIdentityDown = true;
      stage.note(() => 'the identity endpoint is down');
      agenda.after(dice.skewed(minuteMs, 6 * hourMs), () => (provider.isIdentityDown = false));
    } else if (whatHappens < 0.8) {
      provider.isDown = true;
      stage.note(() => 'the provider is down');
      agenda.after(dice.skewed(minuteMs, 3 * hourMs), () => (provider.isDown = false));
    } else if (whatHappens < 0.84) {
      provider.changeClientSecret();
      stage.note(() => 'the client secret has changed');
      agenda.after(dice.skewed(10 * minuteMs, 6 * hourMs), () => this.putClientSecret());
    } else if (whatHappens < 0.9) {
      provider.endGrants(connectionId);
      stage.note(() => 'the owner ends the grant at the provider');
    } else if (whatHappens < 0.95) {
      this.deploy(true);
      agenda.after(dice.skewed(10 * minuteMs, 6 * hourMs), () => this.deploy(false));
    } else {
      const [waiting] = ledger.executionsWaiting(connectionId);
      if (waiting === undefined) return;
      stage.note(() => `the operator stops ${waiting}`);
      void machine.stop(waiting);
    }
  }
}
