import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { dynamoLimits } from '../../adapters/rate-limits.ts';
import { providerEndpoints } from '../../adapters/provider-endpoints.ts';
import { secretsManager, secretsManagerClients } from '../../adapters/secrets.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { dynamoEvents } from '../../adapters/events.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { ourFault } from '../../app/pages/pages.ts';
import { contract } from './contract.ts';
import type { ReauthorizePorts } from './reauthorize.ts';
import { reauthorize } from './reauthorize.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: ReauthorizePorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  clients: secretsManagerClients(secretsManager()),
  findEndpoints: providerEndpoints(systemClock),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  events: dynamoEvents(table, systemClock, systemRandom),
  limits: dynamoLimits(table, systemRandom),
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (request) => reauthorize(request, ports), ourFault);
