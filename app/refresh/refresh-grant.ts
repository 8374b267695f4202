import { outlivesNextTick } from '../../core/decide.ts';
import { ConfigurationError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import type { Identity } from '../../core/identity.ts';
import { compareIdentity, pin } from '../../core/identity.ts';
import type { AccessSecret, GrantSecret } from '../../core/stored-tokens.ts';
import type { Clients, Clock, Grants, Random, TokenEndpoint, Tokens, Workflow } from '../../core/ports.ts';
import type { TokenAnswer, TokenSet } from '../../core/token-answer.ts';
import type { Settings } from '../../core/settings.ts';
import type { StepInput } from '../checks/step.ts';
import { hashed } from '../login/hashed-identity.ts';
import { accessSecretOf, storedTokensOf } from './access-secret.ts';
import { adoptAccess, adoptGrant } from './adopt.ts';
import { readStored, requireCurrent } from './read-stored.ts';
import { errorOf, saidIn } from './refusal-error.ts';
import type { RejectedRefreshTokenPorts } from './rejected-refresh-token.ts';
import { confirmRejection, earlyRejection, recordRejection } from './rejected-refresh-token.ts';
import { spendWithinBudget } from './spend-within-budget.ts';

export interface RefreshGrantPorts extends RejectedRefreshTokenPorts {
  readonly grants: RejectedRefreshTokenPorts['grants'] & Pick<Grants, 'recordWrites' | 'recordTokens'>;
  readonly workflow: Pick<Workflow, 'report'>;
  readonly tokens: Tokens;
  readonly clients: Pick<Clients, 'read'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'refresh' | 'identify'>;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * - `fresh`: the stored access token is new enough
 * - `dropped`: a newer login has stored its tokens
 * - `refresh-limited`: too many refreshes were requested; the stored token is still valid
 */
export type RefreshOutcome = 'refreshed' | 'fresh' | 'rejected' | 'dropped' | 'refresh-limited';

/** Set once the refresh token may be spent. From then on a failure keeps the lease, because reads may be stale. */
export interface Spending {
  isBegun: boolean;
}

/** Spends the stored refresh token once, unless the access token is fresh, and stores the answer. */
export async function refreshGrant(
  settings: Settings,
  taken: Grant,
  spending: Spending,
  input: Pick<StepInput, 'request' | 'executionStartedAt'>,
  ports: RefreshGrantPorts,
): Promise<RefreshOutcome> {
  const { connectionId } = settings;
  const { fencingNumber } = taken;
  const [found, client] = await Promise.all([
    readStored(connectionId, ports.tokens),
    ports.clients.read(settings.clientSecretName),
  ]);
  requireCurrent(connectionId, found, taken, ports.clock.nowMs());
  const grant = await adoptGrant(connectionId, found.grant, ports.tokens);
  // A callback that dies after writing the first version of the secret leaves an unchecked login current.
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
  if (answer.kind === 'refused') return refused(settings, taken, grant, answer, input.request, ports);
  spending.isBegun = true;
  return store(settings, taken, grant, stored.currentVersionId, answer.tokens, askedAtMs, ports);
}

function isFresh(
  settings: Settings,
  access: AccessSecret,
  grant: GrantSecret,
  input: Pick<StepInput, 'request' | 'executionStartedAt'>,
  nowMs: number,
): boolean {
  if (access.derivedFrom !== grant.versionId) return false;
  const { force, accessVersionId } = input.request;
  // A request with a version asks for another version. One without asks for a token that is newer than the request.
  if (accessVersionId !== undefined && accessVersionId === access.versionId) return false;
  const isAsked = force === 'refresh' && accessVersionId === undefined;
  if (isAsked && access.obtainedAt < input.executionStartedAt) return false;
  return outlivesNextTick(settings, Date.parse(access.expiresAt), nowMs);
}

async function refused(
  settings: Settings,
  taken: Grant,
  spent: GrantSecret,
  answer: Extract<TokenAnswer, { kind: 'refused' }>,
  request: StepInput['request'],
  ports: RefreshGrantPorts,
): Promise<'rejected' | 'dropped'> {
  const { connectionId } = settings;
  const { fencingNumber } = taken;
  const refusal = await confirmRejection(connectionId, fencingNumber, answer.refusal, ports);
  if (refusal !== 'grant-rejected') throw errorOf(refusal, settings.provider, saidIn(answer));
  const outcome = await recordRejection(connectionId, fencingNumber, spent, ports);
  const early = earlyRejection(settings, taken, request, answer, ports.clock.nowMs());
  // If this fails, the step is retried, gets the same rejection and reports it then.
  if (outcome === 'rejected' && early) await ports.workflow.report(connectionId, 'Grant', early);
  return outcome;
}

/** Stores the grant secret first, because a lost refresh token cannot be replaced. */
async function store(
  settings: Settings,
  { fencingNumber, identity: pinned }: Grant,
  spent: GrantSecret,
  replacedVersionId: string | undefined,
  tokenSet: TokenSet,
  askedAtMs: number,
  ports: RefreshGrantPorts,
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

/** Identifies the account, if none is pinned because the provider did not answer at the login. */
async function toPin(
  { provider }: Settings,
  pinned: Identity | undefined,
  tokenSet: TokenSet,
  { tokenEndpoint, random }: RefreshGrantPorts,
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
  { grants }: RefreshGrantPorts,
  identity?: Identity,
): Promise<boolean> {
  const tokens = { ...storedTokensOf(false, grant, access), identity };
  return (await grants.recordTokens(connectionId, fencingNumber, tokens)) !== undefined;
}
