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
import type { Said, TokenSet, Refusal } from '../../core/token-answer.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import type { Settings } from '../../core/settings.ts';
import * as pages from '../pages/callback-pages.ts';
import { detailsOf, errorOf, saidIn } from '../refresh/refusal.ts';
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

export interface CodeExchange {
  readonly settings: Settings;
  readonly authorization: Authorization;
  readonly start: Start;
  readonly parameters: URLSearchParams;
  readonly state: string;
  readonly client: Client;
  /** Who must have logged in, where that is known. */
  readonly pinned: Identity | undefined;
  readonly begun: BegunLogin;
}

interface ExchangedTokens {
  readonly tokenSet: TokenSet;
  readonly askedAtMs: number;
}

/** Exchanges the code, asks whose tokens these are, and stores them if they are the owner's. */
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
  answer: Said & { readonly refusal: Refusal },
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

/** What operators should know of a login that was stored. */
function doubtOf(
  { provider }: Settings,
  { subject, accounts }: Identity,
  left: number | undefined,
): IdentityError | IdentityUnknownError | undefined {
  if (left !== undefined)
    return new IdentityError(
      `A login to ${provider.displayName} shared ${left} of ${accounts?.length} accounts no more. If that is meant, run grantkeeper reauthorize with --new-owner, and let them log in again.`,
    );
  if (provider.identity === undefined || subject !== undefined || accounts !== undefined) return undefined;
  return new IdentityUnknownError(
    `${provider.displayName} did not tell whose grant it is, so nobody is pinned. Each refresh asks again. If it never tells, compare its identity data with what it answers.`,
  );
}

/** The account cannot be checked now: the workflow checks it later. */
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

/** Nothing is stored; the link goes on working. */
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
          `Somebody logged in to ${name} who is not the owner that this connection was made for. Nothing was stored. If that is meant, run grantkeeper reauthorize with --new-owner.`,
        )
      : new IdentityUnknownError(
          `${name} did not tell whose login it was, and somebody is pinned: nothing was stored. Compare its identity data with what it answers.`,
        );
  await ports.workflow.report(connectionId, 'Callback', error);
  // Where the login may have ended the stored grant, only the provider knows its status.
  if (provider.loginEndsPreviousGrant) await ports.workflow.refreshNow(connectionId);
  return verdict === 'other'
    ? refused('other-account', pages.otherAccount(settings, authorization))
    : refused('account-unknown', pages.accountUnknown(settings, authorization));
}

/** The link may be used again. */
async function abandon({ authorization, begun }: CodeExchange, ports: ExchangeCodePorts): Promise<void> {
  const { connectionId, authorizationId } = authorization;
  await abandonLogin(connectionId, begun, ports);
  await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
}

/** How the connection stands after a login. */
export function connected(settings: Settings, grant: Grant, from: Authorization, nowMs: number) {
  const deadlineMs = reminderScheduleOf(settings, grant)?.deadlineMs;
  return { from, nowMs, deadlineMs, isPaused: isPaused(settings, grant) };
}
