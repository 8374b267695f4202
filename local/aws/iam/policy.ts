/** IAM's policy language, as far as the program uses it. Reading a policy with anything else fails. */
import * as z from 'zod';
import { AwsError, notSupported } from '../errors.ts';
import type { RequestContext } from '../service.ts';

/** Patterns, and whether a match or its absence counts (`NotAction`, `NotResource`). */
interface Patterns {
  readonly patterns: readonly string[];
  readonly negated: boolean;
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Patterns;
  readonly resources: Patterns;
  /** Patterns of `dynamodb:LeadingKeys`. */
  readonly leadingKeys?: readonly string[];
  /** Values of `aws:CalledViaLast`. */
  readonly calledVia?: readonly string[];
}

type ConditionOperator = 'StringEquals' | 'ArnLike' | 'ArnEquals';
type ConditionKey = 'aws:sourceaccount' | 'aws:sourcearn';

interface Condition {
  readonly operator: ConditionOperator;
  readonly key: ConditionKey;
  readonly values: readonly string[];
}

export interface TrustStatement {
  readonly effect: 'Allow' | 'Deny';
  readonly services: readonly string[];
  readonly conditions: readonly Condition[];
}

/** The keys that a service sends when it assumes a role. */
export interface AssumeContext {
  readonly sourceAccount?: string;
  readonly sourceArn?: string;
}

const oneOrMany = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(item).min(1));

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
const Sid = z.string().regex(/^[A-Za-z0-9]*$/);
// `*`, or a service's prefix and a name; a wildcard cannot stand in the prefix.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
const Action = z.string().regex(/^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/, 'is neither "*" nor "service:Action"');
// `*`, or an ARN with neither partition's nor service's segment open.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
const Resource = z.string().regex(/^(\*|arn:aws:[a-z0-9-]+(:.*)?)$/, 'is neither "*" nor an ARN');

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
const document = <Item extends z.ZodType>(statement: Item) =>
  z.strictObject({
    // The older 2008-10-17 has no policy variables.
    Version: z.literal('2012-10-17'),
    Id: z.string().optional(),
    Statement: oneOrMany(statement),
  });

const IdentityPolicy = document(
  z.strictObject({
    Sid: Sid.optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Action: oneOrMany(Action).optional(),
    NotAction: oneOrMany(Action).optional(),
    Resource: oneOrMany(Resource).optional(),
    NotResource: oneOrMany(Resource).optional(),
    Condition: z.unknown().optional(),
  }),
);

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
const LeadingKeysCondition = z.strictObject({
  'ForAllValues:StringLike': z.strictObject({
    'dynamodb:LeadingKeys': oneOrMany(z.string().regex(/^[^$]*$/)),
  }),
});

// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
const SourceFunctionCondition = z.strictObject({
  ArnEquals: z.strictObject({
    'lambda:SourceFunctionArn': oneOrMany(z.string().startsWith('arn:aws:lambda:')),
  }),
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvialast
const CalledViaCondition = z.strictObject({
  StringEquals: z.strictObject({
    'aws:CalledViaLast': oneOrMany(z.string().regex(/^[a-z0-9.-]+\.amazonaws\.com$/)),
  }),
});

const TrustPolicy = document(
  z.strictObject({
    Sid: Sid.optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: z.strictObject({ Service: oneOrMany(z.string().regex(/^[a-z0-9.-]+\.amazonaws\.com$/)) }),
    Action: oneOrMany(z.literal('sts:AssumeRole')),
    Condition: z.record(z.string(), z.record(z.string(), oneOrMany(z.string()))).optional(),
  }),
);

/**
 * @param owner the role's ARN, for messages
 * @throws {AwsError} `MalformedPolicyDocument`, or `NotImplementedByEmbeddedCloud` for a policy variable, and for a
 *   condition on anything but DynamoDB's partition keys and the service that asks
 */
export function parseIdentityPolicy(owner: string, json: string): Statement[] {
  const policy = parseDocument(owner, IdentityPolicy, json);
  refuseRepeatedSids(owner, policy.Statement);
  return policy.Statement.map((statement, index) => {
    const where = nameOf(owner, statement.Sid, index);
    const condition = LeadingKeysCondition.optional().safeParse(statement.Condition);
    // No call of EC2 is supported, so such a statement matches none.
    const isOfFunctionCode =
      SourceFunctionCondition.safeParse(statement.Condition).success &&
      statement.Action?.every((action) => action.startsWith('ec2:'));
    const called = CalledViaCondition.safeParse(statement.Condition);
    if (!condition.success && !isOfFunctionCode && !called.success)
      throw notSupported(`the Condition of ${where}`);
    const leadingKeys = condition.data?.['ForAllValues:StringLike']['dynamodb:LeadingKeys'];
    const actions = either(where, 'Action', statement.Action, statement.NotAction);
    const resources = either(where, 'Resource', statement.Resource, statement.NotResource);
    const variable = resources.patterns.find((pattern) => pattern.includes('${'));
    if (variable) throw notSupported(`the policy variable in ${variable}, ${where}`);
    const calledVia = called.data?.StringEquals['aws:CalledViaLast'];
    return {
      effect: statement.Effect,
      actions,
      resources,
      ...(leadingKeys && { leadingKeys }),
      ...(calledVia && { calledVia }),
    };
  });
}

/**
 * Reads which services may assume the role.
 * @throws {AwsError} as `parseIdentityPolicy`; of conditions, those over the calling resource and account are supported
 */
export function parseTrustPolicy(owner: string, json: string): TrustStatement[] {
  const policy = parseDocument(owner, TrustPolicy, json);
  refuseRepeatedSids(owner, policy.Statement);
  return policy.Statement.map((statement, index) => ({
    effect: statement.Effect,
    services: statement.Principal.Service,
    conditions: Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => {
        const condition = { operator, key: key.toLowerCase(), values };
        if (!isSupported(condition)) {
          throw notSupported(
            `the Condition ${operator} on ${key} of the trust policy's ${nameOf(owner, statement.Sid, index)}`,
          );
        }
        return condition;
      }),
    ),
  }));
}

/** True if the statement matches this call. Actions ignore case, ARNs don't. */
export function concerns(
  { leadingKeys, calledVia, ...statement }: Statement,
  action: string,
  resourceArn: string,
  context: RequestContext,
): boolean {
  // `ForAllValues` holds where there are none: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
  const isOfKeys = (context.leadingKeys ?? []).every((key) =>
    leadingKeys?.some((pattern) => new RegExp(`^${expression(pattern, '.')}$`, 's').test(key)),
  );
  return (
    (leadingKeys === undefined || isOfKeys) &&
    (calledVia === undefined || calledVia.includes(context.calledVia ?? '')) &&
    counts(statement.actions, (pattern) => matchesAction(pattern, action)) &&
    counts(statement.resources, (pattern) => matchesArn(pattern, resourceArn))
  );
}

/** True if the statement matches this service. A key that the service doesn't send never matches. */
export function isForService(
  statement: TrustStatement,
  servicePrincipal: string,
  context: AssumeContext,
): boolean {
  const sent: Record<ConditionKey, string | undefined> = {
    'aws:sourceaccount': context.sourceAccount,
    'aws:sourcearn': context.sourceArn,
  };
  return (
    statement.services.includes(servicePrincipal) &&
    statement.conditions.every(({ operator, key, values }) => {
      const value = sent[key];
      if (value === undefined) return false;
      return values.some((wanted) =>
        operator === 'StringEquals' ? wanted === value : matchesArn(wanted, value),
      );
    })
  );
}

/**
 * `?` is one character of a segment, `*` any number of them; at a segment's end `*` reaches beyond the colon. An
 * ARN with fewer than six segments is completed with `*`.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === '*') return true;
  const segments = pattern.split(':');
  while (segments.length < 6) segments.push('*');
  const source = segments.map((segment) =>
    segment.endsWith('*') ? `${expression(segment.slice(0, -1), '[^:]')}.*` : expression(segment, '[^:]'),
  );
  return new RegExp(`^${source.join(':')}$`, 's').test(arn);
}

function matchesAction(pattern: string, action: string): boolean {
  return new RegExp(`^${expression(pattern, '.')}$`, 'i').test(action);
}

function expression(pattern: string, anyCharacter: string): string {
  return pattern.replaceAll(/\W/g, (character) => {
    if (character === '*') return `${anyCharacter}*`;
    return character === '?' ? anyCharacter : `\\${character}`;
  });
}

function counts({ patterns, negated }: Patterns, matches: (pattern: string) => boolean): boolean {
  return patterns.some(matches) !== negated;
}

function either(
  where: string,
  element: string,
  positive: string[] | undefined,
  negative: string[] | undefined,
): Patterns {
  if (positive && !negative) return { patterns: positive, negated: false };
  if (negative && !positive) return { patterns: negative, negated: true };
  throw malformed(where, `exactly one of ${element} and Not${element} is required`);
}

function isSupported(condition: {
  operator: string;
  key: string;
  values: string[];
}): condition is Condition & {
  values: string[];
} {
  return (
    ['StringEquals', 'ArnLike', 'ArnEquals'].includes(condition.operator) &&
    ['aws:sourceaccount', 'aws:sourcearn'].includes(condition.key)
  );
}

function parseDocument<Schema extends z.ZodType>(
  owner: string,
  schema: Schema,
  json: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw malformed(owner, 'the policy is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw malformed(owner, problems.join('; '));
}

function refuseRepeatedSids(owner: string, statements: { Sid?: string | undefined }[]): void {
  const sids = statements.flatMap(({ Sid: sid }) => (sid ? [sid] : []));
  if (new Set(sids).size < sids.length) {
    throw malformed(owner, 'Statement IDs (SID) in a single policy must be unique.');
  }
}

function nameOf(owner: string, sid: string | undefined, index: number): string {
  return `statement ${sid ? `"${sid}"` : index + 1} of ${owner}`;
}

function malformed(where: string, what: string): AwsError {
  return new AwsError('MalformedPolicyDocument', `${where}: ${what}`);
}
