/** No answer that is asked for here is this large; what is larger is not read to its end. */
export const maximumBodyBytes = 256 * 1024;

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/**
 * Follows no redirect, which could lead credentials, or us, elsewhere, and reads no endless body.
 * @throws {TooLargeError} and whatever `fetch` throws
 */
export async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'manual' });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maximumBodyBytes) throw new TooLargeError();
    chunks.push(chunk);
  }
  const { status } = response;
  return new Response(bytes > 0 ? Buffer.concat(chunks) : null, {
    status: status === 0 ? 302 : status,
    headers: { 'content-type': 'application/json' },
  });
}
