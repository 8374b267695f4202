import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Temporal } from 'temporal-polyfill';

import type { Ran, VirtualClock } from '../clock.ts';
import type { Cloud } from '../cloud.ts';
import { executionPage, overviewPage } from './pages.ts';

export interface ToolsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Longer steps would take a person's patience: a year of a 30-minute connection is 21,000 ticks. */
const longestStepMs = 400 * 24 * 3600 * 1000;
const maximumBodyBytes = 10_000;

class BadRequest extends Error {}

/** The local tools: time, inbox, and a page for a person. */
export async function startTools(cloud: Cloud, port: number): Promise<ToolsServer> {
  const server = createServer((request, response) => {
    void serve(cloud, request, response).catch((error: unknown) => {
      const known = error instanceof BadRequest;
      json(response, known ? 400 : 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(cloud: Cloud, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { clock } = cloud;
  // Loopback alone is no protection from pages that the same person has open.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) {
    throw new BadRequest('These tools answer to 127.0.0.1 and localhost only.');
  }
  switch (`${request.method} ${pathname}`) {
    case 'GET /':
      return page(response, await overviewPage(cloud));
    case 'GET /execution': {
      const arn = new URL(request.url!, 'http://127.0.0.1').searchParams.get('arn') ?? '';
      return page(response, await executionPage(cloud, arn));
    }
    case 'GET /inbox':
      return json(response, 200, cloud.inbox.list());
    case 'GET /clock':
      return json(response, 200, clockNow(clock));
    case 'POST /clock': {
      const ran = await step(clock, readAdvance(await readBody(request)));
      return json(response, 200, { ...clockNow(clock), ran });
    }
    case 'POST /step': {
      const site = request.headers['sec-fetch-site'];
      if (site !== undefined && site !== 'same-origin')
        throw new BadRequest('Press the button on the page itself.');
      await step(clock, new URLSearchParams(await readBody(request)).get('advance') ?? '');
      response.writeHead(303, { location: '/' }).end();
      return undefined;
    }
    default:
      return json(response, 404, {
        error: `There is no ${request.method} ${pathname}. There are GET /, GET /inbox, GET /clock and POST /clock.`,
      });
  }
}

function clockNow(clock: VirtualClock) {
  return { now: new Date(clock.now()).toISOString(), next: clock.next() ?? null };
}

/** `next`, or an ISO 8601 duration, on the calendar of UTC. */
async function step(clock: VirtualClock, advance: string): Promise<Ran[]> {
  if (advance === 'next') return clock.advanceToNext();
  const durationMs = durationToMs(advance, clock.now());
  if (durationMs === undefined || durationMs < 0 || durationMs > longestStepMs) {
    throw new BadRequest(
      `advance is ${JSON.stringify(advance)}: must be "next" or an ISO 8601 duration up to 400 days, such as P6DT12H`,
    );
  }
  return clock.advance(durationMs);
}

function durationToMs(duration: string, nowMs: number): number | undefined {
  try {
    const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO('UTC');
    return now.add(duration).epochMilliseconds - nowMs;
  } catch {
    return undefined;
  }
}

function readAdvance(body: string): string {
  try {
    const { advance } = JSON.parse(body) as { advance?: unknown };
    if (typeof advance === 'string') return advance;
  } catch {
    // Answered below, as any other body that does not say how far.
  }
  throw new BadRequest('The body must be JSON such as {"advance": "P6DT12H"} or {"advance": "next"}.');
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk;
    if (body.length > maximumBodyBytes) throw new BadRequest('The body is too large.');
  }
  return body;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}

function page(response: ServerResponse, markup: string): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
  });
  response.end(markup);
}
