import { ConfigurationError, TokenEndpointUnavailableError } from '../../core/errors.ts';
import type { Revocation } from '../../core/grant.ts';
import type { Clients, RevocationEndpoint } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { Held } from './revoke-login.ts';
import { revokeTokens } from './revoke-login.ts';

export interface RevokePorts {
  readonly clients: Pick<Clients, 'read'>;
  readonly revocationEndpoint: RevocationEndpoint;
}

/** After this many retries the disconnection goes on without the provider's answer. */
export const revocationRetries = 4;

/**
 * Revokes the stored tokens at the provider. A refusal does not stop the disconnection.
 * @throws {TokenEndpointUnavailableError} the provider did not answer; retry
 * @throws {StoreUnavailableError} the client's credentials could not be read; retry
 * @see RFC 7009 §2.1: revoking a refresh token may or may not end its access tokens
 */
export async function revoke(
  settings: Settings | undefined,
  held: readonly Held[],
  retryCount: number,
  { clients, revocationEndpoint }: RevokePorts,
): Promise<Revocation> {
  if (held.length === 0) return 'nothing';
  if (settings === undefined) return 'removed';
  const { provider, clientSecretName } = settings;
  if (provider.revocationEndpoint === undefined && provider.metadata === undefined) return 'not-offered';
  const client = await clients.read(clientSecretName).catch((error: unknown) => {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  });
  if (client === undefined) return 'refused';
  const answer = await revokeTokens(provider, client, held, revocationEndpoint);
  if (answer === 'unanswered' && retryCount < revocationRetries)
    throw new TokenEndpointUnavailableError(`${provider.displayName} has not revoked the tokens yet.`);
  return answer;
}
