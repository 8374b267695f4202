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
 * Ends a connection: its tokens are given back where the provider takes them, no staging label of a secret stays on one,
 * and whoever waits for a login is resumed. A repeat goes on where the attempt before it died; of a connection that is
 * ended already there is nothing to do. One that has left the configuration is ended here, and not at its provider.
 * @returns `disconnected`, or `dropped` when another execution has taken the lease meanwhile, and the next decision
 * @throws {LeaseHeldError} a refresh or a login uses the tokens now; try again past the lease's expiry
 * @throws {TokenEndpointUnavailableError} the provider did not answer; the last attempt goes on without
 * @throws {StoreUnavailableError} a retry, or a later check, goes on
 * @throws {StoreQuotaExceededError} a secret could not be emptied; a later check, or operator, goes on
 * @see RFC 7009
 */
export async function disconnectGrant(input: StepInput, ports: DisconnectGrantPorts): Promise<StepOutput> {
  const { connectionId, by } = input.request;
  const { settings, grant: before } = await ports.grants.read(connectionId);
  if (isDisconnected(before)) return finishStep('disconnected', 'disconnect', input, ports);

  const leaseOwner = `${executionName(input)}#${ports.random.uuid()}`;
  // Ended before anything is read: from here on neither a login nor a refresh stores anything.
  const grant = await ports.grants.beginDisconnection(connectionId, leaseOwner, {
    by,
    atMs: ports.clock.nowMs(),
  });
  try {
    const events = eventsOf(input, ports.events);
    const outcome = await disconnect(settings, grant, input, { ...ports, events });
    return await finishStep(outcome, 'disconnect', input, ports);
  } catch (error) {
    // A write that was not answered may yet happen: nobody is to read before it, so that lease ends by itself.
    if (!(error instanceof StoreUnavailableError)) {
      await ports.grants.releaseLease(connectionId, leaseOwner).catch(() => undefined);
    }
    throw error;
  }
}

/** Each part can be done again; the record forgets last what there is to do. */
async function disconnect(
  settings: Settings | undefined,
  grant: Grant,
  { request: { connectionId }, retryCount }: StepInput,
  ports: DisconnectGrantPorts,
): Promise<'disconnected' | 'dropped'> {
  const { fencingNumber, login, unrecordedLogins = [], grantVersionId, authorization, disconnection } = grant;
  // Whoever waits for a login that is recorded hears of that first.
  if (login?.closed !== undefined) await completeLogin(connectionId, login, ports);

  const { tokens } = ports;
  const [grants, accesses, ...logins] = await Promise.all([
    tokens.readGrant(connectionId),
    tokens.readAccess(connectionId),
    ...unrecordedLogins.map((versionId) => tokens.readGrantVersion(connectionId, versionId)),
  ]);
  // A read of what is current may be some seconds old: the record knows better.
  const isOther = grantVersionId !== undefined && grantVersionId !== grants.currentVersionId;
  if (isOther) logins.push(await tokens.readGrantVersion(connectionId, grantVersionId));
  const held = heldIn(grants, accesses, logins);
  const revocation = disconnection?.revocation ?? (await revoke(settings, held, retryCount, ports));
  const nowMs = ports.clock.nowMs();
  // Two versions empty each secret.
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

/** Everything that the provider may still honour, as far as it is stored. */
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
