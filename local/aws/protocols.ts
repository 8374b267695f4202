/** The wire protocols that the SDK's clients speak to the services we play. */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, notPlayed } from './errors.ts';

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

export interface Protocol {
  /** @throws {AwsError} for what is no request of this protocol */
  read(request: WireRequest): Call;
  answer(operation: string, output: Record<string, unknown>, requestId: string): WireAnswer;
  error(error: AwsError, requestId: string): WireAnswer;
}

/**
 * AWS JSON 1.0 and 1.1: the operation is in `X-Amz-Target`.
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
 */
export function awsJson(targetPrefix: string, version: '1.0' | '1.1'): Protocol {
  const headers = (requestId: string) => ({
    'content-type': `application/x-amz-json-${version}`,
    'x-amzn-requestid': requestId,
  });
  return {
    read(request) {
      if (request.headers['smithy-protocol']) {
        throw notPlayed(`the protocol ${String(request.headers['smithy-protocol'])}`);
      }
      const [prefix, operation] = String(request.headers['x-amz-target'] ?? '').split('.', 2);
      if (request.method !== 'POST' || request.path !== '/' || prefix !== targetPrefix || !operation) {
        throw new AwsError('UnknownOperationException', '');
      }
      return { operation, input: jsonObject(request.body) };
    },
    answer: (_operation, output, requestId) => ({
      status: 200,
      headers: headers(requestId),
      body: JSON.stringify(output),
    }),
    error: (error, requestId) => ({
      status: error.statusCode,
      headers: headers(requestId),
      body: JSON.stringify({ __type: error.code, message: error.message, ...error.members }),
    }),
  };
}

/**
 * AWS REST JSON: the operation is the route. Parts of its path, `{Name}`, and the query become members of the input.
 * @param routes `GET /schedules/{Name}` and the operation behind it; every other one is refused by name
 * @see https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
export function restJson(service: string, routes: Readonly<Record<string, string>>): Protocol {
  return {
    read({ method, path, query, body }) {
      for (const [route, operation] of Object.entries(routes)) {
        const parts = partsOf(route, `${method} ${path}`);
        if (parts === undefined) continue;
        const members = { ...parts, ...Object.fromEntries(query) };
        return { operation, input: body.length === 0 ? members : { ...jsonObject(body), ...members } };
      }
      throw notPlayed(`the route ${method} ${path} of ${service}`);
    },
    answer: (_operation, output, requestId) => ({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
      body: JSON.stringify(output),
    }),
    error: restJsonError,
  };
}

/** What the placeholders of a route stand for; undefined where it is another route. */
function partsOf(route: string, called: string): Record<string, string> | undefined {
  const names = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const pattern = route.replaceAll(/\{\w+\}/g, '([^/]+)');
  const values = new RegExp(`^${pattern}$`).exec(called)?.slice(1);
  return (
    values && Object.fromEntries(values.map((value, index) => [names[index]!, decodeURIComponent(value)]))
  );
}

const lambdaRoutes = restJson('Lambda', { 'GET /2016-08-19/account-settings': 'GetAccountSettings' });

/**
 * Lambda's. For Invoke the service is called with `{FunctionName, InvocationType, Payload}` and answers
 * `{StatusCode, FunctionError?, Payload}`; both payloads are JSON values, not text.
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export const lambdaProtocol: Protocol = {
  read(request) {
    const path = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.path);
    if (request.method !== 'POST' || !path?.[1]) return lambdaRoutes.read(request);
    for (const name of request.query.keys()) throw notPlayed(`the parameter ${name} of lambda:Invoke`);
    for (const name of ['x-amz-client-context', 'x-amz-log-type', 'x-amz-tenant-id']) {
      const value = request.headers[name];
      if (value !== undefined && value !== 'None') throw notPlayed(`the header ${name} of lambda:Invoke`);
    }
    return {
      operation: 'Invoke',
      input: {
        FunctionName: decodeURIComponent(path[1]),
        InvocationType: String(request.headers['x-amz-invocation-type'] ?? 'RequestResponse'),
        Payload: payload(request.body),
      },
    };
  },
  answer(operation, output, requestId) {
    if (operation !== 'Invoke') return lambdaRoutes.answer(operation, output, requestId);
    const { StatusCode: status, FunctionError: functionError, Payload: result } = output;
    return {
      status: typeof status === 'number' ? status : 200,
      headers: {
        'content-type': 'application/json',
        'x-amzn-requestid': requestId,
        'x-amz-executed-version': '$LATEST',
        ...(typeof functionError === 'string' && { 'x-amz-function-error': functionError }),
      },
      // Only a function that ran to its end has a result; `undefined` is `null` then.
      body: status === 200 ? JSON.stringify(result ?? null) : '',
    };
  },
  error: restJsonError,
};

/**
 * The Query protocol: a form in, XML out.
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function awsQuery(namespace: string, version: string): Protocol {
  return {
    read(request) {
      const form = new URLSearchParams(request.body.toString('utf8'));
      const operation = form.get('Action');
      if (request.method !== 'POST' || request.path !== '/' || !operation) {
        throw new AwsError('MissingAction', 'The request must contain the parameter Action');
      }
      if (form.get('Version') !== version) {
        throw new AwsError('InvalidAction', `Could not find operation ${operation} for this version`);
      }
      form.delete('Action');
      form.delete('Version');
      const input: Record<string, unknown> = {};
      const entries: Record<string, Record<string, Entry>> = {};
      for (const [name, value] of form) {
        const [parameter = name, ...steps] = name.split('.');
        if (steps.length === 0) input[name] = value;
        else if (steps[0] === 'entry') addEntry((entries[parameter] ??= {}), steps.slice(1), value);
        // `List.member.1`: no operation we play takes any.
        else throw notPlayed(`the parameter ${parameter} of ${operation}`);
      }
      for (const [parameter, byNumber] of Object.entries(entries)) {
        const named = Object.values(byNumber).map(({ Name, Value }) => [String(Name), Value] as const);
        input[parameter] = Object.fromEntries(named);
      }
      return { operation, input };
    },
    answer(operation, output, requestId) {
      const result = Object.entries(output).map(([name, value]) => element(name, xmlOf(value)));
      return xml(
        200,
        requestId,
        element(
          `${operation}Response`,
          element(`${operation}Result`, result.join('')) +
            element('ResponseMetadata', element('RequestId', requestId)),
          ` xmlns="${namespace}"`,
        ),
      );
    },
    error(error, requestId) {
      const own = queryErrors[error.code];
      const status = own?.status ?? error.statusCode;
      return xml(
        status,
        requestId,
        element(
          'ErrorResponse',
          element(
            'Error',
            element('Type', status < 500 ? 'Sender' : 'Receiver') +
              element('Code', escapeXml(own?.code ?? error.code)) +
              element('Message', escapeXml(error.message)),
          ) + element('RequestId', requestId),
          ` xmlns="${namespace}"`,
        ),
      );
    },
  };
}

/** What the SDK sends along with any object: who signs, and sums that nobody compares here. */
const ofEveryPut =
  /^x-amz-(date|content-sha256|security-token|user-agent|checksum-\w+|sdk-checksum-algorithm)$/;

/**
 * S3's REST, path-style: whole objects are put. Checksums that clients send along are not compared.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export const s3Protocol: Protocol = {
  read({ method, path, query, headers, body }) {
    const [, bucket, key] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (method !== 'PUT' || bucket === undefined || key === undefined)
      throw notPlayed(`the route ${method} ${path} of S3`);
    for (const name of query.keys())
      if (name !== 'x-id') throw notPlayed(`the parameter ${name} of s3:PutObject`);
    for (const name of Object.keys(headers)) {
      if (name.startsWith('x-amz-') && !ofEveryPut.test(name))
        throw notPlayed(`the header ${name} of s3:PutObject`);
    }
    const encoding = headers['content-encoding'];
    if (encoding !== undefined) throw notPlayed(`the content encoding ${encoding} of s3:PutObject`);
    const input = {
      Bucket: bucket,
      Key: decodeURIComponent(key),
      ...(headers['content-type'] !== undefined && { ContentType: headers['content-type'] }),
      Body: body,
    };
    return { operation: 'PutObject', input };
  },
  answer: (_operation, output, requestId) => ({
    status: 200,
    headers: { etag: String(output.ETag), 'x-amz-request-id': requestId },
    body: '',
  }),
  /** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
  error: ({ code, message, statusCode }, requestId) =>
    xml(
      restForbidden.has(code) ? 403 : statusCode,
      requestId,
      element(
        'Error',
        element('Code', escapeXml(code)) +
          element('Message', escapeXml(message)) +
          element('RequestId', requestId),
      ),
    ),
};

interface Entry {
  Name?: string;
  Value?: Record<string, string>;
}

/** `entry.1.Name` and `entry.1.Value.StringValue`, of a map of structures. */
function addEntry(byNumber: Record<string, Entry>, steps: readonly string[], value: string): void {
  const [number = '', member, ofValue] = steps;
  const entry = (byNumber[number] ??= {});
  if (member === 'Name' && ofValue === undefined) entry.Name = value;
  else if (member === 'Value' && ofValue !== undefined) (entry.Value ??= {})[ofValue] = value;
  else throw notPlayed(`the map member ${steps.join('.')}`);
}

/** Errors that precede the service have other names in the Query protocol. @see https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html */
const queryErrors: Record<string, { code: string; status: number }> = {
  AccessDeniedException: { code: 'AuthorizationError', status: 403 },
  MissingAuthenticationTokenException: { code: 'MissingAuthenticationToken', status: 403 },
  UnrecognizedClientException: { code: 'InvalidClientTokenId', status: 403 },
};

/** REST services answer 403 where the JSON protocols have 400. */
const restForbidden = new Set([
  'AccessDeniedException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);

function restJsonError(error: AwsError, requestId: string): WireAnswer {
  return {
    status: restForbidden.has(error.code) ? 403 : error.statusCode,
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': error.code,
      'x-amzn-requestid': requestId,
    },
    body: JSON.stringify({ message: error.message, ...error.members }),
  };
}

function jsonObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Answered below, without the parser's message: it quotes the body.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object.');
}

/** The event of an invocation; without a body it is an empty object. */
function payload(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('InvalidRequestContentException', 'Could not parse request body into json.');
  }
}

/** A list has members, a `Map` entries. @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization */
function xmlOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((member) => element('member', xmlOf(member))).join('');
  if (value instanceof Map) {
    return [...(value as Map<string, unknown>)]
      .map(([key, each]) => element('entry', element('key', escapeXml(key)) + element('value', xmlOf(each))))
      .join('');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, member]) => element(name, xmlOf(member)))
      .join('');
  }
  return escapeXml(String(value));
}

function xml(status: number, requestId: string, body: string): WireAnswer {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body,
  };
}

function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`;
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
