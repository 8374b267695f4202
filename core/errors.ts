/**
 * The errors that the state machine matches: those to retry or to alert operators of. Expected outcomes are return values
 * instead. Each class has a literal `name`, because ASL's `ErrorEquals` compares it and minifying renames classes.
 * Messages and properties never hold a credential. There is no `cause`, because loggers print it.
 */
export abstract class GrantkeeperError extends Error {
  abstract override readonly name: string;
}

/** Another execution is spending this connection's refresh token. Nothing was lost. Retry after the lease expires. */
export class LeaseHeldError extends GrantkeeperError {
  override readonly name = 'LeaseHeldError';
}

/** The token endpoint gave no usable answer (time-out, 429, 5xx, a proxy's error page). Retry. */
export class TokenEndpointUnavailableError extends GrantkeeperError {
  override readonly name = 'TokenEndpointUnavailableError';
}

/** Secrets Manager, DynamoDB or Step Functions did not answer, or throttled. Retry. */
export class StoreUnavailableError extends GrantkeeperError {
  override readonly name = 'StoreUnavailableError';
}

/**
 * A secret has no room for another version: AWS keeps each for a day, and about 100 at most. Not retried, because AWS makes
 * room only when versions are a day old. The message says whether anything was lost.
 */
export class StoreQuotaExceededError extends GrantkeeperError {
  override readonly name = 'StoreQuotaExceededError';
}

/** A channel to the owner did not take a notice now (time-out, 429, 5xx). Nothing was lost; retry it alone. */
export class ChannelUnavailableError extends GrantkeeperError {
  override readonly name = 'ChannelUnavailableError';
}

/** A channel to the owner refuses notices for good: an operator must fix what the message names. */
export class ChannelRejectedError extends GrantkeeperError {
  override readonly name = 'ChannelRejectedError';
}

/** `invalid_client`: an operator must fix the client's credentials (RFC 6749 §5.2). */
export class ClientRejectedError extends GrantkeeperError {
  override readonly name = 'ClientRejectedError';
}

/** The provider's answer contradicts its data or the RFC: our data on the provider is wrong, or the provider has a fault. */
export class ProviderContractError extends GrantkeeperError {
  override readonly name = 'ProviderContractError';
}

/** The deployment is not complete or not consistent: an operator must fix what the message names. */
export class ConfigurationError extends GrantkeeperError {
  override readonly name = 'ConfigurationError';
}

/** Somebody other than the owner logged in, or the login shared fewer accounts: an operator must know. */
export class IdentityError extends GrantkeeperError {
  override readonly name = 'IdentityError';
}

/** The provider did not say who logged in: an operator must fix its data, or wait for its identity endpoint. */
export class IdentityUnknownError extends GrantkeeperError {
  override readonly name = 'IdentityUnknownError';
}

/** The provider refuses the authorization request: an operator must fix it (RFC 6749 §4.1.2.1). */
export class AuthorizationRejectedError extends GrantkeeperError {
  override readonly name = 'AuthorizationRejectedError';
}

/** A callback names an issuer other than the configured one, or none although the provider promises one (RFC 9207 §2.4). */
export class IssuerMismatchError extends GrantkeeperError {
  override readonly name = 'IssuerMismatchError';
}

/** The provider rejected a refresh token long before its known end: it was reused, stolen, or revoked. */
export class EarlyRejectionError extends GrantkeeperError {
  override readonly name = 'EarlyRejectionError';
}

/** The provider refused the browser's credentials, or has locked the account: a person must fix that. */
export class LoginRefusedError extends GrantkeeperError {
  override readonly name = 'LoginRefusedError';
}

/** The browser could not get through the provider's pages: they differ from the recipe, or are too slow. */
export class LoginPageError extends GrantkeeperError {
  override readonly name = 'LoginPageError';
}

/** The browser did not start, or crashed. */
export class BrowserUnavailableError extends GrantkeeperError {
  override readonly name = 'BrowserUnavailableError';
}

/** Any other error. Its message says the error's kind and place only, because the original may quote a credential. */
export class UnexpectedError extends GrantkeeperError {
  override readonly name = 'UnexpectedError';
}

/** Returns our own errors as they are, and wraps any other one in an {@link UnexpectedError}. */
export function asOurs(thrown: unknown): GrantkeeperError {
  if (thrown instanceof GrantkeeperError) return thrown;
  const { name, stack = '' } = thrown instanceof Error ? thrown : { name: 'Error' };
  return new UnexpectedError(`${name} ${/\n\s+at .*/.exec(stack)?.[0].trim() ?? 'somewhere'}`);
}

/** The operator's remedy for each error. A test compares the names with the state machine's. */
export const remedies = {
  LeaseHeldError: 'Nothing was lost. See the other executions of this connection: one of them has the lease.',
  TokenEndpointUnavailableError:
    "Wait: each check tries again, and the owner can open the link again. If it lasts, see the provider's status page, then run grantkeeper doctor.",
  StoreUnavailableError:
    'Wait: each check tries again, and the owner can open the link again. If it lasts, see the AWS Health Dashboard.',
  StoreQuotaExceededError:
    'Run grantkeeper history to find who refreshes or logs in so often, and stop them. The quota has room again within 24 hours.',
  ChannelUnavailableError:
    'The next notice tries this channel again. If it lasts, see the status page of that service.',
  ChannelRejectedError: 'Fix the channel that is named, or remove it from the configuration.',
  ClientRejectedError:
    'Store the right client id and secret: grantkeeper connect with --replace. If they are right, check at the provider that the client is approved and may use refresh tokens.',
  ProviderContractError:
    "Compare the provider's data in the configuration with its documentation. If they agree, please report it to Grantkeeper.",
  ConfigurationError: 'Fix what the message names. grantkeeper doctor shows what is left.',
  IdentityError:
    'Ask the owner whether this login, and the accounts it shared, were intended. To accept it, run grantkeeper reauthorize with --new-owner.',
  IdentityUnknownError:
    "Compare identity in the provider's data with the provider's answers, and check that its identity endpoint works. Then ask the owner to log in again.",
  AuthorizationRejectedError:
    'Compare scope and authorizationParameters in the configuration, and the callback URL, with what is registered for the client at the provider. Then ask the owner to open the link again.',
  IssuerMismatchError:
    'Run grantkeeper doctor. If it finds another issuer, put exactly that one into the configuration and ask the owner to open the link again. If it does not, the answer may be forged: see the runbook.',
  EarlyRejectionError:
    'Ask the owner whether they changed their password or withdrew the access. If not, somebody may have stolen the refresh token: see the runbook.',
  LoginRefusedError:
    'The owner has a link. Check that they can log in by hand, then store the right credentials: grantkeeper browser-login rotate.',
  LoginPageError:
    "The owner has a link. Compare the screenshot with the recipe's step that is named, and fix the recipe.",
  BrowserUnavailableError:
    'The owner has a link. See the log of the function browser-login. If it lasts, please report it to Grantkeeper.',
  UnexpectedError:
    "This is a bug in Grantkeeper. Please report it, with the place that the function's log names.",
} as const;

export type ErrorName = keyof typeof remedies;
export const errorNames = /* @__PURE__ */ Object.keys(remedies) as ErrorName[];
