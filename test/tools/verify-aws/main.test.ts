/** `npm run verify:aws`, as far as it goes without an account. */
import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Observed } from '../../../tools/verify-aws/walk.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = (...flags: string[]) =>
  spawnSync(process.execPath, ['--no-warnings', 'tools/verify-aws/main.ts', ...flags], {
    cwd: root,
    encoding: 'utf8',
    // No credentials, wherever they may be.
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
  });

test('it makes nothing unless that is meant, and names what it costs', () => {
  for (const flags of [[], ['--email', 'a@example.com'], ['--account', '123456789012']]) {
    expect(run(...flags)).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'It makes things that cost money, so say that it is meant: --account <id> and --email <address>. See npm run verify:aws -- --help.\n',
    });
  }
  const { status, stdout } = run('--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/It costs about 5 cents, or 9 dollars a month if it were not destroyed/);
});

test('without credentials it says so, and nothing is made', () => {
  const { status, stdout, stderr } = run('--account', '123456789012', '--email', 'a@example.com');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/credentials/i);
});

test('what was made is destroyed, whatever failed, and what stands still is named with how to destroy it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grantkeeper-verify-test-'));
  try {
    // A pulumi that writes down what it is asked, and cannot make the second stack.
    const stub = `#!/bin/sh
folder=$(basename "$PWD"); echo "$folder: $*" >> "${folder}/asked"
case "$*" in
  "stack init"*) [ "$folder" = fake-provider ] || exit 1; echo "\\"$3\\"" > "${folder}/stacks-$folder" ;;
  "stack ls"*) cat "${folder}/stacks-$folder" 2>/dev/null || echo '[]' ;;
  "stack output"*) echo '{"url": "https://fake.example.net"}' ;;
esac`;
    writeFileSync(join(folder, 'pulumi'), stub, { mode: 0o755 });
    const program = `import { onAws } from './tools/verify-aws/aws.ts';
      const options = { account: '1', email: 'a@example.com', region: 'us-east-1', profile: undefined, keep: false };
      await onAws(options).catch((error) => console.error(error.message));`;
    const { stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', '--input-type=module', '--eval', program],
      {
        cwd: root,
        encoding: 'utf8',
        env: {
          PATH: `${folder}:${process.env['PATH']}`,
          HOME: '/nonexistent',
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      },
    );
    const asked = readFileSync(join(folder, 'asked'), 'utf8').replaceAll(/verify-[0-9a-f]{6}/g, 'verify');
    expect(asked).toContain('fake-provider: destroy --yes --stack verify');
    expect(asked).not.toMatch(/^(?!fake-provider).*: destroy/m);
    // There are no credentials to delete secrets with.
    expect(stderr).toContain('pulumi stack init');
    expect(stderr).toMatch(/npx pulumi destroy --yes --stack verify-/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('its walk goes through the embedded cloud: a first login, a refresh, and what is refused', () => {
  const { status, stdout } = run('--embedded');
  expect(status).toBe(0);
  const observed = JSON.parse(stdout) as Observed[];
  const answers = Object.fromEntries(observed.map(({ what, answer }) => [what, answer]));
  expect(answers).toMatchObject({
    'a check before the client’s credentials are there': { status: 'SUCCEEDED' },
    'the page behind the link': { status: 200, title: 'Log in to Fake Provider · Grantkeeper' },
    'its button': { status: 303, location: '…/authorize?…' },
    'a callback from another browser': { status: 400 },
    'the callback': { status: 200, title: 'Done: you are connected · Grantkeeper' },
    'the execution that waited': { status: 'SUCCEEDED' },
    'a refresh': { status: 'SUCCEEDED' },
    'an execution of a name that is taken': 'ExecutionAlreadyExists',
    'an input that is no JSON': 'InvalidExecutionInput',
    'a staging label that is nowhere': 'ResourceNotFoundException',
    'a secret that is not there': 'ResourceNotFoundException',
    'AWSCURRENT moved from where it is not': 'InvalidParameterException',
    'a write whose condition is not met': 'ConditionalCheckFailedException',
  });
  // Nothing that is of one run alone.
  expect(stdout).not.toMatch(/\d{4}-\d\d-\d\dT|arn:aws|[0-9a-f]{8}-[0-9a-f]{4}/);
});
