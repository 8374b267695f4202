import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { dynamoAuthorizations } from '../adapters/authorizations.ts';
import { dynamoGrants } from '../adapters/grants.ts';
import { patientSecretsManager, secretsManagerTokens } from '../adapters/secrets.ts';
import { systemRandom as random } from '../adapters/system.ts';
import { dynamoEvents } from '../adapters/timeline.ts';
import { oauthTokenEndpoint } from '../adapters/token-endpoint.ts';
import { stepFunctionsWorkflow } from '../adapters/workflow.ts';
import type { Client } from '../core/ports.ts';
import { refreshTokens } from '../functions/refresh-tokens/refresh-tokens.ts';
import type { Shown, Stack } from './stack.ts';

/**
 * One refresh as the workflow makes it, under the lease and with all its care, but with these credentials. That they are
 * refused is nobody's incident, and a grant that is rejected with them is not taken for dead.
 * @returns the step's outcome, or `rejected`
 * @throws {LeaseHeldError} the workflow refreshes now
 * @throws {ClientRejectedError} the provider refuses the credentials
 */
export async function refreshWith(
  { name, table, clock, by }: Stack,
  { settings: { connectionId }, grant }: Pick<Shown, 'settings' | 'grant'>,
  credentials: Client,
  client: SecretsManagerClient,
): Promise<string> {
  let isRejected = false;
  const { outcome } = await refreshTokens(
    {
      // Of that version another one is wanted, however new it is.
      ask: {
        connectionId,
        trigger: 'operator',
        force: 'refresh',
        accessVersionId: grant.accessVersionId,
        by,
      },
      done: [],
      entry: 0,
      executionId: `cli#${random.uuid()}`,
      executionStartedAt: new Date(clock.nowMs()).toISOString(),
      retryCount: 0,
    },
    {
      grants: {
        ...dynamoGrants(table),
        recordRejection: async () => {
          isRejected = true;
          return false;
        },
      },
      authorizations: dynamoAuthorizations(table),
      tokens: secretsManagerTokens(`grantkeeper/${name}`, client, patientSecretsManager(client)),
      clients: { read: async () => credentials },
      tokenEndpoint: oauthTokenEndpoint({ timeoutMs: 10_000 }),
      workflow: stepFunctionsWorkflow(''),
      // What has failed so far is over with the workflow's own next refresh, and told then.
      incidents: { end: async () => [] },
      events: dynamoEvents(table, clock, random),
      metrics: { put: () => undefined, count: () => undefined },
      clock,
      random,
    },
  );
  return isRejected ? 'rejected' : outcome;
}
