import { ProviderContractError } from '../../core/errors.ts';
import { ladderOf } from '../../core/ladder.ts';
import { writeNotice } from '../../core/notice.ts';
import type { Events, Grants, Incidents } from '../../core/ports.ts';
import { next } from '../next.ts';
import type { OfferPorts } from '../offer.ts';
import { authorizationIdOf, offer } from '../offer.ts';
import type { StepOutput } from '../step.ts';
import type { NotifyOwnerInput } from './contract.ts';

export interface NotifyOwnerPorts extends OfferPorts {
  readonly grants: OfferPorts['grants'] & Pick<Grants, 'read' | 'claimNotice'>;
  readonly incidents: Incidents;
  readonly events: Events;
}

/**
 * Tells the owner, once per rung: with a link that works until the next rung's, or that the grant is back.
 * @returns `sent`, or `held` when another execution tells them, and the next decision
 * @throws {StoreUnavailableError} a retry repeats what was not recorded
 */
export async function notifyOwner(input: NotifyOwnerInput, ports: NotifyOwnerPorts): Promise<StepOutput> {
  const { decision, executionId } = input;
  const { connectionId } = input.ask;
  if (decision.decision !== 'notify') {
    throw new ProviderContractError(`NotifyOwner was asked to ${decision.decision}.`);
  }
  const { settings, grant } = await ports.grants.read(connectionId);
  if (settings === undefined) return next('removed', 'notify', input, ports);

  const nowMs = ports.clock.nowMs();
  const notice = decision.rung ?? decision.kind;
  if (!(await ports.grants.claimNotice(connectionId, { notice, by: executionId, atMs: nowMs }))) {
    return next('held', 'notify', input, ports);
  }
  let outcome: 'sent' | 'held' = 'sent';
  if (decision.kind === 'restored') {
    const deadlineMs = ladderOf(settings, grant)?.neededAtMs;
    await ports.mail.send(settings, writeNotice(settings, { kind: 'restored', deadlineMs }));
    await ports.grants.recordTold(connectionId, { owesRestored: false });
  } else {
    const authorizationId = authorizationIdOf(executionId, input.entry, ports.random);
    const expiresAtMs = Date.parse(decision.expiresAt!);
    const ask = { settings, grant, executionId, authorizationId, reason: 'rung', expiresAtMs } as const;
    outcome = await offer(ask, ports);
  }
  await ports.incidents.end(connectionId, 'NotifyOwner');
  await ports.events.record(connectionId, 'notified', { notice, outcome });
  return next(outcome, 'notify', input, ports);
}
