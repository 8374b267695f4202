import type { Login } from '../../core/grant.ts';
import { isLoginUnderWay } from '../../core/grant.ts';
import { ladderOf } from '../../core/ladder.ts';
import { parseState } from '../../core/link.ts';
import type {
  Authorization,
  Authorizations,
  Client,
  Clients,
  Clock,
  Events,
  Grants,
  Incidents,
  Random,
  Start,
  TokenEndpoint,
  Tokens,
  Workflow,
} from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import { completeLogin } from '../complete-login.ts';
import type { HttpRequest, HttpResponse } from '../http.ts';
import { cookieOf } from '../http.ts';
import { reporting } from '../report.ts';
import { errorOf } from '../refusal.ts';
import * as pages from './callback-pages.ts';
import type { Stored } from './store-login.ts';
import { readStored, storeLogin } from './store-login.ts';

export interface CallbackPorts {
  readonly grants: Pick<Grants, 'read' | 'takeLeaseOver' | 'recordTokens' | 'releaseLease' | 'endLogin'>;
  readonly authorizations: Pick<Authorizations, 'read' | 'useStart' | 'setStatus'>;
  readonly tokens: Tokens;
  readonly clients: Clients;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'readCallback' | 'exchange'>;
  readonly workflow: Pick<Workflow, 'resume' | 'report'>;
  readonly incidents: Incidents;
  readonly events: Events;
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
  if (name === undefined) return pages.notOurs();
  const { connectionId, authorizationId } = name;
  const [authorization, { settings }] = await Promise.all([
    ports.authorizations.read(connectionId, authorizationId),
    ports.grants.read(connectionId),
  ]);
  const stateHash = ports.random.hash(states[0]!);
  const start = authorization?.starts[stateHash];
  if (authorization === undefined || start === undefined) return pages.notOurs();
  if (settings === undefined) return pages.removed();
  const cookie = cookieOf(request);
  if (cookie === undefined || ports.random.hash(cookie) !== start.cookieHash) return pages.otherBrowser();
  if (start.usedAtMs !== undefined) {
    return authorization.status === 'completed' ? pages.doneAlready() : pages.usedAlready();
  }
  const nowMs = ports.clock.nowMs();
  const linkWorks = authorization.status !== 'superseded' && nowMs < authorization.expiresAtMs;
  // The login itself has ended the old grant at some providers: a recent start is honoured in any case.
  if (!linkWorks && !isLoginUnderWay({ ...authorization, reason: 'requested', ...start }, nowMs)) {
    return pages.tooLate();
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
  const answer = ports.tokenEndpoint.readCallback(settings.provider, client, parameters, state);
  if (answer.kind === 'invalid') return pages.notOurs();
  if (!(await ports.authorizations.useStart(authorization, stateHash, nowMs))) {
    return pages.usedAlready();
  }
  if (answer.kind === 'refused') {
    await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
    await ports.events.record(connectionId, 'declined', { authorizationId, error: answer.error });
    return answer.error === 'access_denied'
      ? pages.declined(settings)
      : pages.refusedByProvider(settings, answer.error);
  }
  // All before the code is spent, and at once, for the code lives about 30 seconds. The lease is taken over here, so
  // that the newest callback has the highest fencing number, however long its exchange takes; and the login is written
  // down, so that its tokens are found if this function dies after it has put them.
  const login = { versionId: ports.random.uuid(), authorizationId, atMs: nowMs };
  const leaseOwner = `callback#${login.versionId}`;
  const [before, { fencingNumber }] = await Promise.all([
    readStored(connectionId, ports.tokens),
    ports.grants.takeLeaseOver(connectionId, leaseOwner, login),
  ]);
  const exchange = { authorization, start, parameters, state, before, leaseOwner, login, fencingNumber };
  return exchangeCode(settings, client, exchange, ports);
}

interface Exchange {
  readonly authorization: Authorization;
  readonly start: Start;
  readonly parameters: URLSearchParams;
  readonly state: string;
  readonly before: Stored;
  readonly leaseOwner: string;
  readonly login: Login;
  readonly fencingNumber: number;
}

async function exchangeCode(
  settings: Settings,
  client: Client,
  { authorization, start, parameters, state, before, leaseOwner, login, fencingNumber }: Exchange,
  ports: CallbackPorts,
): Promise<HttpResponse> {
  const { connectionId, authorizationId } = authorization;
  const { provider, redirectUri } = settings;
  const askedAtMs = ports.clock.nowMs();
  const answer = await ports.tokenEndpoint.exchange(provider, client, {
    parameters,
    state,
    redirectUri,
    codeVerifier: start.codeVerifier,
  });
  if (answer.kind === 'tokens' && answer.tokens.refreshToken !== undefined) {
    const { versionId } = login;
    const answered = { versionId, tokenSet: answer.tokens, askedAtMs, before, fencingNumber };
    const recorded = await storeLogin(settings, answered, ports);
    // Without a record a newer login has begun meanwhile: it closes what is open.
    await completeLogin(connectionId, recorded?.login ?? login, ports);
    const ladder = ladderOf(settings, { authorizedAtMs: askedAtMs, refreshedAtMs: askedAtMs });
    return pages.done(settings, ladder?.neededAtMs);
  }

  await Promise.all([
    ports.grants.releaseLease(connectionId, leaseOwner),
    ports.grants.endLogin(connectionId, login.versionId),
  ]);
  await ports.authorizations.setStatus(connectionId, authorizationId, 'started');
  const refused =
    answer.kind === 'refused' ? answer : { refusal: 'contract' as const, error: 'no refresh_token' };
  await ports.events.record(connectionId, 'exchange-failed', { authorizationId, error: refused.error });
  if (refused.refusal === 'grant-rejected') return pages.codeRefused();
  if (refused.refusal === 'unavailable') return pages.providerUnavailable(settings);
  await ports.workflow.report(connectionId, 'Callback', errorOf(refused.refusal, provider, refused.error));
  return pages.operatorMustAct(settings);
}
