import { isPaused } from '../../core/decide.ts';
import { IdentityError, IdentityUnknownError } from '../../core/errors.ts';
import type { Grant } from '../../core/grant.ts';
import type { Identity } from '../../core/identity.ts';
import { compareIdentity, pin } from '../../core/identity.ts';
import type { Authorization, Start } from '../../core/authorization.ts';
import type { Client } from '../../core/client-credentials.ts';
import type {
  Clients,
  Grants,
  Random,
  RevocationEndpoint,
  TokenEndpoint,
  Workflow,
} from '../../core/ports.ts';
import type { Said, TokenSet } from '../../core/token-answer.ts';
import type { TokenRefusal } from '../../core/token-refusal.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import type { Settings } from '../../core/settings.ts';
import * as pages from '../pages/callback-pages.ts';
import { detailsOf, errorOf, saidIn } from '../refresh/refusal-error.ts';
import type { BeginLoginPorts, BegunLogin } from './begin-login.ts';
import { abandonLogin } from './begin-login.ts';
import { hashed } from './hashed-identity.ts';
import type { LoginPage } from './login-page.ts';
import { completed, failed, loginDetails, refused } from './login-page.ts';
import { revokeLogin } from './revoke-login.ts';
import { holdLogin, storeVerifiedLogin } from './store-login.ts';

export interface ExchangeCodePorts extends BeginLoginPorts {
  readonly grants: BeginLoginPorts['grants'] & Pick<Grants, 'recordTokens' | 'holdTokens'>;
  readonly clients: Pick<Clients, 'read'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'exchange' | 'identify'>;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly workflow: Pick<Workflow, 'resume' | 'report' | 'refreshNow'>;
  readonly random: Random;
}

/** A callback with a code, after the login was recorded. */
export interface CodeExchange {
  readonly settings: Settings;
  readonly authorization: Authorization;
  readonly start: Start;
  readonly parameters: URLSearchParams;
  readonly state: string;
  readonly client: Client;
  /** The account that must have logged in, if it is known. */
  readonly pinned: Identity | undefined;
  readonly begun: BegunLogin;
}

interface ExchangedTokens {
  readonly tokenSet: TokenSet;
  readonly askedAtMs: number;
}

/** Exchanges the code, identifies the account, and stores the tokens if they are the owner's. */
export async function exchangeCode(exchange: CodeExchange, ports: ExchangeCodePorts): Promise<LoginPage> {
  const { settings, start, parameters, state, client, pinned } = exchange;
  const { provider, redirectUri } = settings;
  const { codeVerifier } = start;
  const askedAtMs = ports.clock.nowMs();
  const request = { parameters, state, redirectUri, codeVerifier };
  const answer = await ports.tokenEndpoint.exchange(provider, client, request);
  if (answer.kind === 'refused') return refusedExchange(exchange, answer, ports);
  const { tokens } = answer;
  if (tokens.refreshToken === undefined)
    return refusedExchange(exchange, { refusal: 'contract', error: 'no refresh_token' }, ports);
  const exchanged = { tokenSet: tokens, askedAtMs };
  const whose = await ports.tokenEndpoint.identify(provider, tokens);
  if (whose.kind === 'identity') return storeIfOwners(exchange, exchanged, whose.identity, ports);
  // Nobody is pinned, so the login needs no check.
  if (compareIdentity(pinned, {}) === 'first') return storeIfOwners(exchange, exchanged, {}, ports);
  return hold(exchange, exchanged, whose.error, ports);
}

async function refusedExchange(
  exchange: CodeExchange,
  answer: Said & { readonly refusal: TokenRefusal },
  ports: ExchangeCodePorts,
): Promise<LoginPage> {
  const { settings, authorization } = exchange;
  const { connectionId, provider } = settings;
  const { refusal } = answer;
  await abandon(exchange, ports);
  const details = { ...loginDetails(authorization), ...detailsOf(answer) };
  await ports.events.record(connectionId, 'exchange-failed', details);
  if (refusal === 'grant-rejected') return failed('code-refused', pages.codeRefused(authorization));
  if (refusal === 'unavailable' || refusal === 'grant-doubted')
    return failed('provider-unavailable', pages.providerUnavailable(settings, authorization));
  await ports.workflow.report(connectionId, 'Callback', errorOf(refusal, provider, saidIn(answer)));
  return failed('operator-must-act', pages.operatorMustAct(settings));
}

async function storeIfOwners(
  exchange: CodeExchange,
  { tokenSet, askedAtMs }: ExchangedTokens,
  unhashed: Identity,
  ports: ExchangeCodePorts,
): Promise<LoginPage> {
  const { settings, authorization, pinned, client, begun } = exchange;
  const { connectionId } = settings;
  const found = hashed(unhashed, ports.random);
  const verdict = compareIdentity(pinned, found);
  if (verdict === 'other' || verdict === 'unknown') return refuseIdentity(exchange, tokenSet, verdict, ports);

  const identity = pin(pinned, found);
  const login = { ...begun, tokenSet, askedAtMs, identity, details: loginDetails(authorization) };
  const recorded = await storeVerifiedLogin(settings, client, login, ports);
  const left = identity.accounts?.filter((account) => !found.accounts?.includes(account)).length ?? 0;
  const doubt = doubtOf(settings, identity, verdict === 'fewer' ? left : undefined);
  if (doubt) await ports.workflow.report(connectionId, 'Callback', doubt);
  const grant = recorded ?? (await ports.grants.read(connectionId)).grant;
  const page = pages.done(settings, {
    ...connected(settings, grant, authorization, ports.clock.nowMs()),
    accountsLeftOut: left,
  });
  return completed(verdict, page);
}

/** The alert for a stored login that operators should check. */
function doubtOf(
  { provider }: Settings,
  { subject, accounts }: Identity,
  left: number | undefined,
): IdentityError | IdentityUnknownError | undefined {
  if (left !== undefined)
    return new IdentityError(
      `A login to ${provider.displayName} left out ${left} of ${accounts?.length} accounts that were shared before. If that is intended, run grantkeeper reauthorize with --new-owner, and let them log in again.`,
    );
  if (provider.identity === undefined || subject !== undefined || accounts !== undefined) return undefined;
  return new IdentityUnknownError(
    `${provider.displayName} did not say whose grant it is, so nobody is pinned. Each refresh asks again. If it never says it, compare its identity data with its answer.`,
  );
}

/** Stores a login whose account cannot be checked now. The workflow checks it later. */
async function hold(
  { settings, authorization, begun }: CodeExchange,
  exchanged: ExchangedTokens,
  error: string,
  ports: ExchangeCodePorts,
): Promise<LoginPage> {
  const { connectionId } = settings;
  await holdLogin(settings, { ...begun, ...exchanged }, ports);
  await ports.events.record(connectionId, 'identity-unavailable', { ...loginDetails(authorization), error });
  await ports.workflow.refreshNow(connectionId);
  return completed('held', pages.beingChecked(settings));
}

/** Refuses a login of another account. The link still works. */
async function refuseIdentity(
  exchange: CodeExchange,
  tokenSet: TokenSet,
  verdict: 'other' | 'unknown',
  ports: ExchangeCodePorts,
): Promise<LoginPage> {
  const { settings, authorization, client } = exchange;
  const { connectionId, provider } = settings;
  await abandon(exchange, ports);
  const revocation = await revokeLogin(provider, client, tokenSet, ports.revocationEndpoint);
  const details = { ...loginDetails(authorization), verdict, revocation };
  await ports.events.record(connectionId, 'identity-refused', details);
  const name = provider.displayName;
  const error =
    verdict === 'other'
      ? new IdentityError(
          `Somebody logged in to ${name} who is not the owner of this connection. Nothing was stored. If that is intended, run grantkeeper reauthorize with --new-owner.`,
        )
      : new IdentityUnknownError(
          `${name} did not say whose login it was, but an account is pinned. Nothing was stored. Compare its identity data with its answer.`,
        );
  await ports.workflow.report(connectionId, 'Callback', error);
  // The login may have ended the stored grant. A refresh finds out.
  if (provider.loginEndsPreviousGrant) await ports.workflow.refreshNow(connectionId);
  return verdict === 'other'
    ? refused('other-account', pages.otherAccount(settings, authorization))
    : refused('account-unknown', pages.accountUnknown(settings, authorization));
}

/** Ends a login that stores nothing, so that its link works again. */
async function abandon({ authorization, begun }: CodeExchange, ports: ExchangeCodePorts): Promise<void> {
  const { connectionId, authorizationId } = authorization;
  await abandonLogin(connectionId, begun, ports);
  await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
}

/** The page's facts about the connection after a login. */
export function connected(settings: Settings, grant: Grant, from: Authorization, nowMs: number) {
  const deadlineMs = reminderScheduleOf(settings, grant)?.deadlineMs;
  return { from, nowMs, deadlineMs, isPaused: isPaused(settings, grant) };
}
