import type { LoginReason } from './grant.ts';
/** One press of the button on a link's page. */
export interface Start {
  readonly cookieHash: string;
  /** PKCE verifier (RFC 7636 §4.1). */
  readonly codeVerifier: string;
  readonly startedAtMs: number;
  readonly usedAtMs?: number | undefined;
  /** The version id of the login whose callback used it. */
  readonly usedBy?: string | undefined;
  /** When the timeline first noted a failed answer, or one of another issuer, that did not use this start. */
  readonly failureNotedAtMs?: number | undefined;
  readonly issuerNotedAtMs?: number | undefined;
}

export interface Authorization {
  readonly connectionId: string;
  readonly authorizationId: string;
  readonly status: 'open' | 'started' | 'exchanging' | 'completed' | 'expired' | 'superseded';
  readonly reason: LoginReason;
  readonly expiresAtMs: number;
  readonly linkHashes: readonly string[];
  /** The starts by the hash of their `state`. */
  readonly starts: Readonly<Record<string, Start>>;
  /** The tokens of all executions and retries that ever waited for it. Most of these are over. */
  readonly taskTokens: readonly string[];
  /** The ARN of the newest of these executions. */
  readonly executionId?: string | undefined;
}

export interface Waiter {
  readonly executionId: string;
  readonly taskToken: string;
}

export interface LoginLink {
  readonly connectionId: string;
  readonly authorizationId: string;
  readonly reason: LoginReason;
  readonly expiresAtMs: number;
  readonly linkHash: string;
  /** The execution that continues after this login, if there is one. */
  readonly executionId?: string | undefined;
  /** The task token of that execution, if it waits. */
  readonly taskToken?: string | undefined;
}
