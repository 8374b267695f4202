/**
 * The errors that a state machine matches: what must be retried or told. Expected outcomes are answers
 * instead. Every class has a literal `name`, because that name is what ASL's `ErrorEquals` compares after
 * minifying; messages and properties never hold a credential, and there is no `cause`, which loggers print.
 */
export abstract class GrantkeeperError extends Error {
  abstract override readonly name: string;
}

/** Another execution is spending this connection's refresh token. Nothing was lost; retry past the lease's expiry. */
export class LeaseHeldError extends GrantkeeperError {
  override readonly name = 'LeaseHeldError';
}

/** The token endpoint did not give a usable answer (time-out, 429, 5xx, a page from its edge). Retry. */
export class TokenEndpointUnavailableError extends GrantkeeperError {
  override readonly name = 'TokenEndpointUnavailableError';
}

/** Secrets Manager, DynamoDB or Step Functions did not answer, or throttled. Retry. */
export class StoreUnavailableError extends GrantkeeperError {
  override readonly name = 'StoreUnavailableError';
}

/**
 * A secret has no room for another version: AWS keeps each for a day, and about 100 at most. Not retried, because room comes
 * only as versions grow a day old. The message says whether anything was lost.
 */
export class StoreQuotaExceededError extends GrantkeeperError {
  override readonly name = 'StoreQuotaExceededError';
}

/** A channel to the owner did not take a notice now (time-out, 429, 5xx). Nothing was lost; retry it alone. */
export class ChannelUnavailableError extends GrantkeeperError {
  override readonly name = 'ChannelUnavailableError';
}

/** A channel to the owner refuses notices for good: an operator must mend what the message names. */
export class ChannelRejectedError extends GrantkeeperError {
  override readonly name = 'ChannelRejectedError';
}

/** `invalid_client`: the operator must mend the client's credentials (RFC 6749 §5.2). */
export class ClientRejectedError extends GrantkeeperError {
  override readonly name = 'ClientRejectedError';
}

/** The provider answered what its data, or the RFC, does not allow: our provider data is wrong, or it has a fault. */
export class ProviderContractError extends GrantkeeperError {
  override readonly name = 'ProviderContractError';
}

/** The deployment is not complete or not consistent: an operator must mend what the message names. */
export class ConfigurationError extends GrantkeeperError {
  override readonly name = 'ConfigurationError';
}

/** Somebody other than the owner logged in, or the login shared fewer accounts: an operator must know. */
export class IdentityError extends GrantkeeperError {
  override readonly name = 'IdentityError';
}

/** The provider did not tell who logged in: an operator must mend its data, or wait for its identity endpoint. */
export class IdentityUnknownError extends GrantkeeperError {
  override readonly name = 'IdentityUnknownError';
}

/** The provider refuses the authorization request: an operator must mend it (RFC 6749 §4.1.2.1). */
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

/** The provider refused what a browser logged in with, or has locked the account: a person must mend that. */
export class LoginRefusedError extends GrantkeeperError {
  override readonly name = 'LoginRefusedError';
}

/** A browser could not walk through the provider's pages: they are not as the recipe has them, or too slow. */
export class LoginPageError extends GrantkeeperError {
  override readonly name = 'LoginPageError';
}

/** The browser itself did not start, or broke. */
export class BrowserUnavailableError extends GrantkeeperError {
  override readonly name = 'BrowserUnavailableError';
}

/** What was thrown that nobody planned. Its message says what kind and where, not what with. */
export class UnexpectedError extends GrantkeeperError {
  override readonly name = 'UnexpectedError';
}

/** An error of ours as it is; of any other one only its kind and place, for its message may quote a credential. */
export function asOurs(thrown: unknown): GrantkeeperError {
  if (thrown instanceof GrantkeeperError) return thrown;
  const { name, stack = '' } = thrown instanceof Error ? thrown : { name: 'Error' };
  return new UnexpectedError(`${name} ${/\n\s+at .*/.exec(stack)?.[0].trim() ?? 'somewhere'}`);
}

/** Every name above, and what an operator does about it. A test ties the names to the state machine. */
export const remedies = {
  LeaseHeldError: 'Nothing was lost. Look at the other executions of this connection.',
  TokenEndpointUnavailableError:
    "Wait: each check tries again, and an owner can open their link again. If it stays, look at the provider's status page, then run grantkeeper doctor.",
  StoreUnavailableError:
    "Wait: each check tries again, and an owner can open their link again. If it stays, look at AWS's health dashboard.",
  StoreQuotaExceededError:
    'Find who refreshes or logs in so often: grantkeeper history. Stop them; the quota has room again within 24 hours.',
  ChannelUnavailableError:
    'It is tried again with the next notice. If it stays, look at the status page of that service.',
  ChannelRejectedError: 'Mend the channel that is named, or take it out of the configuration.',
  ClientRejectedError:
    'Put the right id and secret into the client secret. If they are right, see at the provider whether the client is approved and may use refresh tokens.',
  ProviderContractError:
    "Compare the provider's data in the configuration with its documentation; if they agree, report it.",
  ConfigurationError: 'Mend what the message names; grantkeeper doctor shows what is left.',
  IdentityError:
    'Ask the owner whether that login, and what it shared, was meant. To accept it: grantkeeper reauthorize with --new-owner.',
  IdentityUnknownError:
    "Compare identity in the provider's data with what the provider answers, and see whether its identity endpoint is up. Then let the owner log in again.",
  AuthorizationRejectedError:
    'Compare scope and authorizationParameters in the configuration, and the callback URL, with what the client is registered for at the provider. Then let the owner open their link again.',
  IssuerMismatchError:
    'Run grantkeeper doctor. If it finds another issuer, put that one into the configuration, to the letter, and let the owner open their link again. If it does not, the answer may be forged: see the runbook.',
  EarlyRejectionError:
    'Ask the owner whether they changed their password or withdrew the access. If they did not, somebody may have the refresh token: see the runbook.',
  LoginRefusedError:
    'The owner has the link. See that they can log in by hand, then put the right credentials in place: grantkeeper browser-login rotate.',
  LoginPageError:
    "The owner has the link. Compare the screenshot with the recipe's step that is named, and mend the recipe.",
  BrowserUnavailableError:
    'The owner has the link. The log of the function browser-login has more; if it stays, please report it.',
  UnexpectedError:
    "This is a fault of Grantkeeper's own. The function's log has the place; please report it.",
} as const;

export type ErrorName = keyof typeof remedies;
export const errorNames = /* @__PURE__ */ Object.keys(remedies) as ErrorName[];
