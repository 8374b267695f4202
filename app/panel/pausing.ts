import type { Clock, Events, Grants } from '../../core/ports.ts';
import type { ActionRefusal } from '../../core/action-refusal.ts';
import type { Settings } from '../../core/settings.ts';
import { recordIfPossible } from '../checks/step-events.ts';

export interface PausingPorts {
  readonly grants: Pick<Grants, 'pause' | 'resume'>;
  readonly events: Events;
  readonly clock: Clock;
}

/** Who pauses or resumes it, and the reason for the timeline. */
export interface PauseRequest {
  readonly by: string;
  readonly reason?: string;
}

/**
 * Pauses a connection. The request is recorded first, so that no pause goes unrecorded.
 * @returns why it was refused, if it was
 */
export async function pause(
  { connectionId, paused }: Settings,
  { by, reason }: Required<PauseRequest>,
  { grants, events, clock }: PausingPorts,
): Promise<ActionRefusal | undefined> {
  if (paused) return 'paused-in-configuration';
  const atMs = clock.nowMs();
  await events.record(connectionId, 'requested', { what: 'pause', by, reason });
  if (!(await grants.pause(connectionId, { by, reason, atMs }))) return 'already-paused';
  await recordIfPossible(events, connectionId, 'paused', { by, reason });
  return undefined;
}

/** Resumes a connection. See {@link pause}. */
export async function resume(
  { connectionId, paused }: Settings,
  request: PauseRequest,
  { grants, events }: PausingPorts,
): Promise<ActionRefusal | undefined> {
  if (paused) return 'paused-in-configuration';
  await events.record(connectionId, 'requested', { what: 'resume', ...request });
  if (!(await grants.resume(connectionId))) return 'not-paused';
  await recordIfPossible(events, connectionId, 'resumed', { ...request });
  return undefined;
}
