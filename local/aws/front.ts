/**
 * The one endpoint of the embedded AWS. It reads who calls which service from the request's SigV4 header, and does
 * not verify the signature: that is identification, not authentication. Whoever reaches the port may name any
 * access key, so it listens on loopback only, for clients that say they speak to loopback (a page that rebinds its
 * DNS name does not).
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
  refusals,
  restJson,
  rpcCbor,
  s3Protocol,
  type Protocol,
  type WireAnswer,
} from './protocols.ts';
import { region, type AwsService } from './service.ts';

/** As they stand in the scope of a credential, and what the CLI calls them. */
const cliNames = {
  apigateway: 'apigatewayv2',
  dynamodb: 'dynamodb',
  events: 'events',
  iam: 'iam',
  lambda: 'lambda',
  logs: 'logs',
  monitoring: 'cloudwatch',
  s3: 's3api',
  scheduler: 'scheduler',
  secretsmanager: 'secretsmanager',
  ses: 'sesv2',
  sns: 'sns',
  sqs: 'sqs',
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
  /** Real milliseconds by which each call is held back, to imitate the network. */
  readonly delayMs?: () => number;
}

export interface AwsFront {
  readonly url: string;
  close(): Promise<void>;
}

/** How a request is written: REST and AWS JSON differ by service alone. */
type Wire = 'json' | 'form' | 'cbor';

const protocols: Record<ServiceName, Readonly<Partial<Record<Wire, Protocol>>>> = {
  secretsmanager: { json: awsJson('secretsmanager', '1.1') },
  states: { json: awsJson('AWSStepFunctions', '1.0') },
  dynamodb: { json: awsJson('DynamoDB_20120810', '1.0') },
  sns: { form: awsQuery('http://sns.amazonaws.com/doc/2010-03-31/', '2010-03-31', 'AuthorizationError') },
  sqs: { json: awsJson('AmazonSQS', '1.0') },
  ses: {
    json: restJson('SES', {
      'POST /v2/email/outbound-emails': 'SendEmail',
      'GET /v2/email/account': 'GetAccount',
      'GET /v2/email/identities': 'ListEmailIdentities',
      'POST /v2/email/list-identities': 'ListEmailIdentities',
      'GET /v2/email/identities/{EmailIdentity}': 'GetEmailIdentity',
      'GET /v2/email/configuration-sets': 'ListConfigurationSets',
      'POST /v2/email/list-configuration-sets': 'ListConfigurationSets',
      'GET /v2/email/configuration-sets/{ConfigurationSetName}/event-destinations':
        'GetConfigurationSetEventDestinations',
    }),
  },
  s3: { json: s3Protocol },
  lambda: { json: lambdaProtocol },
  scheduler: {
    json: restJson('EventBridge Scheduler', {
      'GET /schedules': 'ListSchedules',
      'GET /schedules/{Name}': 'GetSchedule',
    }),
  },
  apigateway: {
    json: restJson('API Gateway', {
      'GET /v2/apis': 'GetApis',
    }),
  },
  events: { json: awsJson('AWSEvents', '1.1') },
  logs: { json: awsJson('Logs_20140328', '1.1') },
  iam: { form: awsQuery('https://iam.amazonaws.com/doc/2010-05-08/', '2010-05-08') },
  sts: { form: awsQuery('https://sts.amazonaws.com/doc/2011-06-15/', '2011-06-15') },
  // Which of the three a client speaks depends on its age.
  monitoring: {
    cbor: rpcCbor('GraniteServiceVersion20100801'),
    json: awsJson('GraniteServiceVersion20100801', '1.0'),
    form: awsQuery('http://monitoring.amazonaws.com/doc/2010-08-01/', '2010-08-01'),
  },
};

// Lambda's payload, the largest of any supported call.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxBodyBytes = 6 * 1024 * 1024;

/** @throws the system's error, for example `EADDRINUSE`, when the port cannot be had */
export async function startAwsFront(options: AwsFrontOptions): Promise<AwsFront> {
  const { port, clock } = options;
  const server = createServer((request, response) => {
    void clock.track(serve(request, response, options));
  });
  // A client's idle connection stays good: closing it would race with its next request.
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
    // Virtual: by real time clients would correct the virtual clock that they sign by.
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
  const wire = wireOf(request);
  const errors = errorsFor(scope?.service, wire);
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

    const protocol = protocolOf(scope.service, wire);
    if (!protocol) {
      const what = { json: 'JSON', form: 'Query', cbor: 'CBOR' }[wire];
      throw notSupported(`the ${what} protocol of ${scope.service}`, [cliNames[scope.service]]);
    }
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
    // The client has gone, as one does that was killed: there is nobody to tell, and nothing to tell of.
    if (request.errored) throw error;
    // A fault of the embedded cloud itself; the caller is told no more than that.
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

function wireOf({ headers }: IncomingMessage): Wire {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor';
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? 'form' : 'json';
}

/** A service that speaks the Query protocol alone is spoken to in it, whatever a request looks like. */
function protocolOf(service: ServiceName, wire: Wire): Protocol | undefined {
  const spoken = protocols[service];
  return spoken[wire] ?? (wire === 'json' ? spoken.form : undefined);
}

/** How to tell a caller of a service that is not supported that it is not: in the words that its client reads. */
function errorsFor(service: string | undefined, wire: Wire): Pick<Protocol, 'error'> {
  if (isServiceName(service)) return protocolOf(service, wire) ?? refusals[wire];
  if (service === 'ec2') return refusals.ec2;
  // These are REST with XML, and wrap an error as the Query protocol does.
  return service === 'route53' || service === 'cloudfront' ? refusals.form : refusals[wire];
}

function refuseForeignHost(host: string | undefined): void {
  if (isLoopbackHost(host)) return;
  throw new AwsError('ForeignHostRefused', 'The embedded cloud answers to loopback names only.', 403);
}

/** Reads on past the limit without keeping anything: a client hears an answer only after it has sent its body. */
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
