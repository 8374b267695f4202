import { ConfigurationError, StoreUnavailableError } from '../core/errors.ts';

/** Client settings that every AWS client here shares: bounded, so that a step ends before its function does. */
export const clientDefaults = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
} as const;

interface ServiceError {
  readonly name: string;
  readonly message: string;
}

/**
 * Calls AWS and translates what it throws: into the answer of `expected` for errors that are part of the
 * conversation (by name), else into one of ours. No cause and no request is passed on: they could hold a token.
 * @throws {ConfigurationError} access denied, or something the program should have made is missing
 * @throws {StoreUnavailableError} anything else: try again
 */
export async function callAws<T>(
  what: string,
  call: () => Promise<T>,
  expected: Readonly<Record<string, (error: ServiceError) => T>> = {},
): Promise<T> {
  try {
    return await call();
  } catch (caught) {
    const error = caught as ServiceError;
    const answer = expected[error.name];
    if (answer) return answer(error);
    throw translate(what, error);
  }
}

/** What will not pass by itself. Of SES: a sender that may not send, or a mail that it does not take; of KMS: keys. */
const operatorMustAct =
  /^(AccessDenied|ResourceNotFound|NotFound|Validation|InvalidParameter|BadRequest|MessageRejected|AccountSuspended|SendingPaused|MailFromDomainNotVerified|DecryptionFailure|EncryptionFailure|KMS(AccessDenied|Disabled|InvalidState|NotFound|OptInRequired)|StateMachineDoesNotExist|StateMachineDeleting)/;

function translate(what: string, error: ServiceError): Error {
  // AWS names principal, action and resource in a refusal; other messages may quote what was sent.
  if (/^(AccessDenied|AuthorizationError)/.test(error.name))
    return new ConfigurationError(`${what}: ${withoutPeople(error.message)}`);
  if (isScheduledForDeletion(error)) {
    const remedy = 'Restore it with aws secretsmanager restore-secret.';
    return new ConfigurationError(`${what}: the secret is scheduled for deletion. ${remedy}`);
  }
  return operatorMustAct.test(error.name)
    ? new ConfigurationError(`${what}: ${error.name}`)
    : new StoreUnavailableError(`${what}: ${error.name}`);
}

/** The resource that AWS names may be whom a message was for: a telephone number, or a mail address as an identity. */
function withoutPeople(message: string): string {
  return message.replaceAll(/\+\d{7,15}\b|[^\s/"'<>]+@[^\s/"'<>]+/g, '…');
}

/** Secrets Manager has one name for all that a secret's state forbids; the message alone tells what will not pass. */
function isScheduledForDeletion({ name, message }: ServiceError): boolean {
  return name === 'InvalidRequestException' && /marked (for deletion|deleted)/.test(message);
}
