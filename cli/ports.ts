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
 * What the functions have that spend and store tokens, for those verbs that do so themselves; without metrics, for what is
 * done here is nobody's alarm.
 * @param stateMachineArn of `keep-grant`; left out where no execution is started, and those that wait are resumed alone
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

export type CommandPorts = ReturnType<typeof commandPorts>;
