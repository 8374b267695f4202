import { gzipSync } from 'node:zlib';

import type { HttpResponse, PanelRequest } from './http.ts';

/** Smaller bodies are not worth compressing. */
const worthBytes = 1_000;

/** Compresses a large body if the browser accepts that, because HTTP APIs do not compress. */
export function compressed({ headers }: PanelRequest, response: HttpResponse): HttpResponse {
  const { body = '' } = response;
  const takesGzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  if (!takesGzip || body.length < worthBytes) return response;
  return {
    ...response,
    headers: { ...response.headers, 'content-encoding': 'gzip', vary: 'accept-encoding' },
    body: gzipSync(body).toString('base64'),
    isBase64Encoded: true,
  };
}
