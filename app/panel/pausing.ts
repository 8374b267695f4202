import type { Clock, Events, Grants } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { recordIfPossible } from '../checks/step-events.ts';

export interface PausingPorts {
  readonly grants: Pick<Grants, 'pause' | 'resume'>;
  readonly events: Events;
  readonly clock: Clock;
}

/** Who does it, and what they say for the timeline. */
export interface Said {
  readonly by: string;
  readonly reason?: string;
}

/**
 * Pauses a connection. It is written down before it is done, so that nothing is done that is not written down.
 * @returns why there was nothing to do, if so
 */
export async function pause(
  { connectionId, paused }: Settings,
  { by, reason }: Required<Said>,
  { grants, events, clock }: PausingPorts,
): Promise<string | undefined> {
  if (paused) return inTheConfiguration;
  const atMs = clock.nowMs();
  await events.record(connectionId, 'requested', { what: 'pause', by, reason });
  if (!(await grants.pause(connectionId, { by, reason, atMs }))) return 'it is paused already';
  await recordIfPossible(events, connectionId, 'paused', { by, reason });
  return undefined;
}

/** The other way round. See {@link pause}. */
export async function resume(
  { connectionId, paused }: Settings,
  said: Said,
  { grants, events }: PausingPorts,
): Promise<string | undefined> {
  if (paused) return inTheConfiguration;
  await events.record(connectionId, 'requested', { what: 'resume', ...said });
  if (!(await grants.resume(connectionId))) return 'it is not paused';
  await recordIfPossible(events, connectionId, 'resumed', { ...said });
  return undefined;
}

const inTheConfiguration = 'it is paused in the configuration';
