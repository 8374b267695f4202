/** No expected answer is this large. */
export const maximumBodyBytes = 256 * 1024;

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/**
 * Fetches without following redirects, which could send credentials elsewhere, and stops reading a body that is too large.
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
