import { dynamoAuthorizations } from '../../adapters/authorizations.ts';
import { dynamoBrowserLogins } from '../../adapters/browser-logins.ts';
import { dynamoGrants } from '../../adapters/grants.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { metrics } from '../../adapters/telemetry.ts';
import { dynamoEvents, dynamoIncidents } from '../../adapters/events.ts';
import { contract } from './contract.ts';
import type { RequestBrowserLoginPorts } from './request-browser-login.ts';
import { requestBrowserLogin } from './request-browser-login.ts';

/** Longer than the function with the browser may take, and shorter than this one. */
const answerMs = 102_000;

// What is not needed where no browser is sent, or where all goes well, is loaded when it is used.
const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);
const ports: RequestBrowserLoginPorts = {
  grants: dynamoGrants(table),
  authorizations: dynamoAuthorizations(table),
  browserLogins: dynamoBrowserLogins(table),
  sendBrowser: async (functionName, browserLoginRequest) => {
    const { browserFunction } = await import('../../adapters/browser-function.ts');
    return browserFunction(answerMs)(functionName, browserLoginRequest);
  },
  screenshots: {
    keep: async (key, jpeg) => {
      const { s3Screenshots } = await import('../../adapters/screenshots.ts');
      return s3Screenshots(environment.SCREENSHOT_BUCKET, environment.SCREENSHOT_URL).keep(key, jpeg);
    },
  },
  notifyOperators: async (message) => {
    const { publish } = await import('../../adapters/messages/topic-and-sms.ts');
    await publish(environment.OPERATOR_TOPIC_ARN, message);
  },
  incidents: dynamoIncidents(table, systemClock),
  events: dynamoEvents(table, systemClock, systemRandom),
  metrics,
  clock: systemClock,
  random: systemRandom,
};

export const handler = lambda(contract, (input) => requestBrowserLogin(input, ports));
