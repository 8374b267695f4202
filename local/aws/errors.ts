/** An error as AWS answers it: `code` is its name on the wire (`__type` or `<Code>`). */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly statusCode: number;
  /** Further members of the modelled error shape. */
  readonly members: Record<string, unknown>;

  constructor(code: string, message: string, statusCode = 400, members: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
    this.members = members;
  }
}

/**
 * Refuses by name what the embedded cloud doesn't support.
 * @param supported what it supports instead
 */
export function notSupported(what: string, supported: readonly string[] = []): AwsError {
  const instead = supported.length === 0 ? '' : ` Supported: ${[...new Set(supported)].sort().join(', ')}.`;
  return new AwsError(
    'NotImplementedByEmbeddedCloud',
    `The embedded cloud does not support ${what}.${instead}`,
    501,
  );
}
