import type { AccessTokens, AccessTokenRequest } from './access-tokens.ts';

export interface FetchOptions {
  /** The function to call. The global `fetch` by default. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Returns a `fetch` that adds the connection's access token. After a 401 (RFC 6750 §3.1) it tries once more with a fresh
 * token, because a password change or a login elsewhere ends tokens early. If the API refuses that token, too, it returns
 * the 401 and replaces no token for an hour.
 * @throws {TypeError} the address is neither https nor on this machine
 */
export function fetchWith(
  tokens: Pick<AccessTokens, 'get'>,
  { connectionId, minTtlSeconds }: Omit<AccessTokenRequest, 'instead'>,
  { fetch = globalThis.fetch }: FetchOptions = {},
): typeof globalThis.fetch {
  const request = { connectionId, ...(minTtlSeconds !== undefined && { minTtlSeconds }) };
  return async (input, init) => {
    const first = new Request(input, init);
    const { protocol, hostname } = new URL(first.url);
    if (protocol !== 'https:' && !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)) {
      throw new TypeError(
        `The access token of ${connectionId} is not sent to ${first.url.split('?')[0]}: it is not https.`,
      );
    }
    // The body may be a stream, which can be read only once.
    const second = first.clone();
    const token = await tokens.get(request);
    first.headers.set('authorization', token.authorization);
    const answer = await fetch(first);
    if (answer.status !== 401) return answer;
    const fresh = await tokens.get({ ...request, instead: token }).catch(() => undefined);
    // The API's answer is more useful than our error.
    if (fresh === undefined) return answer;
    await answer.body?.cancel();
    second.headers.set('authorization', fresh.authorization);
    const again = await fetch(second);
    // Reports that the replacement was refused, too. This makes no request.
    if (again.status === 401) await tokens.get({ ...request, instead: fresh }).catch(() => undefined);
    return again;
  };
}
