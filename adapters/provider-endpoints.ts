import * as oauth from 'oauth4webapi';

import type { Clock } from '../core/ports.ts';
import type { FindEndpoints, FoundEndpoints, Provider } from '../core/provider.ts';
import { EndpointSchema, isLoopback } from '../core/provider.ts';
import { sanitisedIssuer } from '../core/provider-text.ts';
import { fetchBounded, maximumBodyBytes, TooLargeError } from './bounded-fetch.ts';

/** Providers rarely move endpoints, and keep the old ones for longer than this. */
const freshMs = 60 * 60 * 1000;

/** Short, because a callback reads metadata before it exchanges a code that lives about 30 seconds. */
const defaultTimeoutMs = 3_000;

type Refused = Extract<FoundEndpoints, { kind: 'refused' }>;
interface Read {
  readonly kind: 'read';
  readonly metadata: oauth.AuthorizationServer;
  readonly readAtMs: number;
}

/**
 * Finds a provider's endpoints, and reads its metadata for those that its data leaves out. Caches metadata for an hour.
 * Accepts only metadata of the configured issuer, with endpoints on hosts that the data names.
 * @see RFC 8414 §3, OpenID Connect Discovery 1.0 §4
 */
export function providerEndpoints(clock: Clock, timeoutMs = defaultTimeoutMs): FindEndpoints {
  const kept = new Map<string, Read>();

  async function metadataOf(issuer: string, kind: 'oauth' | 'openid'): Promise<Read | Refused> {
    const key = `${kind} ${issuer}`;
    const known = kept.get(key);
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs < known.readAtMs + freshMs) return known;
    const answer = await readMetadata(issuer, kind, nowMs, timeoutMs);
    if (answer.kind === 'read') kept.set(key, answer);
    // Use old metadata while the provider does not answer.
    return answer.kind === 'refused' && answer.refusal === 'unavailable' && known ? known : answer;
  }

  return async (provider, purpose) => {
    const { authorizationEndpoint, tokenEndpoint, revocationEndpoint, issuer, metadata: kind } = provider;
    const needsMetadata = purpose === 'for-callback' && kind !== undefined;
    if (authorizationEndpoint !== undefined && tokenEndpoint !== undefined && !needsMetadata) {
      const promisesIss = provider.authorizationResponseIss;
      const endpoints = { authorizationEndpoint, tokenEndpoint, revocationEndpoint, promisesIss };
      return { kind: 'found', endpoints };
    }
    const answer = await metadataOf(issuer!, kind!);
    return answer.kind === 'read' ? endpointsOf(provider, answer) : answer;
  };
}

/** Reads an issuer's metadata. Refuses metadata that names another issuer. */
export async function readMetadata(
  issuer: string,
  kind: 'oauth' | 'openid',
  nowMs: number,
  timeoutMs = defaultTimeoutMs,
): Promise<Read | Refused> {
  const url = new URL(issuer);
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await oauth.discoveryRequest(url, {
      algorithm: kind === 'openid' ? 'oidc' : 'oauth2',
      [oauth.customFetch]: (at, { headers }) => fetchBounded(at, { headers, signal }),
      [oauth.allowInsecureRequests]: isLoopback(url.hostname),
    });
  } catch (error) {
    return error instanceof TooLargeError
      ? refused('contract', `more than ${maximumBodyBytes} bytes`)
      : refused('unavailable', 'not reached in time');
  }
  const { status } = response;
  if (status >= 500 || status === 429) return refused('unavailable', `HTTP ${status}`);
  if (status !== 200) return refused('contract', `HTTP ${status}`);
  try {
    const named = ((await response.clone().json()) as { issuer?: unknown }).issuer;
    // The library compares parsed URLs, but RFC 8414 §3.3 requires the same text.
    if (typeof named === 'string' && named !== issuer) {
      const otherIssuer = sanitisedIssuer(named, []);
      return { ...refused('contract', `of the issuer ${otherIssuer}`), otherIssuer };
    }
    return {
      kind: 'read',
      metadata: await oauth.processDiscoveryResponse(url, response),
      readAtMs: nowMs,
    };
  } catch {
    return refused('contract', 'no metadata of that issuer');
  }
}

function endpointsOf(provider: Provider, { metadata }: Read): FoundEndpoints {
  const { authorizationEndpoint, tokenEndpoint, revocationEndpoint, issuer, endpointHosts = [] } = provider;
  const hosts = [new URL(issuer!).host, ...endpointHosts];
  const onThem = (endpoint: unknown) => {
    const { data } = EndpointSchema.safeParse(endpoint);
    return data !== undefined && hosts.includes(new URL(data).host) ? data : undefined;
  };
  const authorize = authorizationEndpoint ?? onThem(metadata.authorization_endpoint);
  const token = tokenEndpoint ?? onThem(metadata.token_endpoint);
  if (authorize === undefined) return refused('contract', 'no authorization_endpoint on a known host');
  if (token === undefined) return refused('contract', 'no token_endpoint on a known host');
  // Revocation is optional, so ignore an endpoint on another host.
  const revoke = revocationEndpoint ?? onThem(metadata.revocation_endpoint);
  const endpoints = {
    authorizationEndpoint: authorize,
    tokenEndpoint: token,
    revocationEndpoint: revoke,
    promisesIss:
      provider.authorizationResponseIss || metadata.authorization_response_iss_parameter_supported === true,
  };
  return { kind: 'found', endpoints };
}

function refused(refusal: Refused['refusal'], error: string): Refused {
  return { kind: 'refused', refusal, error: `metadata: ${error}` };
}
