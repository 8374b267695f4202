/** A login by hand: the address is printed, and that of the provider's way back is pasted. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';

import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import { command, commandEnvironment } from '../helpers/command.ts';
import { Browser, TestDemo } from '../helpers/demo.ts';

let tools: ToolsServer;
let demo: TestDemo;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url });
  tools.show(demo.cloud);
  await demo.advance(0);
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

/** @param paste what is pasted, once the address to log in at is known */
async function authorize(paste: (address: string) => Promise<string>, ...flags: string[]) {
  const args = [command, 'authorize', 'demo-main', '--local', ...flags];
  const child = spawn(process.execPath, args, { env: commandEnvironment(demo, tools) });
  let [out, err] = ['', ''];
  let isPasted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    const address = /^http\S+\?\S+$/m.exec(err)?.[0];
    if (isPasted || address === undefined || !err.includes('Paste it here')) return;
    isPasted = true;
    void paste(address).then((pasted) => child.stdin.end(`${pasted}\n`));
  });
  const code = await new Promise<number>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

async function logInAt(address: string, choice: 'allow' | 'cancel' = 'allow'): Promise<string> {
  const browser = new Browser();
  return demo.logInAt(await browser.open(address), choice, browser);
}

test('what is pasted that is no way back stores nothing, and says so', async () => {
  const ran = await authorize(async () => 'https://example.com/?code=a');
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(
    `grantkeeper: The address must begin with ${demo.cloud.apiUrl}/callback. Nothing was stored; run the command again.`,
  );
  const declined = await authorize((address) => logInAt(address, 'cancel'));
  expect(declined).toMatchObject({ code: 1, out: '' });
  expect(declined.err).toContain('grantkeeper: Nothing was changed. You did not allow the access');
  expect((await demo.grant()).status).toBeUndefined();
});

test('an address of another callback is asked for where the provider knows it', async () => {
  let asked = '';
  await authorize(
    async (address) => {
      asked = address;
      return '';
    },
    '--callback',
    'https://127.0.0.1:8182',
  );
  expect(new URL(asked).searchParams.get('redirect_uri')).toBe('https://127.0.0.1:8182');
});

test('the address that the provider leads back to completes the login, and the execution that waited goes on', async () => {
  const ran = await authorize(logInAt);
  expect(ran.code).toBe(0);
  expect(ran.out).toBe('\nDone: you are connected.\n');
  await demo.cloud.clock.idle();
  expect((await demo.grant()).status).toBe('active');
  expect((await demo.executions()).every(({ status }) => status === 'SUCCEEDED')).toBe(true);
  const tokens = [(await demo.secret('grant')).refresh_token, (await demo.secret('access')).access_token];
  for (const token of tokens) expect(`${ran.out}${ran.err}`).not.toContain(String(token));
});
