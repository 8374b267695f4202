import * as z from 'zod/mini';

import type { AuthorizationName } from '../core/link.ts';
import { executionOfLink } from '../core/link.ts';

/** What the functions behind the HTTP API read of an event, payload format 2.0. */
export const HttpRequestSchema = z.object({
  rawPath: z.string(),
  rawQueryString: z.string(),
  cookies: z.optional(z.array(z.string())),
  requestContext: z.object({ http: z.object({ method: z.string(), sourceIp: z.string() }) }),
});

/** What they answer: always a page, or a way on. */
export const HttpResponseSchema = z.object({
  statusCode: z.int().check(z.minimum(200), z.maximum(599)),
  headers: z.record(z.string(), z.string()),
  cookies: z.optional(z.array(z.string())),
  body: z.optional(z.string()),
});

export type HttpRequest = z.infer<typeof HttpRequestSchema>;
export type HttpResponse = z.infer<typeof HttpResponseSchema>;

/** Binds a login to the browser that began it. `__Host-`: this origin alone, never a subdomain's. */
const cookieName = '__Host-grantkeeper';

/** The browser's secret, where it has one of ours. */
export function cookieOf(request: HttpRequest): string | undefined {
  for (const cookie of request.cookies ?? []) {
    const match = /^([^=]+)=([A-Za-z0-9_-]{43})$/.exec(cookie.trim());
    if (match?.[1] === cookieName) return match[2];
  }
  return undefined;
}

/** Who asks, as far as the network tells: an IPv4 address, or the /64 that an IPv6 subscriber has whole. */
export function sourceOf({ requestContext: { http } }: HttpRequest): string {
  const groups = http.sourceIp.split('::')[0]!.split(':');
  return groups.length > 1 ? groups.slice(0, 4).join(':') : http.sourceIp;
}

/** The name of the execution that a link starts goes through the logs of its pages too. */
export function pageLogKeys(name: Pick<AuthorizationName, 'connectionId' | 'authorizationId'> | undefined) {
  if (name === undefined) return {};
  return { correlationId: executionOfLink(name), connectionId: name.connectionId };
}

/** Lax, because the way back from the provider is a navigation from another site. */
export function setCookie(value: string): string {
  return `${cookieName}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600`;
}
