import { chromiumIn } from '../../adapters/chromium.ts';
import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { oneTimeCode } from '../../adapters/one-time-code.ts';
import { browserCredentials } from '../../adapters/browser-credentials.ts';
import { secretsManager } from '../../adapters/secrets.ts';
import { systemClock } from '../../adapters/system.ts';
import type { BrowserLoginPorts } from './browser-login.ts';
import { browserLogin } from './browser-login.ts';
import { contract } from './contract.ts';

const environment = readEnvironment(contract);
const ports: BrowserLoginPorts = {
  readCredentials: browserCredentials(secretsManager(), environment.BROWSER_CREDENTIALS_SECRET),
  openBrowser: chromiumIn(environment.CHROMIUM_FOLDER),
  oneTimeCode,
  clock: systemClock,
};

export const handler = lambda(contract, (input) => browserLogin(input, ports));
