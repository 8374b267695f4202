import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { secretsManager, secretsManagerClients } from '../../adapters/secrets.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { metrics } from '../../adapters/telemetry.ts';
import { dynamoEvents, dynamoIncidents } from '../../adapters/events.ts';
import type { CheckGrantPorts } from './check-grant.ts';
import { checkGrant } from './check-grant.ts';
import { contract } from './contract.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: CheckGrantPorts = {
  grants: dynamoGrants(table),
  clients: secretsManagerClients(secretsManager()),
  incidents: dynamoIncidents(table, systemClock),
  events: dynamoEvents(table, systemClock, systemRandom),
  metrics,
  clock: systemClock,
};

export const handler = lambda(contract, (input) => checkGrant(input, ports));
