import * as z from 'zod/mini';

/** A provider's URLs are HTTPS; plain HTTP only for an authorization server on this very machine. */
export const EndpointSchema = z.string().check(
  z.refine((value) => isEndpoint(value), {
    error: 'must be an https: URL without fragment (http: is allowed for localhost and 127.0.0.1 only)',
  }),
);

/** Two of the longest ticks: half-way, and a tick later at the latest, the owner has been told in time. */
const shortestGrantSeconds = 2 * 3600;

/**
 * How long the refresh token lives, in seconds: `absolute` from the login, `sliding` from its last use. A grant
 * ends at the earlier of the two, and never where there are neither.
 */
export const LimitsSchema = z.object({
  absoluteSeconds: z.optional(
    z.int().check(z.minimum(shortestGrantSeconds, { error: 'must be at least 7200 seconds (2 hours)' })),
  ),
  slidingSeconds: z.optional(z.int()),
});

/** An authorization server as data; nothing in the code knows a provider's name. */
export const ProviderSchema = z
  .object({
    displayName: z.string().check(z.minLength(1), z.maxLength(60)),
    authorizationEndpoint: EndpointSchema,
    tokenEndpoint: EndpointSchema,
    /** RFC 6749 §2.3.1: HTTP Basic, or the credentials in the form body. */
    clientAuthentication: z._default(
      z.enum(['client_secret_basic', 'client_secret_post']),
      'client_secret_basic',
    ),
    /** Space-separated scope of the authorization request; left out where the provider needs none. */
    scope: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
    /** Further parameters of the authorization request, such as `access_type=offline`. */
    authorizationParameters: z.optional(z.record(z.string(), z.string())),
    /** The issuer identifier (RFC 8414 §2); needed where `authorizationResponseIss` is set. */
    issuer: z.optional(EndpointSchema),
    /** Whether the provider promises `iss` in the authorization response (RFC 9207). */
    authorizationResponseIss: z._default(z.boolean(), false),
    /** Used where a token response leaves out `expires_in`, and to plan the ticks. */
    accessTokenLifetimeSeconds: z.int().check(
      // Secrets Manager keeps every version for a day and at most about 100: shorter tokens would fill it.
      z.minimum(25 * 60, { error: 'must be at least 1500 seconds (25 minutes)' }),
      z.maximum(90 * 24 * 3600),
    ),
    limits: LimitsSchema,
    /** Texts in an error body that mean "the owner must log in", beside RFC 6749's `invalid_grant`. */
    rejectedGrantTexts: z._default(z.array(z.string().check(z.minLength(4))), []),
  })
  .check(
    // A refresh is made when the access token is about to end; by then the refresh token must still live.
    z.refine(
      ({ limits: { slidingSeconds = Infinity }, accessTokenLifetimeSeconds }) =>
        slidingSeconds >= accessTokenLifetimeSeconds + shortestGrantSeconds,
      {
        path: ['limits', 'slidingSeconds'],
        error: 'must be at least 7200 seconds (2 hours) more than accessTokenLifetimeSeconds',
      },
    ),
  );

export type Provider = z.infer<typeof ProviderSchema>;
export type Limits = z.infer<typeof LimitsSchema>;

const days = 24 * 3600;

/** Providers that config can name. */
export const presets: Readonly<Record<string, Provider>> = {
  schwab: {
    displayName: 'Charles Schwab',
    authorizationEndpoint: 'https://api.schwabapi.com/v1/oauth/authorize',
    tokenEndpoint: 'https://api.schwabapi.com/v1/oauth/token',
    clientAuthentication: 'client_secret_basic',
    authorizationResponseIss: false,
    accessTokenLifetimeSeconds: 30 * 60,
    limits: { absoluteSeconds: 7 * days },
    // Schwab's dead refresh tokens come as unsupported_token_type or invalid_client with these inside,
    // sometimes in a body that is not JSON (Schwabdev#40, schwab-py's documentation).
    rejectedGrantTexts: [
      'refresh_token_authentication_error',
      'Refresh token is invalid, expired or revoked',
    ],
  },
};

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.hash !== '' || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

/** Literal loopback hosts: the only ones that OAuth may be spoken to without TLS. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}
