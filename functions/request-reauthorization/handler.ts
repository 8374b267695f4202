import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { sesMail } from '../../adapters/mail.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { dynamoEvents, dynamoIncidents } from '../../adapters/timeline.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { contract } from './contract.ts';
import type { RequestReauthorizationPorts } from './request-reauthorization.ts';
import { requestReauthorization } from './request-reauthorization.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: RequestReauthorizationPorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  mail: sesMail({ from: environment.MAIL_FROM, configurationSet: environment.MAIL_CONFIGURATION_SET }),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  incidents: dynamoIncidents(table),
  events: dynamoEvents(table, systemClock, systemRandom),
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (input) => requestReauthorization(input, ports));
