/** `grantkeeper browser-login`: the password of a browser that logs in. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import { runCommand } from '../helpers/command.ts';
import { dayMs, TestDemo } from '../helpers/demo.ts';
import { browserSecret, startWithBrowserLogin, totpSeed } from '../helpers/browser-login.ts';
import { sleep, timeline } from '../helpers/story.ts';

let tools: ToolsServer;
let demo: TestDemo;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await startWithBrowserLogin({
    credentials: 'none',
    own: { credentialsMaxAgeDays: 3 },
    toolsUrl: tools.url,
  });
  tools.show(demo.cloud);
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

const run = (args: string, input: unknown = '') =>
  runCommand(
    demo,
    tools,
    `${args} --local`.split(' '),
    {},
    typeof input === 'string' ? input : JSON.stringify(input),
  );

async function stored(): Promise<unknown> {
  const { SecretString: value } = await demo.cloud.secrets.call(
    'GetSecretValue',
    { SecretId: browserSecret },
    administrator,
  );
  return JSON.parse(String(value));
}

const right = { username: 'demo', password: 's3cret-right' };

test('what cannot be credentials is refused by what is wrong with it, and nothing is stored', async () => {
  for (const [input, words] of [
    ['', 'Standard input is to be JSON: {"username": "…", "password": "…", "totp_seed": "…"}'],
    [
      { username: 'demo' },
      'Those are no credentials: password is missing or not usable. Nothing was stored.',
    ],
    [{ ...right, pin: 's3cret' }, 'Those are no credentials: they have fields that are not known.'],
    [{ ...right, totp_seed: 's3cret' }, 'Those are no credentials: totp_seed is missing or not usable.'],
    [
      { ...right, totp_seed: 'otpauth://totp/s3cret?secret=1' },
      'Those are no credentials: no code can be made of totp_seed.',
    ],
  ] as const) {
    const ran = await run('browser-login connect demo-main', input);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(words);
    expect(ran.err).not.toContain('s3cret');
  }
  await expect(stored()).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  expect(await run('browser-login rotate demo-main', right)).toMatchObject({
    code: 1,
    err: `grantkeeper: ${browserSecret} holds none yet that could be replaced. The first ones: grantkeeper browser-login connect demo-main\n`,
  });
});

test('without a password doctor names the command that puts one in place', async () => {
  const { out } = await run('doctor');
  expect(out).toMatch(
    /PROBLEM +Browser of demo-main +grantkeeper-browser-login\/local\/demo-main is empty\.\n +→ Run grantkeeper browser-login connect demo-main\./,
  );
});

test('credentials are put into their secret, and others in their place', async () => {
  expect(await run('browser-login connect demo-main', right)).toEqual({
    code: 0,
    err: '',
    out: `They are in ${browserSecret}; the browser of demo-main alone reads them.\nTo see that they are right: grantkeeper reauthorize demo-main\n`,
  });
  expect(await stored()).toEqual(right);
  expect(await run('browser-login connect demo-main', right)).toMatchObject({
    code: 1,
    err: `grantkeeper: ${browserSecret} holds credentials already. Others in their place: grantkeeper browser-login rotate demo-main\n`,
  });
  const others = { username: 'demo', password: 'demo', totp_seed: totpSeed };
  expect(JSON.parse((await run('browser-login rotate demo-main --json', others)).out)).toEqual({
    connectionId: 'demo-main',
    secretName: browserSecret,
    replaced: true,
  });
  expect(await stored()).toEqual(others);
  expect(await timeline(demo)).toEqual(['browser-credentials-stored', 'browser-credentials-stored']);
  expect((await run('doctor')).out).toMatch(/ok +Browser of demo-main +Its password is stored\./);
});

test('reauthorize sends the browser, and follows it', async () => {
  const ran = await run('reauthorize demo-main');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/The browser login succeeded · steps: link .*9 callback \d\.\d s\n/);
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  expect((await run('history demo-main --kind login')).out).toMatch(
    /A browser began to log in[^]*A browser logged in/,
  );
});

test('a password that is older than configured is a problem to doctor', async () => {
  await sleep(demo, 3 * dayMs);
  expect((await run('doctor')).out).toMatch(
    /PROBLEM +Browser of demo-main +Its password is 3 days old\.\n +→ Change the password at the provider, then run grantkeeper browser-login rotate demo-main\./,
  );
});

test('for a connection that has not opted in it says how, and stores nothing', async () => {
  await using other = await TestDemo.start();
  tools.show(other.cloud);
  const ran = await runCommand(
    other,
    tools,
    ['browser-login', 'connect', 'demo-main', '--local'],
    {},
    JSON.stringify(right),
  );
  tools.show(demo.cloud);
  expect(ran).toMatchObject({
    code: 1,
    out: '',
    err: 'grantkeeper: No browser logs in for demo-main: it has not opted in, and should not lightly (docs/browser-login.md). To do so give it browserLoginWithStoredPassword in Pulumi.local.yaml, and run npx pulumi up.\n',
  });
});

test('browser-login by itself, and with --help, lists what it has', async () => {
  const { code, out } = await runCommand(demo, tools, ['browser-login', '--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/connect \[options\] <connection>[^]*rotate \[options\] <connection>/);
});
