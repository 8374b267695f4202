import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

import { Temporal } from 'temporal-polyfill';

import type * as z from 'zod/mini';

import type { Ran, VirtualClock } from '../aws/clock.ts';
import type { Cloud } from '../cloud.ts';
import { FaultSchema } from '../faults.ts';
import { closeServer, isLoopbackHost, listenOnLoopback } from '../aws/loopback.ts';
import { executionPage } from './execution-page.ts';
import { overviewPage, problemPage } from './pages.ts';

export interface ToolsServer {
  readonly url: string;
  /** Shows this cloud from now on. */
  show(cloud: Cloud): void;
  close(): Promise<void>;
}

/** Limits how long a step takes: a year of a 30-minute connection is 21,000 ticks. */
const longestStepMs = 400 * 24 * 3600 * 1000;
const maximumBodyBytes = 10_000;

/** An error of the request. */
class Refusal extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/**
 * The local tools: time, inbox, faults, and pages. They listen before the cloud starts, because its panel and its alerts
 * link to them.
 */
export async function startTools(port: number): Promise<ToolsServer> {
  let shown: Cloud | undefined;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (shown === undefined) throw new Refusal('It is being brought up: look again in a moment.', 503);
    await serve(shown, request, response);
  };
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      const message = error instanceof Error ? error.message : String(error);
      if (request.headers.accept?.includes('text/html')) page(response, problemPage(message), status);
      else json(response, status, { error: message });
    });
  });
  return {
    url: await listenOnLoopback(server, port),
    show: (cloud) => void (shown = cloud),
    close: () => closeServer(server),
  };
}

async function serve(cloud: Cloud, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(`http://127.0.0.1${request.url}`);
  const { clock, faults } = cloud;
  // Web pages in the same browser can reach loopback, too.
  if (!isLoopbackHost(request.headers.host)) {
    throw new Refusal('These tools answer to 127.0.0.1 and localhost only.');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD' && isOfAnotherPage(request)) {
    throw new Refusal('Press the button on the page itself.');
  }
  // Node omits the body of an answer to HEAD.
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const mailId = /^\/inbox\/(\d+)$/.exec(url?.pathname ?? '')?.[1];
  if (method === 'GET' && mailId !== undefined) {
    const mail = cloud.inbox.list().find(({ id, channel }) => id === mailId && channel === 'email');
    if (mail?.html === undefined) throw new Refusal('There is no mail with that number.', 404);
    return page(response, mail.html);
  }
  switch (`${method} ${url?.pathname}`) {
    case 'GET /':
      return page(response, await overviewPage(cloud));
    case 'GET /execution': {
      const found = await executionPage(cloud, url!.searchParams.get('arn') ?? '');
      if (found === undefined) throw new Refusal('There is no execution with that ARN.', 404);
      return page(response, found);
    }
    case 'GET /screenshot': {
      const key = url!.searchParams.get('key') ?? '';
      const found = [...cloud.s3.objects()].find(([path]) => path.endsWith(`/${key}`) && key !== '')?.[1];
      if (found?.contentType !== 'image/jpeg')
        throw new Refusal('There is no screenshot with that key.', 404);
      response.writeHead(200, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' });
      response.end(found.body);
      return undefined;
    }
    case 'GET /inbox':
      return json(response, 200, cloud.inbox.list());
    case 'GET /clock':
      return json(response, 200, clockNow(clock));
    case 'POST /clock': {
      const ran = await step(clock, readAdvance(await readBody(request)));
      return json(response, 200, { ...clockNow(clock), ran });
    }
    case 'POST /step':
      await step(clock, new URLSearchParams(await readBody(request)).get('advance') ?? '');
      response.writeHead(303, { location: '/' }).end();
      return undefined;
    case 'GET /faults':
      return json(response, 200, { planned: faults.planned(), met: faults.met() });
    case 'POST /faults':
      await faults.plan(readFault(await readBody(request)));
      return json(response, 201, { planned: faults.planned(), met: faults.met() });
    case 'DELETE /faults':
      faults.clear();
      return json(response, 200, { planned: faults.planned(), met: faults.met() });
    default:
      throw new Refusal(
        `There is no ${request.method} ${url?.pathname ?? request.url}. There are GET /, GET /execution?arn=<ARN>, GET /screenshot?key=<key>, GET /inbox, GET /inbox/<id> of a mail, GET and POST /clock, and GET, POST and DELETE /faults.`,
        404,
      );
  }
}

/** Browsers send `Sec-Fetch-Site`; old ones only `Origin`. */
function isOfAnotherPage({ headers }: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, origin, host } = headers;
  if (site === undefined) return origin !== undefined && origin !== `http://${host}`;
  return site !== 'same-origin' && site !== 'none';
}

function clockNow(clock: VirtualClock) {
  return { now: new Date(clock.now()).toISOString(), next: clock.next() ?? null };
}

/** @param advance `next`, or an ISO 8601 duration in UTC */
async function step(clock: VirtualClock, advance: string): Promise<Ran[]> {
  if (advance === 'next') return clock.advanceToNext();
  const durationMs = durationToMs(advance, clock.now());
  if (durationMs === undefined || durationMs < 0 || durationMs > longestStepMs) {
    throw new Refusal(
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
    // Refused below.
  }
  throw new Refusal('The body must be JSON such as {"advance": "P6DT12H"} or {"advance": "next"}.');
}

function readFault(body: string): z.input<typeof FaultSchema> {
  const example = '{"call": "secretsmanager:PutSecretValue", "by": "refresh-tokens", "kind": "kill"}';
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new Refusal(`The body must be JSON such as ${example}.`);
  }
  const { error } = FaultSchema.safeParse(parsed);
  if (error === undefined) return parsed as z.input<typeof FaultSchema>;
  const problems = error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  );
  throw new Refusal(`${problems.join('; ')}. An example: ${example}`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk;
    if (body.length > maximumBodyBytes) throw new Refusal('The body is too large.');
  }
  return body;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}

function page(response: ServerResponse, markup: string, status = 200): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
  });
  response.end(markup);
}
