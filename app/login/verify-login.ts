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
import { errorOf, saidIn } from '../refresh/refusal.ts';
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
  /** With whom to pin. */
  | { readonly kind: 'verified'; readonly grant: GrantSecret; readonly access: AccessSecret }
  /** The tokens are kept, and a later check asks again. */
  | { readonly kind: 'unavailable'; readonly error: GrantkeeperError }
  /** Its refresh token does not work any more. */
  | { readonly kind: 'rejected' };

/**
 * Asks the provider again whose tokens a held login has, with its access token; where that has ended, with a new one.
 * @throws {IdentityError} they are of another account than the one that is pinned; the login is over
 * @throws {IdentityUnknownError} the provider told nothing of what is pinned; the login is over
 */
export async function verifyLogin(
  settings: Settings,
  held: HeldLogin,
  spending: { isBegun: boolean },
  ports: VerifyLoginPorts,
): Promise<Verified> {
  const { connectionId, provider } = settings;
  const { refusedAs, versionId } = held.login;
  // A run before this one died: its tokens may have been revoked by then, so the provider cannot be asked again.
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

/** Gives a login's tokens back. Its record goes last, so that a later check does all that a run which dies here has not. */
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
  // Where the login may have ended the grant that is stored, the provider itself is asked, so that its status is true.
  if (provider.loginEndsPreviousGrant) await ports.workflow.refreshNow(connectionId);
  await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
  await ports.grants.endLogin(connectionId, versionId);
  if (verdict === 'unknown')
    throw new IdentityUnknownError(
      `${provider.displayName} did not tell whose login it was, and somebody is pinned: its tokens are not used.`,
    );
  throw new IdentityError(
    `Somebody logged in to ${provider.displayName} who is not the owner that this connection was made for. Their tokens are not used. If that is meant, run grantkeeper reauthorize with --new-owner.`,
  );
}

function unavailable({ displayName }: Provider, why: string): Verified {
  const message = `${displayName} could not be asked whose login it was (${why}). Its tokens are kept until then.`;
  return { kind: 'unavailable', error: new TokenEndpointUnavailableError(message) };
}

/** The login's own access tokens, those of the newest refresh first. */
async function accessOf(
  { record, grant, access }: HeldLogin,
  connectionId: string,
  tokens: Tokens,
): Promise<AccessSecret[]> {
  // A refresh of the grant before it takes the label; whatever a refresh of this one has put has the newest id.
  const ids = new Set([record.unrecordedLogins?.at(-1) ?? grant.versionId, grant.versionId]);
  const read = [...ids].map((id) => tokens.readAccessVersion(connectionId, id));
  const found = [...(await Promise.all(read)), access.pending];
  return found.filter((each) => each?.derivedFrom === grant.versionId).map((each) => each!);
}

/** The login's tokens; or, without an access token that lives, what is to be answered. */
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
  // Not counted as the schedule's: while the grant before it works, that one must keep its room.
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
 * Of the versions noted before a refresh of a held login: those up to the login itself, which are of logins that it overtook;
 * that from which it is refreshed now; and the newest, whose put may yet show. However long the provider does not tell, the
 * list stays short.
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
