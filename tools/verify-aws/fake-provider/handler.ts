/** A minimal authorization server for a login and a refresh. It accepts everybody without a question. */
import { randomBytes } from 'node:crypto';

/** The part of API Gateway's payload format 2.0 that the handler reads. */
export interface Request {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const token = () => randomBytes(24).toString('base64url');

export async function handler({
  rawPath,
  rawQueryString,
  headers,
  body = '',
  isBase64Encoded,
}: Request): Promise<Answer> {
  if (rawPath === '/authorize') {
    const asked = new URLSearchParams(rawQueryString);
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.search = new URLSearchParams({ code: token(), state: asked.get('state') ?? '' }).toString();
    return { statusCode: 302, headers: { location: back.href }, body: '' };
  }
  if (rawPath !== '/token') return json(404, { error: 'not_found' });
  if (!headers['authorization']?.startsWith('Basic ')) return json(401, { error: 'invalid_client' });
  const form = new URLSearchParams(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
  const grantType = form.get('grant_type');
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token')
    return json(400, { error: 'unsupported_grant_type' });
  return json(200, {
    access_token: token(),
    token_type: 'Bearer',
    expires_in: 1800,
    refresh_token: form.get('refresh_token') ?? token(),
  });
}

function json(statusCode: number, value: unknown): Answer {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}
