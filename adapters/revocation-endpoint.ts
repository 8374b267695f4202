import * as oauth from 'oauth4webapi';

import type { RevocationEndpoint } from '../core/ports.ts';
import { isLoopback } from '../core/provider.ts';
import { classifyRefusal } from '../core/token-refusal.ts';
import { fetchBounded } from './bounded-fetch.ts';
import { providerEndpoints } from './provider-endpoints.ts';
import { systemClock } from './system.ts';
import { authenticationOf, serverOf } from './token-endpoint.ts';

/**
 * Revokes tokens, if the provider has a revocation endpoint. Passes on no error of `fetch`, because it may hold a token.
 * @see RFC 7009
 */
export function oauthRevocationEndpoint({ timeoutMs }: { readonly timeoutMs: number }): RevocationEndpoint {
  const findEndpoints = providerEndpoints(systemClock);
  return {
    async revoke(provider, client, token, type) {
      const found = await findEndpoints(provider);
      if (found.kind === 'refused') return found.refusal === 'unavailable' ? 'unavailable' : 'refused';
      const { revocationEndpoint } = found.endpoints;
      if (revocationEndpoint === undefined) return 'not-offered';
      const server = { ...serverOf(provider), revocation_endpoint: revocationEndpoint };
      let status: number;
      let body: string;
      try {
        const response = await oauth.revocationRequest(
          server,
          { client_id: client.clientId },
          authenticationOf(provider, client),
          token.reveal(),
          {
            additionalParameters: { token_type_hint: type },
            [oauth.customFetch]: fetchBounded,
            [oauth.allowInsecureRequests]: isLoopback(new URL(revocationEndpoint).hostname),
            signal: AbortSignal.timeout(timeoutMs),
          },
        );
        status = response.status;
        body = await response.text();
      } catch {
        return 'unavailable';
      }
      // Also the answer for a token that was dead already. The body means nothing (RFC 7009 §2.2).
      if (status === 200) return 'revoked';
      const { refusal, error } = classifyRefusal(provider, 'authorization_code', { status, body });
      if (error === 'unsupported_token_type') return 'not-offered';
      return refusal === 'unavailable' ? 'unavailable' : 'refused';
    },
  };
}
