/** Checks input against its documented shape, with AWS's messages. */
import type * as z from 'zod';
import { AwsError, notSupported } from './errors.ts';

/**
 * @param operation as in a policy, for example `secretsmanager:PutSecretValue`
 * @param schema a strict object: a parameter that is not in it is refused by name
 * @param code the service's name for bad input; most say `ValidationException`
 * @throws {AwsError} `code`, `SerializationException` for a wrong JSON type, or `NotImplementedByEmbeddedCloud`
 * @see https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
 */
export function parseInput<Schema extends z.ZodType>(
  operation: string,
  schema: Schema,
  input: unknown,
  code = 'ValidationException',
): z.output<Schema> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;

  const { issues } = parsed.error;
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const parameters = issue.keys.map((key) => [...issue.path, key].join('.'));
      throw notSupported(`the parameter ${parameters.join(', ')} of ${operation}`);
    }
    if (issue.code === 'invalid_type' && issue.input !== undefined) {
      throw new AwsError('SerializationException', `${issue.path.join('.')}: expected ${issue.expected}.`);
    }
  }
  // AWS repeats the value here. The embedded cloud doesn't: it may be a credential.
  const problems = issues.map(
    (issue) => `Value at '${memberPath(issue.path)}' failed to satisfy constraint: ${constraint(issue)}`,
  );
  const errors = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`;
  throw new AwsError(code, `${errors} detected: ${problems.join('; ')}`);
}

function constraint(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `Member must have length greater than or equal to ${issue.minimum}`;
    case 'too_big':
      return `Member must have length less than or equal to ${issue.maximum}`;
    case 'invalid_format':
      return `Member must satisfy regular expression pattern: ${issue.pattern ?? issue.format}`;
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.map(String).join(', ')}]`;
    case 'invalid_type':
      return 'Member must not be null';
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return issue.message;
  }
}

/** AWS begins members' names with a lower-case letter here. */
function memberPath(path: readonly PropertyKey[]): string {
  return path
    .map(String)
    .map((name) => name.charAt(0).toLowerCase() + name.slice(1))
    .join('.');
}
