import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import type { Ran } from '../helpers/command.ts';
import { runCommand } from '../helpers/command.ts';
import { TestDemo } from '../helpers/demo.ts';
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
  const ran = await run(input);
  expect(ran).toEqual({
    code: 0,
    err: '',
    out: 'The credentials are in grantkeeper/local/client/demo.\nIts owner (dana@example.com) is sent a link by the next check. At once: grantkeeper reauthorize demo-main\n',
  });
  expect(await run(input)).toMatchObject({
    code: 1,
    err: 'grantkeeper: grantkeeper/local/client/demo holds credentials already. --replace puts others there; the connections that share them use those from then on.\n',
  });
  await demo.connect();
  expect((await demo.grant()).status).toBe('active');
  const replaced = await run(input, '--replace', '--json');
  expect(JSON.parse(replaced.out)).toEqual({
    connectionId: 'demo-main',
    clientSecretName: 'grantkeeper/local/client/demo',
    replaced: true,
  });
});
