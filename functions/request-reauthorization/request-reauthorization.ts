import { decide } from '../../core/decide.ts';
import { UnexpectedError } from '../../core/errors.ts';
import type { Authorizations, Events, Grants } from '../../core/ports.ts';
import type { Waiter } from '../../core/authorization.ts';
import type { SendLoginLinkPorts } from '../../app/notices/send-login-link.ts';
import { authorizationIdOf, sendLoginLink } from '../../app/notices/send-login-link.ts';
import { eventsOf } from '../../app/checks/step-events.ts';
import type { RequestReauthorizationInput, RequestReauthorizationOutput } from './contract.ts';

export interface RequestReauthorizationPorts extends SendLoginLinkPorts {
  readonly grants: SendLoginLinkPorts['grants'] & Pick<Grants, 'read'>;
  readonly authorizations: SendLoginLinkPorts['authorizations'] & Pick<Authorizations, 'attach'>;
  readonly events: Events;
}

/**
 * Sends the owner a login link, or attaches to the authorization whose link they clicked. The execution then waits on its
 * task token. If there is nothing to wait for, it is resumed at once.
 * @throws {ChannelUnavailableError} a retry repeats the named channels
 * @throws {StoreUnavailableError} a retry repeats channels whose outcome was not recorded
 */
export async function requestReauthorization(
  input: RequestReauthorizationInput,
  ports: RequestReauthorizationPorts,
): Promise<RequestReauthorizationOutput> {
  const { decision, taskToken, request, done, executionId, retryCount } = input;
  const { connectionId, force } = request;
  if (decision.decision !== 'reauthorize') {
    throw new UnexpectedError(`RequestReauthorization was asked to ${decision.decision}.`);
  }
  if (decision.authorizationId !== undefined) {
    return attach(connectionId, decision.authorizationId, { executionId, taskToken }, ports);
  }

  const held = async () => {
    await ports.workflow.resume([taskToken], { outcome: 'held', done: ['reauthorize'] });
    return { outcome: 'resumed' } as const;
  };
  const { settings, grant } = await ports.grants.read(connectionId);
  if (settings === undefined) return held();
  const authorizationId = authorizationIdOf(executionId, input.entry, ports.random);
  // The owner is logging in by the link of an earlier attempt.
  if (grant.login?.authorizationId === authorizationId) return held();
  if (grant.authorization?.authorizationId !== authorizationId) {
    // Decide again, because the owner may have logged in since the check.
    const now = decide(settings, grant, ports.clock.nowMs(), { force, done: [...done, 'refresh'] });
    if (now.decision !== 'reauthorize') return held();
  }
  const { reason } = decision;
  const expiresAtMs = Date.parse(decision.expiresAt);
  const outcome = await sendLoginLink(
    { settings, grant, executionId, authorizationId, reason, expiresAtMs, retryCount, taskToken },
    ports,
  );
  if (outcome === 'held') return held();
  await eventsOf(input, ports.events).record(connectionId, 'asked', { reason, authorizationId });
  return { outcome: 'asked' };
}

/** Attaches the execution to the authorization. If its login is complete already, resumes the execution. */
async function attach(
  connectionId: string,
  authorizationId: string,
  waiter: Waiter,
  { authorizations, workflow }: RequestReauthorizationPorts,
): Promise<RequestReauthorizationOutput> {
  const authorization = await authorizations.attach(connectionId, authorizationId, waiter);
  const status = authorization?.status ?? 'superseded';
  if (status === 'open' || status === 'started' || status === 'exchanging') return { outcome: 'attached' };
  const outcome = status === 'completed' ? 'completed' : 'superseded';
  await workflow.resume([waiter.taskToken], { outcome, done: [] });
  return { outcome: 'resumed' };
}
