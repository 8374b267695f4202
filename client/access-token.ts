import type { ConnectionFacts } from './errors.ts';

/** The JSON in the secret. README.md documents it under "The contract". */
interface SecretValue {
  readonly access_token?: unknown;
  readonly token_type?: unknown;
  readonly obtained_at?: unknown;
  readonly expires_at?: unknown;
  readonly deadline?: unknown;
  readonly panel_url?: unknown;
  readonly disconnected_at?: unknown;
}

/** An access token with its facts. Logs and JSON of this object do not show the token. */
export class AccessToken implements ConnectionFacts {
  readonly #value: string;
  readonly connectionId: string;
  readonly tokenType: string;
  readonly expiresAt: Date;
  readonly deadline: Date | undefined;
  readonly panelUrl: string | undefined;
  /** The secret's version id. It changes with every refresh. */
  readonly versionId: string;
  /** The token's whole lifetime in seconds. */
  readonly lifetimeSeconds: number;

  constructor(connectionId: string, versionId: string, value: SecretValue) {
    const { access_token: token, token_type: type, obtained_at: obtained, expires_at: expires } = value;
    if (typeof token !== 'string' || !isPrintable(token)) throw new TypeError('access_token');
    if (typeof type === 'string' && !isPrintable(type)) throw new TypeError('token_type');
    this.#value = token;
    this.connectionId = connectionId;
    this.versionId = versionId;
    this.tokenType = typeof type === 'string' ? type : 'Bearer';
    const expiresAt = dateOf(expires);
    if (expiresAt === undefined) throw new TypeError('expires_at');
    this.expiresAt = expiresAt;
    this.lifetimeSeconds = (expiresAt.getTime() - (dateOf(obtained)?.getTime() ?? 0)) / 1000;
    this.deadline = dateOf(value.deadline);
    this.panelUrl = typeof value.panel_url === 'string' ? value.panel_url : undefined;
  }

  /** The token itself. */
  get accessToken(): string {
    return this.#value;
  }

  /** The value of the header `Authorization` (RFC 6750 §2.1). */
  get authorization(): string {
    // Providers write bearer, Bearer and BEARER, but resource servers expect the registered spelling.
    const type = this.tokenType.toLowerCase() === 'bearer' ? 'Bearer' : this.tokenType;
    return `${type} ${this.#value}`;
  }

  /** @param nowMs epoch milliseconds */
  outlives(seconds: number, nowMs: number): boolean {
    return this.expiresAt.getTime() > nowMs + seconds * 1000;
  }
}

/** The secret of a connection that an operator has disconnected. */
export interface Disconnected {
  readonly disconnectedAt: string;
}

/** @throws {TypeError} its message is the name of the missing or malformed field, or `JSON` */
export function readSecret(
  connectionId: string,
  versionId: string,
  text: string,
): AccessToken | Disconnected {
  let value: SecretValue;
  try {
    value = JSON.parse(text) as SecretValue;
  } catch {
    throw new TypeError('JSON');
  }
  if (typeof value !== 'object' || value === null) throw new TypeError('JSON');
  const { disconnected_at: disconnectedAt } = value;
  if (typeof disconnectedAt === 'string') return { disconnectedAt };
  return new AccessToken(connectionId, versionId, value);
}

/** True for `1*VSCHAR` (RFC 6749 appendix A.12). `fetch` refuses other characters and quotes them in its error. */
function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
