import type { GrantkeeperError } from '../../core/errors.ts';
import {
  IdentityError,
  IdentityUnknownError,
  LeaseHeldError,
  TokenEndpointUnavailableError,
} from '../../core/errors.ts';
import type { Grant, Login } from '../../core/grant.ts';
import { compareIdentity, pin } from '../../core/identity.ts';
import type { AccessSecret, GrantSecret, Versions } from '../../core/stored-tokens.ts';
import type {
  Authorizations,
  Clients,
  Clock,
  Events,
  Grants,
  Random,
  RevocationEndpoint,
  TokenEndpoint,
  Tokens,
  Workflow,
} from '../../core/ports.ts';
import type { Provider } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { hashed } from './hashed-identity.ts';
import { errorOf, saidIn } from '../refresh/refusal-error.ts';
import { revokeLogin } from './revoke-login.ts';
import { accessSecretOf } from '../refresh/access-secret.ts';
import { confirmRejection } from '../refresh/rejected-refresh-token.ts';
import { spendWithinBudget } from '../refresh/spend-within-budget.ts';

export interface VerifyLoginPorts {
  readonly grants: Pick<
    Grants,
    'refuseLogin' | 'endLogin' | 'recordLoginVersions' | 'recordWrites' | 'recordDoubt'
  >;
  readonly authorizations: Pick<Authorizations, 'setStatus'>;
  readonly tokens: Tokens;
  readonly clients: Pick<Clients, 'read'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'refresh' | 'identify'>;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly workflow: Pick<Workflow, 'refreshNow'>;
  readonly events: Events;
  readonly clock: Clock;
  readonly random: Random;
}

export interface HeldLogin {
  readonly record: Grant;
  readonly login: Login;
  readonly grant: GrantSecret;
  readonly access: Versions<AccessSecret>;
}

export type Verified =
  /** The grant secret has the identity to pin. */
  | { readonly kind: 'verified'; readonly grant: GrantSecret; readonly access: AccessSecret }
  /** The provider did not identify the account. A later check asks again. */
  | { readonly kind: 'unavailable'; readonly error: GrantkeeperError }
  /** Its refresh token does not work any more. */
  | { readonly kind: 'rejected' };

/**
 * Identifies the account of a held login with its access token. Refreshes that token first if it has ended.
 * @throws {IdentityError} it is another account than the pinned one; the login is over
 * @throws {IdentityUnknownError} the provider did not say what is pinned; the login is over
 */
export async function verifyLogin(
  settings: Settings,
  held: HeldLogin,
  spending: { isBegun: boolean },
  ports: VerifyLoginPorts,
): Promise<Verified> {
  const { connectionId, provider } = settings;
  const { refusedAs, versionId } = held.login;
  // An earlier run may have revoked the tokens before it died, so the provider cannot be asked again.
  if (refusedAs !== undefined) {
    const [newest] = await accessOf(held, connectionId, ports.tokens);
    return refuse(settings, held, refusedAs, newest, ports);
  }
  const tokens = await livingTokens(settings, held, spending, ports);
  if ('kind' in tokens) return tokens;
  const { grant, access } = tokens;
  const answer = await ports.tokenEndpoint.identify(provider, { accessToken: access.accessToken });
  if (answer.kind === 'unavailable') return unavailable(provider, answer.error);
  const { identity: pinned } = held.record;
  const found = hashed(answer.identity, ports.random);
  const verdict = compareIdentity(pinned, found);
  if (verdict !== 'other' && verdict !== 'unknown')
    return { kind: 'verified', grant: { ...grant, identity: pin(pinned, found) }, access };

  await ports.grants.refuseLogin(connectionId, versionId, verdict);
  return refuse(settings, { ...held, grant }, verdict, access, ports);
}

/** Revokes a login's tokens. Removes its record last, so that a later check can finish the work. */
async function refuse(
  settings: Settings,
  { login, grant }: HeldLogin,
  verdict: 'other' | 'unknown',
  access: AccessSecret | undefined,
  ports: VerifyLoginPorts,
): Promise<never> {
  const { connectionId, provider } = settings;
  const { versionId, authorizationId } = login;
  const client = await ports.clients.read(settings.clientSecretName);
  const given = { refreshToken: grant.refreshToken, ...(access && { accessToken: access.accessToken }) };
  const revocation = await revokeLogin(provider, client, given, ports.revocationEndpoint);
  await ports.events.record(connectionId, 'identity-refused', { authorizationId, verdict, revocation });
  // The login may have ended the stored grant. A refresh finds out.
  if (provider.loginEndsPreviousGrant) await ports.workflow.refreshNow(connectionId);
  await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
  await ports.grants.endLogin(connectionId, versionId);
  if (verdict === 'unknown')
    throw new IdentityUnknownError(
      `${provider.displayName} did not say whose login it was, but an account is pinned. Its tokens are not used.`,
    );
  throw new IdentityError(
    `Somebody logged in to ${provider.displayName} who is not the owner of this connection. Their tokens are not used. If that is intended, run grantkeeper reauthorize with --new-owner.`,
  );
}

function unavailable({ displayName }: Provider, why: string): Verified {
  const message = `${displayName} could not be asked whose login it was (${why}). Its tokens are kept until then.`;
  return { kind: 'unavailable', error: new TokenEndpointUnavailableError(message) };
}

/** The login's own access tokens, the newest first. */
async function accessOf(
  { record, grant, access }: HeldLogin,
  connectionId: string,
  tokens: Tokens,
): Promise<AccessSecret[]> {
  // A refresh of the earlier grant takes the label, so read by id. A refresh of this login has the newest id.
  const ids = new Set([record.unrecordedLogins?.at(-1) ?? grant.versionId, grant.versionId]);
  const read = [...ids].map((id) => tokens.readAccessVersion(connectionId, id));
  const found = [...(await Promise.all(read)), access.pending];
  return found.filter((each) => each?.derivedFrom === grant.versionId).map((each) => each!);
}

/** The login's tokens with a valid access token, or else the answer to return. */
async function livingTokens(
  settings: Settings,
  held: HeldLogin,
  spending: { isBegun: boolean },
  ports: VerifyLoginPorts,
): Promise<{ readonly grant: GrantSecret; readonly access: AccessSecret } | Verified> {
  const { connectionId, provider } = settings;
  const { record, login, grant } = held;
  const { tokens, tokenEndpoint, clock, random } = ports;
  const nowMs = clock.nowMs();
  const own = await accessOf(held, connectionId, tokens);
  const living = own.find(({ expiresAt }) => Date.parse(expiresAt) > nowMs);
  if (living) return { grant, access: living };

  const next = random.uuid();
  const versionIds = [...stillNeeded(record.unrecordedLogins, login, grant), next];
  const overtaken = new LeaseHeldError(`A newer login to ${connectionId} has begun.`);
  const client = await ports.clients.read(settings.clientSecretName);
  // Counts as requested, because the schedule needs its room for the earlier grant.
  const answer = await spendWithinBudget(
    settings,
    record,
    { request: { trigger: 'link' } },
    ports,
    async () => {
      if (!(await ports.grants.recordLoginVersions(connectionId, record.fencingNumber, versionIds)))
        throw overtaken;
      return tokenEndpoint.refresh(provider, client, grant.refreshToken);
    },
  );
  if (answer === 'dropped') throw overtaken;
  if (answer === 'refresh-limited') return unavailable(provider, 'too many refreshes within a day');
  if (answer.kind === 'refused') {
    const refusal = await confirmRejection(connectionId, record.fencingNumber, answer.refusal, ports);
    if (refusal === 'grant-rejected') return { kind: 'rejected' };
    return { kind: 'unavailable', error: errorOf(refusal, provider, saidIn(answer)) };
  }
  spending.isBegun = true;
  const { refreshToken } = answer.tokens;
  let newest = grant;
  if (refreshToken !== undefined && !refreshToken.equals(grant.refreshToken)) {
    const obtainedAt = new Date(nowMs).toISOString();
    newest = { ...grant, versionId: next, refreshToken, obtainedAt, derivedFrom: grant.versionId };
    await tokens.putGrant(connectionId, newest);
  }
  const access = { ...accessSecretOf(settings, answer.tokens, nowMs, newest, random), versionId: next };
  await tokens.putAccess(connectionId, access);
  return { grant: newest, access };
}

/**
 * The noted versions that a held login still needs: those of displaced logins, the one that is being refreshed, and the
 * newest, which a stale read may not show yet. This keeps the list short.
 */
function stillNeeded(
  versionIds: readonly string[] = [],
  login: Login,
  grant: GrantSecret,
): readonly string[] {
  const own = versionIds.indexOf(login.versionId) + 1;
  const newest = versionIds.slice(own);
  const kept = newest.filter((id, index) => id === grant.versionId || index === newest.length - 1);
  return [...versionIds.slice(0, own), ...kept];
}
