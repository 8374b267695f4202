import { dynamoAuthorizations } from '../adapters/authorizations.ts';
import { dynamoGrants } from '../adapters/grants.ts';
import { oauthRevocationEndpoint } from '../adapters/revocation-endpoint.ts';
import {
  patientSecretsManager,
  secretsManager,
  secretsManagerClients,
  secretsManagerTokens,
} from '../adapters/secrets.ts';
import { systemRandom } from '../adapters/system.ts';
import { dynamoEvents } from '../adapters/events.ts';
import { oauthTokenEndpoint } from '../adapters/token-endpoint.ts';
import { stepFunctionsWorkflow } from '../adapters/workflow.ts';
import { tokenRequestMs } from '../core/time-limits.ts';
import { revocationTimeoutMs } from '../app/login/revoke-login.ts';
import type { Stack } from './stack.ts';

/**
 * The ports for verbs that spend and store tokens themselves. They record no metrics, so that the command raises no alarm.
 * @param stateMachineArn of `keep-grant`; needed only to start executions
 */
export function commandPorts({ name, table, clock }: Stack, stateMachineArn = '') {
  const client = secretsManager();
  return {
    grants: dynamoGrants(table),
    authorizations: dynamoAuthorizations(table),
    tokens: secretsManagerTokens(`grantkeeper/${name}`, client, patientSecretsManager(client)),
    clients: secretsManagerClients(client),
    tokenEndpoint: oauthTokenEndpoint({ timeoutMs: tokenRequestMs }),
    revocationEndpoint: oauthRevocationEndpoint({ timeoutMs: revocationTimeoutMs }),
    workflow: stepFunctionsWorkflow(stateMachineArn),
    events: dynamoEvents(table, clock, systemRandom),
    metrics: { put: () => undefined, count: () => undefined },
    clock,
    random: systemRandom,
  };
}
