import { z } from 'zod';
import { AwsError, notSupported } from '../errors.ts';
import { maximumPayloadBytes, payloadBytes } from './json.ts';

/**
 * The input of each operation, with AWS's lengths and enums. Any other parameter is refused by name.
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
 */

const text = (maximum: number, minimum = 0) =>
  z
    .string('Member must be a string, and not null')
    .min(minimum, `Member must have length greater than or equal to ${minimum}`)
    .max(maximum, `Member must have length less than or equal to ${maximum}`);

const data = z
  .string('Member must be a string, and not null')
  .refine((value) => payloadBytes(value) <= maximumPayloadBytes, {
    error: `Member must have length less than or equal to ${maximumPayloadBytes}`,
  });

const arn = text(256, 1);
const error = text(256).optional();
const cause = text(32_768).optional();
const taskToken = text(2048, 1);

/** "A value of 0 uses the default", which is 100. */
const maxResults = z
  .int('Member must be a whole number')
  .min(0, 'Member must have value greater than or equal to 0')
  .max(1000, 'Member must have value less than or equal to 1000')
  .default(100)
  .transform((given) => (given === 0 ? 100 : given));

const statuses = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'] as const;

export const requests = {
  ListStateMachines: z.strictObject({ maxResults, nextToken: text(1024, 1).optional() }),
  StartExecution: z.strictObject({
    stateMachineArn: arn,
    name: text(80, 1).optional(),
    input: data.default('{}'),
  }),
  DescribeExecution: z.strictObject({ executionArn: arn }),
  ListExecutions: z.strictObject({
    stateMachineArn: arn,
    statusFilter: z.enum(statuses, `Member must satisfy enum value set: [${statuses.join(', ')}]`).optional(),
    maxResults,
    nextToken: text(3096, 1).optional(),
  }),
  StopExecution: z.strictObject({ executionArn: arn, error, cause }),
  GetExecutionHistory: z.strictObject({
    executionArn: arn,
    reverseOrder: z.boolean('Member must be a boolean').default(false),
    maxResults,
    nextToken: text(1024, 1).optional(),
  }),
  SendTaskSuccess: z.strictObject({ taskToken, output: data }),
  SendTaskFailure: z.strictObject({ taskToken, error, cause }),
};

export type Operation = keyof typeof requests;
export type Request<O extends Operation> = z.output<(typeof requests)[O]>;

/** @throws {AwsError} `ValidationException`, or `NotImplementedByEmbeddedCloud` */
export function parseRequest<O extends Operation>(operation: O, input: Record<string, unknown>): Request<O> {
  const parsed = requests[operation].safeParse(input);
  if (parsed.success) return parsed.data as Request<O>;
  const problems: string[] = [];
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      throw notSupported(`the parameter ${issue.keys.join(', ')} of Step Functions ${operation}`);
    }
    problems.push(`Value at '${issue.path.join('.')}' failed to satisfy constraint: ${issue.message}`);
  }
  const detected = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected`;
  throw new AwsError('ValidationException', `${detected}: ${problems.join('; ')}`);
}

/**
 * "A name must not contain: white space; brackets; wildcard characters; special characters; control characters;
 * surrogates; invalid characters".
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html#StepFunctions-StartExecution-request-name
 */
const forbidden = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}\uFFFE\uFFFF]|\p{Noncharacter_Code_Point}/u;

/** @throws {AwsError} `InvalidName` */
export function requireName(name: string): string {
  if (name.length >= 1 && name.length <= 80 && !forbidden.test(name)) return name;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

/** @throws {AwsError} `code` */
export function requireJson(value: string, code: 'InvalidExecutionInput' | 'InvalidOutput'): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    const what = code === 'InvalidOutput' ? 'Invalid Output' : 'Invalid State Machine Execution Input';
    throw new AwsError(code, `${what}: '${(error as Error).message}'`);
  }
}

/**
 * One page of a list, and the token of the next. The token counts from the list's old end, so that items added at the
 * new end between two calls don't shift the pages.
 * @throws {AwsError} `InvalidToken`
 */
export function page<T>(
  items: readonly T[],
  {
    maxResults,
    nextToken,
    fromEnd,
  }: { maxResults: number; nextToken: string | undefined; fromEnd?: boolean },
): { items: T[]; nextToken?: string } {
  let start = 0;
  if (nextToken !== undefined) {
    const place = Number(/^page-(\d+)$/.exec(Buffer.from(nextToken, 'base64url').toString())?.[1]);
    if (!(place <= items.length)) throw new AwsError('InvalidToken', `Invalid Token: '${nextToken}'`);
    start = fromEnd ? items.length - place : place;
  }
  const end = start + maxResults;
  if (end >= items.length) return { items: items.slice(start) };
  const place = fromEnd ? items.length - end : end;
  return { items: items.slice(start, end), nextToken: Buffer.from(`page-${place}`).toString('base64url') };
}
