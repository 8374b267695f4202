/** The wire protocols that the SDK's clients speak to the emulated services. */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, notSupported } from './errors.ts';

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
  /** @throws {AwsError} for a request that breaks the protocol */
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
      const target = String(request.headers['x-amz-target'] ?? '');
      const operation = target.startsWith(`${targetPrefix}.`) ? target.slice(targetPrefix.length + 1) : '';
      if (request.method !== 'POST' || request.path !== '/' || !operation) {
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
 * @param routes for example `GET /schedules/{Name}`, and its operation; any other route is refused by name
 * @see https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
export function restJson(service: string, routes: Readonly<Record<string, string>>): Protocol {
  return {
    read({ method, path, query, body }) {
      for (const [route, operation] of Object.entries(routes)) {
        const parts = partsOf(route, `${method} ${path.replace(/(.)\/$/, '$1')}`);
        if (parts === undefined) continue;
        const members = { ...parts, ...Object.fromEntries(query) };
        return { operation, input: body.length === 0 ? members : { ...jsonObject(body), ...members } };
      }
      throw notSupported(`the route ${method} ${path} of ${service}`, Object.values(routes));
    },
    answer: (_operation, output, requestId) => ({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
      body: JSON.stringify(output),
    }),
    error: restJsonError,
  };
}

/** Values of a route's placeholders; undefined if the route doesn't match. */
function partsOf(route: string, called: string): Record<string, string> | undefined {
  const names = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const pattern = route.replaceAll(/\{\w+\}/g, '([^/]+)');
  const values = new RegExp(`^${pattern}$`).exec(called)?.slice(1);
  return values && Object.fromEntries(values.map((value, index) => [names[index]!, decoded(value)]));
}

const invocations = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const lambdaRoutes = restJson('Lambda', {
  'GET /2016-08-19/account-settings': 'GetAccountSettings',
  // Read below; listed here so that refusals name it.
  'POST /2015-03-31/functions/{FunctionName}/invocations': 'Invoke',
});

/**
 * Lambda's protocol. Invoke has the input `{FunctionName, InvocationType, Payload}` and the output
 * `{StatusCode, FunctionError?, Payload}`. Both payloads are JSON values, not text.
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export const lambdaProtocol: Protocol = {
  read(request) {
    const path = invocations.exec(request.path);
    if (request.method !== 'POST' || !path?.[1]) return lambdaRoutes.read(request);
    for (const name of request.query.keys()) throw notSupported(`the parameter ${name} of lambda:Invoke`);
    for (const name of ['x-amz-client-context', 'x-amz-log-type', 'x-amz-tenant-id']) {
      const value = request.headers[name];
      if (value !== undefined && value !== 'None') throw notSupported(`the header ${name} of lambda:Invoke`);
    }
    return {
      operation: 'Invoke',
      input: {
        FunctionName: decoded(path[1]),
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
      // Only a synchronous invocation has a result.
      body: status === 200 ? JSON.stringify(result ?? null) : '',
    };
  },
  error: restJsonError,
};

/**
 * The Query protocol: requests are forms, answers are XML. Every value in a form is text.
 * @param accessDenied the service's name for that error
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function awsQuery(namespace: string, version: string, accessDenied = 'AccessDenied'): Protocol {
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
      return { operation, input: membersOf(form) };
    },
    answer(operation, output, requestId) {
      return xml(
        200,
        requestId,
        element(
          `${operation}Response`,
          element(`${operation}Result`, xmlOf(output)) +
            element('ResponseMetadata', element('RequestId', requestId)),
          ` xmlns="${namespace}"`,
        ),
      );
    },
    error(error, requestId) {
      const own = { ...queryErrors, AccessDeniedException: { code: accessDenied, status: 403 } }[error.code];
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

/**
 * For clients of an unsupported service: those of REST JSON read the code from a header, those of AWS JSON from the
 * body.
 */
export const unknownServiceErrors: Pick<Protocol, 'error'> = {
  error: ({ code, message, statusCode }, requestId) =>
    restJsonError(new AwsError(code, message, statusCode, { __type: code }), requestId),
};

/** Headers that the SDK sends with every object: the signature's, and checksums that are not compared here. */
const ofEveryPut =
  /^x-amz-(date|content-sha256|security-token|user-agent|checksum-\w+|sdk-checksum-algorithm)$/;

/**
 * S3's REST protocol, path-style, for whole objects. Checksums are not compared.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export const s3Protocol: Protocol = {
  read({ method, path, query, headers, body }) {
    const { 'x-id': _operation, ...given } = Object.fromEntries(query);
    const [, bucket, key] = /^\/([^/]+)(?:\/(.+))?$/.exec(path.replace(/(.)\/$/, '$1')) ?? [];
    if (method !== 'PUT' || bucket === undefined || key === undefined) {
      throw notSupported(`the route ${method} ${path} of S3`, ['PutObject']);
    }
    for (const name of Object.keys(given)) throw notSupported(`the parameter ${name} of s3:PutObject`);
    for (const name of Object.keys(headers)) {
      if (name.startsWith('x-amz-') && !ofEveryPut.test(name))
        throw notSupported(`the header ${name} of s3:PutObject`);
    }
    const encoding = headers['content-encoding'];
    if (encoding !== undefined) throw notSupported(`the content encoding ${encoding} of s3:PutObject`);
    const input = {
      Bucket: bucket,
      Key: decoded(key),
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

/**
 * Builds the structure that a form's names describe: `List.member.1`, `Map.entry.1.Name`, `Map.entry.1.Value.StringValue`.
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#request-serialization
 */
function membersOf(form: URLSearchParams): Record<string, unknown> {
  const root: Tree = new Map();
  for (const [name, value] of form) {
    const steps = name.split('.');
    const last = steps.pop()!;
    let at = root;
    for (const step of steps) {
      const next = at.get(step);
      const inner: Tree = next instanceof Map ? next : new Map();
      at.set(step, inner);
      at = inner;
    }
    at.set(last, value);
  }
  return Object.fromEntries([...root].map(([name, each]) => [name, valueOf(each)]));
}

type Tree = Map<string, string | Tree>;

function valueOf(tree: string | Tree): unknown {
  if (typeof tree === 'string') return tree;
  const [list, map] = [tree.get('member'), tree.get('entry')];
  if (list instanceof Map) return [...list.values()].map(valueOf);
  if (!(map instanceof Map))
    return Object.fromEntries([...tree].map(([name, each]) => [name, valueOf(each)]));
  const entries = [...map.values()].map((entry) => {
    if (!(entry instanceof Map)) throw notSupported('a map member without a name');
    const name = valueOf(entry.get('Name') ?? entry.get('key') ?? '');
    return [typeof name === 'string' ? name : '', valueOf(entry.get('Value') ?? entry.get('value') ?? '')];
  });
  return Object.fromEntries(entries) as unknown;
}

/** Errors raised before the service is called have other names in the Query protocol. @see https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html */
const queryErrors: Record<string, { code: string; status: number }> = {
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
  return objectOf(() => JSON.parse(body.toString('utf8')), 'JSON');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new AwsError('BadRequestException', 'The path of the request is not URL-encoded.');
  }
}

function objectOf(read: () => unknown, what: string): Record<string, unknown> {
  try {
    const value = read();
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // The parser's message would quote the body.
  }
  throw new AwsError('SerializationException', `The request body is not a ${what} object.`);
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

/** Lists have members, a `Map` has entries. @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization */
function xmlOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((member) => element('member', xmlOf(member))).join('');
  if (value instanceof Map) {
    return [...(value as Map<string, unknown>)]
      .map(([key, each]) => element('entry', element('key', escapeXml(key)) + element('value', xmlOf(each))))
      .join('');
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, member]) => member !== undefined)
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
