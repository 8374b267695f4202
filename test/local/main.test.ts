import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { expect, test } from '@jest/globals';

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
    '--help',
  ]);
});

test.each([
  [['--help=1'], "Option '-h, --help' does not take an argument"],
  [['--nope'], "Unknown option '--nope'"],
  [['stray'], "Unexpected argument 'stray'"],
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
