/** The command under a clock that is not AWS's. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';

import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import { runCommand } from '../helpers/command.ts';
import { TestDemo } from '../helpers/demo.ts';
import { stored } from '../helpers/stored.ts';

let tools: ToolsServer;
let demo: TestDemo;
let folder: string;
/** Tells another time than the embedded cloud's. */
let clock: Server;
let aheadMs = 0;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url });
  tools.show(demo.cloud);
  await demo.connect();
  folder = mkdtempSync(`${tmpdir()}/grantkeeper-clock-`);
  const token = { access_token: 'a', refresh_token: 'r' };
  writeFileSync(`${folder}/token.json`, JSON.stringify(token));
  clock = createServer((_request, response) =>
    response.end(JSON.stringify({ now: new Date(demo.cloud.clock.now() + aheadMs).toISOString() })),
  );
  await new Promise<void>((resolve) => clock.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  clock.close();
  rmSync(folder, { recursive: true });
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

const run = (args: string, input = '') => {
  const GRANTKEEPER_CLOCK_URL = `http://127.0.0.1:${(clock.address() as AddressInfo).port}`;
  return runCommand(demo, tools, `${args} --local`.split(' '), { GRANTKEEPER_CLOCK_URL }, input);
};
const importing = () =>
  `import ${folder}/token.json --from oauth --connection demo-main --authorized-at 2026-01-05T12:00:00Z --force`;
const aheadBy = (words: string) => `The clock of the embedded cloud is ${words} that of its AWS.`;

describe('a clock that is eleven seconds off', () => {
  test.each([
    'refresh demo-main',
    'reauthorize demo-main',
    'test demo-main',
    'pause demo-main --reason holiday',
    'resume demo-main',
    'disconnect demo-main --yes',
    'connect demo-main --rotate',
    'connect demo-main --replace',
    'authorize demo-main',
    'browser-login connect demo-main',
    'browser-login rotate demo-main',
    'the import',
  ])('stops %s, which writes nothing', async (args) => {
    aheadMs = 11_000;
    const [before, executions] = [await stored(demo), await demo.executions()];
    const ran = await run(args === 'the import' ? `${importing()} --apply` : args, '{"client_id":"a"}');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(`grantkeeper: ${aheadBy('10 seconds ahead of')} Run the command again;`);
    expect(await stored(demo)).toEqual(before);
    expect(await demo.executions()).toEqual(executions);
  });

  test.each(['status', 'history demo-main', 'open --print', 'the plan of an import'])(
    'lets %s go on, with a warning',
    async (args) => {
      aheadMs = -11_000;
      const ran = await run(args === 'the plan of an import' ? importing() : args);
      expect(ran).toMatchObject({
        code: 0,
        err: expect.stringContaining(`Warning: ${aheadBy('11 seconds behind')}`),
      });
      expect(ran.out).not.toBe('');
    },
  );

  test('and one of nine is taken', async () => {
    aheadMs = 9_000;
    expect(await run('pause demo-main --reason holiday')).toMatchObject({ code: 0, err: '' });
    aheadMs = -9_000;
    expect(await run('resume demo-main')).toMatchObject({ code: 0, err: '' });
  });
});

test('on AWS it is the machine’s own clock that is compared, and the message says how it is set', async () => {
  const keys = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const ran = await runCommand(demo, tools, ['resume', 'demo-main', '--stack', 'local'], keys);
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(
    /^grantkeeper: The clock of this machine is \d+ days.* AWS's, .*sudo timedatectl set-ntp true on Linux, /,
  );
});
