import { isAlive } from '../../core/decide.ts';
import {
  AuthorizationRejectedError,
  IssuerMismatchError,
  StoreQuotaExceededError,
} from '../../core/errors.ts';
import type { EventType } from '../../core/event.ts';
import type { Grant } from '../../core/grant.ts';
import { isEndedFor, isLoginUnderWay } from '../../core/grant.ts';
import { parseState } from '../../core/link.ts';
import type { Authorization, Start } from '../../core/authorization.ts';
import type { AuthorizationAnswer } from '../../core/authorization-answer.ts';
import type { Authorizations, TokenEndpoint } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { callbackGraceMs } from '../../core/time-limits.ts';
import { reporting } from '../notices/report.ts';
import * as pages from '../pages/callback-pages.ts';
import { cookieMs } from '../pages/http.ts';
import { ended, neededAgain } from '../pages/pages.ts';
import { detailsOf, errorOf, saidIn } from '../refresh/refusal-error.ts';
import { beginLogin } from './begin-login.ts';
import type { ExchangeCodePorts } from './exchange-code.ts';
import { connected, exchangeCode } from './exchange-code.ts';
import type { LoginPage } from './login-page.ts';
import { failed, loginDetails, refused } from './login-page.ts';

export interface ReturnLoginPorts extends ExchangeCodePorts {
  readonly authorizations: Pick<Authorizations, 'read' | 'useStart' | 'noteStart' | 'setStatus'>;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'readCallback'> & ExchangeCodePorts['tokenEndpoint'];
}

/**
 * Completes a login when the provider redirects the browser back: exchanges the code, stores the tokens and resumes the
 * waiting execution. Requires the cookie of the browser that began, an unused `state`, and `iss` if the provider promises it.
 * @see RFC 6749 §4.1.2, RFC 9207, RFC 9700 §4.7
 */
export async function returnLogin(
  { query, cookie }: { readonly query: string; readonly cookie: string | undefined },
  ports: ReturnLoginPorts,
): Promise<LoginPage> {
  const parameters = new URLSearchParams(query);
  const states = parameters.getAll('state');
  const name = states.length === 1 ? parseState(states[0]!) : undefined;
  if (name === undefined) return failed('not-ours', pages.notOurs());
  const { connectionId, authorizationId } = name;
  const [authorization, { settings, grant }] = await Promise.all([
    ports.authorizations.read(connectionId, authorizationId),
    ports.grants.read(connectionId),
  ]);
  const stateHash = ports.random.hash(states[0]!);
  const start = authorization?.starts[stateHash];
  if (authorization === undefined || start === undefined) return failed('not-ours', pages.notOurs());
  if (settings === undefined) return failed('removed', pages.removed());
  const login = { settings, authorization, start, stateHash, state: states[0]!, parameters };
  const closed = closedPage(cookie, grant, login, ports);
  if (closed) return closed;
  return reporting(connectionId, 'Callback', ports.workflow, () => readAnswer(login, ports));
}

interface ReturningLogin {
  readonly settings: Settings;
  readonly authorization: Authorization;
  readonly start: Start;
  readonly stateHash: string;
  readonly state: string;
  readonly parameters: URLSearchParams;
}

/** Undefined if this browser may complete the login now. */
function closedPage(
  cookie: string | undefined,
  grant: Grant,
  { settings, authorization, start }: ReturningLogin,
  { clock, random }: ReturnLoginPorts,
): LoginPage | undefined {
  const nowMs = clock.nowMs();
  if (cookie === undefined && nowMs >= start.startedAtMs + cookieMs('login'))
    return failed('too-late', pages.tooLate(authorization));
  if (cookie === undefined || random.hash(cookie) !== start.cookieHash)
    return refused('other-browser', pages.otherBrowser(authorization));
  if (start.usedAtMs !== undefined)
    return usedPage(settings, grant, authorization, start, start.usedAtMs, nowMs);
  const linkWorks = authorization.status !== 'superseded' && nowMs < authorization.expiresAtMs;
  // At some providers the login itself has ended the old grant, so accept a recent start even if the link has expired.
  return linkWorks || isLoginUnderWay({ ...authorization, ...start }, nowMs)
    ? undefined
    : failed('too-late', pages.tooLate(authorization));
}

/** The page for a repeated callback. It shows the connection's present state. */
function usedPage(
  settings: Settings,
  grant: Grant,
  authorization: Authorization,
  { usedBy }: Start,
  usedAtMs: number,
  nowMs: number,
): LoginPage {
  if (authorization.status === 'exchanging' && nowMs < usedAtMs + callbackGraceMs)
    return { page: pages.beingCompleted() };
  if (grant.login?.tokensHeld && grant.login.versionId === usedBy)
    return { page: pages.beingChecked(settings) };
  if (authorization.status !== 'completed') return refused('used-already', pages.usedAlready(authorization));
  if (isEndedFor(authorization.authorizationId, grant)) return { page: ended(settings) };
  return {
    page: isAlive(settings, grant, nowMs)
      ? pages.done(settings, { ...connected(settings, grant, authorization, nowMs), accountsLeftOut: 0 })
      : neededAgain(settings, grant, nowMs),
  };
}

/** Reads the answer. The browser is the one that began the login. */
async function readAnswer(login: ReturningLogin, ports: ReturnLoginPorts): Promise<LoginPage> {
  const { settings, authorization, stateHash, parameters, state } = login;
  const { connectionId, authorizationId } = authorization;
  const nowMs = ports.clock.nowMs();
  const client = await ports.clients.read(settings.clientSecretName);
  const answer = await ports.tokenEndpoint.readCallback(settings.provider, client, parameters, state);
  if (answer.kind === 'invalid') return refused('not-the-answer', pages.notOurs());
  const unused = await leaveUnused(login, answer, ports);
  if (unused !== undefined) return unused;
  const versionId = ports.random.uuid();
  if (!(await ports.authorizations.useStart(authorization, stateHash, nowMs, versionId)))
    return refused('used-already', pages.usedAlready(authorization));
  if (answer.kind === 'refused') {
    await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
    return refusedByProvider(settings, authorization, answer, ports);
  }
  // Begin at once, because the code lives about 30 seconds.
  const began = await beginLogin(settings, { versionId, authorizationId, atMs: nowMs }, 'callback', ports);
  if (began.kind === 'disconnected') return failed('ended', ended(settings));
  if (began.kind === 'no-room') return refuseWithoutRoom(settings, authorization, began.untilMs, ports);
  const { begun } = began;
  // Read from the record under the lease, because another login may have come first.
  const pinned = authorization.reason === 'change-owner' ? undefined : begun.record.identity;
  return exchangeCode({ ...login, client, pinned, begun }, ports);
}

/**
 * Returns the page for a callback that does not use its start, because another issuer sent it or it decides nothing. The same
 * start can still bring a code. Each start notes the first answer of each kind.
 */
async function leaveUnused(
  { settings, authorization, start, stateHash }: ReturningLogin,
  answer: AuthorizationAnswer,
  ports: ReturnLoginPorts,
): Promise<LoginPage | undefined> {
  const { connectionId, provider } = settings;
  const noteOnce = async (type: EventType, details: Record<string, string>, error?: IssuerMismatchError) => {
    const as = error === undefined ? 'failureNotedAtMs' : 'issuerNotedAtMs';
    if (start[as] !== undefined) return;
    await ports.events.record(connectionId, type, { ...loginDetails(authorization), ...details });
    if (error !== undefined) await ports.workflow.report(connectionId, 'Callback', error);
    await ports.authorizations.noteStart(authorization, stateHash, as, ports.clock.nowMs());
  };
  if (answer.kind === 'other-issuer') {
    const received = answer.received ?? 'none';
    const configured = provider.issuer ?? 'none';
    const message = `A login at ${provider.displayName} came back with the issuer "${received}"; configured is "${configured}". Nothing was stored.`;
    await noteOnce('issuer-refused', { received, configured }, new IssuerMismatchError(message));
    return refused('other-issuer', pages.otherIssuer(settings));
  }
  if (answer.kind !== 'refused') return undefined;
  const { refusal, error } = answer;
  if (refusal !== 'unavailable' && refusal !== 'unfinished') return undefined;
  await noteOnce('authorization-failed', detailsOf(answer));
  const page = refusal === 'unavailable' ? pages.tryAgain : pages.unfinished;
  return failed(refusal, page(settings, error, authorization));
}

/** The owner declined, or the provider refused our request, which an operator must fix. */
async function refusedByProvider(
  settings: Settings,
  authorization: Authorization,
  answer: Extract<AuthorizationAnswer, { kind: 'refused' }>,
  ports: ReturnLoginPorts,
): Promise<LoginPage> {
  const { connectionId, provider } = settings;
  const isDeclined = answer.refusal === 'declined';
  const details = { ...loginDetails(authorization), ...detailsOf(answer) };
  await ports.events.record(connectionId, isDeclined ? 'declined' : 'authorization-failed', details);
  if (isDeclined) return failed('declined', pages.declined(settings, authorization));
  const error =
    answer.refusal === 'contract'
      ? errorOf('contract', provider, saidIn(answer))
      : new AuthorizationRejectedError(
          `${provider.displayName} refused the request for a login (${saidIn(answer)}).`,
        );
  await ports.workflow.report(connectionId, 'Callback', error);
  return failed('operator-must-act', pages.operatorMustAct(settings));
}

/** Refuses a login before its code is spent. The link still works. */
async function refuseWithoutRoom(
  settings: Settings,
  { connectionId, authorizationId }: Authorization,
  untilMs: number,
  ports: ReturnLoginPorts,
): Promise<LoginPage> {
  await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
  const until = new Date(untilMs).toISOString();
  const message = `${connectionId} had so many logins and disconnections within a day that its secrets have no room before ${until}. Nothing was lost, and the owner's link still works.`;
  await ports.workflow.report(connectionId, 'Callback', new StoreQuotaExceededError(message));
  return failed('no-room', pages.noRoom(settings, untilMs));
}
