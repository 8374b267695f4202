import { stateOf } from '../../core/link.ts';
import type { Authorization } from '../../core/authorization.ts';
import type { Authorizations, Clients, Clock, Events, Grants, Random, Workflow } from '../../core/ports.ts';
import type { FindEndpoints } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { errorOf } from '../refresh/refusal-error.ts';

export interface StartLoginPorts {
  readonly grants: Pick<Grants, 'markStarted'>;
  readonly authorizations: Pick<Authorizations, 'addStart'>;
  readonly clients: Pick<Clients, 'read'>;
  readonly findEndpoints: FindEndpoints;
  readonly workflow: Pick<Workflow, 'startForLink'>;
  readonly events: Events;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Prepares a login: a `state` and a PKCE pair, bound to the browser by its cookie.
 * @param cookie the cookie of an earlier start, so that two tabs do not end each other's login
 * @returns the provider's address, and the cookie to set; undefined if a newer link has replaced this one
 * @see RFC 6749 §4.1.1, RFC 7636 §4.3
 */
export async function startLogin(
  settings: Settings,
  authorization: Authorization,
  cookie: string | undefined,
  ports: StartLoginPorts,
): Promise<{ readonly url: string; readonly cookie: string } | undefined> {
  const { connectionId, authorizationId } = authorization;
  const { provider, redirectUri } = settings;
  const { random } = ports;
  const nowMs = ports.clock.nowMs();
  const [{ clientId }, found] = await Promise.all([
    ports.clients.read(settings.clientSecretName),
    ports.findEndpoints(provider),
  ]);
  if (found.kind === 'refused') throw errorOf(found.refusal, provider, found.error);
  const browserCookie = cookie ?? random.secret();
  const state = stateOf({ connectionId, authorizationId, random: random.secret() });
  const codeVerifier = random.secret();
  const added = await ports.authorizations.addStart(authorization, random.hash(state), {
    cookieHash: random.hash(browserCookie),
    codeVerifier,
    startedAtMs: nowMs,
  });
  if (!added || !(await ports.grants.markStarted(connectionId, authorizationId, nowMs))) return undefined;
  await recordStart(authorization, ports);

  const url = new URL(found.endpoints.authorizationEndpoint);
  const parameters: Record<string, string> = {
    ...provider.authorizationParameters,
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(provider.scope === undefined ? {} : { scope: provider.scope }),
    state,
    code_challenge: random.hash(codeVerifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, cookie: browserCookie };
}

/** Starts an execution that waits for the login, unless one waits already. */
async function recordStart(
  { connectionId, authorizationId, executionId: waiting }: Authorization,
  { workflow, events }: StartLoginPorts,
): Promise<void> {
  const executionId = waiting ?? (await workflow.startForLink(connectionId, authorizationId));
  await events.record(connectionId, 'started', { authorizationId, ...(executionId && { executionId }) });
}
