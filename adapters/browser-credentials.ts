import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';

import { parseJson } from '../core/parse-json.ts';
import type { BrowserCredentials } from '../core/browser-credentials.ts';
import { problemOfBrowserCredentials, BrowserCredentialsSchema } from '../core/browser-credentials.ts';
import { callAws } from './aws.ts';

export type FoundCredentials =
  | {
      readonly kind: 'found';
      readonly value: BrowserCredentials;
      readonly versionId: string;
      /** When this version was stored, ISO 8601. */
      readonly createdAt: string;
    }
  /** `problem` does not quote the value. */
  | { readonly kind: 'missing' | 'malformed'; readonly problem: string };

export type ReadCredentials = () => Promise<FoundCredentials>;

/**
 * Reads the credentials that an operator has stored for a browser login.
 * @throws {StoreUnavailableError} Secrets Manager did not answer
 */
export function browserCredentials(client: SecretsManagerClient, secretName: string): ReadCredentials {
  return async () => {
    const command = new GetSecretValueCommand({ SecretId: secretName });
    const answer = await callAws(`reading ${secretName}`, () => client.send(command), {
      ResourceNotFoundException: () => undefined,
    });
    if (answer?.SecretString === undefined || answer.VersionId === undefined) {
      return { kind: 'missing', problem: `${secretName} holds no value yet.` };
    }
    const value = parseJson(answer.SecretString);
    const problem = problemOfBrowserCredentials(value);
    if (problem !== undefined) return { kind: 'malformed', problem: `${secretName}: ${problem}.` };
    return {
      kind: 'found',
      value: BrowserCredentialsSchema.parse(value),
      versionId: answer.VersionId,
      createdAt: (answer.CreatedDate ?? new Date(0)).toISOString(),
    };
  };
}
