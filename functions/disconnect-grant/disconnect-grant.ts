import { StoreUnavailableError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import { isDisconnected } from '../../core/grant.ts';
import type { AccessSecret, GrantSecret, Versions } from '../../core/stored-tokens.ts';
import type {
  Authorizations,
  Clients,
  Clock,
  Events,
  Grants,
  Incidents,
  Random,
  RevocationEndpoint,
  Tokens,
  Workflow,
} from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { withinDay } from '../../core/version-budget.ts';
import { completeLogin } from '../../app/login/complete-login.ts';
import { finishStep } from '../../app/checks/finish-step.ts';
import { supersede } from '../../app/notices/send-login-link.ts';
import { executionName, type StepInput, type StepOutput } from '../../app/checks/step.ts';
import { eventsOf } from '../../app/checks/step-events.ts';
import type { Held } from '../../app/login/revoke-login.ts';
import { revoke } from '../../app/login/revoke-stored.ts';

export interface DisconnectGrantPorts {
  readonly grants: Pick<
    Grants,
    'read' | 'beginDisconnection' | 'recordRevocation' | 'recordDisconnected' | 'releaseLease' | 'endLogin'
  >;
  readonly authorizations: Pick<Authorizations, 'setStatus'>;
  readonly tokens: Pick<Tokens, 'readGrant' | 'readGrantVersion' | 'readAccess' | 'empty'>;
  readonly clients: Pick<Clients, 'read'>;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly workflow: Pick<Workflow, 'resume'>;
  readonly incidents: Incidents;
  readonly events: Events;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Disconnects a connection: revokes its tokens at the provider, removes all staging labels from tokens, and resumes the
 * executions that wait for a login. A retry continues where the attempt before it died. Does nothing if the connection is
 * disconnected already. If it has left the configuration, its tokens are not revoked, because its provider is not known.
 * @returns the next decision, with `disconnected`, or `dropped` if another execution has the lease by now
 * @throws {LeaseHeldError} a refresh or a login uses the tokens now; retry after the lease expires
 * @throws {TokenEndpointUnavailableError} the provider did not answer; the last attempt continues without its answer
 * @throws {StoreUnavailableError} a retry or a later check continues
 * @throws {StoreQuotaExceededError} a secret could not be emptied; a later check or an operator continues
 * @see RFC 7009
 */
export async function disconnectGrant(input: StepInput, ports: DisconnectGrantPorts): Promise<StepOutput> {
  const { connectionId, by } = input.request;
  const { settings, grant: before } = await ports.grants.read(connectionId);
  if (isDisconnected(before)) return finishStep('disconnected', 'disconnect', input, ports);

  const leaseOwner = `${executionName(input)}#${ports.random.uuid()}`;
  // Record this before reading anything. From here on neither a login nor a refresh stores anything.
  const grant = await ports.grants.beginDisconnection(connectionId, leaseOwner, {
    by,
    atMs: ports.clock.nowMs(),
  });
  try {
    const events = eventsOf(input, ports.events);
    const outcome = await disconnect(settings, grant, input, { ...ports, events });
    return await finishStep(outcome, 'disconnect', input, ports);
  } catch (error) {
    // An unanswered write may still happen, and nobody may read before it. So let the lease expire.
    if (!(error instanceof StoreUnavailableError)) {
      await ports.grants.releaseLease(connectionId, leaseOwner).catch(() => undefined);
    }
    throw error;
  }
}

/** Each part can be repeated. The record is cleared last. */
async function disconnect(
  settings: Settings | undefined,
  grant: Grant,
  { request: { connectionId }, retryCount }: StepInput,
  ports: DisconnectGrantPorts,
): Promise<'disconnected' | 'dropped'> {
  const { fencingNumber, login, unrecordedLogins = [], grantVersionId, authorization, disconnection } = grant;
  // First complete a recorded login, so that the executions that wait for it learn of it.
  if (login?.closed !== undefined) await completeLogin(connectionId, login, ports);

  const { tokens } = ports;
  const [grants, accesses, ...logins] = await Promise.all([
    tokens.readGrant(connectionId),
    tokens.readAccess(connectionId),
    ...unrecordedLogins.map((versionId) => tokens.readGrantVersion(connectionId, versionId)),
  ]);
  // A read of the current version may be stale, so also read the recorded one.
  const isOther = grantVersionId !== undefined && grantVersionId !== grants.currentVersionId;
  if (isOther) logins.push(await tokens.readGrantVersion(connectionId, grantVersionId));
  const held = heldIn(grants, accesses, logins);
  const revocation = disconnection?.revocation ?? (await revoke(settings, held, retryCount, ports));
  const nowMs = ports.clock.nowMs();
  // Emptying a secret writes two versions.
  const writes = [...withinDay(grant, nowMs).otherWritesAtMs, nowMs, nowMs];
  if (!(await ports.grants.recordRevocation(connectionId, fencingNumber, revocation, writes)))
    return 'dropped';

  const at = new Date(nowMs).toISOString();
  const empty = async (secret: 'grant' | 'access', { currentVersionId }: Versions<unknown>) => {
    if (currentVersionId === undefined) return;
    await tokens.empty(connectionId, secret, [ports.random.uuid(), ports.random.uuid()], at);
  };
  await Promise.all([empty('grant', grants), empty('access', accesses)]);
  for (const open of [...(authorization?.supersedes ?? []), ...(authorization ? [authorization] : [])]) {
    await supersede(connectionId, open, ports);
  }
  const by = disconnection?.by;
  await ports.events.record(connectionId, 'disconnected', { ...(by !== undefined && { by }), revocation });
  return (await ports.grants.recordDisconnected(connectionId, fencingNumber)) ? 'disconnected' : 'dropped';
}

/** All stored tokens that may still be valid. */
function heldIn(
  grants: Versions<GrantSecret>,
  accesses: Versions<AccessSecret>,
  logins: readonly (GrantSecret | undefined)[],
): Held[] {
  const refreshTokens = [grants.current, grants.pending, ...logins].flatMap(
    (each) => each?.refreshToken ?? [],
  );
  const accessTokens = [accesses.current, accesses.pending].flatMap((each) => each?.accessToken ?? []);
  return [
    ...refreshTokens.map((token) => ({ token, type: 'refresh_token' as const })),
    ...accessTokens.map((token) => ({ token, type: 'access_token' as const })),
  ];
}
