import * as z from 'zod/mini';

import type { AuthorizationName } from '../../core/link.ts';
import { executionOfLink } from '../../core/link.ts';
import { sessionMs, signInLinkMs } from '../../core/panel.ts';

/** The part of an HTTP API event that the functions read. Payload format 2.0. */
export const HttpRequestSchema = z.object({
  rawPath: z.string(),
  rawQueryString: z.string(),
  cookies: z.optional(z.array(z.string())),
  /** Names in lower case. */
  headers: z._default(z.record(z.string(), z.string()), {}),
  requestContext: z.object({ http: z.object({ method: z.string(), sourceIp: z.string() }) }),
});

/** The functions of the panel also read a form's fields. */
export const PanelRequestSchema = z.extend(HttpRequestSchema, {
  body: z.optional(z.string()),
  isBase64Encoded: z._default(z.boolean(), false),
});

/** Their answer: a page or a redirect. */
export const HttpResponseSchema = z.object({
  statusCode: z.int().check(z.minimum(200), z.maximum(599)),
  headers: z.record(z.string(), z.string()),
  cookies: z.optional(z.array(z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});

export type HttpRequest = z.infer<typeof HttpRequestSchema>;
export type PanelRequest = z.infer<typeof PanelRequestSchema>;
export type HttpResponse = z.infer<typeof HttpResponseSchema>;

/** An answer, with its outcome for the log. The browser does not get the outcome. */
export type LoggedResponse = HttpResponse & { readonly outcome?: string };

export function logged(outcome: string, response: HttpResponse): LoggedResponse {
  return { ...response, outcome };
}

/** The cookies with their lifetimes. Each holds its own secret. `__Host-` limits them to this origin. */
const cookies = {
  /** Binds a login at the provider to the browser that began it. */
  login: { name: '__Host-grantkeeper', seconds: 3600 },
  /** Binds a link to sign in to the browser that asked for it. */
  signIn: { name: '__Host-grantkeeper-sign-in', seconds: signInLinkMs / 1000 },
  session: { name: '__Host-grantkeeper-session', seconds: sessionMs / 1000 },
} as const;

export type CookieKind = keyof typeof cookies;

/** How long a browser keeps it, milliseconds. */
export function cookieMs(kind: CookieKind): number {
  return cookies[kind].seconds * 1000;
}

/** The secret in the browser's cookie of that kind. */
export function cookieOf(request: HttpRequest, kind: CookieKind): string | undefined {
  for (const cookie of request.cookies ?? []) {
    const match = /^([^=]+)=([A-Za-z0-9_-]{43})$/.exec(cookie.trim());
    if (match?.[1] === cookies[kind].name) return match[2];
  }
  return undefined;
}

/** The network of the request: an IPv4 address, or the /64 that one IPv6 subscriber has. */
export function sourceOf({ requestContext: { http } }: HttpRequest): string {
  const groups = http.sourceIp.split('::')[0]!.split(':');
  return groups.length > 1 ? groups.slice(0, 4).join(':') : http.sourceIp;
}

/** Puts the name of the execution that a link starts into the logs of its pages. */
export function pageLogKeys(name: Pick<AuthorizationName, 'connectionId' | 'authorizationId'> | undefined) {
  if (name === undefined) return {};
  return { correlationId: executionOfLink(name), connectionId: name.connectionId };
}

/** `Lax`, because the provider and mails lead here from another site. */
export function setCookie(kind: CookieKind, value: string): string {
  return cookie(kind, value, cookies[kind].seconds);
}

export function clearCookie(kind: CookieKind): string {
  return cookie(kind, '', 0);
}

function cookie(kind: CookieKind, value: string, seconds: number): string {
  return `${cookies[kind].name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;
}

/** The fields of a form. Empty if the body is no form, or larger than any of ours. */
export function formOf({ headers, body = '', isBase64Encoded }: PanelRequest): URLSearchParams {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  if (!isForm || body.length > maximumFormCharacters) return new URLSearchParams();
  return new URLSearchParams(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
}

const maximumFormCharacters = 20_000;

/**
 * True if a page of another site made the browser send this request (Fetch Metadata; without it, `Origin`). Only our own pages
 * may send a form. Links and the provider may lead here from any site, but only to a whole page: an image, a frame or a
 * script could try links in a visitor's name. A form with neither header is accepted: every browser since 2020 sends one of
 * them, and other programs do not have the browser's cookies.
 * @see https://www.w3.org/TR/fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header
 */
export function isForeign({ headers, requestContext }: HttpRequest, publicUrl: string): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-dest': destination, origin = publicUrl } = headers;
  if (requestContext.http.method === 'GET') {
    return (site === 'cross-site' || site === 'same-site') && destination !== 'document';
  }
  return site === undefined ? origin !== publicUrl : site !== 'same-origin';
}
