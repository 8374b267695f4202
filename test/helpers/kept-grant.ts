import { systemRandom } from '../../adapters/system.ts';
import type { DecisionRequest, Decision } from '../../core/decide.ts';
import { decide } from '../../core/decide.ts';
import type { Grant } from '../../core/grant.ts';
import { newGrant } from '../../core/grant.ts';
import type { AccessSecret, GrantSecret, StoredTokens, Versions } from '../../core/stored-tokens.ts';
import type { TokenEndpoint } from '../../core/ports.ts';
import type { TokenSet } from '../../core/token-answer.ts';
import { Secret } from '../../core/secret.ts';
import type { Settings } from '../../core/settings.ts';
import type { RefreshTokensPorts } from '../../functions/refresh-tokens/refresh-tokens.ts';
import { refreshTokens } from '../../functions/refresh-tokens/refresh-tokens.ts';
import { holdTokens } from '../../app/login/store-login.ts';
import { accessSecretOf, storedTokensOf } from '../../app/refresh/access-secret.ts';

export const client = {
  clientId: 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6',
  clientSecret: new Secret('s3cr3tS3cr3tS3cr'),
};

/** What a first login gives: `access-1` and `refresh-1`. */
export const firstTokens = (expiresInSeconds: number): TokenSet => ({
  accessToken: new Secret('access-1'),
  tokenType: 'Bearer',
  expiresInSeconds,
  refreshToken: new Secret('refresh-1'),
});

/** What an execution came to: what its refresh did, if it made one, and what it goes on to do. */
export interface Checked {
  /** Of `refresh-tokens`, or the name of the error that it threw; undefined when no refresh was due. */
  readonly outcome?: string;
  readonly error?: unknown;
  readonly decision: Decision;
}

/** One connection in memory, kept by `decide` and `refresh-tokens` alone; the test that steps it owns the clock. */
export class KeptGrant {
  nowMs: number;
  grant: Grant = newGrant;
  readonly settings: Settings;
  readonly grantSecret = new Versioned<GrantSecret>();
  readonly accessSecret = new Versioned<AccessSecret>();
  readonly #ports: RefreshTokensPorts;
  #isKilledAtEmptying = false;

  constructor(
    settings: Settings,
    tokenEndpoint: Pick<TokenEndpoint, 'refresh'> & Partial<Pick<TokenEndpoint, 'identify'>>,
    startMs: number,
  ) {
    this.settings = settings;
    this.nowMs = startMs;
    this.#ports = this.#portsWith(tokenEndpoint);
  }

  /** A login whose code was exchanged for these tokens now. */
  logIn(tokens: TokenSet): void {
    const at = new Date(this.nowMs).toISOString();
    const grant = {
      versionId: crypto.randomUUID(),
      refreshToken: tokens.refreshToken!,
      obtainedAt: at,
      authorizedAt: at,
    };
    const access = accessSecretOf(this.settings, tokens, this.nowMs, grant, systemRandom);
    this.grantSecret.putCurrent(grant);
    this.accessSecret.putCurrent(access);
    const { fencingNumber } = this.grant;
    this.grant = { ...newGrant, ...recorded(storedTokensOf(true, grant, access)), fencingNumber };
  }

  /** A login to these tokens now, whose account could not be checked. */
  async holdTokens(tokenSet: TokenSet): Promise<void> {
    const versionId = crypto.randomUUID();
    const login = { versionId, authorizationId: 'other', atMs: this.nowMs };
    this.grant = { ...this.grant, login, unrecordedLogins: [versionId] };
    const grants = {
      holdTokens: async () => {
        this.grant = { ...this.grant, login: { ...login, tokensHeld: true } };
      },
    };
    const { fencingNumber } = this.grant;
    const issued = { login, tokenSet, askedAtMs: this.nowMs, fencingNumber };
    await holdTokens(this.settings, issued, { ...this.#ports, grants });
  }

  /** From now on a function that empties a secret dies before it has. */
  dieAtEmptying(): void {
    this.#isKilledAtEmptying = true;
  }

  /** One execution: it checks, refreshes if that is decided, and checks again. */
  async check(request: Omit<DecisionRequest, 'done' | 'trigger'> = {}): Promise<Checked> {
    const first = decide(this.settings, this.grant, this.nowMs, { ...request, done: [] });
    if (first.decision !== 'refresh') return { decision: first };
    const { connectionId } = this.settings;
    const input = {
      request: { connectionId, trigger: 'schedule', ...request },
      done: [],
      retryCount: 0,
      entry: 1,
      executionId: 'execution',
      executionStartedAt: new Date(this.nowMs).toISOString(),
    } as const;
    try {
      const { outcome, next } = await refreshTokens({ ...input, done: [] }, this.#ports);
      return { outcome, decision: next };
    } catch (error) {
      const decision = decide(this.settings, this.grant, this.nowMs, { ...request, done: ['refresh'] });
      return { outcome: (error as Error).name, error, decision };
    }
  }

  get refreshToken(): string {
    return this.grantSecret.read().current!.refreshToken.reveal();
  }

  get access(): { readonly token: string; readonly expiresAt: string } {
    const { accessToken, expiresAt } = this.accessSecret.read().current!;
    return { token: accessToken.reveal(), expiresAt };
  }

  #portsWith(
    tokenEndpoint: Pick<TokenEndpoint, 'refresh'> & Partial<Pick<TokenEndpoint, 'identify'>>,
  ): RefreshTokensPorts {
    const nothing = async () => undefined;
    const change = (changes: Partial<Grant>) => (this.grant = { ...this.grant, ...changes });
    const secrets = { grant: this.grantSecret, access: this.accessSecret };
    return {
      grants: {
        read: async () => ({ settings: this.settings, grant: this.grant }),
        takeLease: async () => change({ fencingNumber: this.grant.fencingNumber + 1 }),
        releaseLease: nothing,
        recordWrites: async (_id, _fencingNumber, writes) => change(writes) !== undefined,
        recordTokens: async (_id, fencingNumber, tokens) =>
          fencingNumber === this.grant.fencingNumber ? change(recorded(tokens)) : undefined,
        recordRejection: async () => change({ status: 'rejected' }) !== undefined,
        recordDoubt: async (_id, _fencingNumber, nowMs) =>
          change({ doubtedAtMs: this.grant.doubtedAtMs ?? nowMs }).doubtedAtMs,
        recordLoginVersions: async (_id, _fencingNumber, versionIds) =>
          change({ unrecordedLogins: versionIds }) !== undefined,
        refuseLogin: nothing,
        endLogin: async () => void change({ login: undefined, unrecordedLogins: undefined }),
      },
      tokens: {
        readGrant: async () => secrets.grant.read(),
        readGrantVersion: async (_id, versionId) => secrets.grant.byId(versionId),
        readAccess: async () => secrets.access.read(),
        readAccessVersion: async (_id, versionId) => secrets.access.byId(versionId),
        putGrant: async (_id, secret) => secrets.grant.put(secret),
        putAccess: async (_id, secret) => secrets.access.put(secret),
        moveCurrent: async (_id, secret, from, to) => secrets[secret].move(from, to),
        empty: async (_id, secret, [versionId]) => {
          if (this.#isKilledAtEmptying) throw new Error('killed');
          secrets[secret].blank(versionId);
        },
      },
      clients: { read: async () => client },
      tokenEndpoint: { identify: async () => ({ kind: 'identity', identity: {} }), ...tokenEndpoint },
      revocationEndpoint: { revoke: async () => 'not-offered' },
      authorizations: { setStatus: nothing },
      workflow: { resume: nothing, report: nothing, refreshNow: nothing },
      incidents: { end: async () => [] },
      metrics: { put: () => undefined, count: () => undefined },
      events: { record: nothing },
      clock: { nowMs: () => this.nowMs },
      random: systemRandom,
    };
  }
}

/** What the record says of tokens. */
function recorded({ loggedIn: _loggedIn, ...tokens }: StoredTokens): Partial<Grant> {
  return { ...tokens, doubtedAtMs: undefined, status: 'active' };
}

/** A secret's versions and its two labels. */
class Versioned<T extends { readonly versionId: string }> {
  readonly versions: T[] = [];
  #currentId: string | undefined;
  #pendingId: string | undefined;

  byId(versionId: string | undefined): T | undefined {
    return this.versions.find((version) => version.versionId === versionId);
  }

  read(): Versions<T> {
    const pending = this.#pendingId === this.#currentId ? undefined : this.byId(this.#pendingId);
    return { currentVersionId: this.#currentId, current: this.byId(this.#currentId), pending };
  }

  put(version: T): 'pending' | 'current' {
    this.versions.push(version);
    this.#pendingId = version.versionId;
    this.#currentId ??= version.versionId;
    return this.#currentId === version.versionId ? 'current' : 'pending';
  }

  putCurrent(version: T): void {
    this.put(version);
    this.#currentId = version.versionId;
  }

  /** A version that holds no token becomes current. */
  blank(versionId: string): void {
    this.#currentId = versionId;
    this.#pendingId = versionId;
  }

  move(from: string | undefined, to: string): boolean {
    if (from !== this.#currentId) return false;
    this.#currentId = to;
    return true;
  }
}
