/** The examples for Python, with the real boto3 and schwab-py, against the embedded cloud. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { putSecretValue } from '../../local/cloud.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { tokenCalls } from '../helpers/story.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = `${root}examples/python`;

/** A virtual environment with what the examples want; undefined where there is no Python, or nothing to get it from. */
function python(): string | undefined {
  const requirements = readFileSync(`${example}/requirements.txt`);
  const hash = createHash('sha256').update(requirements).digest('hex').slice(0, 12);
  const folder = `${root}node_modules/.cache/grantkeeper/python-${hash}`;
  const interpreter = `${folder}/bin/python`;
  const works = () =>
    existsSync(interpreter) && spawnSync(interpreter, ['-c', 'import boto3, schwab']).status === 0;
  if (works()) return interpreter;
  spawnSync('python3', ['-m', 'venv', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--timeout=15', '-r', `${example}/requirements.txt`];
  spawnSync(interpreter, install, { timeout: 120_000 });
  if (works()) return interpreter;
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

const interpreter = python();
if (interpreter === undefined) {
  console.warn(
    'The examples for Python are not tested: there is no python3, or it cannot install boto3 and schwab-py.',
  );
}

(interpreter === undefined ? describe.skip : describe)('the examples for Python', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    // Python has the real time: it is twenty minutes after the login, and no check has come yet.
    demo = await TestDemo.start({ startMs: Date.now() - 20 * minuteMs });
    await demo.connect();
    await demo.advance(20 * minuteMs);
    await demo.brokerage.reset();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  async function run(...args: string[]): Promise<unknown> {
    const { stdout } = await promisify(execFile)(
      interpreter!,
      [`${root}test/client/try_it.py`, example, ...args],
      {
        env: {
          ...process.env,
          AWS_ENDPOINT_URL: demo.cloud.awsUrl,
          AWS_REGION: 'us-east-1',
          AWS_DEFAULT_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
        },
      },
    );
    return JSON.parse(stdout);
  }

  const version = async () => (await demo.secret('access')).versionId;

  test('get what is stored, and keep it', async () => {
    expect(await run('get', '10', '60')).toEqual({ version_id: await version(), kept: true });
    expect(await tokenCalls(demo)).toEqual([]);
  });

  test('serve what they have, with a warning, while AWS does not answer', async () => {
    expect(await run('offline', '0')).toEqual({
      kept: true,
      warned:
        'demo-main: no newer access token: Could not connect to the endpoint URL: "https://secretsmanager"',
    });
  });

  test('ask for a refresh, named as everybody names it, when it does not live long enough', async () => {
    const before = await version();
    const got = await run('get', '20', '900');
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect(got).toMatchObject({ version_id: await version() });
    expect(await version()).not.toBe(before);
    expect((await demo.executions()).map(({ name }) => name)).toContain(`demo-main-consumer-${before}`);
  });

  test('hand it to schwab-py, which calls with it, and again with a fresh one where it was refused', async () => {
    const bearer = async () => `Bearer ${String((await demo.secret('access')).access_token)}`;
    const first = await bearer();
    expect(await run('call', '10')).toEqual({ status: 200, sent: [first] });
    await demo.brokerage.reset();
    const refused = await run('refused', '20');
    expect(refused).toEqual({ status: 200, sent: [first, await bearer()] });
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  });

  test('never print a token that no header can have', async () => {
    const { versionId: _version, ...value } = await demo.secret('access');
    const name = 'grantkeeper/local/demo-main/access';
    const odd = { ...value, access_token: `${String(value.access_token)}\r\n` };
    await putSecretValue(demo.cloud, name, JSON.stringify(odd));
    const got = await run('call', '1');
    await putSecretValue(demo.cloud, name, JSON.stringify(value));
    expect(got).toEqual({
      error: `The secret ${name} is not Grantkeeper's: access_token is missing or malformed.`,
    });
  });

  test('judge tokens by AWS’s clock where their own is 45 minutes ahead, and say so once', async () => {
    await demo.brokerage.reset();
    const now = await version();
    expect(await run('ahead', '1')).toEqual({
      version_ids: [now, now, now],
      warned: [expect.stringMatching(/^This machine's clock is \d{4} seconds ahead of AWS's\./)],
    });
    expect(await tokenCalls(demo)).toEqual([]);
  });

  test('stop asking where the replacement is refused as well', async () => {
    await demo.advance(60_000);
    await demo.brokerage.reset();
    expect(await run('always-refused', '20')).toEqual({
      statuses: [401, 401, 401, 401, 401],
      tokens: 2,
      calls: 6,
    });
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  });

  test('say that there is none', async () => {
    await demo.brokerage.misbehave({ kind: 'status', status: 503, body: '' }, 1000);
    expect(await run('refused', '1')).toEqual({
      error: expect.stringMatching(
        /^demo-main: no valid access token\. Its owner has to log in before 20\d\d-/,
      ),
    });
  });
});
