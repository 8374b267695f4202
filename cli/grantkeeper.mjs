#!/usr/bin/env node
// Starts the command under the Node that the lock file names, whatever Node the machine has. Plain JavaScript, because
// that one may be too old for anything else.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

if (!existsSync(path('../node_modules/.grantkeeper-installed'))) {
  const { status } = spawnSync(process.execPath, [path('../tools/ensure-installed.mjs')], {
    // What is printed belongs to the command's own answer.
    stdio: ['inherit', 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
const own = path('../node_modules/.bin/node');
const { status } = spawnSync(
  existsSync(own) ? own : process.execPath,
  ['--no-warnings', path('main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
