import { gzipSync } from 'node:zlib';

import type { HttpResponse, PanelRequest } from './http.ts';

/** Below this, the head of a packet is more than what is saved. */
const worthBytes = 1_000;

/** HTTP APIs do not compress, so what is large is compressed here, where the browser takes it. */
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
