import type { LoginReason } from './grant.ts';
/** One start of an authorization: somebody pressed the button. */
export interface Start {
  readonly cookieHash: string;
  /** PKCE verifier (RFC 7636 §4.1). */
  readonly codeVerifier: string;
  readonly startedAtMs: number;
  readonly usedAtMs?: number | undefined;
  /** Which callback used it: the version id of its login. */
  readonly usedBy?: string | undefined;
  /** When the timeline first noted an answer that did not use it, by kind. */
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
  /** By the hash of their `state`. */
  readonly starts: Readonly<Record<string, Start>>;
  /** Of every execution, and every retry of one, that ever waited for it; most are over. */
  readonly taskTokens: readonly string[];
  /** The newest of these executions. */
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
  /** The execution that is to go on with it, if there is one. */
  readonly executionId?: string | undefined;
  /** Of that execution, where it waits. */
  readonly taskToken?: string | undefined;
}
