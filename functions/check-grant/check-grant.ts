import { ConfigurationError } from '../../core/errors.ts';
import type { Clients, Clock, Grants, Incidents } from '../../core/ports.ts';
import { decided } from '../next.ts';
import type { StepInput, StepOutput } from '../step.ts';

export interface CheckGrantPorts {
  readonly grants: Pick<Grants, 'read' | 'recordTick'>;
  readonly clients: Clients;
  readonly incidents: Incidents;
  readonly clock: Clock;
}

/**
 * Looks at one grant and answers what to do.
 * @throws {ConfigurationError} unknown connection at the first entry, or its client secret is missing or unusable
 * @throws {StoreUnavailableError} nothing was done; try again
 */
export async function checkGrant(input: StepInput, ports: CheckGrantPorts): Promise<StepOutput> {
  const { connectionId, trigger, scheduledTime } = input.ask;
  const connection = await ports.grants.read(connectionId);
  const { settings, grant } = connection;
  if (settings === undefined && input.entry === 0) {
    throw new ConfigurationError(
      `There is no connection ${connectionId} in the configuration. Remove its schedule, or add it again.`,
    );
  }
  // The scheduler delivers at least once: the second execution for a tick has nothing to do.
  if (input.entry === 0 && trigger === 'schedule' && scheduledTime !== undefined) {
    if (!(await ports.grants.recordTick(connectionId, scheduledTime, input.executionId))) {
      return {
        outcome: 'repeated',
        done: input.done,
        next: { decision: 'none', reason: 'this tick was checked already' },
      };
    }
  }
  if (settings !== undefined && !settings.paused && !grant.paused && !grant.setUp) {
    await ports.clients.read(settings.clientSecretName);
  }
  await ports.incidents.end(connectionId, 'CheckGrant');
  return decided('checked', input, connection, ports.clock.nowMs());
}
