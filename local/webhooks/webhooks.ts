/** Stands in for the services that channels post to. It puts messages within their documented limits into the inbox. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Clock } from '../aws/clock.ts';
import { closeServer, listenOnLoopback } from '../aws/loopback.ts';
import type { Inbox } from '../aws/inbox.ts';
import type { Service, ServiceAnswer, ServiceName } from './services.ts';
import { newServices, Refused } from './services.ts';

export interface Webhooks {
  /** The value for a channel's secret. */
  secretOf(service: ServiceName): string;
  /** Plans a fault of one service, after those planned for it already. */
  misbehave(how: WebhookFault): void;
  /** Forgets the planned faults. */
  reset(): void;
  close(): Promise<void>;
}

/** How a service fails. Failed messages don't reach the inbox. */
export interface WebhookFault {
  readonly service: ServiceName;
  /**
   * `404`, `429` and `500` are the service's own answers; `html` is the 502 of a proxy before it. `hang` never answers
   * before `close`.
   */
  readonly answer: '404' | '429' | '500' | 'html' | 'hang';
  /** Number of requests; by default all until `reset`. */
  readonly times?: number;
  /** For `429`; 30 by default. */
  readonly retryAfterSeconds?: number;
}

/** @throws the system's error, for example `EADDRINUSE` */
export async function startWebhooks(options: {
  readonly inbox: Inbox;
  readonly clock: Pick<Clock, 'track' | 'now'>;
  /** 0 for any free port. */
  readonly port: number;
}): Promise<Webhooks> {
  const { inbox, clock } = options;
  const services: Readonly<Record<ServiceName, Service>> = newServices();
  const taken = new Set<string>();
  let planned: { readonly fault: WebhookFault; left: number }[] = [];
  const nextFault = (name: ServiceName): WebhookFault | undefined => {
    const next = planned.find(({ fault, left }) => fault.service === name && left > 0);
    if (next) next.left -= 1;
    return next?.fault;
  };

  /** Puts accepted messages into the inbox. */
  const answerTo = (name: ServiceName, request: IncomingMessage, body: string | undefined): Answer => {
    const service = services[name];
    try {
      if (request.method !== 'POST') throw new Refused('the method is not POST');
      if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
        throw new Refused('the content type is not application/json');
      }
      if (body === undefined) throw new Refused('the body is too large');
      const { id, ...message } = service.read({ headers: request.headers, body, nowMs: clock.now() });
      if (id === undefined || !taken.has(id)) inbox.add({ channel: name, to: service.to, ...message });
      if (id !== undefined) taken.add(id);
      return service.answers.taken;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const reason = error.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 2000);
      return { ...service.answers.refused, headers: { 'x-embedded-cloud-reason': reason } };
    }
  };

  const server = createServer((request, response) => {
    const name = (Object.keys(services) as ServiceName[]).find(
      (each) => services[each].path === pathOf(request),
    );
    const fault = name && nextFault(name);
    // Doesn't hold the clock: the waiting sender holds it until its own time-out.
    if (fault?.answer === 'hang') return;
    const answer = (body: string | undefined): Answer => {
      if (name === undefined) return notFound;
      if (fault === undefined) return answerTo(name, request, body);
      return faultAnswer(services[name], fault);
    };
    void clock.track(serve(request, response, answer));
  });
  const origin = await listenOnLoopback(server, options.port);
  return {
    secretOf: (name) => services[name].secret(origin),
    misbehave: (fault) => void planned.push({ fault, left: fault.times ?? Infinity }),
    reset: () => {
      planned = [];
    },
    close: () => closeServer(server),
  };
}

function faultAnswer({ answers }: Service, { answer, retryAfterSeconds = 30 }: WebhookFault): Answer {
  switch (answer) {
    case '404':
    case '500':
      return answers[answer];
    case '429':
      return { ...answers[429], headers: { 'retry-after': String(retryAfterSeconds) } };
    case 'html':
    case 'hang':
      return badGateway;
  }
}

interface Answer extends ServiceAnswer {
  readonly headers?: Readonly<Record<string, string>>;
}

const notFound: Answer = { status: 404, body: '<h1>404 Not Found</h1>' };
const badGateway: Answer = { status: 502, body: '<h1>502 Bad Gateway</h1>' };

/** Settles when the answer is sent or the client has gone; never throws. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (body: string | undefined) => Answer,
): Promise<void> {
  try {
    const { status, headers, body } = answer(await readBody(request));
    response.writeHead(status, headers);
    response.end(body);
    await finished(response);
  } catch {
    response.destroy();
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?')[0]!;
}

/** No service documents a limit; the largest message is far below this one. */
const maxBodyBytes = 256 * 1024;

/** Reads to the end even past the limit: a client reads the answer only after it has sent its body. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes <= maxBodyBytes ? Buffer.concat(chunks).toString('utf8') : undefined;
}
