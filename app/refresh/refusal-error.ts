import type { GrantkeeperError } from '../../core/errors.ts';
import {
  ClientRejectedError,
  ProviderContractError,
  TokenEndpointUnavailableError,
} from '../../core/errors.ts';
import type { Said } from '../../core/token-answer.ts';
import type { TokenRefusal } from '../../core/token-refusal.ts';
import type { Provider } from '../../core/provider.ts';

/** A refusal's details for the timeline. */
export function detailsOf({ error, description }: Said): Record<string, string> {
  return { error, ...(description !== undefined && { description }) };
}

/** A refusal in a sentence to operators. */
export function saidIn({ error, description }: Said): string {
  return description === undefined ? error : `${error}: “${description}”`;
}

/** The error for a refusal other than a rejected grant. `error` is safe to show. */
export function errorOf(
  refusal: Exclude<TokenRefusal, 'grant-rejected'>,
  provider: Provider,
  error: string,
): GrantkeeperError {
  const name = provider.displayName;
  switch (refusal) {
    case 'client-rejected':
      return new ClientRejectedError(`${name} refused the client's credentials (${error}).`);
    case 'contract':
      return new ProviderContractError(`${name} answered in a way its data does not allow (${error}).`);
    case 'grant-doubted':
    case 'unavailable':
      return new TokenEndpointUnavailableError(`${name} gave no usable answer (${error}).`);
  }
}
