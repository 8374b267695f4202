import type { Identity } from './identity.ts';
import type { Secret } from './secret.ts';
/** What the secrets hold now, without the tokens. */
export interface StoredTokens {
  /** Set by a login: the reminder schedule begins anew. */
  readonly loggedIn: boolean;
  readonly authorizedAtMs: number;
  readonly refreshedAtMs: number;
  readonly accessExpiresAtMs: number;
  readonly grantVersionId: string;
  readonly grantObtainedAtMs: number;
  readonly accessVersionId: string | undefined;
  /** To be pinned: of a login, or of a refresh while nobody is pinned. */
  readonly identity?: Identity | undefined;
}

/** A version of the grant secret. */
export interface GrantSecret {
  readonly versionId: string;
  readonly refreshToken: Secret;
  /** ISO 8601. */
  readonly obtainedAt: string;
  readonly authorizedAt: string;
  /** The version it was refreshed from; absent after a login. */
  readonly derivedFrom?: string | undefined;
  /** Of a login's version: whose grant it is, to be pinned by whoever records it. */
  readonly identity?: Identity | undefined;
  /** Set for a login whose account is not checked yet. The version must not become current before that. */
  readonly unverified?: true | undefined;
}

/** A version of the access secret. */
export interface AccessSecret {
  readonly versionId: string;
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly scope?: string | undefined;
  /** ISO 8601. */
  readonly obtainedAt: string;
  readonly expiresAt: string;
  /** The version of the grant secret that it belongs to. */
  readonly derivedFrom: string;
  /** When its owner has to log in again at the latest, ISO 8601, where the provider sets an end. For consumers. */
  readonly deadline?: string | undefined;
  /** The connection's page of the panel. For consumers. */
  readonly panelUrl?: string | undefined;
}

export interface Versions<T> {
  /** Absent while the secret has no value. */
  readonly currentVersionId?: string | undefined;
  /** Absent, too, when somebody put something there that is not ours. */
  readonly current?: T | undefined;
  /** `AWSPENDING`, where that is not `AWSCURRENT`: what a dead refresh or login left. */
  readonly pending?: T | undefined;
}
