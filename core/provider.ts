import * as z from 'zod/mini';

/** A provider's URLs are HTTPS; plain HTTP only for an authorization server on this very machine. */
export const EndpointSchema = z.string().check(
  z.refine((value) => isEndpoint(value), {
    error:
      'must be an https: URL without user, password and fragment (http: is allowed for localhost and 127.0.0.1 only)',
  }),
);

/** Stands in subjects of mails, and in single lines of pages and chats. */
export const DisplayNameSchema = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(60),
    z.regex(/^\P{Cc}*$/u, { error: 'must be one line, without control characters' }),
  );

const HostSchema = z
  .string()
  .check(
    z.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/, { error: 'must be a host such as oauth2.example.com' }),
  );

/** Longer than anything is kept; what is beyond ends no calendar's arithmetic. */
const longestGrantSeconds = 10 * 366 * 24 * 3600;

/** Two of the longest ticks: half-way, and a tick later at the latest, the owner has been told in time. */
const shortestGrantSeconds = 2 * 3600;

/**
 * How long the refresh token lives, in seconds: `absolute` from the login, `sliding` from its last use. A grant
 * ends at the earlier of the two, and never where there are neither.
 */
export const RefreshTokenLifetimeSchema = z.object({
  absoluteSeconds: z.optional(
    z
      .int()
      .check(
        z.minimum(shortestGrantSeconds, { error: 'must be at least 7200 seconds (2 hours)' }),
        z.maximum(longestGrantSeconds),
      ),
  ),
  slidingSeconds: z.optional(z.int().check(z.maximum(longestGrantSeconds))),
});

const PathSchema = z
  .string()
  .check(z.regex(/^(\/[^/]+)+$/, { error: 'must be a path such as /sub or /accounts/*/accountNumber' }));

/** Of the whole of it. */
const PatternSchema = z.string().check(
  z.maxLength(200),
  z.refine((value) => isPattern(value), { error: 'must be a regular expression such as [A-Za-z0-9]{32}' }),
);

/**
 * How a provider tells whose grant it is: by the `sub` of its `id_token` (OpenID Connect Core §2), or by a call with
 * the access token (RFC 6750) whose JSON answer has the owner's `subject`, the `accounts` they shared, or both;
 * `*` in a path is every element.
 */
export const IdentitySourceSchema = z.union(
  [
    z.literal('id_token'),
    z
      .strictObject({
        endpoint: EndpointSchema,
        subject: z.optional(PathSchema),
        accounts: z.optional(PathSchema),
      })
      .check(
        z.refine(({ subject, accounts }) => (subject ?? accounts) !== undefined, {
          error: 'must have the path of subject, of accounts or of both',
        }),
      ),
  ],
  { error: 'must be id_token, or an object with endpoint and the path of subject, of accounts or of both' },
);

/** Said beside all other problems of the block, not after they are mended. */
function givenOrInMetadata(name: 'authorizationEndpoint' | 'tokenEndpoint') {
  return z.refine<Partial<Record<typeof name | 'metadata', unknown>>>(
    (provider) => provider[name] !== undefined || provider.metadata !== undefined,
    {
      path: [name],
      error: 'must be given where metadata is not',
      when: ({ value }) => typeof value === 'object' && value !== null,
    },
  );
}

/** An authorization server as data; nothing in the code knows a provider's name. */
export const ProviderSchema = z
  .object({
    displayName: DisplayNameSchema,
    /** Each may be left out where `metadata` tells it. */
    authorizationEndpoint: z.optional(EndpointSchema),
    tokenEndpoint: z.optional(EndpointSchema),
    /** Where tokens are given back (RFC 7009), where there is such a place. `metadata` may tell it too. */
    revocationEndpoint: z.optional(EndpointSchema),
    /**
     * How much a revocation ends: only the login that the token came from, every login of that account with the client, or
     * every grant of the client. Grantkeeper revokes refused and replaced logins only with `login`.
     */
    revocationEnds: z.optional(z.enum(['login', 'account', 'client'])),
    /** Which metadata the issuer publishes: OAuth's (RFC 8414) or OpenID Connect's (Discovery 1.0). */
    metadata: z.optional(z.enum(['oauth', 'openid'])),
    /** Hosts, beside the issuer's own, that its metadata may name. */
    endpointHosts: z.optional(z.array(HostSchema)),
    /** RFC 6749 §2.3.1: HTTP Basic, or the credentials in the form body. */
    clientAuthentication: z._default(
      z.enum(['client_secret_basic', 'client_secret_post']),
      'client_secret_basic',
    ),
    /** What the client's id and secret look like, where the provider tells: a slip is then seen when they are put in place. */
    clientIdPattern: z.optional(PatternSchema),
    clientSecretPattern: z.optional(PatternSchema),
    /** Space-separated scope of the authorization request; left out where the provider needs none. */
    scope: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
    /** Further parameters of the authorization request, such as `access_type=offline`. */
    authorizationParameters: z.optional(z.record(z.string(), z.string())),
    /** The issuer identifier (RFC 8414 §2); needed where `metadata` or `authorizationResponseIss` is set. */
    issuer: z.optional(EndpointSchema),
    /** Whether the provider promises `iss` in the authorization response (RFC 9207). */
    authorizationResponseIss: z._default(z.boolean(), false),
    /** Used where a token response leaves out `expires_in`, and to plan the ticks. */
    accessTokenLifetimeSeconds: z.int().check(
      // Secrets Manager keeps every version for a day and at most about 100: shorter tokens would fill it.
      z.minimum(25 * 60, { error: 'must be at least 1500 seconds (25 minutes)' }),
      z.maximum(90 * 24 * 3600),
    ),
    limits: RefreshTokenLifetimeSchema,
    /** How it tells whose grant it is; without it nothing is pinned. */
    identity: z.optional(IdentitySourceSchema),
    /** A login ends the grant that the same client had before, even another person's (Schwab). */
    loginEndsPreviousGrant: z.optional(z.boolean()),
    /** Texts, in any case, of an error body that means "the owner must log in", beside RFC 6749's `invalid_grant`. */
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
    z.refine(({ identity, issuer }) => identity !== 'id_token' || issuer !== undefined, {
      path: ['issuer'],
      error: 'must be given where identity is id_token',
    }),
    z.refine(({ metadata, issuer }) => metadata === undefined || issuer !== undefined, {
      path: ['issuer'],
      error: 'must be given where metadata is',
    }),
    givenOrInMetadata('authorizationEndpoint'),
    givenOrInMetadata('tokenEndpoint'),
  );

export type Provider = z.infer<typeof ProviderSchema>;
export type RefreshTokenLifetime = z.infer<typeof RefreshTokenLifetimeSchema>;

/** A provider's endpoints, and whether its callbacks carry `iss`. */
export interface Endpoints {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string | undefined;
  /** The configured data or the metadata promises `iss` in callbacks (RFC 9207 §3). */
  readonly promisesIss: boolean;
}

/** Answers a provider's endpoints: those of its data, and what these leave out from its metadata, if it has any. */
export type FindEndpoints = (
  provider: Provider,
  /** `for-callback` reads the metadata even if the data has every endpoint, because it may promise `iss`. */
  purpose?: 'for-callback',
) => Promise<FoundEndpoints>;

export type FoundEndpoints =
  | { readonly kind: 'found'; readonly endpoints: Endpoints }
  /** `error` is safe to show. */
  | {
      readonly kind: 'refused';
      readonly refusal: 'unavailable' | 'contract';
      readonly error: string;
      /** The issuer that the metadata names, sanitised, where it is not the configured one. */
      readonly otherIssuer?: string;
    };

/** Providers that config can name. Literals only, without arithmetic: esbuild then drops them where nothing names them. */
export const presets: Readonly<Record<string, Provider>> = {
  schwab: {
    displayName: 'Charles Schwab',
    authorizationEndpoint: 'https://api.schwabapi.com/v1/oauth/authorize',
    tokenEndpoint: 'https://api.schwabapi.com/v1/oauth/token',
    clientAuthentication: 'client_secret_basic',
    // Both lengths of each are seen (Schwabdev).
    clientIdPattern: '\\S{32}|\\S{48}',
    clientSecretPattern: '\\S{16}|\\S{64}',
    authorizationResponseIss: false,
    accessTokenLifetimeSeconds: 1800,
    limits: { absoluteSeconds: 604_800 },
    // One login may share several accounts, and a bot breaks when one is left out the next time.
    identity: {
      endpoint: 'https://api.schwabapi.com/trader/v1/userPreference',
      subject: '/streamerInfo/0/schwabClientCustomerId',
      accounts: '/accounts/*/accountNumber',
    },
    loginEndsPreviousGrant: true,
    // Schwab's dead refresh tokens come as unsupported_token_type with the first or the second inside, sometimes in
    // a body that is not JSON (Schwabdev#40), or as invalid_client with the third (schwab-py's documentation).
    rejectedGrantTexts: [
      'refresh_token_authentication_error',
      'Refresh token is invalid, expired or revoked',
      'refresh token invalid',
    ],
  },
};

function isPattern(value: string): boolean {
  try {
    RegExp(value);
    return true;
  } catch {
    return false;
  }
}

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
