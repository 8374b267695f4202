/** The places that Slack and Discord give their incoming webhooks, on loopback. What is posted there goes to the inbox. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Clock } from '../clock.ts';
import { closeServer, listenOnLoopback } from '../http/loopback.ts';
import type { Inbox } from '../inbox.ts';
import { Discord } from './discord.ts';
import { maxBodyBytes } from './service.ts';
import type { ChatService, WebhookAnswer } from './service.ts';
import { Slack } from './slack.ts';

export interface Webhooks {
  /** With its secret, as it would stand in a configuration. */
  readonly slackUrl: string;
  readonly discordUrl: string;
  /** Plans a fault of one service, after what is planned for it already. */
  misbehave(how: WebhookFault): void;
  /** Forgets the planned faults. */
  reset(): void;
  close(): Promise<void>;
}

/** How a service treats requests; none of them is filed. */
export interface WebhookFault {
  readonly service: 'slack' | 'discord';
  /**
   * `404`, `429` and `500` as the service itself says them, `html` as a proxy before it does (status 502); `hang` leaves
   * the request without any answer until `close`.
   */
  readonly answer: '404' | '429' | '500' | 'html' | 'hang';
  /** For so many requests; until `reset` if it is left out. */
  readonly times?: number;
  /** Of a `429`; 30 by default. */
  readonly retryAfterSeconds?: number;
}

/** @throws the system's error, for example `EADDRINUSE`, when the port cannot be had */
export async function startWebhooks(options: {
  readonly inbox: Inbox;
  readonly clock: Pick<Clock, 'track'>;
  /** 0 for any free port. */
  readonly port: number;
}): Promise<Webhooks> {
  const services = { slack: new Slack(options.inbox), discord: new Discord(options.inbox) };
  let planned: { readonly fault: WebhookFault; left: number }[] = [];
  const nextFault = (name: keyof typeof services): WebhookFault | undefined => {
    const next = planned.find(({ fault, left }) => fault.service === name && left > 0);
    if (next) next.left -= 1;
    return next?.fault;
  };

  const server = createServer((request, response) => {
    const name = namesOf(services).find((each) => services[each].owns(pathOf(request)));
    const fault = name && nextFault(name);
    // Whoever waits for it is under way themselves, until they give up.
    if (fault?.answer === 'hang') return;
    void options.clock.track(serve(request, response, name && services[name], fault));
  });
  const origin = await listenOnLoopback(server, options.port);
  return {
    slackUrl: origin + services.slack.path,
    discordUrl: origin + services.discord.path,
    misbehave: (fault) => void planned.push({ fault, left: fault.times ?? Infinity }),
    reset: () => {
      planned = [];
    },
    close: () => closeServer(server),
  };
}

/** Settles when the answer is sent or the client has gone; never throws. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  service: ChatService | undefined,
  fault: WebhookFault | undefined,
): Promise<void> {
  try {
    const body = await readBody(request);
    const { status, headers, body: answer } = service ? answerOf(service, fault, request, body) : notFound;
    response.writeHead(status, headers);
    response.end(answer);
    await finished(response);
  } catch {
    response.destroy();
  }
}

function answerOf(
  service: ChatService,
  fault: WebhookFault | undefined,
  request: IncomingMessage,
  body: string | undefined,
): WebhookAnswer {
  if (fault?.answer === 'html') return badGateway;
  if (fault && fault.answer !== 'hang') return service.failure(fault.answer, fault.retryAfterSeconds ?? 30);
  return service.answer({
    method: request.method ?? '',
    path: pathOf(request),
    query: new URLSearchParams(request.url?.split('?')[1]),
    contentType: request.headers['content-type'] ?? '',
    body,
  });
}

const htmlType = { 'content-type': 'text/html; charset=utf-8' };
const notFound: WebhookAnswer = { status: 404, headers: htmlType, body: '<h1>404 Not Found</h1>' };
const badGateway: WebhookAnswer = {
  status: 502,
  headers: htmlType,
  body: '<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n',
};

function namesOf<Name extends string>(services: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(services) as Name[];
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?')[0]!;
}

/** Reads on past the limit without keeping anything: a client hears an answer only after it has sent its body. */
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
