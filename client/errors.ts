/** What consumers can learn of a connection beside its token. */
export interface ConnectionFacts {
  readonly connectionId: string;
  /** When its owner has to log in again at the latest, where that is known. */
  readonly deadline: Date | undefined;
  /** Where an operator sees what is wrong, where that is known. */
  readonly panelUrl: string | undefined;
}

/**
 * There is no valid access token, and the keeper has brought no new one: its owner has to log in, or the panel says what
 * else is wrong. Nothing that is tried again at once will help.
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

/** The API refuses a fresh token as it did the one before: another token would not help. */
export class AccessTokenRefusedError extends Error {
  override readonly name = 'AccessTokenRefusedError';
}

/** The token cannot be read at all: settings or permissions of the consumer's own are to be mended first. */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
}
