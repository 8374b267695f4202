import type { AccessTokens, AccessTokenRequest } from './access-tokens.ts';

export interface FetchOptions {
  /** What is called with the token; the global `fetch` by default. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A `fetch` that brings the connection's access token along, and tries once more with a fresh one where the first was
 * refused with 401 (RFC 6750 §3.1): a password change or a login elsewhere ends tokens before their time. Where the
 * fresh one is refused as well, the token is not what the API objects to: its 401 is given back, and for an hour each next one at once.
 * @throws {TypeError} for an address that would be spoken to in the clear
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
    // Its body may be a stream, which is read once.
    const second = first.clone();
    const token = await tokens.get(request);
    first.headers.set('authorization', token.authorization);
    const answer = await fetch(first);
    if (answer.status !== 401) return answer;
    const fresh = await tokens.get({ ...request, instead: token }).catch(() => undefined);
    // What the API says is of more use than that there is no other token.
    if (fresh === undefined) return answer;
    await answer.body?.cancel();
    second.headers.set('authorization', fresh.authorization);
    const again = await fetch(second);
    // Says that this one is refused, too: nothing is asked for then, now and for an hour.
    if (again.status === 401) await tokens.get({ ...request, instead: fresh }).catch(() => undefined);
    return again;
  };
}
