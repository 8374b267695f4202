import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { dynamoLimits } from '../../adapters/rate-limits.ts';
import { sesMail } from '../../adapters/messages/mail.ts';
import { dynamoPanel } from '../../adapters/panel.ts';
import { dynamoSessions, dynamoSignIns } from '../../adapters/sessions.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { panelFault } from '../../app/panel/panel-page.ts';
import { contract } from './contract.ts';
import type { SignInPorts } from './sign-in.ts';
import { signIn } from './sign-in.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: SignInPorts = {
  panel: dynamoPanel(table),
  sessions: dynamoSessions(table, systemRandom),
  signIns: dynamoSignIns(table),
  limits: dynamoLimits(table, systemRandom, (of) => `sign-in#${of}`),
  mail: sesMail({ from: environment.MAIL_FROM, configurationSet: environment.MAIL_CONFIGURATION_SET }),
  clock: systemClock,
  random: systemRandom,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export const handler = lambda(contract, (request) => signIn(request, ports), panelFault);
