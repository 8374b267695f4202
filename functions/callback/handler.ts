import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { oauthRevocationEndpoint } from '../../adapters/revocation-endpoint.ts';
import {
  patientSecretsManager,
  secretsManager,
  secretsManagerClients,
  secretsManagerTokens,
} from '../../adapters/secrets.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { metrics } from '../../adapters/telemetry.ts';
import { dynamoEvents } from '../../adapters/events.ts';
import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { ourFault } from '../../app/pages/pages.ts';
import { revocationTimeoutMs } from '../../app/login/revoke-login.ts';
import type { CallbackPorts } from './callback.ts';
import { callback } from './callback.ts';
import { contract } from './contract.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const secrets = secretsManager();
const ports: CallbackPorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  tokens: secretsManagerTokens(environment.SECRET_PREFIX, secrets, patientSecretsManager(secrets)),
  clients: secretsManagerClients(secrets),
  tokenEndpoint: oauthTokenEndpoint({ timeoutMs: environment.TOKEN_ENDPOINT_TIMEOUT_MS }),
  revocationEndpoint: oauthRevocationEndpoint({ timeoutMs: revocationTimeoutMs }),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  events: dynamoEvents(table, systemClock, systemRandom),
  metrics,
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (request) => callback(request, ports), ourFault);
