import { systemRandom } from '../../adapters/system.ts';
import type { Client } from '../../core/client-credentials.ts';
import type {
  CodeGrantRequest,
  IdentityAnswer,
  RevocationAnswer,
  TokenAnswer,
} from '../../core/token-answer.ts';
import type { Provider } from '../../core/provider.ts';
import { Secret } from '../../core/secret.ts';
import { classifyRefusal } from '../../core/token-refusal.ts';
import type { Life } from './provider-schedule.ts';

/** How an authorization server treats its tokens. */
export interface ProviderTraits {
  /** A refresh token is good once, and each answer has the next one. */
  readonly rotates: boolean;
  /** What the second use of a spent refresh token does: nothing, or it ends the whole grant (RFC 9700 §4.14.2). */
  readonly onReuse: 'refuse' | 'end-grant';
  /** For so long a spent refresh token is still taken. */
  readonly graceMs: number;
  /** Within the grace, whether the second answer makes the first one worthless. */
  readonly graceReplaces: boolean;
  readonly absoluteMs: number | undefined;
  readonly slidingMs: number | undefined;
  /** When a login ends the grants before it. */
  readonly loginEnds: 'nothing' | 'at-allow' | 'at-exchange';
  /** Whether an answer repeats a refresh token that did not change. */
  readonly repeatsRefreshToken: boolean;
  /** How it says that a grant has ended. */
  readonly rejection: { readonly status: number; readonly body: string };
}

/** One grant: all refresh tokens that came from one login. */
export interface Family {
  readonly user: string;
  readonly bornMs: number;
  usedMs: number;
  ended: boolean;
}

interface RefreshToken {
  readonly family: Family;
  /** Made by the same use of the same token, within its grace. */
  readonly successors: string[];
  spentAtMs: number | undefined;
}

interface Code {
  readonly user: string;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly atMs: number;
  family: Family | undefined;
  ended: boolean;
}

const codeMs = 30_000;

/** Marks whatever must not be found outside the two stores. */
export const canary = 'CANARY';

/** An authorization server: families of refresh tokens, codes, one client. Its clock is right. */
export class ProviderModel {
  readonly #traits: ProviderTraits;
  readonly #now: () => number;
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #accessTokens = new Map<string, { readonly family: Family; readonly endsMs: number }>();
  readonly #codes = new Map<string, Code>();
  #families: Family[] = [];
  #serial = 0;
  /** The one it takes now. */
  clientSecret = `${canary}-client-0`;
  #knowsClient = false;
  /** While it is down nothing is decided, and no one can log in. */
  isDown = false;
  /** Meanwhile it does not tell whose an access token is. */
  isIdentityDown = false;

  constructor(traits: ProviderTraits, now: () => number) {
    this.#traits = traits;
    this.#now = now;
  }

  /** Whether it answers, and takes the client's credentials that are stored. */
  get isReady(): boolean {
    return !this.isDown && this.#knowsClient;
  }

  /** From then on the stored one is refused. */
  changeClientSecret(): void {
    this.clientSecret = this.#mint('client');
    this.#knowsClient = false;
  }

  /** @returns what is to be stored */
  shareClientSecret(): string {
    this.#knowsClient = true;
    return this.clientSecret;
  }

  /** Answers the identity endpoint (OpenID Connect Core §5.3). */
  identify(accessToken: Secret): IdentityAnswer {
    if (this.isDown || this.isIdentityDown) return { kind: 'unavailable', error: 'HTTP 503' };
    const token = this.#accessTokens.get(accessToken.reveal());
    const isAlive = token !== undefined && this.#isAlive(token.family) && this.#now() < token.endsMs;
    if (!isAlive) return { kind: 'unavailable', error: 'HTTP 401' };
    return { kind: 'identity', identity: { subject: token.family.user } };
  }

  /** The owner allows the access: the browser is sent back with this code. */
  allow(user: string, parameters: URLSearchParams): string {
    if (this.#traits.loginEnds === 'at-allow') this.endGrants(user);
    const code = this.#mint('code');
    this.#codes.set(code, {
      user,
      challenge: parameters.get('code_challenge')!,
      redirectUri: parameters.get('redirect_uri')!,
      atMs: this.#now(),
      family: undefined,
      ended: false,
    });
    return code;
  }

  /** As the owner does in their settings there. */
  endGrants(user: string): void {
    for (const family of this.#families) if (family.user === user) family.ended = true;
    this.#families = this.#families.filter(({ ended }) => !ended);
    for (const code of this.#codes.values()) if (code.user === user) code.ended = true;
  }

  /** Whether a refresh with it, for the first time, would succeed now. */
  honours(refreshToken: string): boolean {
    const token = this.#refreshTokens.get(refreshToken);
    return token !== undefined && token.spentAtMs === undefined && this.#isAlive(token.family);
  }

  /** Whether the code was exchanged, or could be: no later login has ended it. */
  isCodeGood(code: string): boolean {
    return !this.#codes.get(code)!.ended;
  }

  /** When its grant began, and when time will end it, or has; undefined where it ends otherwise, or never. */
  lifeOf(refreshToken: string): Life | undefined {
    const { absoluteMs = Infinity, slidingMs = Infinity } = this.#traits;
    const token = this.#refreshTokens.get(refreshToken);
    if (!token || token.spentAtMs !== undefined || token.family.ended) return undefined;
    const { bornMs, usedMs } = token.family;
    const [absoluteEndMs, slidingEndMs] = [bornMs + absoluteMs, usedMs + slidingMs];
    const endsMs = Math.min(absoluteEndMs, slidingEndMs);
    return endsMs === Infinity ? undefined : { bornMs, endsMs, isFixed: absoluteEndMs === endsMs };
  }

  familyOf(refreshToken: string): Family | undefined {
    return this.#refreshTokens.get(refreshToken)?.family;
  }

  refresh(provider: Provider, client: Client, refreshToken: Secret): TokenAnswer {
    const refused = this.#refusedClient(client);
    if (refused) return refusal(provider, 'refresh_token', refused);
    const { rotates, graceMs, onReuse, graceReplaces, repeatsRefreshToken } = this.#traits;
    const value = refreshToken.reveal();
    const token = this.#refreshTokens.get(value);
    if (!token || !this.#isAlive(token.family)) return this.#rejection(provider);
    const { family, successors, spentAtMs } = token;
    if (spentAtMs !== undefined && this.#now() > spentAtMs + graceMs) {
      if (onReuse === 'end-grant') family.ended = true;
      return this.#rejection(provider);
    }
    family.usedMs = this.#now();
    if (!rotates) return this.#answer(provider, family, repeatsRefreshToken ? value : undefined);
    if (graceReplaces) for (const earlier of successors) this.#refreshTokens.get(earlier)!.spentAtMs ??= 0;
    token.spentAtMs ??= this.#now();
    const next = this.#mintRefreshToken(family);
    successors.push(next);
    return this.#answer(provider, family, next);
  }

  /** The end of a refresh token is that of its grant; of what access tokens it gave it keeps no book. */
  revoke(client: Client, token: Secret): RevocationAnswer {
    if (this.#refusedClient(client)) return this.isDown ? 'unavailable' : 'refused';
    const family = this.familyOf(token.reveal());
    if (family) family.ended = true;
    return 'revoked';
  }

  exchange(provider: Provider, client: Client, exchange: CodeGrantRequest): TokenAnswer {
    const refused = this.#refusedClient(client);
    if (refused) return refusal(provider, 'authorization_code', refused);
    const { parameters, redirectUri, codeVerifier } = exchange;
    const code = this.#codes.get(parameters.get('code') ?? '');
    const isGood =
      code !== undefined &&
      !code.ended &&
      code.family === undefined &&
      this.#now() <= code.atMs + codeMs &&
      code.redirectUri === redirectUri &&
      code.challenge === systemRandom.hash(codeVerifier);
    if (!isGood) {
      // RFC 6749 §4.1.2: a code that is used twice ends what it was good for.
      if (code?.family) code.family.ended = true;
      return refusal(provider, 'authorization_code', invalidGrant);
    }
    if (this.#traits.loginEnds === 'at-exchange') {
      for (const family of this.#families) if (family.user === code.user) family.ended = true;
    }
    const family = { user: code.user, bornMs: this.#now(), usedMs: this.#now(), ended: false };
    this.#families.push(family);
    code.family = family;
    return this.#answer(provider, family, this.#mintRefreshToken(family));
  }

  #isAlive({ ended, bornMs, usedMs }: Family): boolean {
    const { absoluteMs = Infinity, slidingMs = Infinity } = this.#traits;
    return !ended && this.#now() < bornMs + absoluteMs && this.#now() < usedMs + slidingMs;
  }

  #refusedClient(client: Client): { status: number; body: string } | undefined {
    if (this.isDown) return { status: 503, body: '<html>Service Unavailable</html>' };
    if (client.clientSecret.reveal() === this.clientSecret) return undefined;
    return { status: 401, body: '{"error":"invalid_client"}' };
  }

  #rejection(provider: Provider): TokenAnswer {
    return refusal(provider, 'refresh_token', this.#traits.rejection);
  }

  #answer(provider: Provider, family: Family, refreshToken: string | undefined): TokenAnswer {
    const accessToken = this.#mint('access');
    const endsMs = this.#now() + provider.accessTokenLifetimeSeconds * 1000;
    this.#accessTokens.set(accessToken, { family, endsMs });
    return {
      kind: 'tokens',
      tokens: {
        accessToken: new Secret(accessToken),
        tokenType: 'Bearer',
        expiresInSeconds: provider.accessTokenLifetimeSeconds,
        refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
      },
    };
  }

  #mintRefreshToken(family: Family): string {
    const value = this.#mint('refresh');
    this.#refreshTokens.set(value, { family, successors: [], spentAtMs: undefined });
    return value;
  }

  #mint(kind: string): string {
    this.#serial += 1;
    return `${canary}-${kind}-${this.#serial}`;
  }
}

const invalidGrant = { status: 400, body: '{"error":"invalid_grant"}' };

function refusal(
  provider: Provider,
  grantType: 'authorization_code' | 'refresh_token',
  answer: { readonly status: number; readonly body: string },
): TokenAnswer {
  return { kind: 'refused', ...classifyRefusal(provider, grantType, answer) };
}
