import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';

/** The environment of all functions together. Loading a function makes no request. */
const environment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  TABLE_NAME: 'grantkeeper-build',
  SECRET_PREFIX: 'grantkeeper/build',
  STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:grantkeeper-build-keep-grant',
  OPERATOR_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:grantkeeper-build-operators',
  POWERTOOLS_SERVICE_NAME: 'grantkeeper-build',
  MAIL_FROM: 'grantkeeper@example.com',
  MAIL_CONFIGURATION_SET: 'grantkeeper-build',
  SCREENSHOT_BUCKET: 'grantkeeper-build',
  SCREENSHOT_URL: 'https://example.com/?key=',
  BROWSER_CREDENTIALS_SECRET: 'grantkeeper-browser-login/build/one',
  CHROMIUM_FOLDER: '/opt/chromium',
};

/** Milliseconds from the start of Node until it has loaded the module, if one is given. */
export function loadedAfterMs(file?: string): number {
  const load = file === undefined ? '' : `await import(${JSON.stringify(pathToFileURL(file).href)});`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', `${load} console.log(performance.now());`],
    { env: { ...process.env, ...environment }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${file} does not load:\n${stderr}`);
  return Number(stdout);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
