import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

const start = (...options: string[]) =>
  spawnSync(process.execPath, ['local/main.ts', ...options], { encoding: 'utf8' });

test('--help lists every option and starts nothing', () => {
  const { status, stdout } = start('--help');
  expect(status).toBe(0);
  expect(stdout.match(/--[a-z-]+/g)).toEqual([
    '--tools-port',
    '--api-port',
    '--brokerage-port',
    '--hop-port',
    '--webhooks-port',
    '--aws-port',
    '--bot',
    '--browser-login',
    '--login-pages',
    '--help',
  ]);
});

test.each([
  [['--help=1'], "Option '-h, --help' does not take an argument"],
  [['--nope'], "Unknown option '--nope'"],
  [['stray'], "Unexpected argument 'stray'"],
  [['--tools-port'], "Option '--tools-port <value>' argument missing"],
  [['--tools-port', '--help'], "Option '--tools-port <value>' argument missing"],
  [['--tools-port', '-1'], '--tools-port is "-1": must be a port from 0 to 65535.'],
  [['--tools-port=-1'], '--tools-port is "-1": must be a port from 0 to 65535.'],
  [['--tools-port', '8182'], '--tools-port and --api-port are both 8182: each needs a port of its own.'],
  [
    ['--login-pages', 'captcha,riddle'],
    '--login-pages has "riddle": must be some of one-time-code, account-picker, still-logged-in, changed, doubled, captcha, slow, locked.',
  ],
  [['--tools-port', '99999'], '--tools-port is "99999": must be a port from 0 to 65535.'],
])('%j is refused in a line, and --help is named', (options, message) => {
  const { status, stderr } = start(...options);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `${message}\nnpm start -- --help lists the options.\n`,
  });
});

test('a port in use is named, with the way out', async () => {
  await using taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const free = ['tools', 'api', 'hop', 'aws'].flatMap((name) => [`--${name}-port`, '0']);
  const { status, stderr } = start(...free, '--brokerage-port', String(port));
  expect(status).toBe(1);
  expect(stderr).toBe(
    `Port ${port} is in use by another program. Stop that, or choose another: npm start -- --brokerage-port 0\n`,
  );
});

test('npm run simulate reads its flags alike', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', 'test/simulation/main.ts', '--steps', '-5'],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: '--steps is "-5": must be a number from 1. See npm run simulate -- --help.\n',
  });
});

describe('SIGTERM', () => {
  const anyPorts = ['tools', 'api', 'brokerage', 'hop', 'aws', 'webhooks'].map((name) => `--${name}-port=0`);

  /** Runs a command until what it writes has the words, and stops it then. */
  async function stoppedAt(words: string, command: string, ...options: string[]) {
    const folder = await mkdtemp(join(tmpdir(), 'main-test-'));
    try {
      const child = spawn(command, [...options, ...anyPorts], { env: { ...process.env, TMPDIR: folder } });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          if (!output.includes(words) && (output + text).includes(words)) child.kill('SIGTERM');
          output += text;
        });
      }
      // Not `exit`, which is npm's alone: until everybody who writes here is gone.
      const [status] = (await once(child, 'close')) as [number | null];
      const left = (await readdir(folder)).filter((name) => name.startsWith('grantkeeper-'));
      return { status, output, left };
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  test('while it is coming up ends it, and leaves no folder', async () => {
    const { status, output, left } = await stoppedAt('Evaluating', process.execPath, 'local/main.ts');
    expect({ status, left }).toEqual({ status: 0, left: [] });
    expect(output).toBe('Evaluating the Pulumi program and bringing it up …\n\nStopping.\n');
  });

  test('to npm ends it too', async () => {
    // Without npm's scripts before it: nothing is to be installed here.
    const npm = ['start', '--ignore-scripts', '--'];
    const { output, left } = await stoppedAt('Grantkeeper is running', 'npm', ...npm);
    expect(output).toContain('Ctrl+C stops it.');
    expect(left).toEqual([]);
  });
});
