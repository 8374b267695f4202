/**
 * The content of a link and of a `state`. Both name the connection and the authorization in clear, so that one consistent
 * read finds the record, and have 256 random bits of their own.
 */
export interface AuthorizationName {
  readonly connectionId: string;
  readonly authorizationId: string;
  /** 32 random bytes, base64url: only its hash is stored. */
  readonly random: string;
}

const idPattern = '(?=[^./]{2,32}[./])[a-z](?:-?[a-z0-9])*';
const authorizationPattern = '[a-z0-9]{20}';
const randomPattern = '[A-Za-z0-9_-]{43}';
const statePattern = new RegExp(`^(${idPattern})\\.(${authorizationPattern})\\.(${randomPattern})$`);
const pathPattern = new RegExp(`^/reauthorize/(${idPattern})/(${authorizationPattern})/(${randomPattern})$`);

/** The path of an emailed link. core/link-expiry.ts decides how long it works. */
export function linkPath({ connectionId, authorizationId, random }: AuthorizationName): string {
  return `/reauthorize/${connectionId}/${authorizationId}/${random}`;
}

/** Undefined for anything that is not a well-formed link. */
export function parseLinkPath(path: string): AuthorizationName | undefined {
  return named(pathPattern.exec(path));
}

/** The OAuth `state` of one start (RFC 6749 §4.1.1). */
export function stateOf({ connectionId, authorizationId, random }: AuthorizationName): string {
  return `${connectionId}.${authorizationId}.${random}`;
}

/** Undefined for anything that is not a well-formed `state` of ours. */
export function parseState(state: string): AuthorizationName | undefined {
  return named(statePattern.exec(state));
}

/** Name of the execution that a link starts. */
export function executionOfLink({
  connectionId,
  authorizationId,
}: Pick<AuthorizationName, 'connectionId' | 'authorizationId'>): string {
  return `${connectionId}-auth-${authorizationId}`;
}

function named(match: RegExpExecArray | null): AuthorizationName | undefined {
  if (match === null) return undefined;
  const [, connectionId, authorizationId, random] = match;
  return { connectionId: connectionId!, authorizationId: authorizationId!, random: random! };
}
