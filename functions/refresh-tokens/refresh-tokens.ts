import { outlivesNextTick } from '../../core/decide.ts';
import { asOurs, ConfigurationError, LeaseHeldError, StoreUnavailableError } from '../../core/errors.ts';
import type { Grant, Login } from '../../core/grant.ts';
import { isExchanging, isInterrupted } from '../../core/grant.ts';
import type { Identity } from '../../core/identity.ts';
import { compareIdentity, pin } from '../../core/identity.ts';
import type {
  AccessSecret,
  Authorizations,
  Clients,
  Clock,
  Events,
  Grants,
  GrantSecret,
  Incidents,
  Metrics,
  Random,
  RevocationEndpoint,
  TokenEndpoint,
  Tokens,
  TokenSet,
  Workflow,
} from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { hashed } from '../../app/login/hashed-identity.ts';
import { next } from '../../app/checks/finish-step.ts';
import { errorOf, saidIn } from '../../app/refresh/refusal.ts';
import { executionName, type StepInput, type StepOutput } from '../../app/checks/step.ts';
import { accessSecretOf, storedTokensOf } from '../../app/refresh/access-secret.ts';
import { readStored, requireCurrent } from '../../app/refresh/read-stored.ts';
import { eventsOf } from '../../app/checks/step-events.ts';
import { earlyRejection } from '../../app/refresh/early-rejection.ts';
import { adoptAccess, adoptGrant } from '../../app/refresh/adopt.ts';
import { isRepeated } from '../../app/refresh/doubt.ts';
import { finishLogin } from '../../app/login/finish-login.ts';
import { spendWithinBudget } from '../../app/refresh/spend-within-budget.ts';

export interface RefreshTokensPorts {
  readonly grants: Pick<
    Grants,
    | 'read'
    | 'takeLease'
    | 'releaseLease'
    | 'recordWrites'
    | 'recordTokens'
    | 'recordRejection'
    | 'recordDoubt'
    | 'recordLoginVersions'
    | 'refuseLogin'
    | 'endLogin'
  >;
  readonly authorizations: Pick<Authorizations, 'setStatus'>;
  readonly workflow: Pick<Workflow, 'resume' | 'report' | 'refreshNow'>;
  readonly tokens: Tokens;
  readonly clients: Pick<Clients, 'read'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'refresh' | 'identify'>;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly incidents: Incidents;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * - `dropped`: a newer login won meanwhile, and its tokens stand
 * - `refresh-limited`: too many were asked for; the stored token lives, and stands
 */
type RefreshOutcome = 'refreshed' | 'fresh' | 'rejected' | 'dropped' | 'refresh-limited';

/** A lease under which the refresh token was spent is not given back after a failure: reads may not show yet what was stored. */
interface Spending {
  isBegun: boolean;
}

/**
 * Spends the stored refresh token once and stores what comes back. Where a login was not completed it does that
 * instead, and whether a refresh is needed is decided anew.
 * @returns the outcome and the next decision; no credential
 * @throws {LeaseHeldError} another execution spends it now; try again past the lease's expiry
 * @throws {TokenEndpointUnavailableError} nothing was lost; try again
 * @throws {ClientRejectedError} the client's own credentials were refused; an operator must act
 * @throws {StoreQuotaExceededError} the secrets have no room for what would come back; nothing was spent
 * @throws {ProviderContractError} the answer is not one that the provider's data allows
 * @see RFC 6749 §6, RFC 9700 §4.14
 */
export async function refreshTokens(input: StepInput, ports: RefreshTokensPorts): Promise<StepOutput> {
  const { connectionId } = input.request;
  const { settings, grant: before } = await ports.grants.read(connectionId);
  if (settings === undefined) return next('removed', 'refresh', input, ports);

  const leaseOwner = `${executionName(input)}#${ports.random.uuid()}`;
  const nowMs = ports.clock.nowMs();
  // An attempt before this one keeps its lease where a store did not answer: that is the cause to tell, and to wait for.
  const hasFailed = before.lease?.owner.startsWith(`${executionName(input)}#`) === true;
  const unanswered = () =>
    new StoreUnavailableError(
      `An earlier attempt to refresh ${connectionId} was not answered by a store, or was killed.`,
    );
  const grant = await ports.grants.takeLease(connectionId, leaseOwner, nowMs).catch((error: unknown) => {
    throw hasFailed && error instanceof LeaseHeldError ? unanswered() : error;
  });
  const { login } = grant;
  const events = eventsOf(input, ports.events);
  const release = () => ports.grants.releaseLease(connectionId, leaseOwner).catch(() => undefined);
  // Whoever has the lease knows that the callback has not: either it died, or the tokens are recorded.
  const unfinished = login !== undefined && (login.closed === undefined || isInterrupted(login, nowMs));
  if (grant.disconnection !== undefined || (grant.status === 'disconnected' && !unfinished)) {
    await release();
    return next('disconnected', 'refresh', input, ports);
  }
  const spending: Spending = { isBegun: false };
  let outcome: RefreshOutcome | 'login-recovered' | 'login-lost';
  try {
    outcome = unfinished
      ? await finish(settings, { ...grant, login }, spending, input, { ...ports, events })
      : await refresh(settings, grant, spending, input, ports);
    // It was not too much that was asked for: the attempts themselves have used that up.
    if (outcome === 'refresh-limited' && hasFailed) throw unanswered();
  } catch (error) {
    // A write that was not answered may yet happen: nobody is to read before it, so that lease ends by itself.
    if (!(error instanceof StoreUnavailableError) && !spending.isBegun) await release();
    ports.metrics.count('RefreshesFailed', 'reason', asOurs(error).name);
    throw error;
  }
  // The write that records tokens has given the lease back.
  if (outcome !== 'refreshed' && outcome !== 'fresh') await release();
  await events.record(connectionId, outcome, {});
  if (outcome === 'login-recovered' || outcome === 'login-lost')
    return next(outcome, undefined, input, ports);
  if (outcome === 'refreshed') ports.metrics.put('RefreshesSucceeded', 1);
  if (outcome === 'rejected') ports.metrics.count('RefreshesFailed', 'reason', outcome);
  return next(outcome, 'refresh', input, ports);
}

/** Completes a login. While its account cannot be checked, the grant before it is refreshed as before if it still works. */
async function finish(
  settings: Settings,
  record: Grant & { readonly login: Login },
  spending: Spending,
  input: StepInput,
  ports: RefreshTokensPorts,
): Promise<RefreshOutcome | 'login-recovered' | 'login-lost'> {
  const outcome = await finishLogin(settings, record, spending, ports);
  if (typeof outcome === 'string') return outcome;
  const mayWork = record.status === 'active' && settings.provider.loginEndsPreviousGrant !== true;
  const { grant: now } = await ports.grants.read(settings.connectionId);
  const isOurs = now.fencingNumber === record.fencingNumber;
  if (mayWork && isOurs) await refresh(settings, now, spending, input, ports);
  throw outcome.error;
}

async function refresh(
  settings: Settings,
  taken: Grant,
  spending: Spending,
  input: StepInput,
  ports: RefreshTokensPorts,
): Promise<RefreshOutcome> {
  const { connectionId } = settings;
  const { fencingNumber } = taken;
  const [found, client] = await Promise.all([
    readStored(connectionId, ports.tokens),
    ports.clients.read(settings.clientSecretName),
  ]);
  requireCurrent(connectionId, found, taken, ports.clock.nowMs());
  const grant = await adoptGrant(connectionId, found.grant, ports.tokens);
  // A login that nobody has checked is current where its callback died as it put the first version of the secret.
  const isUnchecked = grant?.unverified && grant.versionId !== taken.grantVersionId;
  if (grant === undefined || isUnchecked) {
    throw new ConfigurationError(
      `The grant secret of ${connectionId} holds no refresh token although its owner has logged in. Ask for a new login.`,
    );
  }
  const stored = await adoptAccess(connectionId, found.access, grant, ports.tokens);
  const access = stored.current;
  if (access !== undefined && isFresh(settings, access, grant, input, ports.clock.nowMs())) {
    const recorded = await recordTokens(connectionId, fencingNumber, grant, access, ports);
    return recorded ? 'fresh' : 'dropped';
  }

  const askedAtMs = ports.clock.nowMs();
  const answer = await spendWithinBudget(settings, taken, input, ports, () =>
    ports.tokenEndpoint.refresh(settings.provider, client, grant.refreshToken),
  );
  if (answer === 'refresh-limited' || answer === 'dropped') return answer;
  if (answer.kind === 'refused') {
    const { refusal } = answer;
    const isBelieved =
      refusal === 'grant-rejected' ||
      (refusal === 'grant-doubted' && (await isRepeated(connectionId, fencingNumber, ports)));
    if (!isBelieved) throw errorOf(refusal, settings.provider, saidIn(answer));
    const outcome = await rejected(settings, fencingNumber, grant, ports);
    const early = earlyRejection(settings, taken, input.request, answer, ports.clock.nowMs());
    // Should this fail, the step is tried again, rejected again, and this told then.
    if (outcome === 'rejected' && early) await ports.workflow.report(connectionId, 'Grant', early);
    return outcome;
  }
  spending.isBegun = true;
  return store(settings, taken, grant, stored.currentVersionId, answer.tokens, askedAtMs, ports);
}

function isFresh(
  settings: Settings,
  access: AccessSecret,
  grant: GrantSecret,
  input: StepInput,
  nowMs: number,
): boolean {
  if (access.derivedFrom !== grant.versionId) return false;
  const { force, accessVersionId } = input.request;
  // Whoever names what they have asks for another one; whoever names nothing, for one that is newer than their asking.
  if (accessVersionId !== undefined && accessVersionId === access.versionId) return false;
  const isAsked = force === 'refresh' && accessVersionId === undefined;
  if (isAsked && access.obtainedAt < input.executionStartedAt) return false;
  return outlivesNextTick(settings, Date.parse(access.expiresAt), nowMs);
}

/** The provider will not take this refresh token. Somebody else may have replaced it meanwhile. */
async function rejected(
  settings: Settings,
  fencingNumber: number,
  spent: GrantSecret,
  ports: RefreshTokensPorts,
): Promise<RefreshOutcome> {
  const { connectionId } = settings;
  const [now, { grant }] = await Promise.all([
    ports.tokens.readGrant(connectionId),
    ports.grants.read(connectionId),
  ]);
  if (now.currentVersionId !== spent.versionId) return 'dropped';
  if (now.pending?.derivedFrom === spent.versionId)
    throw new StoreUnavailableError(
      `The grant secret of ${connectionId} has a newer version, which could not be read before.`,
    );
  // A login ends the old grant at once; its callback is about to store the new one.
  if (isExchanging(grant.login, ports.clock.nowMs())) return 'dropped';
  return (await ports.grants.recordRejection(connectionId, fencingNumber)) ? 'rejected' : 'dropped';
}

/** Grant secret first: a lost access token can be asked for again, a lost refresh token cannot. */
async function store(
  settings: Settings,
  { fencingNumber, identity: pinned }: Grant,
  spent: GrantSecret,
  replacedVersionId: string | undefined,
  tokenSet: TokenSet,
  askedAtMs: number,
  ports: RefreshTokensPorts,
): Promise<RefreshOutcome> {
  const { connectionId } = settings;
  const { tokens, random } = ports;
  const obtainedAt = new Date(askedAtMs).toISOString();
  let grant = spent;
  if (tokenSet.refreshToken !== undefined && !tokenSet.refreshToken.equals(spent.refreshToken)) {
    grant = {
      versionId: random.uuid(),
      refreshToken: tokenSet.refreshToken,
      obtainedAt,
      authorizedAt: spent.authorizedAt,
      derivedFrom: spent.versionId,
    };
    await tokens.putGrant(connectionId, grant);
    if (!(await tokens.moveCurrent(connectionId, 'grant', spent.versionId, grant.versionId)))
      return 'dropped';
  }
  const access = accessSecretOf(settings, tokenSet, askedAtMs, grant, random);
  const put = await tokens.putAccess(connectionId, access);
  if (put === 'pending') {
    const moved = await tokens.moveCurrent(connectionId, 'access', replacedVersionId, access.versionId);
    if (!moved) return 'dropped';
  }
  const identity = await toPin(settings, pinned, tokenSet, ports);
  const recorded = await recordTokens(connectionId, fencingNumber, grant, access, ports, identity);
  return recorded ? 'refreshed' : 'dropped';
}

/** Whose grant it is, where the provider could not be asked at its login and tells now; after the tokens are stored. */
async function toPin(
  { provider }: Settings,
  pinned: Identity | undefined,
  tokenSet: TokenSet,
  { tokenEndpoint, random }: RefreshTokensPorts,
): Promise<Identity | undefined> {
  if (provider.identity === undefined || compareIdentity(pinned, {}) !== 'first') return undefined;
  const answer = await tokenEndpoint.identify(provider, tokenSet);
  return answer.kind === 'identity' ? pin(undefined, hashed(answer.identity, random)) : undefined;
}

async function recordTokens(
  connectionId: string,
  fencingNumber: number,
  grant: GrantSecret,
  access: AccessSecret,
  { grants }: RefreshTokensPorts,
  identity?: Identity,
): Promise<boolean> {
  const tokens = { ...storedTokensOf(false, grant, access), identity };
  return (await grants.recordTokens(connectionId, fencingNumber, tokens)) !== undefined;
}
