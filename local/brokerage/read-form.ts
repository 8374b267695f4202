import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

const maximumBytes = 64 * 1024;

/** Reads an `application/x-www-form-urlencoded` body of at most 64 KiB. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maximumBytes) throw new Error('The form is larger than 64 KiB.');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Reads a form of known length and puts it back, so that the next reader gets it whole. */
export async function peekForm(request: IncomingMessage): Promise<URLSearchParams> {
  const length = Math.min(Number(request.headers['content-length'] ?? 0), maximumBytes);
  if (length === 0) return new URLSearchParams();
  let body: Buffer | null;
  while ((body = request.read(length) as Buffer | null) === null) await once(request, 'readable');
  request.unshift(body);
  return new URLSearchParams(body.toString('utf8'));
}
