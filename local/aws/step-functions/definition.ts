import { z } from 'zod';
import { reservedErrorNames } from './failure.ts';
import { integrations } from './integrations.ts';
import type { Available } from './references.ts';
import { compileTemplate, type Report, type Template } from './template.ts';

/**
 * The supported part of Amazon States Language, as schemas that also compile expressions. Objects are strict: any other
 * field is refused by name.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
 */

/** The largest wait and time-out: 99,999,999 seconds. */
export const maximumSeconds = 99_999_999;

/** "UTC timestamps must conform to the RFC3339 profile of ISO 8601", with an uppercase T, and Z where no offset is given. */
export const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html: Unicode identifiers of up to 80 characters */
const variableName = z
  .string()
  .regex(
    /^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u,
    'A variable name is an identifier of up to 80 characters',
  )
  .refine((name) => name !== 'states', 'The variable name states is reserved');

const stateName = z.string().min(1).max(80);
const comment = z.string().optional();
const seconds = z.int().min(1).max(maximumSeconds);

function compiled(available: Available) {
  return (value: unknown, context: z.RefinementCtx): Template =>
    compileTemplate(value, available, (awsCode, message, path) =>
      context.addIssue({ code: 'custom', message, path, params: { awsCode } }),
    );
}

/** Any JSON, with expressions at any depth. */
const template = (available: Available = {}) => z.unknown().transform(compiled(available));

/** One string that must be an expression. */
const expression = z
  .string('Must be a JSONata expression in {% and %}')
  .startsWith('{%', 'Must be a JSONata expression in {% and %}')
  .transform(compiled({}));

const output = (available: Available = {}) => template(available).optional();
const assign = (available: Available = {}) => z.record(variableName, template(available)).optional();

/** @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const errorEquals = z
  .array(
    z
      .string()
      .min(1)
      .refine((name) => !name.startsWith('States.') || reservedErrorNames.has(name), {
        error: ({ input }) => `The error name ${String(input)} is not supported by the embedded cloud`,
      }),
  )
  .min(1)
  .refine((names) => names.length === 1 || !names.includes('States.ALL'), 'States.ALL must appear alone');

const retrier = z
  .strictObject({
    Comment: comment,
    ErrorEquals: errorEquals,
    IntervalSeconds: seconds.default(1),
    MaxAttempts: z.int().min(0).max(maximumSeconds).default(3),
    BackoffRate: z.number().min(1).default(2),
    MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
    JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
  })
  .refine(
    ({ MaxDelaySeconds, IntervalSeconds }) =>
      MaxDelaySeconds === undefined || MaxDelaySeconds > IntervalSeconds,
    { path: ['MaxDelaySeconds'], message: 'MaxDelaySeconds must be greater than IntervalSeconds' },
  );

const catcher = z.strictObject({
  Comment: comment,
  ErrorEquals: errorEquals,
  Next: stateName,
  Output: output({ errorOutput: true }),
  Assign: assign({ errorOutput: true }),
});

const wildcardIsLast = (rules: readonly { ErrorEquals: readonly string[] }[]) =>
  rules.slice(0, -1).every(({ ErrorEquals }) => !ErrorEquals.includes('States.ALL'));
const wildcardNotLast = 'States.ALL must be in the last rule';

const transition = { Next: stateName.optional(), End: z.literal(true).optional() };
const hasOneTransition = (state: { Next?: unknown; End?: unknown }) =>
  (state.Next === undefined) !== (state.End === undefined);
const oneTransition = 'Exactly one of Next and End is required';

const pass = z
  .strictObject({
    Type: z.literal('Pass'),
    Comment: comment,
    ...transition,
    Output: output(),
    Assign: assign(),
  })
  .refine(hasOneTransition, oneTransition);

const wait = z
  .strictObject({
    Type: z.literal('Wait'),
    Comment: comment,
    ...transition,
    Seconds: z.union([z.int().min(0).max(maximumSeconds).transform(compiled({})), expression]).optional(),
    Timestamp: z
      .union(
        [z.string().regex(timestampPattern).transform(compiled({})), expression],
        'Must be an RFC 3339 time',
      )
      .optional(),
    Output: output(),
    Assign: assign(),
  })
  .refine(hasOneTransition, oneTransition)
  .refine(
    (state) => (state.Seconds === undefined) !== (state.Timestamp === undefined),
    'Exactly one of Seconds and Timestamp is required',
  );

const choice = z.strictObject({
  Type: z.literal('Choice'),
  Comment: comment,
  Choices: z
    .array(
      z.strictObject({
        Comment: comment,
        Condition: z.union([z.boolean().transform(compiled({})), expression]),
        Next: stateName,
        Output: output(),
        Assign: assign(),
      }),
    )
    .min(1),
  Default: stateName.optional(),
  Output: output(),
  Assign: assign(),
});

const succeed = z.strictObject({ Type: z.literal('Succeed'), Comment: comment, Output: output() });

const text = z.string().transform(compiled({})).optional();
const fail = z.strictObject({ Type: z.literal('Fail'), Comment: comment, Error: text, Cause: text });

const resource = z.string().transform((arn, context) => {
  const integration = integrations[arn];
  if (integration) return integration;
  context.addIssue({ code: 'custom', message: `The resource ${arn} is not supported by the embedded cloud` });
  return z.NEVER;
});

const task = z
  .strictObject({
    Type: z.literal('Task'),
    Comment: comment,
    ...transition,
    Resource: resource,
    // Not one expression, because its members are checked against the integration below.
    Arguments: z.record(z.string(), z.unknown(), 'Arguments must be an object').default({}),
    TimeoutSeconds: z.union([seconds.transform(compiled({})), expression]).optional(),
    Retry: z.array(retrier).refine(wildcardIsLast, wildcardNotLast).default([]),
    Catch: z.array(catcher).refine(wildcardIsLast, wildcardNotLast).default([]),
    Output: output({ result: true }),
    Assign: assign({ result: true }),
  })
  .refine(hasOneTransition, oneTransition)
  .transform((state, context) => {
    const { requiredArguments, optionalArguments, waitsForToken } = state.Resource;
    const report: Report = (awsCode, message, path) =>
      context.addIssue({ code: 'custom', message, path: ['Arguments', ...path], params: { awsCode } });
    const refuse = (message: string, path: string[] = []) =>
      report('SCHEMA_VALIDATION_FAILED', message, path);
    for (const name of Object.keys(state.Arguments)) {
      if (!requiredArguments.includes(name) && !optionalArguments.includes(name)) {
        refuse(`The argument ${name} is not supported by the embedded cloud`, [name]);
      }
    }
    for (const name of requiredArguments) {
      if (!(name in state.Arguments)) refuse(`The argument ${name} is required`);
    }
    return { ...state, Arguments: compileTemplate(state.Arguments, { taskToken: waitsForToken }, report) };
  });

export const stateMachine = z.strictObject({
  Comment: comment,
  QueryLanguage: z.literal(
    'JSONata',
    'QueryLanguage must be JSONata: JSONPath is not supported by the embedded cloud',
  ),
  StartAt: stateName,
  States: z.record(stateName, z.discriminatedUnion('Type', [task, choice, pass, wait, succeed, fail])),
  TimeoutSeconds: seconds.optional(),
});

export type Definition = z.output<typeof stateMachine>;
export type State = Definition['States'][string];
export type StateOf<Type extends State['Type']> = Extract<State, { Type: Type }>;
export type Retrier = z.output<typeof retrier>;
/** The fields by which a state, a choice rule or a catcher continues. */
export interface Exit {
  readonly Output?: Template | undefined;
  readonly Assign?: Readonly<Record<string, Template>> | undefined;
  readonly Next?: string | undefined;
}
