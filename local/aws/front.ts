/**
 * The one endpoint of the embedded AWS. It reads caller and service from the request's SigV4 header, and does not verify
 * the signature. Any client that reaches the port may name any access key, so it listens on loopback only. It also
 * refuses other host names, which a web page that rebinds its DNS name would send.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { closeServer, isLoopbackHost, listenOnLoopback } from './loopback.ts';
import { AwsError, notSupported } from './errors.ts';
import type { Iam } from './iam/iam.ts';
import {
  awsJson,
  awsQuery,
  lambdaProtocol,
  restJson,
  unknownServiceErrors,
  s3Protocol,
  type Protocol,
  type WireAnswer,
} from './protocols.ts';
import { region, type AwsService } from './service.ts';

/** By the name in a credential's scope: what the `aws` command calls the service. */
const cliNames = {
  dynamodb: 'dynamodb',
  lambda: 'lambda',
  monitoring: 'cloudwatch',
  s3: 's3api',
  scheduler: 'scheduler',
  secretsmanager: 'secretsmanager',
  ses: 'sesv2',
  sns: 'sns',
  states: 'stepfunctions',
  sts: 'sts',
} as const;

export type ServiceName = keyof typeof cliNames;

export interface AwsFrontOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly iam: Pick<Iam, 'callerOf'>;
  readonly services: Record<ServiceName, AwsService>;
  readonly clock: Pick<Clock, 'now' | 'track'>;
  /** Real milliseconds by which each call is delayed, to imitate the network. */
  readonly delayMs?: () => number;
}

export interface AwsFront {
  readonly url: string;
  close(): Promise<void>;
}

const protocols: Record<ServiceName, Protocol> = {
  secretsmanager: awsJson('secretsmanager', '1.1'),
  states: awsJson('AWSStepFunctions', '1.0'),
  dynamodb: awsJson('DynamoDB_20120810', '1.0'),
  sns: awsQuery('http://sns.amazonaws.com/doc/2010-03-31/', '2010-03-31', 'AuthorizationError'),
  ses: restJson('SES', {
    'POST /v2/email/outbound-emails': 'SendEmail',
    'GET /v2/email/account': 'GetAccount',
    'GET /v2/email/identities/{EmailIdentity}': 'GetEmailIdentity',
  }),
  s3: s3Protocol,
  lambda: lambdaProtocol,
  scheduler: restJson('EventBridge Scheduler', { 'GET /schedules/{Name}': 'GetSchedule' }),
  sts: awsQuery('https://sts.amazonaws.com/doc/2011-06-15/', '2011-06-15'),
  monitoring: awsJson('GraniteServiceVersion20100801', '1.0'),
};

// Lambda's payload, the largest of any supported call.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxBodyBytes = 6 * 1024 * 1024;

/** @throws the system's error, for example `EADDRINUSE` */
export async function startAwsFront(options: AwsFrontOptions): Promise<AwsFront> {
  const { port, clock } = options;
  const server = createServer((request, response) => {
    void clock.track(serve(request, response, options));
  });
  // Closing a client's idle connection would race with its next request.
  server.keepAliveTimeout = 0;
  return {
    url: await listenOnLoopback(server, port),
    close: () => closeServer(server),
  };
}

/** Settles when the answer is sent or the client has gone; never throws. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: AwsFrontOptions,
): Promise<void> {
  try {
    const { status, headers, body } = await handle(request, options);
    // Virtual time: clients correct the clock that they sign with by this header.
    response.writeHead(status, { ...headers, date: new Date(options.clock.now()).toUTCString() });
    response.end(body);
    await finished(response);
  } catch {
    response.destroy();
  }
}

async function handle(request: IncomingMessage, options: AwsFrontOptions): Promise<WireAnswer> {
  const requestId = randomUUID();
  const scope = credentialScope(request.headers.authorization);
  const errors = isServiceName(scope?.service) ? protocols[scope.service] : unknownServiceErrors;
  try {
    refuseForeignHost(request.headers.host);
    const body = await readBody(request);
    const delayMs = options.delayMs?.() ?? 0;
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });

    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.searchParams.has('X-Amz-Algorithm')) throw notSupported('requests signed in the query string');
    if (!scope) {
      throw new AwsError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    }
    const caller = options.iam.callerOf(scope.accessKeyId);
    if (!caller) {
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    }
    if (scope.region !== region) {
      throw new AwsError(
        'InvalidSignatureException',
        `Credential should be scoped to a valid region, not '${scope.region}'. The embedded cloud is in ${region}.`,
      );
    }
    if (!isServiceName(scope.service)) {
      throw notSupported(`the service ${scope.service}`, Object.values(cliNames));
    }

    const protocol = protocols[scope.service];
    const { operation, input } = protocol.read({
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body,
    });
    const output = await options.services[scope.service].call(operation, input, caller);
    return protocol.answer(operation, output, requestId);
  } catch (error) {
    if (error instanceof AwsError) return errors.error(error, requestId);
    // The client has gone: a function that was killed, for example.
    if (request.errored) throw error;
    // A bug of the embedded cloud; its message could quote a credential, so the caller doesn't get it.
    console.error(`The embedded cloud failed on ${request.method} ${request.url}:`, error);
    return errors.error(new AwsError('InternalFailure', 'The embedded cloud failed.', 500), requestId);
  }
}

interface Scope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Reads `Credential=<access key>/<date>/<region>/<service>/aws4_request`.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
 */
function credentialScope(authorization: string | undefined): Scope | undefined {
  const match =
    /^AWS4-HMAC-SHA256 (?:.*, *)?Credential=([^/, ]+)\/\d{8}\/([^/, ]+)\/([^/, ]+)\/aws4_request(?:,|$)/.exec(
      authorization ?? '',
    );
  const [, accessKeyId, scopeRegion, service] = match ?? [];
  return accessKeyId && scopeRegion && service ? { accessKeyId, region: scopeRegion, service } : undefined;
}

function isServiceName(service: string | undefined): service is ServiceName {
  return service !== undefined && Object.hasOwn(protocols, service);
}

function refuseForeignHost(host: string | undefined): void {
  if (isLoopbackHost(host)) return;
  throw new AwsError('ForeignHostRefused', 'The embedded cloud answers to loopback names only.', 403);
}

/** Reads to the end even past the limit: a client reads the answer only after it has sent its body. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (bytes <= maxBodyBytes) return Buffer.concat(chunks);
  throw new AwsError(
    'RequestEntityTooLargeException',
    `The request body is larger than ${maxBodyBytes} bytes.`,
    413,
  );
}
