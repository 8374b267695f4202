/** What crosses from the main thread into the brokerage's thread and back. Plain data only. */

export interface BrokerageLimits {
  readonly accessSeconds: number;
  /** From the login, whatever happens later. */
  readonly refreshSeconds: number;
  readonly codeSeconds: number;
  /** Whether each refresh returns a new refresh token; using an old one again then ends the grant. */
  readonly rotate: boolean;
  /** Whether consent ends the account's earlier grants to the same client at once. */
  readonly loginEndsPreviousGrant: boolean;
}

/** What the pages of a login ask and do beside the usual. Times are real, not virtual. */
export interface LoginBehaviour {
  /** After the password a one-time code of this seed (Base32) is asked for. */
  readonly totpSeed?: string | undefined;
  /** Accounts are chosen on a page of their own, before the consent. */
  readonly accountPicker?: boolean;
  /** Whoever comes is still logged in, and has allowed it: no page asks anything. */
  readonly stillLoggedIn?: boolean;
  /** The login's page is not as it was: other words at other fields. */
  readonly changed?: boolean;
  /** The login's page has a second button like the first one. */
  readonly doubled?: boolean;
  /** After the password it wants to see a person. */
  readonly captcha?: boolean;
  /** How long it takes to look at a password. */
  readonly slowMs?: number;
  /** So many wrong passwords in a row lock an account. */
  readonly lockAfter?: number;
  /** Of `demo`, in place of `demo`. */
  readonly password?: string;
}

export interface BrokerageOptions {
  /** Of the issuer, `http://localhost:<port>`; 0 takes any free one. */
  readonly port: number;
  /** Of the second origin, `http://localhost:<hopPort>`; 0 takes any free one. */
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
 * How the token endpoint treats one request. `processed` lets the request take effect first (the code is
 * spent, the refresh token rotated), so that only the answer is late or lost. Times are real, not virtual.
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

/** What is to be done to a token request. */
export interface Treatment {
  readonly misbehaviour: Misbehaviour;
  /** Called once a request that is to hang does so. */
  readonly onHung?: () => void;
}

export interface TokenCall {
  /** Virtual time, ISO 8601. */
  readonly at: string;
  /** `revocation` for a request to the endpoint for these. */
  readonly grantType: string | undefined;
  /** The HTTP status answered, or why there is none. */
  readonly outcome: number | 'pending' | 'hung' | 'closed';
}

/** What the main thread may ask for. */
export interface BrokerageControl {
  /**
   * Plans misbehaviour for the next `times` (default 1) requests to the token endpoint, or to that for revocations,
   * after what is planned already.
   */
  misbehave(next: Misbehaviour, times?: number, endpoint?: 'token' | 'revocation'): void;
  /** Delays each of their requests by so many real milliseconds, until `reset`. */
  setDelayMs(delayMs: number): void;
  /** The requests to both endpoints since the start or `reset`; never a token or code. */
  tokenCalls(): TokenCall[];
  /** Forgets planned misbehaviour, the delay and the calls so far. Grants stay. */
  reset(): void;
  /** How the pages of logins behave from now on, in place of how they did. */
  setLogin(behaviour: LoginBehaviour): void;
  /** How many passwords were tried since the start, right ones and wrong ones. */
  passwordsTried(): number;
  /** The one-time codes that were typed, right ones and wrong ones. Only for a canary test, as `issued`. */
  codesTyped(): string[];
  /** What browsers say that they are that came to the pages of a login; each once. */
  userAgents(): string[];
  /** Ends every grant, as a password reset does. */
  revokeAllGrants(): Promise<void>;
  /**
   * Every code, access token, refresh token and ID token ever issued. Only for the canary test, which
   * searches everything else for them.
   */
  issued(): string[];
  /** Answers a `token-request`: how to treat it, if it is to go wrong. */
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
  /** A token request has come, for which nothing is planned; it waits for `treat`. */
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
