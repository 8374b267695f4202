import type { Identity } from './identity.ts';
import type { Secret } from './secret.ts';
/** The grant record's attributes for the tokens in the secrets. */
export interface StoredTokens {
  /** True after a login. The reminder schedule then starts again. */
  readonly loggedIn: boolean;
  readonly authorizedAtMs: number;
  readonly refreshedAtMs: number;
  readonly accessExpiresAtMs: number;
  readonly grantVersionId: string;
  readonly grantObtainedAtMs: number;
  readonly accessVersionId: string | undefined;
  /** The identity to pin, after a login or after a refresh while nobody is pinned. */
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
  /** The account of a login. The step that records the login pins it. */
  readonly identity?: Identity | undefined;
  /** Set for a login whose account is not checked yet. Until then the version must not become current. */
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
  /** When the owner has to log in again at the latest, ISO 8601. Absent if the provider sets no end. For consumers. */
  readonly deadline?: string | undefined;
  /** The connection's page of the panel. For consumers. */
  readonly panelUrl?: string | undefined;
}

export interface Versions<T> {
  /** Absent while the secret has no value. */
  readonly currentVersionId?: string | undefined;
  /** Also absent if the value is not ours. */
  readonly current?: T | undefined;
  /** The version `AWSPENDING`, if it is not current: a refresh or login wrote it and then died. */
  readonly pending?: T | undefined;
}
