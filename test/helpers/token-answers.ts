import type { Misbehaviour } from '../../local/brokerage/control.ts';

const json = { 'content-type': 'application/json' };
const html = { 'content-type': 'text/html' };

/** A token response as the endpoint would give it, of `members`. */
export function tokenResponse(members: Readonly<Record<string, unknown>>): Misbehaviour {
  return { kind: 'status', status: 200, headers: json, body: JSON.stringify(members) };
}

export function errorResponse(status: number, body: string): Misbehaviour {
  return { kind: 'status', status, headers: json, body };
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Validly shaped and of another issuer; the signature is none. */
export const foreignIdToken = [
  part({ alg: 'RS256', kid: 'other' }),
  part({ iss: 'https://other.example', aud: 'other', sub: 'eve', iat: 1767614400, exp: 1767618000 }),
  Buffer.from('not a signature').toString('base64url'),
].join('.');

/** Nothing was decided: the same request may be sent again. */
export const unavailable: readonly (readonly [string, Misbehaviour])[] = [
  ['HTML with status 200', { kind: 'status', status: 200, headers: html, body: '<h1>Welcome</h1>' }],
  [
    'Access Denied from the edge',
    { kind: 'status', status: 403, headers: html, body: '<html><body><h1>Access Denied</h1></body></html>' },
  ],
  ['an empty body', { kind: 'status', status: 200, headers: json, body: '' }],
  ['a closed connection', { kind: 'close' }],
  ['nothing until the time-out', { kind: 'hang' }],
  ['status 429', { kind: 'status', status: 429, headers: { 'retry-after': '7' }, body: '' }],
  ['status 500', { kind: 'status', status: 500, headers: html, body: '<h1>Internal Server Error</h1>' }],
];

/** Not an answer that the RFC or the provider's data allows. */
export const contractBreaking: readonly (readonly [string, Misbehaviour])[] = [
  [
    '10 MB',
    { kind: 'status', status: 200, headers: json, body: `{"access_token":"${'x'.repeat(10_000_000)}"}` },
  ],
  [
    'a redirect',
    { kind: 'status', status: 302, headers: { location: 'http://localhost:9/elsewhere' }, body: '' },
  ],
  ['a JSON object without a token', tokenResponse({ hello: 'world' })],
  ['an access token that is a number', tokenResponse({ access_token: 5, token_type: 'Bearer' })],
  [
    'an access token that no header can have',
    tokenResponse({ access_token: 'at-with\r\nX-Evil: 1', token_type: 'Bearer' }),
  ],
  [
    'a refresh token that no header can have',
    tokenResponse({ access_token: 'at', refresh_token: 'rt-with\u0000', token_type: 'Bearer' }),
  ],
];

/** Answers to a dead refresh token that are not `invalid_grant`, as seen at Schwab. */
export const deadRefreshToken: readonly (readonly [string, Misbehaviour])[] = [
  [
    'unsupported_token_type in a body that is not JSON',
    errorResponse(
      400,
      '{"error":"unsupported_token_type","error_description":"400 Bad Request: "{"error_description":"Exception while authenticating refresh token","error":"refresh_token_authentication_error"}""}',
    ),
  ],
  [
    'unsupported_token_type around an invalid_grant',
    errorResponse(
      400,
      String.raw`{"error":"unsupported_token_type","error_description":"400 Bad Request: \"{\"error_description\":\"Refresh token is invalid, expired or revoked\",\"error\":\"invalid_grant\"}\""}`,
    ),
  ],
  [
    'invalid_client that speaks of the refresh token',
    errorResponse(401, '{"error":"invalid_client","error_description":"refresh token invalid"}'),
  ],
];
