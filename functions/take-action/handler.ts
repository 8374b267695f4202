import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { dynamoPanel } from '../../adapters/panel.ts';
import { dynamoSessions } from '../../adapters/sessions.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { dynamoEvents } from '../../adapters/events.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { panelFault } from '../../app/panel/panel-page.ts';
import { contract } from './contract.ts';
import type { TakeActionPorts } from '../../app/panel/action-request.ts';
import { takeAction } from './take-action.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: TakeActionPorts = {
  panel: dynamoPanel(table),
  sessions: dynamoSessions(table, systemRandom),
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  events: dynamoEvents(table, systemClock, systemRandom),
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (request) => takeAction(request, ports), panelFault);
