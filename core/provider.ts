import * as z from 'zod/mini';

/** A provider's URL. HTTPS, or plain HTTP for an authorization server on this machine. */
export const EndpointSchema = z.string().check(
  z.refine((value) => isEndpoint(value), {
    error:
      'must be an https: URL without user, password and fragment (http: is allowed for localhost and 127.0.0.1 only)',
  }),
);

/** The provider's name in subjects of mails and on pages, so one short line. */
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

/** Ten years: longer than anything is stored, and far below the limits of `Date`. */
const longestGrantSeconds = 10 * 366 * 24 * 3600;

/** Twice the longest tick. Half-way through there is a check that can still notify the owner in time. */
const shortestGrantSeconds = 2 * 3600;

/**
 * The lifetime of a refresh token in seconds: `absolute` from the login, `sliding` from its last use. A grant ends at the
 * earlier of the two. Without both it does not end.
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

/** A regular expression for the whole text. */
const PatternSchema = z.string().check(
  z.maxLength(200),
  z.refine((value) => isPattern(value), { error: 'must be a regular expression such as [A-Za-z0-9]{32}' }),
);

/**
 * Where the identity of a grant's owner comes from: the `sub` of the `id_token` (OpenID Connect Core §2), or a call with
 * the access token (RFC 6750). The call's JSON answer has the owner's `subject`, the `accounts` they shared, or both.
 * `*` in a path means every element.
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

/** Reports this problem together with all others of the block. */
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

/** An authorization server as data. No code depends on a provider's name. */
export const ProviderSchema = z
  .object({
    displayName: DisplayNameSchema,
    /** Each is optional if `metadata` is set. */
    authorizationEndpoint: z.optional(EndpointSchema),
    tokenEndpoint: z.optional(EndpointSchema),
    /** The revocation endpoint (RFC 7009), if there is one. `metadata` may name it, too. */
    revocationEndpoint: z.optional(EndpointSchema),
    /**
     * What a revocation ends: the login of that token, all logins of that account with the client, or all grants of the
     * client. Grantkeeper revokes refused and replaced logins only with `login`.
     */
    revocationEnds: z.optional(z.enum(['login', 'account', 'client'])),
    /** The kind of metadata that the issuer publishes: OAuth's (RFC 8414) or OpenID Connect's (Discovery 1.0). */
    metadata: z.optional(z.enum(['oauth', 'openid'])),
    /** Hosts, beside the issuer's own, that its metadata may name. */
    endpointHosts: z.optional(z.array(HostSchema)),
    /** RFC 6749 §2.3.1: HTTP Basic, or the credentials in the form body. */
    clientAuthentication: z._default(
      z.enum(['client_secret_basic', 'client_secret_post']),
      'client_secret_basic',
    ),
    /** The form of the client's id and secret, if the provider documents it. `connect` then finds typing errors. */
    clientIdPattern: z.optional(PatternSchema),
    clientSecretPattern: z.optional(PatternSchema),
    /** The space-separated scope of the authorization request, if the provider needs one. */
    scope: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
    /** Further parameters of the authorization request, such as `access_type=offline`. */
    authorizationParameters: z.optional(z.record(z.string(), z.string())),
    /** The issuer identifier (RFC 8414 §2). Required with `metadata` or `authorizationResponseIss`. */
    issuer: z.optional(EndpointSchema),
    /** True if the provider promises `iss` in the authorization response (RFC 9207). */
    authorizationResponseIss: z._default(z.boolean(), false),
    /** Used to plan the ticks, and for a token response without `expires_in`. */
    accessTokenLifetimeSeconds: z.int().check(
      // Secrets Manager keeps every version for a day and at most about 100: shorter tokens would fill it.
      z.minimum(25 * 60, { error: 'must be at least 1500 seconds (25 minutes)' }),
      z.maximum(90 * 24 * 3600),
    ),
    limits: RefreshTokenLifetimeSchema,
    /** Where the owner's identity comes from. Without it nothing is pinned. */
    identity: z.optional(IdentitySourceSchema),
    /** A login ends the client's earlier grant, even another person's (Schwab). */
    loginEndsPreviousGrant: z.optional(z.boolean()),
    /** Texts, in any case, of an error body that means "the owner must log in", beside RFC 6749's `invalid_grant`. */
    rejectedGrantTexts: z._default(z.array(z.string().check(z.minLength(4))), []),
  })
  .check(
    // The refresh token must still live when the access token is about to end.
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

/** Finds a provider's endpoints: from its data, and those that are missing there from its metadata. */
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
      /** The sanitised issuer in the metadata, if it is not the configured one. */
      readonly otherIssuer?: string;
    };

/** Providers that the configuration can name. Only literals, so that esbuild can drop them from bundles. */
export const presets: Readonly<Record<string, Provider>> = {
  schwab: {
    displayName: 'Charles Schwab',
    authorizationEndpoint: 'https://api.schwabapi.com/v1/oauth/authorize',
    tokenEndpoint: 'https://api.schwabapi.com/v1/oauth/token',
    clientAuthentication: 'client_secret_basic',
    // Schwabdev has seen both lengths.
    clientIdPattern: '\\S{32}|\\S{48}',
    clientSecretPattern: '\\S{16}|\\S{64}',
    authorizationResponseIss: false,
    accessTokenLifetimeSeconds: 1800,
    limits: { absoluteSeconds: 604_800 },
    // One login may share several accounts, and a bot breaks if the next login leaves one out.
    identity: {
      endpoint: 'https://api.schwabapi.com/trader/v1/userPreference',
      subject: '/streamerInfo/0/schwabClientCustomerId',
      accounts: '/accounts/*/accountNumber',
    },
    loginEndsPreviousGrant: true,
    // Schwab answers a dead refresh token with unsupported_token_type and the first or second text, sometimes in a body that
    // is not JSON (Schwabdev#40), or with invalid_client and the third text (schwab-py's documentation).
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

/** Loopback hosts. Only they may be used without TLS. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}
