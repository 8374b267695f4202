import { ConfigurationError, StoreUnavailableError } from '../core/errors.ts';

/** Settings of every AWS client. Their time-outs end a call before its function times out. */
export const clientDefaults = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
} as const;

interface ServiceError {
  readonly name: string;
  readonly message: string;
}

/**
 * Calls AWS and translates its errors: by name into an answer of `expected`, or else into one of our errors. Passes on
 * neither the cause nor the request, because they could hold a token.
 * @throws {ConfigurationError} access denied, or a resource of the stack is missing
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

/** Names of errors that a retry does not fix: of SES for a sender or mail that it refuses, of KMS for keys. */
const operatorMustAct =
  /^(AccessDenied|ResourceNotFound|NotFound|Validation|InvalidParameter|BadRequest|MessageRejected|AccountSuspended|SendingPaused|MailFromDomainNotVerified|DecryptionFailure|EncryptionFailure|KMS(AccessDenied|Disabled|InvalidState|NotFound|OptInRequired)|StateMachineDoesNotExist|StateMachineDeleting)/;

function translate(what: string, error: ServiceError): Error {
  // Refusals name only the principal, action and resource. Other messages may quote what was sent.
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

/** Removes telephone numbers and mail addresses, which AWS names as the resource of a refused message. */
function withoutPeople(message: string): string {
  return message.replaceAll(/\+\d{7,15}\b|[^\s/"'<>]+@[^\s/"'<>]+/g, '…');
}

/** Reads the message, because Secrets Manager has one error name for every refusal by a secret's state. */
function isScheduledForDeletion({ name, message }: ServiceError): boolean {
  return name === 'InvalidRequestException' && /marked (for deletion|deleted)/.test(message);
}
