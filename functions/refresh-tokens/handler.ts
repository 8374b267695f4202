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
import { dynamoEvents, dynamoIncidents } from '../../adapters/events.ts';
import { oauthTokenEndpoint } from '../../adapters/token-endpoint.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { revocationTimeoutMs } from '../../app/login/revoke-login.ts';
import { contract } from './contract.ts';
import type { RefreshTokensPorts } from './refresh-tokens.ts';
import { refreshTokens } from './refresh-tokens.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const secrets = secretsManager();
const ports: RefreshTokensPorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  tokens: secretsManagerTokens(environment.SECRET_PREFIX, secrets, patientSecretsManager(secrets)),
  clients: secretsManagerClients(secrets),
  tokenEndpoint: oauthTokenEndpoint({ timeoutMs: environment.TOKEN_ENDPOINT_TIMEOUT_MS }),
  revocationEndpoint: oauthRevocationEndpoint({ timeoutMs: revocationTimeoutMs }),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  incidents: dynamoIncidents(table, systemClock),
  events: dynamoEvents(table, systemClock, systemRandom),
  metrics,
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (input) => refreshTokens(input, ports));
