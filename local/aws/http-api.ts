import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

import { notSupported } from './errors.ts';
import { accountId } from './service.ts';
import type { Clock } from './clock.ts';
import { closeServer, listenOnLoopback } from './loopback.ts';

export interface HttpRoute {
  /** `GET /callback`, with `{parameter}` segments. */
  readonly routeKey: string;
  readonly functionArn: string;
  /** The integration's time-out. */
  readonly timeoutMs?: number;
}

export interface HttpApiPorts {
  readonly clock: Clock;
  invoke(functionArn: string, payload: unknown): Promise<{ payload: unknown; functionError?: string }>;
}

interface FunctionResponse {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly cookies?: string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maximumBodyBytes = 10 * 1024 * 1024;
const maximumHeadBytes = 10_240;
const defaultTimeoutMs = 30_000;

/**
 * An HTTP API with Lambda proxy integrations, payload format 2.0.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export class HttpApi {
  readonly #server: Server;
  readonly #ports: HttpApiPorts;
  #isDeployed = false;
  #hasOwnAddress = true;
  #hasDomain = false;
  readonly #routes: { method: string; pattern: RegExp; route: HttpRoute }[] = [];
  /** Called for each answer. */
  onAnswer: (statusCode: number) => void = () => undefined;
  /** The entries of the access log, oldest first. */
  readonly accessLog: { at: string; routeKey: string; status: number }[] = [];

  constructor(ports: HttpApiPorts) {
    this.#ports = ports;
    this.#server = createServer((request, response) => {
      void ports.clock.track(this.#serve(request, response));
    });
  }

  /** @throws the system's error, for example `EADDRINUSE` */
  async listen(port: number): Promise<string> {
    return listenOnLoopback(this.#server, port);
  }

  /**
   * Serves the routes from now on, like a stage with `autoDeploy`.
   * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
   */
  deploy(): void {
    this.#isDeployed = true;
  }

  /**
   * The API's own address then answers 404. Here that address also stands for the domain's.
   * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-disable-default-endpoint.html
   */
  disableOwnAddress(): void {
    this.#hasOwnAddress = false;
  }

  addDomain(): void {
    this.#hasDomain = true;
  }

  /** @throws {AwsError} for `$default`, `ANY` and greedy parameters, which are not supported */
  addRoute(route: HttpRoute): void {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    if (!/^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/|(\/([\w.~-]+|\{\w+\}))+)$/.test(route.routeKey)) {
      throw notSupported(`the route key ${route.routeKey}`);
    }
    const [method, path] = route.routeKey.split(' ') as [string, string];
    const pattern = path
      .split('/')
      .map((segment) => {
        const parameter = /^\{(\w+)\}$/.exec(segment)?.[1];
        return parameter ? `(?<${parameter}>[^/]+)` : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      })
      .join('/');
    this.#routes.push({ method, pattern: new RegExp(`^${pattern}$`), route });
  }

  async close(): Promise<void> {
    if (this.#server.listening) await closeServer(this.#server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A relative reference would read `//host/path` as another host. Browsers read a backslash as a slash; AWS doesn't.
    const url = URL.parse(`http://127.0.0.1${request.url?.replaceAll('\\', '%5C')}`);
    const matched = url ? this.#match(request.method ?? 'GET', url.pathname) : undefined;
    const answer = isTooLong(request)
      ? gatewayError(431, 'Request Header Fields Too Large')
      : url && matched
        ? await this.#integrate(request, url, matched).catch(() => gatewayError(500, 'Internal Server Error'))
        : gatewayError(404, 'Not Found');
    this.accessLog.push({
      at: new Date(this.#ports.clock.now()).toISOString(),
      routeKey: matched?.route.routeKey ?? '-',
      status: answer.statusCode,
    });
    this.onAnswer(answer.statusCode);
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
    if (answer.cookies) response.setHeader('set-cookie', answer.cookies);
    response.statusCode = answer.statusCode;
    response.end(answer.isBase64Encoded ? Buffer.from(answer.body ?? '', 'base64') : (answer.body ?? ''));
  }

  #match(method: string, path: string) {
    if (!this.#isDeployed || !(this.#hasOwnAddress || this.#hasDomain)) return undefined;
    for (const candidate of this.#routes) {
      const match = candidate.method === method ? candidate.pattern.exec(path) : null;
      if (match) return { route: candidate.route, parameters: { ...match.groups } };
    }
    return undefined;
  }

  async #integrate(
    request: IncomingMessage,
    url: URL,
    { route, parameters }: { route: HttpRoute; parameters: Record<string, string> },
  ): Promise<FunctionResponse> {
    const body = await readBody(request);
    if (body === undefined) return gatewayError(413, 'Request Entity Too Large');
    const { cookie, ...headers } = joinedHeaders(request);
    const event = {
      version: '2.0',
      routeKey: route.routeKey,
      rawPath: url.pathname,
      rawQueryString: url.search.slice(1),
      ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
      headers,
      pathParameters: parameters,
      requestContext: {
        accountId,
        apiId: 'local',
        http: {
          method: request.method,
          path: url.pathname,
          protocol: 'HTTP/1.1',
          sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
          userAgent: headers['user-agent'] ?? '',
        },
        requestId: randomUUID(),
        routeKey: route.routeKey,
        stage: '$default',
        timeEpoch: this.#ports.clock.now(),
      },
      // Bodies arrive base64-encoded unless they are text, JSON or XML; forms are not.
      ...(body.length > 0 ? { body: body.toString('base64') } : {}),
      isBase64Encoded: body.length > 0,
    };
    const invoked = await Promise.race([
      this.#ports.invoke(route.functionArn, event),
      timeout(route.timeoutMs ?? defaultTimeoutMs),
    ]);
    if (invoked === 'timeout') return gatewayError(503, 'Service Unavailable');
    const { payload, functionError } = invoked;
    if (functionError !== undefined) return gatewayError(500, 'Internal Server Error');
    return asResponse(payload);
  }
}

/** Payload format 2.0: a result without `statusCode` is a body of JSON. */
function asResponse(payload: unknown): FunctionResponse {
  if (typeof payload === 'object' && payload !== null && 'statusCode' in payload) {
    return payload as FunctionResponse;
  }
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: typeof payload === 'string' ? payload : JSON.stringify(payload),
  };
}

function gatewayError(statusCode: number, message: string): FunctionResponse {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

function timeout(afterMs: number): Promise<'timeout'> {
  return new Promise((resolve) => setTimeout(() => resolve('timeout'), afterMs).unref());
}

/** Lower-case names; repeated headers joined by commas, cookies by semicolons. */
function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    headers[name] = values!.join(name === 'cookie' ? '; ' : ',');
  }
  return headers;
}

/** The quota counts request line and header values together. AWS doesn't document the status of the refusal. */
function isTooLong({ method, url, rawHeaders }: IncomingMessage): boolean {
  const values = rawHeaders.filter((_, index) => index % 2 === 1).join('');
  return Buffer.byteLength(`${method} ${url} HTTP/1.1${values}`) > maximumHeadBytes;
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maximumBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
