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

/** After so many retries of its step a provider that does not answer is waited for no longer. */
export const revocationRetries = 4;

/**
 * Gives tokens back to the provider. That it refuses them keeps nothing here from being emptied.
 * @throws {TokenEndpointUnavailableError} it did not answer, and will be asked again
 * @throws {StoreUnavailableError} the client's credentials could not be read now
 * @see RFC 7009 §2.1: a server that takes a refresh token may end the access tokens of its grant by that, or may not
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
    throw new TokenEndpointUnavailableError(`${provider.displayName} did not take the tokens back yet.`);
  return answer;
}
