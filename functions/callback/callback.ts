import { isAlive, isPaused } from '../../core/decide.ts';
import {
  AuthorizationRejectedError,
  IdentityError,
  IdentityUnknownError,
  IssuerMismatchError,
  StoreQuotaExceededError,
  StoreUnavailableError,
} from '../../core/errors.ts';
import type { EventType } from '../../core/event.ts';
import type { Grant, Login } from '../../core/grant.ts';
import { isEndedFor, isLoginUnderWay } from '../../core/grant.ts';
import type { Identity } from '../../core/identity.ts';
import { compareIdentity, pin } from '../../core/identity.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { parseState } from '../../core/link.ts';
import type {
  Authorization,
  AuthorizationAnswer,
  Authorizations,
  Client,
  Clients,
  Clock,
  Events,
  Grants,
  Metrics,
  Random,
  RevocationEndpoint,
  Start,
  SeizedLease,
  TokenEndpoint,
  Tokens,
  TokenSet,
  Workflow,
} from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { callbackGraceMs } from '../../core/time-limits.ts';
import { loginsFullUntilMs } from '../../core/version-budget.ts';
import { hashed } from '../../app/login/hashed-identity.ts';
import { completeLogin } from '../../app/login/complete-login.ts';
import { forgetOldWrites } from '../../app/login/forget-old-writes.ts';
import type { HttpRequest, HttpResponse } from '../../app/pages/http.ts';
import { cookieMs, cookieOf } from '../../app/pages/http.ts';
import { ended, neededAgain } from '../../app/pages/pages.ts';
import { reporting } from '../../app/notices/report.ts';
import { heldAmong, revokeLogin, revokeReplaced } from '../../app/login/revoke-login.ts';
import { detailsOf, errorOf, saidIn } from '../../app/refresh/refusal.ts';
import * as pages from '../../app/pages/callback-pages.ts';
import type { Stored } from '../../app/refresh/read-stored.ts';
import { readStored } from '../../app/refresh/read-stored.ts';
import { holdTokens, storeLogin } from '../../app/login/store-login.ts';

export interface CallbackPorts {
  readonly grants: Pick<
    Grants,
    'read' | 'seizeLease' | 'recordWrites' | 'recordTokens' | 'releaseLease' | 'endLogin' | 'holdTokens'
  >;
  readonly authorizations: Pick<Authorizations, 'read' | 'useStart' | 'noteStart' | 'setStatus'>;
  readonly tokens: Tokens;
  readonly clients: Pick<Clients, 'read'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'readCallback' | 'exchange' | 'identify'>;
  readonly revocationEndpoint: RevocationEndpoint;
  readonly workflow: Pick<Workflow, 'resume' | 'report' | 'refreshNow'>;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The provider's way back: exchanges the code at once, stores the tokens, resumes the execution that waits.
 * Needs the cookie of the browser that began, an unused `state`, and `iss` where the provider promises it.
 * @see RFC 6749 §4.1.2, RFC 9207, RFC 9700 §4.7
 */
export async function callback(request: HttpRequest, ports: CallbackPorts): Promise<HttpResponse> {
  const parameters = new URLSearchParams(request.rawQueryString);
  const states = parameters.getAll('state');
  const name = states.length === 1 ? parseState(states[0]!) : undefined;
  if (name === undefined) return counted('CallbacksFailed', 'not-ours', pages.notOurs(), ports);
  const { connectionId, authorizationId } = name;
  const [authorization, { settings, grant }] = await Promise.all([
    ports.authorizations.read(connectionId, authorizationId),
    ports.grants.read(connectionId),
  ]);
  const stateHash = ports.random.hash(states[0]!);
  const start = authorization?.starts[stateHash];
  if (authorization === undefined || start === undefined)
    return counted('CallbacksFailed', 'not-ours', pages.notOurs(), ports);
  if (settings === undefined) return counted('CallbacksFailed', 'removed', pages.removed(), ports);
  const cookie = cookieOf(request, 'login');
  if (cookie === undefined && ports.clock.nowMs() >= start.startedAtMs + cookieMs('login'))
    return counted('CallbacksFailed', 'too-late', pages.tooLate(authorization), ports);
  if (cookie === undefined || ports.random.hash(cookie) !== start.cookieHash)
    return counted('CallbacksRefused', 'other-browser', pages.otherBrowser(authorization), ports);
  if (start.usedAtMs !== undefined) {
    const isUnderWay = ports.clock.nowMs() < start.usedAtMs + callbackGraceMs;
    if (authorization.status === 'exchanging' && isUnderWay) return pages.beingCompleted();
    if (grant.login?.tokensHeld && grant.login.versionId === start.usedBy)
      return pages.beingChecked(settings);
    return authorization.status === 'completed'
      ? completedBefore(settings, grant, authorization, ports)
      : counted('CallbacksRefused', 'used-already', pages.usedAlready(authorization), ports);
  }
  const nowMs = ports.clock.nowMs();
  const linkWorks = authorization.status !== 'superseded' && nowMs < authorization.expiresAtMs;
  // The login itself has ended the old grant at some providers: a recent start is honoured in any case.
  if (!linkWorks && !isLoginUnderWay({ ...authorization, ...start }, nowMs)) {
    return counted('CallbacksFailed', 'too-late', pages.tooLate(authorization), ports);
  }

  return reporting(connectionId, 'Callback', ports.workflow, () =>
    finish(settings, authorization, { start, stateHash, state: states[0]!, parameters }, ports),
  );
}

interface Return {
  readonly start: Start;
  readonly stateHash: string;
  readonly state: string;
  readonly parameters: URLSearchParams;
}

/** From here on it is the browser that began the login. */
async function finish(
  settings: Settings,
  authorization: Authorization,
  { start, stateHash, state, parameters }: Return,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId, authorizationId } = authorization;
  const nowMs = ports.clock.nowMs();
  const client = await ports.clients.read(settings.clientSecretName);
  const answer = await ports.tokenEndpoint.readCallback(settings.provider, client, parameters, state);
  if (answer.kind === 'invalid') return counted('CallbacksRefused', 'not-the-answer', pages.notOurs(), ports);
  const unused = await leftUnused(settings, authorization, { start, stateHash }, answer, ports);
  if (unused !== undefined) return unused;
  const versionId = ports.random.uuid();
  if (!(await ports.authorizations.useStart(authorization, stateHash, nowMs, versionId))) {
    return counted('CallbacksRefused', 'used-already', pages.usedAlready(authorization), ports);
  }
  if (answer.kind === 'refused') {
    await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
    return refusedByProvider(settings, authorization, answer, ports);
  }
  // All before the code is spent, and at once, for the code lives about 30 seconds. The lease is taken over here, so
  // that the newest callback has the highest fencing number, however long its exchange takes; and the login is written
  // down, so that its tokens are found if this function dies after it has put them.
  const login = { versionId, authorizationId, atMs: nowMs };
  const leaseOwner = `callback#${versionId}`;
  const [before, taken] = await Promise.all([
    readStored(connectionId, ports.tokens),
    takeOver(connectionId, leaseOwner, login, ports),
  ]);
  if (taken === undefined) return counted('CallbacksFailed', 'ended', ended(settings), ports);
  const { fencingNumber, hasDisplaced, record } = taken;
  await forgetOldWrites(connectionId, fencingNumber, record, nowMs, ports.grants);
  // Not who was pinned when this began: another login may have come first.
  const pinned = authorization.reason === 'change-owner' ? undefined : record.identity;
  const exchange = {
    authorization,
    start,
    parameters,
    state,
    pinned,
    before,
    record,
    client,
    leaseOwner,
    login,
    fencingNumber,
    hasDisplaced,
  };
  const fullUntilMs = loginsFullUntilMs(settings, record, nowMs);
  if (fullUntilMs !== undefined) return refuseWithoutRoom(settings, fullUntilMs, exchange, ports);
  return exchangeCode(settings, exchange, ports);
}

type Refused = Extract<AuthorizationAnswer, { kind: 'refused' }>;

/**
 * Answers the page for a callback that leaves its start unused, because another issuer sent it or it decides nothing: the same
 * start can still bring a code. Each start notes the first answer of each kind, so that one that decides nothing does not hide
 * another issuer.
 */
async function leftUnused(
  settings: Settings,
  authorization: Authorization,
  { start, stateHash }: Pick<Return, 'start' | 'stateHash'>,
  answer: AuthorizationAnswer,
  ports: CallbackPorts,
): Promise<HttpResponse | undefined> {
  const { connectionId, provider } = settings;
  const noteOnce = async (type: EventType, details: Record<string, string>, error?: IssuerMismatchError) => {
    const as = error === undefined ? 'failureNotedAtMs' : 'issuerNotedAtMs';
    if (start[as] !== undefined) return;
    await ports.events.record(connectionId, type, { ...named(authorization), ...details });
    if (error !== undefined) await ports.workflow.report(connectionId, 'Callback', error);
    await ports.authorizations.noteStart(authorization, stateHash, as, ports.clock.nowMs());
  };
  if (answer.kind === 'other-issuer') {
    const received = answer.received ?? 'none';
    const configured = provider.issuer ?? 'none';
    const message = `A login at ${provider.displayName} came back with the issuer "${received}"; configured is "${configured}". Nothing was stored.`;
    await noteOnce('issuer-refused', { received, configured }, new IssuerMismatchError(message));
    return counted('CallbacksRefused', 'other-issuer', pages.otherIssuer(settings), ports);
  }
  if (answer.kind !== 'refused') return undefined;
  const { refusal, error } = answer;
  if (refusal !== 'unavailable' && refusal !== 'unfinished') return undefined;
  await noteOnce('authorization-failed', detailsOf(answer));
  const page =
    refusal === 'unavailable'
      ? pages.refusedAction(settings, error, authorization)
      : pages.unfinished(settings, error, authorization);
  return counted('CallbacksFailed', refusal, page, ports);
}

/** The owner declined; or the provider refuses our request, and an operator must mend it. */
async function refusedByProvider(
  settings: Settings,
  authorization: Authorization,
  answer: Refused,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId, provider } = settings;
  const isDeclined = answer.refusal === 'declined';
  await ports.events.record(connectionId, isDeclined ? 'declined' : 'authorization-failed', {
    ...named(authorization),
    ...detailsOf(answer),
  });
  if (isDeclined)
    return counted('CallbacksFailed', 'declined', pages.declined(settings, authorization), ports);
  const error =
    answer.refusal === 'contract'
      ? errorOf('contract', provider, saidIn(answer))
      : new AuthorizationRejectedError(
          `${provider.displayName} did not take the request for a login (${saidIn(answer)}).`,
        );
  await ports.workflow.report(connectionId, 'Callback', error);
  return counted('CallbacksFailed', 'operator-must-act', pages.operatorMustAct(settings), ports);
}

/** More logins than can be recorded and not completed at once. */
const attempts = 5;

/**
 * The callback of an earlier login may have died when its tokens were recorded: whoever it has not resumed is resumed first.
 * @returns undefined where the connection was ended since this login was asked for
 */
async function takeOver(
  connectionId: string,
  leaseOwner: string,
  login: Login,
  ports: CallbackPorts,
): Promise<SeizedLease | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const taken = await ports.grants.seizeLease(connectionId, leaseOwner, login);
    if (taken) return taken;
    const { grant } = await ports.grants.read(connectionId);
    if (isEndedFor(login.authorizationId, grant)) return undefined;
    if (grant.login?.closed !== undefined) await completeLogin(connectionId, grant.login, ports);
  }
  throw new StoreUnavailableError(`The record of ${connectionId} kept changing when a login began.`);
}

interface Exchange {
  readonly authorization: Authorization;
  readonly start: Start;
  readonly parameters: URLSearchParams;
  readonly state: string;
  /** Who must have logged in, where that is known. */
  readonly pinned: Identity | undefined;
  readonly before: Stored;
  readonly record: Grant;
  readonly client: Client;
  readonly leaseOwner: string;
  readonly login: Login;
  readonly fencingNumber: number;
  readonly hasDisplaced: boolean;
}

async function exchangeCode(
  settings: Settings,
  exchange: Exchange,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { authorization, start, parameters, state, client } = exchange;
  const { connectionId } = authorization;
  const { provider, redirectUri } = settings;
  const askedAtMs = ports.clock.nowMs();
  const answer = await ports.tokenEndpoint.exchange(provider, client, {
    parameters,
    state,
    redirectUri,
    codeVerifier: start.codeVerifier,
  });
  if (answer.kind === 'tokens' && answer.tokens.refreshToken !== undefined) {
    const { tokens } = answer;
    const whose = await ports.tokenEndpoint.identify(provider, tokens);
    if (whose.kind === 'identity') return keep(settings, tokens, whose.identity, askedAtMs, exchange, ports);
    // Nobody is pinned, so the login needs no check.
    return compareIdentity(exchange.pinned, {}) === 'first'
      ? keep(settings, tokens, {}, askedAtMs, exchange, ports)
      : hold(settings, tokens, whose.error, askedAtMs, exchange, ports);
  }
  await giveUp(exchange, ports);
  const refused =
    answer.kind === 'refused' ? answer : { refusal: 'contract' as const, error: 'no refresh_token' };
  await ports.events.record(connectionId, 'exchange-failed', {
    ...named(authorization),
    ...detailsOf(refused),
  });
  if (refused.refusal === 'grant-rejected')
    return counted('CallbacksFailed', 'code-refused', pages.codeRefused(authorization), ports);
  if (refused.refusal === 'unavailable' || refused.refusal === 'grant-doubted')
    return counted(
      'CallbacksFailed',
      'provider-unavailable',
      pages.providerUnavailable(settings, authorization),
      ports,
    );
  await ports.workflow.report(connectionId, 'Callback', errorOf(refused.refusal, provider, saidIn(refused)));
  return counted('CallbacksFailed', 'operator-must-act', pages.operatorMustAct(settings), ports);
}

/** Stores a login's tokens if they are the owner's, and completes it. */
async function keep(
  settings: Settings,
  tokenSet: TokenSet,
  notified: Identity,
  askedAtMs: number,
  exchange: Exchange,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId, provider } = settings;
  const { pinned, before, record, client, login, fencingNumber } = exchange;
  const found = hashed(notified, ports.random);
  const verdict = compareIdentity(pinned, found);
  if (verdict === 'other' || verdict === 'unknown')
    return refuseIdentity(settings, tokenSet, verdict, exchange, ports);

  const { versionId } = login;
  const identity = pin(pinned, found);
  const answered = { versionId, tokenSet, askedAtMs, before, record, fencingNumber, identity };
  const recorded = await storeLogin(settings, answered, ports);
  // Without a record a newer login has begun meanwhile: it closes what is open.
  await completeLogin(connectionId, recorded?.login ?? login, ports);
  const overtaken = recorded && (await heldAmong(connectionId, record.unrecordedLogins ?? [], ports.tokens));
  const replaced = [...(before.grant.current ? [before.grant.current] : []), ...(overtaken ?? [])];
  const revocation =
    recorded &&
    (await revokeReplaced(provider, client, replaced, tokenSet.refreshToken!, ports.revocationEndpoint));
  if (revocation !== undefined)
    await ports.events.record(connectionId, 'grant-replaced', {
      ...named(exchange.authorization),
      revocation,
    });
  const isPinned = identity.subject !== undefined || identity.accounts !== undefined;
  const left = identity.accounts?.filter((account) => !found.accounts?.includes(account)).length ?? 0;
  if (verdict === 'fewer') {
    const message = `A login to ${provider.displayName} shared ${left} of ${identity.accounts?.length} accounts no more. If that is meant, run grantkeeper reauthorize with --new-owner, and let them log in again.`;
    await ports.workflow.report(connectionId, 'Callback', new IdentityError(message));
  } else if (provider.identity !== undefined && !isPinned) {
    const message = `${provider.displayName} did not tell whose grant it is, so nobody is pinned. Each refresh asks again. If it never tells, compare its identity data with what it answers.`;
    await ports.workflow.report(connectionId, 'Callback', new IdentityUnknownError(message));
  }
  const now = recorded ?? (await ports.grants.read(connectionId)).grant;
  const page = pages.done(settings, {
    ...connected(settings, now, exchange.authorization, ports),
    accountsLeftOut: left,
  });
  return counted('CallbacksCompleted', verdict, page, ports);
}

/** Keeps the tokens of a login whose account cannot be checked now; the workflow checks it later. */
async function hold(
  settings: Settings,
  tokenSet: TokenSet,
  error: string,
  askedAtMs: number,
  { authorization, login, leaseOwner, fencingNumber, hasDisplaced }: Exchange,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId } = settings;
  const { versionId } = login;
  await holdTokens(settings, { versionId, tokenSet, askedAtMs, fencingNumber }, ports);
  // A login that we overtook may still be storing tokens: then let the lease expire.
  if (!hasDisplaced) await ports.grants.releaseLease(connectionId, leaseOwner);
  await ports.events.record(connectionId, 'identity-unavailable', { ...named(authorization), error });
  await ports.workflow.refreshNow(connectionId);
  return counted('CallbacksCompleted', 'held', pages.beingChecked(settings), ports);
}

/** The page of a login that was completed, loaded again: what it says has to be so still. */
function completedBefore(
  settings: Settings,
  grant: Grant,
  authorization: Authorization,
  ports: CallbackPorts,
): HttpResponse {
  if (isEndedFor(authorization.authorizationId, grant)) return ended(settings);
  return isAlive(settings, grant, ports.clock.nowMs())
    ? pages.done(settings, { ...connected(settings, grant, authorization, ports), accountsLeftOut: 0 })
    : neededAgain(settings, grant, ports.clock.nowMs());
}

/** How the connection stands after a login. */
function connected(
  settings: Settings,
  grant: Grant,
  from: Authorization,
  { clock }: Pick<CallbackPorts, 'clock'>,
) {
  const deadlineMs = reminderScheduleOf(settings, grant)?.deadlineMs;
  return { from, nowMs: clock.nowMs(), deadlineMs, isPaused: isPaused(settings, grant) };
}

/** The secrets have no room for another login: the code is not spent, and the link goes on working. */
async function refuseWithoutRoom(
  settings: Settings,
  untilMs: number,
  exchange: Exchange,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId } = settings;
  await giveUp(exchange, ports);
  const until = new Date(untilMs).toISOString();
  const message = `So many logins and ends of ${connectionId} came within a day that its secrets have no room for another one before ${until}. Nothing was lost; the owner's link goes on working.`;
  await ports.workflow.report(connectionId, 'Callback', new StoreQuotaExceededError(message));
  return counted('CallbacksFailed', 'no-room', pages.noRoom(settings, untilMs), ports);
}

/** Nothing is stored; the link goes on working. */
async function refuseIdentity(
  settings: Settings,
  tokenSet: TokenSet,
  verdict: 'other' | 'unknown',
  exchange: Exchange,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId, provider } = settings;
  await giveUp(exchange, ports);
  const revocation = await revokeLogin(provider, exchange.client, tokenSet, ports.revocationEndpoint);
  const details = { ...named(exchange.authorization), verdict, revocation };
  await ports.events.record(connectionId, 'identity-refused', details);
  const name = provider.displayName;
  const message =
    verdict === 'other'
      ? `Somebody logged in to ${name} who is not the owner that this connection was made for. Nothing was stored. If that is meant, run grantkeeper reauthorize with --new-owner.`
      : `${name} did not tell whose login it was, and somebody is pinned: nothing was stored. Compare its identity data with what it answers.`;
  const error = verdict === 'other' ? new IdentityError(message) : new IdentityUnknownError(message);
  await ports.workflow.report(connectionId, 'Callback', error);
  // Where the login may have ended the grant that is stored, the provider itself is asked, so that its status is true.
  if (provider.loginEndsPreviousGrant) await ports.workflow.refreshNow(connectionId);
  return verdict === 'other'
    ? counted(
        'CallbacksRefused',
        'other-account',
        pages.otherAccount(settings, exchange.authorization),
        ports,
      )
    : counted(
        'CallbacksRefused',
        'account-unknown',
        pages.accountUnknown(settings, exchange.authorization),
        ports,
      );
}

/**
 * The login comes to nothing, and the link may be used again. Lease and mark are given back, unless somebody was overtaken,
 * who may still be storing tokens and can record them no more: a check does that, after the lease.
 */
async function giveUp(
  { authorization: { connectionId, authorizationId }, leaseOwner, login, hasDisplaced }: Exchange,
  { grants, authorizations }: CallbackPorts,
): Promise<void> {
  if (!hasDisplaced) {
    await Promise.all([
      grants.releaseLease(connectionId, leaseOwner),
      grants.endLogin(connectionId, login.versionId),
    ]);
  }
  await authorizations.setStatus(connectionId, authorizationId, 'started');
}

/** Which login it was, for the timeline. */
function named({ authorizationId, executionId }: Authorization): Record<string, string> {
  return { authorizationId, ...(executionId !== undefined && { executionId }) };
}

/** A page, and what it means for the alarms. */
function counted(
  metric: 'CallbacksCompleted' | 'CallbacksFailed' | 'CallbacksRefused',
  outcome: string,
  page: HttpResponse,
  { metrics }: Pick<CallbackPorts, 'metrics'>,
): HttpResponse {
  metrics.count(metric, 'outcome', outcome);
  return page;
}
