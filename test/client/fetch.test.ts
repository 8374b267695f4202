/** A `fetch` that brings the token along, against an API that says what it was sent. */
import middy from '@middy/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';

import { AccessTokens, fetchWith } from '../../client/index.ts';
import { accessToken } from '../../client/middy.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { clients } from '../helpers/local-aws.ts';

interface Sent {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

let demo: TestDemo;
let api: Server;
let url: string;
let sent: Sent[];
/** Tokens that the API does not take any more. */
let dead: Set<string>;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
  api = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization } = request.headers;
      sent.push({ method: request.method!, authorization, body: Buffer.concat(chunks).toString() });
      response.statusCode = dead.has(authorization ?? '') ? 401 : 200;
      response.end(response.statusCode === 401 ? 'invalid_token' : 'done');
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/orders`;
});
afterAll(async () => {
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
  await demo[Symbol.asyncDispose]();
});
beforeEach(() => {
  sent = [];
  dead = new Set();
});

function tokensOf(waitMs = 20_000): AccessTokens {
  const { secrets, states } = clients(demo.cloud.awsUrl);
  return new AccessTokens({
    stack: 'local',
    waitMs,
    secretsManager: secrets,
    stepFunctions: async () => states,
    onWarning: () => undefined,
    now: () => demo.cloud.clock.now(),
  });
}

const connectionId = 'demo-main';
const bearer = async () => `Bearer ${String((await demo.secret('access')).access_token)}`;

describe('fetch', () => {
  test('brings the token along', async () => {
    const answer = await fetchWith(tokensOf(), { connectionId })(url);
    expect(await answer.text()).toBe('done');
    expect(sent).toEqual([{ method: 'GET', authorization: await bearer(), body: '' }]);
  });

  test('tries once more with a fresh token where the first is refused, a streamed body and all', async () => {
    const first = await bearer();
    dead.add(first);
    await demo.advance(minuteMs);
    const body = new Blob(['buy ', 'nothing']).stream();
    const request = { method: 'POST', body, duplex: 'half' } as const;
    const answer = await fetchWith(tokensOf(), { connectionId })(url, request);
    expect(answer.status).toBe(200);
    const second = await bearer();
    expect(second).not.toBe(first);
    expect(sent).toEqual([
      { method: 'POST', authorization: first, body: 'buy nothing' },
      { method: 'POST', authorization: second, body: 'buy nothing' },
    ]);
  });

  test('takes the one that is stored by now, and asks for none, where its own is old', async () => {
    const tokens = tokensOf();
    const call = fetchWith(tokens, { connectionId });
    await call(url);
    const old = await bearer();
    await demo.advance(25 * minuteMs);
    dead.add(old);
    const before = (await demo.executions()).length;
    expect((await call(url)).status).toBe(200);
    expect(sent.map(({ authorization }) => authorization)).toEqual([old, old, await bearer()]);
    expect(await demo.executions()).toHaveLength(before);
  });

  test('gives the answer that it got where there is no other token', async () => {
    dead.add(await bearer());
    await demo.brokerage.misbehave({ kind: 'status', status: 503, body: '' }, 50);
    const answer = await fetchWith(tokensOf(300), { connectionId })(url);
    expect(answer.status).toBe(401);
    expect(await answer.text()).toBe('invalid_token');
    expect(sent).toHaveLength(1);
    await demo.brokerage.reset();
  });

  test.each(['\r\n', '\n', '\0', 'é'])('never prints a token that no header can have (%j)', async (end) => {
    const { versionId: _version, ...value } = await demo.secret('access');
    const token = `${String(value.access_token)}${end}`;
    const name = 'grantkeeper/local/demo-main/access';
    await putSecretValue(demo.cloud, name, JSON.stringify({ ...value, access_token: token }));
    const failure = await fetchWith(tokensOf(), { connectionId })(url).catch((error: unknown) => error);
    await putSecretValue(demo.cloud, name, JSON.stringify(value));
    expect(failure).toMatchObject({
      name: 'AccessTokenError',
      message: expect.stringContaining('access_token is missing or malformed.'),
    });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(value.access_token);
    expect(sent).toEqual([]);
  });

  test('refuses to send a token in the clear', async () => {
    await expect(
      fetchWith(tokensOf(), { connectionId })('http://api.example.com/orders?a=1'),
    ).rejects.toThrow(
      'The access token of demo-main is not sent to http://api.example.com/orders: it is not https.',
    );
  });
});

test('with middy the handler finds the token in its context', async () => {
  const handler = middy()
    .use(accessToken({ connectionId, tokens: tokensOf() }))
    .handler(async (_event, context) => context.accessToken.authorization);
  const invoke = handler as unknown as (event: unknown, context: object) => Promise<string>;
  expect(await invoke({}, {})).toBe(await bearer());
});
