import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { oauthRevocationEndpoint } from '../../adapters/revocation-endpoint.ts';
import { secretsManager, secretsManagerClients, secretsManagerTokens } from '../../adapters/secrets.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { dynamoEvents, dynamoIncidents } from '../../adapters/events.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { contract } from './contract.ts';
import type { DisconnectGrantPorts } from './disconnect-grant.ts';
import { disconnectGrant } from './disconnect-grant.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const secrets = secretsManager();
const ports: DisconnectGrantPorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  tokens: secretsManagerTokens(environment.SECRET_PREFIX, secrets, secrets),
  clients: secretsManagerClients(secrets),
  revocationEndpoint: oauthRevocationEndpoint({ timeoutMs: environment.TOKEN_ENDPOINT_TIMEOUT_MS }),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  incidents: dynamoIncidents(table, systemClock),
  events: dynamoEvents(table, systemClock, systemRandom),
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (input) => disconnectGrant(input, ports));
