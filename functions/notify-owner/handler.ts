import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { messages } from '../../adapters/messages/messages.ts';
import { dynamoNotices } from '../../adapters/notices.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { metrics } from '../../adapters/telemetry.ts';
import { dynamoEvents, dynamoIncidents } from '../../adapters/events.ts';
import { stepFunctionsWorkflow } from '../../adapters/workflow.ts';
import { contract } from './contract.ts';
import type { NotifyOwnerPorts } from './notify-owner.ts';
import { notifyOwner } from './notify-owner.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: NotifyOwnerPorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  messages: messages({
    mail: { from: environment.MAIL_FROM, configurationSet: environment.MAIL_CONFIGURATION_SET },
    operatorTopicArn: environment.OPERATOR_TOPIC_ARN,
  }),
  notices: dynamoNotices(table),
  workflow: stepFunctionsWorkflow(environment.STATE_MACHINE_ARN),
  incidents: dynamoIncidents(table, systemClock),
  events: dynamoEvents(table, systemClock, systemRandom),
  metrics,
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (input) => notifyOwner(input, ports));
