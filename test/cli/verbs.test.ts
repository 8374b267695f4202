/** The operator's command as it is called, against the embedded cloud. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';

import { administrator } from '../../local/aws/service.ts';
import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import type { Ran } from '../helpers/command.ts';
import { runCommand } from '../helpers/command.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { tokenCalls } from '../helpers/story.ts';

let tools: ToolsServer;
let demo: TestDemo;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url });
  tools.show(demo.cloud);
  await demo.connect();
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

const run = (args: string, environment: Record<string, string> = {}) =>
  runCommand(demo, tools, args.split(' '), environment);

/** Columns are as wide as what is in them. */
const lines = ({ out }: Ran) =>
  out
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' | '));

describe('status', () => {
  test('says what lives how long, what comes next, and that all is well', async () => {
    const ran = await run('status --local');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(lines(ran)).toEqual([
      'CONNECTION | STATUS | ACCESS TOKEN ENDS | GRANT ENDS | NEXT CHECK',
      'demo-main | Healthy | in 30 minutes (Mon 5 Jan, 07:30 GMT-5) | in 7 days (Mon 12 Jan, 07:00 GMT-5) | in 25 minutes (Mon 5 Jan, 07:25 GMT-5)',
    ]);
  });

  test('as JSON, for programs', async () => {
    const { code, out } = await run('status demo-main --local --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual([
      {
        connectionId: 'demo-main',
        health: 'healthy',
        needsSomebody: false,
        problems: [],
        accessExpiresAt: '2026-01-05T12:30:00.000Z',
        grantEndsAt: '2026-01-12T12:00:00.000Z',
        next: {
          at: '2026-01-05T12:25:00.000Z',
          decision: 'Refresh due: the token expires before the next check',
          ownerNotifiedAt: '2026-01-10T12:00:00.000Z',
        },
      },
    ]);
  });
});

test('open names the panel, and the console', async () => {
  const panel = `${demo.cloud.apiUrl}/panel`;
  expect((await run('open demo-main --local --print')).out).toBe(`${panel}/connections/demo-main\n`);
  expect(JSON.parse((await run('open --local --json')).out)).toEqual({ panel, console: tools.url });
});

describe('what it has done', () => {
  test('a refresh is shown as it happens, and named in the timeline with who asked', async () => {
    await demo.advance(minuteMs);
    await demo.brokerage.reset();
    const ran = await run('refresh demo-main --local');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    const [asked, checked, refreshed, ended] = lines(ran);
    expect(asked).toMatch(/^Mon 5 Jan, 07:01 GMT-5 \| Requested · Refresh now · by: .+ at .+$/);
    expect(checked).toBe('Mon 5 Jan, 07:01 GMT-5 | Refresh due: somebody asked for it');
    expect(refreshed).toBe('Mon 5 Jan, 07:01 GMT-5 | Refreshed the access token');
    expect(ended).toMatch(
      /^The execution succeeded: http:.*\/execution\?arn=arn:.*demo-main-cli-refresh-\d+$/,
    );
    const history = lines(await run('history demo-main --local --limit 3'));
    expect(history).toEqual([asked, checked, refreshed]);
    expect(lines(await run('history demo-main --local --kind login'))).toHaveLength(2);
  });

  test('it pauses with a reason, says why nothing is done meanwhile, and resumes', async () => {
    expect(await run('pause demo-main --local')).toMatchObject({
      code: 2,
      err: expect.stringContaining("required option '--reason <text>' not specified"),
    });
    const wordless = await runCommand(demo, tools, ['pause', 'demo-main', '--local', '--reason', ' ']);
    expect(wordless).toMatchObject({
      code: 2,
      err: expect.stringContaining('Enter a reason, for example “provider maintenance”.'),
    });
    expect(await run('pause demo-main --local --reason holiday')).toMatchObject({
      code: 0,
      out: 'demo-main is paused.\n',
    });
    const nothing = {
      code: 1,
      err: 'grantkeeper: demo-main is paused. Resume it first. Nothing was changed.\n',
    };
    expect(await run('refresh demo-main --local')).toMatchObject(nothing);
    const { code, out } = await run('status --local');
    expect(code).toBe(0);
    expect(out).toContain('“holiday”. Nothing is refreshed, and Dana gets no notices.');
    expect(await run('resume demo-main --local --json')).toMatchObject({
      code: 0,
      out: '{\n  "connectionId": "demo-main",\n  "paused": false\n}\n',
    });
    expect(await run('resume demo-main --local')).toMatchObject({
      code: 1,
      err: 'grantkeeper: demo-main is not paused. Nothing was changed.\n',
    });
  });

  test('a link is sent, and status says who is waited for', async () => {
    const before = demo.mails().length;
    const { code, out } = await run('reauthorize demo-main --local');
    expect(code).toBe(0);
    expect(out).toContain('The execution is waiting for the owner: http');
    expect(demo.mails()).toHaveLength(before + 1);
    expect(out).not.toContain('/reauthorize/');
    expect(await run('status --local')).toMatchObject({
      code: 3,
      out: expect.stringContaining('Waiting for Dana to log in. The link works until'),
    });
  });

  test('what ends otherwise than it was asked for is no success', async () => {
    await demo.advance(minuteMs);
    await demo.brokerage.misbehave({ kind: 'status', status: 400, body: '{"error":"invalid_grant"}' });
    const ran = await run('refresh demo-main --local');
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('The provider rejected the grant');
    expect(await run('refresh demo-main --local')).toMatchObject({ code: 1 });
    await demo.logIn(demo.newestLink());
    await demo.cloud.clock.idle();
  });

  test('a new owner is let in by a link of their own', async () => {
    const { code, out } = await run('reauthorize demo-main --local --new-owner');
    expect(code).toBe(0);
    expect(out).toContain('Requested · Let a new owner in · by: ');
    expect(out).toContain('Sent the owner a login link · because: a new owner may log in');
    expect((await demo.grant()).authorization).toMatchObject({ reason: 'change-owner' });
    expect(await run('reauthorize demo-main --local --new-owner')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Waiting for Dana. Nothing was changed.'),
    });
  });

  test('it disconnects, but not unless it is meant', async () => {
    expect(await run('disconnect demo-main --local')).toMatchObject({
      code: 1,
      err: "grantkeeper: This can't be undone: to restore demo-main, its owner has to log in again. To confirm, add --yes.\n",
    });
    const { code, out } = await run('disconnect demo-main --local --yes');
    expect(code).toBe(0);
    expect(out).toContain('Disconnected · by: ');
    expect(out).toContain('the tokens were revoked at the provider');
    expect((await demo.grant()).status).toBe('disconnected');
    expect(await run('refresh demo-main --local')).toMatchObject({
      err: 'grantkeeper: demo-main is disconnected. Send Dana a login link to restore it. Nothing was changed.\n',
    });
  });
});

test('what has left the configuration keeps its past', async () => {
  const Item = {
    pk: { S: 'connection#old-main' },
    sk: { S: 'event#2026-01-01T09:00:00.000Z#0' },
    type: { S: 'disconnected' },
    details: { S: '{"by":"alex","revocation":"removed"}' },
  };
  await demo.cloud.dynamoDb.call('PutItem', { TableName: 'grantkeeper-local', Item }, administrator);
  const [line] = lines(await run('history old-main --local'));
  expect(line).toMatch(/^Thu 1 Jan, 09:00 UTC \| Disconnected · by: alex · the provider was not asked/);
});

describe('what is wrong is said with its remedy', () => {
  test.each([
    ['status nobody --local', {}, 'There is no connection nobody in the stack local. There is: demo-main.'],
    [
      'status --local --stack prod',
      {},
      'There is no stack prod in us-east-1. Compare --stack with `npx pulumi stack ls`, and --region and --profile with where it was deployed.',
    ],
    [
      'status',
      { AWS_ENDPOINT_URL: '' },
      'Which stack? Give --stack <name>, or set GRANTKEEPER_STACK: the name of the Pulumi stack, such as prod. --local is for `npm start`.',
    ],
    [
      'status --local',
      { GRANTKEEPER_CLOCK_URL: 'http://127.0.0.1:1/clock' },
      'The embedded cloud does not answer. Start it with `npm start` in another terminal; if you changed its ports, set AWS_ENDPOINT_URL and GRANTKEEPER_CLOCK_URL.',
    ],
  ])('%s', async (args, environment, message) => {
    expect(await run(args, environment)).toEqual({ code: 1, out: '', err: `grantkeeper: ${message}\n` });
  });

  test.each([
    ['nonsense', "unknown command 'nonsense'"],
    ['history', "missing required argument 'connection'"],
    ['history demo-main --limit many', 'Enter a whole number from 1 to 1000.'],
    ['history demo-main --kind nonsense', 'Allowed choices are'],
  ])('%s', async (args, words) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(words);
    expect(ran.err).toContain('Try --help.');
  });

  test('without credentials', async () => {
    const none = {
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    const { code, err } = await run('status --stack prod --region us-east-1', none);
    expect(code).toBe(1);
    expect(err).toBe(
      'grantkeeper: There are no AWS credentials. Run aws sso login or aws configure, or give --profile.\n',
    );
    expect((await run('status --stack prod --region us-east-1 --profile nobody', none)).err).toBe(
      'grantkeeper: There are no AWS credentials for the profile nobody. Run aws sso login --profile nobody, or compare its name with ~/.aws/config.\n',
    );
    const noRegion = { ...none, AWS_REGION: '', AWS_DEFAULT_REGION: '' };
    expect(await run('status --stack prod', noRegion)).toEqual({
      code: 1,
      out: '',
      err: 'grantkeeper: Which AWS region? Give --region, or set AWS_REGION.\n',
    });
  });
});

test('every verb is listed by --help, and tells its own options', async () => {
  const { code, out } = await run('--help');
  expect(code).toBe(0);
  const verbs = [...out.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(([, verb]) => verb!);
  expect(verbs).toEqual([
    'status',
    'doctor',
    'history',
    'open',
    'refresh',
    'reauthorize',
    'test',
    'pause',
    'resume',
    'disconnect',
    'connect',
    'authorize',
    'import',
  ]);
  expect((await run('history --help')).out).toContain('--kind <kind>');
  const documented = readFileSync(new URL('../../docs/command.md', import.meta.url), 'utf8');
  for (const verb of verbs) expect(documented).toContain(`$ npx grantkeeper ${verb} `);
});
