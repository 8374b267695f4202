/** A grant that another program has kept is taken over, at a provider that honours it. Their files: cli/token-file. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import type { DemoOptions } from '../../local/demo.ts';
import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import { administrator } from '../../local/aws/service.ts';
import type { Ran } from '../helpers/command.ts';
import { runCommand } from '../helpers/command.ts';
import { TestDemo, dayMs, hourMs, minuteMs } from '../helpers/demo.ts';
import { withProviderData } from '../helpers/stored.ts';
import { events, rotating, tokenCalls } from '../helpers/story.ts';

let folder: string;
let tools: ToolsServer;
let demo: TestDemo;
/** Of a login an hour ago, whose access token ends in twenty minutes. */
let refreshToken: string;
let accessToken: string;

type Config = Record<string, Record<string, unknown>>;

beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/grantkeeper-import-`);
  tools = await startTools(0);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await tools.close();
});

/** `demo-main` has the grant that another program is to have kept; `demo-new` was never connected. */
async function startWithGrant(data = {}, options: Partial<DemoOptions> = {}): Promise<TestDemo> {
  const started = await TestDemo.start({
    ...options,
    toolsUrl: tools.url,
    configure: (config) => {
      const connections = config['grantkeeper:connections'] as Config;
      const both = { ...connections, 'demo-new': connections['demo-main']! };
      return withProviderData(data)({ ...config, 'grantkeeper:connections': both });
    },
  });
  tools.show(started.cloud);
  await started.advance(0);
  const link = started.mails().map(({ text }) => /http\S+\/reauthorize\/demo-main\/\S+/.exec(text)?.[0]);
  await started.logIn(link.find((found) => found !== undefined)!);
  await started.cloud.clock.idle();
  await started.advance(hourMs);
  const [grant, access] = [await started.secret('grant'), await started.secret('access')];
  refreshToken = String(grant.refresh_token);
  accessToken = String(access.access_token);
  return started;
}

const seconds = (epochMs: number) => Math.floor(epochMs / 1000);
const loginMs = Date.UTC(2026, 0, 5, 12);

const token = () => ({
  access_token: accessToken,
  refresh_token: refreshToken,
  token_type: 'Bearer',
  scope: 'trading',
  expires_in: 1800,
  id_token: 'x.y.z',
});

/** As schwab-py writes it. */
const written = (authorizedAtMs = loginMs) => {
  const path = `${folder}/token.json`;
  const expiresAt = seconds(loginMs + 80 * minuteMs);
  const content = {
    creation_timestamp: seconds(authorizedAtMs),
    token: { ...token(), expires_at: expiresAt },
  };
  writeFileSync(path, JSON.stringify(content));
  return path;
};

const run = (...args: string[]): Promise<Ran> => runCommand(demo, tools, ['import', ...args, '--local']);
const grantOf = async (connectionId: string) => {
  const where = {
    TableName: 'grantkeeper-local',
    Key: { pk: { S: `connection#${connectionId}` }, sk: { S: 'grant' } },
  };
  const { Item } = (await demo.cloud.dynamoDb.call('GetItem', where, administrator)) as {
    Item?: Record<string, { S?: string; N?: string }>;
  };
  return { status: Item?.status?.S, authorizedAtMs: Number(Item?.authorizedAtMs?.N) };
};

beforeAll(async () => {
  demo = await startWithGrant();
});
afterAll(() => demo[Symbol.asyncDispose]());

const from = ['--from', 'schwab-py'] as const;

test('a grant is shown without its tokens, and nothing is written, unless that is asked for', async () => {
  const before = await grantOf('demo-new');
  const ran = await run(written(), ...from, '--connection', 'demo-new');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toBe(`Found a grant of schwab-py, for demo-new at Demo Brokerage:
  its owner logged in   Mon 5 Jan, 07:00 GMT-5 (1 hour ago)
  it ends               Mon 12 Jan, 07:00 GMT-5 (in 6 days, 23 hours)
  its access token ends Mon 5 Jan, 08:20 GMT-5 (in 20 minutes)

Nothing was written. To import it, run the same command with --apply.
`);
  expect(await grantOf('demo-new')).toEqual(before);
});

describe('what is of no use is refused, and nothing is written', () => {
  test.each([
    [
      'a grant that has ended',
      () => written(loginMs - 8 * dayMs),
      'That grant ended 1 day, 1 hour ago: its owner has to log in.',
    ],
    [
      'a login in the future',
      () => written(loginMs + dayMs),
      'Its owner would have logged in in 23 hours: one of the clocks is wrong.',
    ],
  ])('%s', async (_what, write, words) => {
    const before = await grantOf('demo-new');
    const ran = await run(write(), ...from, '--connection', 'demo-new', '--apply');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(words);
    expect(await grantOf('demo-new')).toEqual(before);
  });

  test('a file that does not tell when its owner logged in, unless that is given', async () => {
    const path = `${folder}/answer.json`;
    writeFileSync(path, JSON.stringify(token()));
    const flags = ['--from', 'oauth', '--connection', 'demo-new'];
    expect(await run(path, ...flags)).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not say when its owner logged in, from which the deadline counts.'),
    });
    const { code, out } = await run(path, ...flags, '--authorized-at', '2026-01-05T12:00:00Z', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      connectionId: 'demo-new',
      from: 'oauth',
      authorizedAt: '2026-01-05T12:00:00.000Z',
      deadline: '2026-01-12T12:00:00.000Z',
      applied: false,
    });
  });

  test('one that is older than what is there, unless it is forced', async () => {
    const flags = [...from, '--connection', 'demo-main'];
    expect(await run(written(loginMs - dayMs), ...flags)).toMatchObject({
      code: 1,
      out: '',
      err: 'grantkeeper: demo-main has a newer grant, of a login on 2026-01-05T12:00:00.000Z. To import the older one anyway, use --force.\n',
    });
    const forced = await run(written(loginMs - dayMs), ...flags, '--force');
    expect(forced.code).toBe(0);
    expect(forced.out).toContain('It replaces the grant of a login on Mon 5 Jan, 07:00 GMT-5 (1 hour ago).');
  });
});

test('a grant is taken over with its own deadline, works, and ends the ask that was open', async () => {
  await demo.brokerage.reset();
  const ran = await run(written(), ...from, '--connection', 'demo-new', '--apply');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toContain(
    'Nothing else may refresh it from now on: stop schwab-py now, or let it read its tokens from Grantkeeper (see client/README.md). A login elsewhere ends this grant at once.',
  );
  expect(ran.out).toContain('Imported and refreshed. The new access token ends Mon 5 Jan, 08:30 GMT-5.');
  for (const credential of [refreshToken, accessToken]) expect(ran.out).not.toContain(credential);
  expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  expect(await grantOf('demo-new')).toEqual({ status: 'active', authorizedAtMs: loginMs });
  // The execution that waited for a login goes on by itself.
  await demo.cloud.clock.idle();
  const { executions } = (await demo.cloud.stepFunctions.call(
    'ListExecutions',
    { stateMachineArn: demo.cloud.outputs.stateMachineArn, statusFilter: 'RUNNING' },
    administrator,
  )) as { executions: unknown[] };
  expect(executions).toEqual([]);
  const { out } = await runCommand(demo, tools, ['history', 'demo-new', '--local', '--kind', 'login']);
  expect(out).toContain('Imported a grant · from: schwab-py · by: ');
});

test('the same login again is refused as what it is; forced, it is taken over though the connection is paused', async () => {
  const flags = [...from, '--connection', 'demo-new', '--apply', '--json'];
  expect(await run(written(), ...flags)).toMatchObject({
    code: 1,
    err: 'grantkeeper: demo-new has the grant of that login already. If this copy is newer, use --force.\n',
  });
  const command = (verb: string, ...rest: string[]) =>
    runCommand(demo, tools, [verb, 'demo-new', '--local', ...rest]);
  await command('pause', '--reason', 'moving');
  await demo.brokerage.reset();
  const { code, out, err } = await run(written(), ...flags, '--force');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({ applied: true, accessExpiresAt: '2026-01-05T13:30:00.000Z' });
  expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  await command('resume');
});

async function pinSomebodyElse({ cloud }: TestDemo): Promise<void> {
  const change = {
    TableName: 'grantkeeper-local',
    Key: { pk: { S: 'connection#demo-new' }, sk: { S: 'grant' } },
    UpdateExpression: 'SET #i = :i',
    ExpressionAttributeNames: { '#i': 'identity' },
    ExpressionAttributeValues: { ':i': { M: { subject: { S: 'hash-of-somebody-else' } } } },
  };
  await cloud.dynamoDb.call('UpdateItem', change, administrator);
}

const refusals = async (of: TestDemo) =>
  (await events(of, 'demo-new'))
    .filter(({ type }) => type === 'identity-refused')
    .map(({ details }) => details);

describe('what the provider does not accept, or is somebody else’s, takes the place of nothing', () => {
  const flags = [...from, '--connection', 'demo-new', '--force', '--apply'];
  const stored = () => Promise.all([demo.secret('grant', 'demo-new'), demo.secret('access', 'demo-new')]);
  const file = (change: object, createdMs = loginMs + minuteMs) => {
    const path = `${folder}/other.json`;
    const content = { creation_timestamp: seconds(createdMs), token: { ...token(), ...change } };
    writeFileSync(path, JSON.stringify(content));
    return path;
  };

  test('a refresh token of another provider, or a dead one', async () => {
    const before = await stored();
    const ran = await run(file({ refresh_token: 'of-another', access_token: 'of-another' }), ...flags);
    expect(ran).toMatchObject({
      code: 1,
      err: 'grantkeeper: Demo Brokerage does not accept that grant. It has ended, or belongs to another app or provider (invalid_grant: “grant request is invalid”). Nothing was stored.\n',
    });
    expect(ran.out).not.toContain('Taken over');
    expect(await stored()).toEqual(before);
    expect(await demo.grant('demo-new')).toMatchObject({ status: 'active' });
    expect(await demo.grant('demo-new')).not.toHaveProperty('login');
    expect(await demo.grant('demo-new')).not.toHaveProperty('lease');
    await demo.advance(25 * minuteMs);
    expect(await demo.grant('demo-new')).toMatchObject({ status: 'active' });
  });

  test('a grant of another owner, whose refresh token is not spent', async () => {
    await pinSomebodyElse(demo);
    await demo.brokerage.reset();
    const { access_token } = await demo.secret('access', 'demo-new');
    const refused = {
      code: 1,
      err: expect.stringContaining('That grant is of another account than demo-new’s.'),
    };
    expect(await run(file({ access_token }), ...flags)).toMatchObject(refused);
    expect(await tokenCalls(demo)).toEqual([]);

    // Nor where its access token has ended, and tells nothing any more.
    const before = await stored();
    expect(await run(file({ access_token: 'ended' }), ...flags)).toMatchObject(refused);
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect(await stored()).toEqual(before);
    expect(await demo.grant('demo-new')).toMatchObject({ identity: { subject: 'hash-of-somebody-else' } });
    expect(await demo.grant('demo-new')).not.toHaveProperty('lease');
    // Its refresh token did not rotate: it is the other program's still.
    expect(await refusals(demo)).toEqual([{ from: 'schwab-py', by: expect.any(String), verdict: 'other' }]);
  });

  test.each([
    [
      'an access token that ends later than any can',
      { expires_at: seconds(loginMs + 7 * hourMs + 25 * minuteMs) },
    ],
    ['an end in milliseconds', { expires_at: loginMs }],
    ['an end that is no time at all', { expires_at: 1e300 }],
  ])('%s', async (_what, change) => {
    expect(await run(file(change), ...flags)).toMatchObject({
      code: 1,
      err: expect.stringContaining('Its access token would end later than any of Demo Brokerage can'),
    });
  });

  test('a login in milliseconds', async () => {
    expect(await run(file({}, 1e19), ...flags)).toMatchObject({
      code: 1,
      err: expect.stringContaining('The time of its login is impossible. Is it in seconds?'),
    });
  });
});

test('into a connection in set-up nothing is taken over, nor said to be, before the client’s credentials are there', async () => {
  await using fresh = await TestDemo.start({ toolsUrl: tools.url, clientSecret: () => undefined });
  const flags = [written(), ...from, '--connection', 'demo-main', '--local'];
  expect(await runCommand(fresh, tools, ['import', ...flags])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/holds no credentials yet. Run first: grantkeeper connect demo-main/),
  });
});

test('a grant of another owner whose refresh token was spent and has rotated is given back', async () => {
  await using other = await startWithGrant({ revocationEnds: 'login' }, { limits: rotating });
  await pinSomebodyElse(other);
  await other.brokerage.reset();
  const path = `${folder}/rotating.json`;
  const content = { creation_timestamp: seconds(loginMs), token: { ...token(), access_token: 'ended' } };
  writeFileSync(path, JSON.stringify(content));
  const flags = [path, ...from, '--connection', 'demo-new', '--force', '--apply', '--local'];
  expect(await runCommand(other, tools, ['import', ...flags])).toMatchObject({
    code: 1,
    err: expect.stringContaining('That grant is of another account'),
  });
  expect(await tokenCalls(other)).toEqual(['refresh_token 200', 'revocation 200', 'revocation 200']);
  expect(await refusals(other)).toEqual([
    { from: 'schwab-py', by: expect.any(String), verdict: 'other', revocation: 'revoked' },
  ]);
});
