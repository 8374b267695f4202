import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { VirtualClock } from '../../local/aws/clock.ts';
import { startCloud } from '../../local/cloud.ts';
import { closeServer, listenOnLoopback } from '../../local/aws/loopback.ts';
import { handler } from './fake-provider/handler.ts';
import type { Observed } from './walk.ts';
import { configOf, walking } from './walking.ts';

const email = 'verify@example.com';
const stack = 'verify';

/** Walks through the embedded cloud, with a sender that SES has not verified, as in a new stack. */
export async function onEmbeddedCloud(): Promise<readonly Observed[]> {
  const provider = createServer((request, response) => {
    void (async () => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
      const headers = request.headers as Record<string, string>;
      const body = await text(request);
      const asked = { rawPath: pathname, rawQueryString: search.slice(1), headers, body };
      const answer = await handler(asked);
      response.writeHead(answer.statusCode, answer.headers).end(answer.body);
    })();
  });
  const providerUrl = await listenOnLoopback(provider, 0);
  const cloud = await startCloud({
    stack,
    clock: new VirtualClock(Date.now()),
    ports: { aws: 0, api: 0, webhooks: 0 },
    config: async () => ({ 'aws:region': 'us-east-1', ...configOf(email, providerUrl) }),
  });
  try {
    cloud.ses.addIdentity(email, false);
    return await walking(stack, {
      ...process.env,
      AWS_ENDPOINT_URL: cloud.awsUrl,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
  } finally {
    await cloud.close();
    await closeServer(provider);
  }
}
