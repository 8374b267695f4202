/** Facts about a connection for its consumers. */
export interface ConnectionFacts {
  readonly connectionId: string;
  /** When its owner has to log in again at the latest, if that is known. */
  readonly deadline: Date | undefined;
  /** The connection's page for operators, if that is known. */
  readonly panelUrl: string | undefined;
}

/**
 * There is no valid access token, and Grantkeeper could not refresh it. Either its owner has to log in, or the panel shows
 * another problem. An immediate retry does not help.
 */
export class ReauthorizationRequiredError extends Error implements ConnectionFacts {
  override readonly name = 'ReauthorizationRequiredError';
  readonly connectionId: string;
  readonly deadline: Date | undefined;
  readonly panelUrl: string | undefined;

  constructor(why: string, { connectionId, deadline, panelUrl }: ConnectionFacts) {
    super(`${connectionId}: ${why}${panelUrl === undefined ? '' : ` See ${panelUrl}`}`);
    this.connectionId = connectionId;
    this.deadline = deadline;
    this.panelUrl = panelUrl;
  }
}

/** The API refused a token and then its replacement, so another token would not help. */
export class AccessTokenRefusedError extends Error {
  override readonly name = 'AccessTokenRefusedError';
}

/** The secret cannot be read. Fix the consumer's settings or permissions first. */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
}
