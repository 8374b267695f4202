import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import type { Ran } from '../helpers/command.ts';
import { runCommand } from '../helpers/command.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { removeSettings, timeline, tokenCalls, watch } from '../helpers/story.ts';
import { administrator } from '../../local/aws/service.ts';

let tools: ToolsServer;
let demo: TestDemo;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url, clientSecret: () => undefined });
  tools.show(demo.cloud);
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

const run = (input: string, ...flags: string[]): Promise<Ran> =>
  runCommand(demo, tools, ['connect', 'demo-main', '--local', ...flags], {}, input);

test('what cannot be credentials is refused, and nothing is written', async () => {
  for (const [input, words] of [
    ['', 'Standard input is to be JSON: {"client_id": "…", "client_secret": "…"}.'],
    ['{"client_id": "a"}', 'Standard input is to be JSON'],
    [JSON.stringify({ client_id: ' ', client_secret: 's3cret' }), 'The client id is empty.'],
    [
      JSON.stringify({ client_id: 'id', client_secret: 's3\u200bcret' }),
      'The client secret has a character that none can have.',
    ],
    [
      JSON.stringify({ client_id: 's3cret', client_secret: 's3cret' }),
      'The client id and the secret are the same.',
    ],
  ] as const) {
    const ran = await run(input);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(words);
    expect(ran.err).not.toContain('s3cret');
  }
  await expect(
    demo.cloud.secrets.call('GetSecretValue', { SecretId: 'grantkeeper/local/client/demo' }, administrator),
  ).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
});

test('credentials from standard input are stored, and from there the first login goes its way', async () => {
  const { clientId, clientSecret } = demo.demo.client;
  const input = JSON.stringify({ client_id: ` ${clientId}`, client_secret: `${clientSecret}\n` });
  await demo.advance(0);
  expect(await runCommand(demo, tools, ['status', '--local'])).toMatchObject({
    code: 3,
    out: expect.stringContaining(
      'Set-up is not complete: the client’s credentials are missing. Run grantkeeper connect demo-main. Dana is not asked to log in before that.',
    ),
  });
  const ran = await run(input);
  expect(ran).toEqual({
    code: 0,
    err: '',
    out: 'The credentials are in grantkeeper/local/client/demo.\nIts owner (dana@example.com) gets a link at the next check. Send it now: grantkeeper reauthorize demo-main\n',
  });
  expect(await run(input)).toMatchObject({
    code: 1,
    err: 'grantkeeper: grantkeeper/local/client/demo holds credentials already. Use --rotate to replace them after a refresh has shown that the new ones work, or --replace to replace them at once. All connections that share them then use the new ones.\n',
  });
  expect(await timeline(demo)).toEqual(['connected']);
  await demo.advance(25 * minuteMs);
  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();
  expect((await demo.grant()).status).toBe('active');
  const replaced = await run(input, '--replace', '--json');
  expect(JSON.parse(replaced.out)).toEqual({
    connectionId: 'demo-main',
    clientSecretName: 'grantkeeper/local/client/demo',
    replaced: true,
    tried: false,
  });
});

/** Which connections the configuration has, as the panel and the command know it. @returns those that it had */
async function list(connectionIds: readonly string[]): Promise<readonly string[]> {
  const key = { pk: { S: 'panel' }, sk: { S: 'settings' } };
  const call = (operation: string, input: object) =>
    demo.cloud.dynamoDb.call(operation, { TableName: 'grantkeeper-local', ...input }, administrator);
  const { Item } = (await call('GetItem', { Key: key })) as { Item: { settings: { S: string } } };
  const settings = JSON.parse(Item.settings.S) as { connectionIds: readonly string[] };
  const changed = JSON.stringify({ ...settings, connectionIds });
  await call('PutItem', { Item: { ...key, settings: { S: changed } } });
  return settings.connectionIds;
}

describe('a rotation cuts over once a refresh with the new credentials has succeeded', () => {
  const pipe = (client_secret: string, client_id = demo.demo.client.clientId) =>
    JSON.stringify({ client_id, client_secret });
  const stored = async () => {
    const secrets = demo.cloud.secrets.call.bind(demo.cloud.secrets);
    const name = 'grantkeeper/local/client/demo';
    return (await secrets('GetSecretValue', { SecretId: name }, administrator)).SecretString;
  };

  test('what the provider refuses is not stored, and is nobody’s incident', async () => {
    const before = await stored();
    const story = watch(demo);
    expect(await run(pipe('another-s3cret'), '--rotate')).toEqual({
      code: 1,
      out: '',
      err: 'grantkeeper: Demo Brokerage does not accept the new credentials. Nothing was changed, and the old ones are in use.\n',
    });
    expect(await run(pipe('another-s3cret', 'another-client'), '--rotate')).toMatchObject({
      code: 1,
      err: 'grantkeeper: That is another client id, and the grant belongs to the old client. Use --replace, then `grantkeeper reauthorize demo-main`: its owner has to log in.\n',
    });
    await demo.brokerage.misbehave({ kind: 'status', status: 400, body: '{"error":"invalid_grant"}' });
    expect(await run(pipe(demo.demo.client.clientSecret), '--rotate')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Demo Brokerage does not accept the grant with the new credentials.'),
    });
    // With a fault of its own it is not believed, and is nothing that a check would hold against the grant.
    await demo.brokerage.misbehave({ kind: 'status', status: 503, body: '{"error":"invalid_grant"}' });
    expect(await run(pipe(demo.demo.client.clientSecret), '--rotate')).toMatchObject({ code: 1 });
    expect(await demo.grant()).not.toHaveProperty('doubtedAtMs');
    expect(await stored()).toBe(before);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    await demo.advance(25 * minuteMs);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(story.alerts()).toEqual([]);
  });

  test('what works is stored after that, with the tokens that it gave', async () => {
    await demo.brokerage.reset();
    const { versionId } = await demo.secret('access');
    // The provider's clients can't be given another secret here: another spelling of the value is as new.
    const spelt = JSON.stringify({
      ...(JSON.parse(pipe(demo.demo.client.clientSecret)) as object),
      note: 'new',
    });
    const ran = await run(spelt, '--rotate');
    expect(ran).toEqual({
      code: 0,
      err: '',
      out: 'The credentials are in grantkeeper/local/client/demo.\nA refresh with them succeeded. You can withdraw the old ones.\n',
    });
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect((await demo.secret('access')).versionId).not.toBe(versionId);
    // Of one millisecond, in which time stands still.
    expect((await timeline(demo)).filter((type) => type === 'connected')).toHaveLength(3);
  });

  test('one that has left the configuration is ended, and then there is nothing to try them with', async () => {
    const putBack = await removeSettings(demo);
    const listed = await list([]);
    const command = (args: string) => runCommand(demo, tools, args.split(' '));
    expect(await command('refresh demo-main --local')).toMatchObject({
      code: 1,
      err: 'grantkeeper: demo-main has left the configuration of local, and its tokens are still stored. Add it again to use them, or disconnect it: grantkeeper disconnect demo-main\n',
    });
    expect(await command('disconnect demo-main --local --yes')).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        'the provider was not asked, because the connection had left the configuration',
      ),
    });
    await putBack();
    await list(listed);
    expect(await run(pipe('another-s3cret'), '--rotate')).toMatchObject({
      code: 1,
      err: expect.stringContaining('demo-main has no valid grant'),
    });
  });
});
