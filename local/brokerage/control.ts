/** The messages between the main thread and the brokerage's thread. Plain data only. */

export interface BrokerageLimits {
  readonly accessSeconds: number;
  /** Counted from the login; refreshes don't extend it. */
  readonly refreshSeconds: number;
  readonly codeSeconds: number;
  /** Whether each refresh returns a new refresh token; using an old one again then ends the grant. */
  readonly rotate: boolean;
  /** Whether consent ends the account's earlier grants to the same client at once. */
  readonly loginEndsPreviousGrant: boolean;
}

/** Unusual behaviour of the login's pages. Times are real, not virtual. */
export interface LoginBehaviour {
  /** Ask for a one-time code of this seed (Base32) after the password. */
  readonly totpSeed?: string | undefined;
  /** Choose accounts on a separate page, before the consent. */
  readonly accountPicker?: boolean;
  /** The owner is still logged in and has consented: no page appears. */
  readonly stillLoggedIn?: boolean;
  /** The login's page has changed: other labels at other fields. */
  readonly changed?: boolean;
  /** The login's page has a second button like the first one. */
  readonly doubled?: boolean;
  /** Show a captcha after the password. */
  readonly captcha?: boolean;
  /** How long it takes to check a password. */
  readonly slowMs?: number;
  /** How many wrong passwords in a row lock an account. */
  readonly lockAfter?: number;
  /** The password of `demo`, instead of `demo`. */
  readonly password?: string;
}

export interface BrokerageOptions {
  /** Port of the issuer, `http://localhost:<port>`; 0 takes any free one. */
  readonly port: number;
  /** Port of the second origin, `http://localhost:<hopPort>`; 0 takes any free one. */
  readonly hopPort: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Compared exactly, trailing slash included. */
  readonly redirectUris: readonly string[];
  /** Virtual epoch milliseconds, as `VirtualClock.shared`. */
  readonly sharedClock: SharedArrayBuffer;
  /** Schwab's by default. */
  readonly limits?: Partial<BrokerageLimits>;
  readonly login?: LoginBehaviour;
}

/**
 * How the token endpoint treats one request. With `processed`, the request takes effect first (the code is spent, the
 * refresh token rotated), and only the answer is late or lost. Times are real, not virtual.
 */
export type Misbehaviour =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'hang'; readonly processed?: boolean }
  | { readonly kind: 'delay'; readonly ms: number; readonly processed?: boolean }
  | { readonly kind: 'close'; readonly processed?: boolean };

/** How to treat one token request. */
export interface Treatment {
  readonly misbehaviour: Misbehaviour;
  /** Called when a request begins to hang. */
  readonly onHung?: () => void;
}

export interface TokenCall {
  /** Virtual time, ISO 8601. */
  readonly at: string;
  /** `revocation` for a request to the revocation endpoint. */
  readonly grantType: string | undefined;
  /** The HTTP status, or why there is none. */
  readonly outcome: number | 'pending' | 'hung' | 'closed';
}

export interface BrokerageControl {
  /**
   * Plans misbehaviour for the next `times` (default 1) requests to the token or revocation endpoint, after those that
   * are planned already.
   */
  misbehave(next: Misbehaviour, times?: number, endpoint?: 'token' | 'revocation'): void;
  /** Delays each request to both endpoints by real milliseconds, until `reset`. */
  setDelayMs(delayMs: number): void;
  /** The requests to both endpoints since the start or `reset`; never a token or code. */
  tokenCalls(): TokenCall[];
  /** Forgets planned misbehaviour, the delay and the calls so far. Grants stay. */
  reset(): void;
  /** Replaces the behaviour of the login's pages. */
  setLogin(behaviour: LoginBehaviour): void;
  /** Number of passwords tried since the start, right or wrong. */
  passwordsTried(): number;
  /** The one-time codes that were typed, right or wrong. Only for a canary test, like `issued`. */
  codesTyped(): string[];
  /** The different user agents that opened the login's pages. */
  userAgents(): string[];
  /** Ends every grant, as a password reset does. */
  revokeAllGrants(): Promise<void>;
  /**
   * Every code, access token, refresh token and ID token ever issued. Only for the canary test, which
   * searches everything else for them.
   */
  issued(): string[];
  /** Answers a `token-request` with its misbehaviour, if any. */
  treat(requestId: number, misbehaviour: Misbehaviour | undefined): void;
}

export interface ControlRequest {
  readonly id: number;
  readonly name: keyof BrokerageControl;
  readonly args: readonly unknown[];
}

export type WorkerMessage =
  | { readonly kind: 'listening'; readonly port: number; readonly hopPort: number }
  | { readonly kind: 'failed'; readonly message: string }
  /** A token request without planned misbehaviour waits for `treat`. */
  | { readonly kind: 'token-request'; readonly requestId: number; readonly grantType: string | undefined }
  | { readonly kind: 'token-request-hung'; readonly requestId: number }
  | ControlAnswer;

export type ControlAnswer =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly message: string };

/** Schwab's lifetimes (a code lives about 30 s), without rotation. */
export const schwabLimits: BrokerageLimits = {
  accessSeconds: 30 * 60,
  refreshSeconds: 7 * 24 * 60 * 60,
  codeSeconds: 30,
  rotate: false,
  loginEndsPreviousGrant: true,
};

/** Paths on the issuer, as Schwab names them. */
export const paths = {
  authorize: '/v1/oauth/authorize',
  token: '/v1/oauth/token',
  revoke: '/v1/oauth/revoke',
  identity: '/me',
  accounts: '/trader/v1/accounts/accountNumbers',
} as const;
