import type { Secret } from './secret.ts';
import type { Provider } from './provider.ts';
import { isPrintable } from './token-answer.ts';

/**
 * Describes why these cannot be a client's credentials at this provider, without quoting them. Undefined if they can.
 */
export function problemOfCredentials(
  provider: Pick<Provider, 'displayName' | 'clientIdPattern' | 'clientSecretPattern'>,
  clientId: string,
  clientSecret: string,
): string | undefined {
  const parts = [
    { what: 'client id', value: clientId, pattern: provider.clientIdPattern },
    { what: 'client secret', value: clientSecret, pattern: provider.clientSecretPattern },
  ];
  for (const { what, value } of parts) {
    if (value === '') return `The ${what} is empty.`;
    if (!isPrintable(value)) return `The ${what} has a character that none can have. Copy it again.`;
  }
  if (clientId === clientSecret) return 'The client id and the secret are the same. Copy them again.';
  const odd = parts.find(({ value, pattern }) => pattern !== undefined && !isWhole(pattern, value));
  return odd && `That is not what a ${odd.what} of ${provider.displayName} looks like. Copy it again.`;
}

function isWhole(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

export interface Client {
  readonly clientId: string;
  readonly clientSecret: Secret;
}
