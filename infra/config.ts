import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod/mini';

import { forEachPosted } from '../core/channel.ts';
import type { Provider } from '../core/provider.ts';
import { EndpointSchema, RefreshTokenLifetimeSchema, presets, ProviderSchema } from '../core/provider.ts';
import type { Recipe } from '../core/recipe.ts';
import { RecipeSchema, recipes as recipePresets } from '../core/recipe.ts';
import { OwnerSchema, ReminderSchema } from '../core/settings.ts';
import { WeeklyHoursSchema } from '../core/weekly-hours.ts';
import { checkStackName, crossCheck, NameSchema } from './config-checks.ts';
import { allowed, oneOf, problemAt, problemsOf } from './config-problems.ts';

/** What the functions read leniently, an operator writes strictly: a misspelt key is a problem. */
const strict = <T extends z.ZodMiniObject>(schema: T) => z.catchall(schema, z.never());

const EmailSchema = z.email({ error: 'must be an e-mail address' });

const ConnectionConfigSchema = z.strictObject({
  /** A preset (`schwab`) or a key of `providers`. */
  provider: z.string(),
  /** Which client's credentials: the secret `…/client/<client>`. */
  client: NameSchema,
  /** Of a channel that posts to a service it has a name: the secret `…/webhook/<name>`. */
  owner: strict(
    z.extend(
      OwnerSchema,
      forEachPosted(() => z.optional(NameSchema)),
    ),
  ),
  reminders: z.optional(z.array(strict(ReminderSchema)).check(z.minLength(1), z.maxLength(12))),
  neededHours: z.optional(strict(WeeklyHoursSchema)),
  quietHours: z.optional(strict(WeeklyHoursSchema)),
  paused: z._default(z.boolean(), false),
  /** Off where it is left out. Whoever writes it accepts what its name says: docs/browser-login.md. */
  browserLoginWithStoredPassword: z.optional(
    z.strictObject({
      /** A preset (`demo-brokerage`, `schwab`) or a key of `recipes`; that of the provider's name by default. */
      recipe: z.optional(z.string()),
      /** Days after which operators are reminded to change the password. */
      credentialsMaxAgeDays: z._default(z.int().check(z.minimum(1), z.maximum(3650)), 90),
    }),
  ),
});

export const schemas = {
  // What is wrong with the names themselves is told by crossCheck: a record would then not look at their values.
  connections: z.record(z.string(), ConnectionConfigSchema),
  providers: z._default(
    z.record(
      z.string(),
      strict(z.safeExtend(ProviderSchema, { limits: strict(RefreshTokenLifetimeSchema) })),
    ),
    {},
  ),
  /** How browsers log in at providers, step by step; see core/recipe.ts. */
  recipes: z._default(z.record(z.string(), RecipeSchema), {}),
  /** Where browsers that log in run: outside of any VPC, in one that this stack makes, or in the operator's. */
  browserLogin: z._default(
    z.strictObject({
      network: z._default(z.enum(['none', 'create', 'existing']), 'none'),
      /** Of the operator's VPC, for `existing`: private ones, that have a way out to port 443. */
      subnetIds: z.optional(
        z
          .array(
            z.string().check(z.regex(/^subnet-[0-9a-f]{8,17}$/, { error: 'must be the id of a subnet' })),
          )
          .check(z.minLength(1), z.maxLength(16)),
      ),
      securityGroupIds: z.optional(
        z
          .array(
            z.string().check(z.regex(/^sg-[0-9a-f]{8,17}$/, { error: 'must be the id of a security group' })),
          )
          .check(z.minLength(1), z.maxLength(5)),
      ),
      /** For `create`: where its subnets are; without it, in the first two that offer an endpoint for Secrets Manager. */
      availabilityZones: z.optional(
        z
          .array(
            z.string().check(
              z.regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, {
                error: 'must be the name of an availability zone',
              }),
            ),
          )
          .check(z.minLength(2), z.maxLength(2)),
      ),
      /** Where a screenshot is shown, its key added at the end; AWS's console where it is left out. */
      screenshotUrl: z.optional(EndpointSchema),
    }),
    { network: 'none' },
  ),
  mail: z.strictObject({
    from: EmailSchema,
    /** Address or domain verified with SES; the sender's address where it is left out. */
    identity: z.optional(z.string().check(z.minLength(3))),
  }),
  operators: z.strictObject({ emails: z.array(EmailSchema).check(z.minLength(1)) }),
  /** Who may look at the panel beside the operators, and change nothing. */
  viewers: z._default(z.strictObject({ emails: z.array(EmailSchema) }), { emails: [] }),
  /** Where an execution is shown, its ARN added at the end; AWS's console where it is left out. */
  executionUrl: z.optional(
    z.string().check(
      z.refine((value) => EndpointSchema.safeParse(value.replace('#', '')).success, {
        error: 'must be an https: URL to which the ARN of an execution can be added',
      }),
    ),
  ),
  domain: z.optional(
    z.strictObject({
      name: z.string().check(
        z.regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/, {
          error: 'must be a host name in lower case, such as grants.example.com',
        }),
      ),
      certificateArn: z.string().check(
        z.regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, {
          error: 'must be the ARN of an ACM certificate',
        }),
      ),
      hostedZoneId: z.optional(z.string().check(z.minLength(1))),
    }),
  ),
  /** Who watches reads of secrets: nobody, a trail that the account has, or one that this stack makes. */
  cloudTrail: z._default(z.enum(['none', 'existing', 'create']), 'none'),
  /** Of CloudWatch's choices: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
  logRetentionDays: z._default(z.literal([7, 14, 30, 60, 90, 180, 365, 400]), 90),
};

type Parsed = { readonly [Key in keyof typeof schemas]: z.output<(typeof schemas)[Key]> };

export interface ConnectionConfig extends Omit<
  z.output<typeof ConnectionConfigSchema>,
  'browserLoginWithStoredPassword'
> {
  readonly connectionId: string;
  readonly providerData: Provider;
  /** Of a connection that opts in to `browserLoginWithStoredPassword`. */
  readonly browserLogin: { readonly recipe: Recipe; readonly credentialsMaxAgeDays: number } | undefined;
}

export interface GrantkeeperConfig extends Omit<Parsed, 'connections' | 'providers' | 'recipes'> {
  readonly connections: readonly ConnectionConfig[];
}

/**
 * Reads the stack's configuration: the only place that does.
 * @throws {pulumi.RunError} naming every problem at once: key, value, what is allowed
 */
export function readConfig(): GrantkeeperConfig {
  const problems = checkStackName(pulumi.getStack());
  const raw = readJson(problems);
  const parsed: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(schemas)) {
    // Not JSON at all: said already.
    if (raw.get(key) === malformed) continue;
    const result = schema.safeParse(raw.get(key), { error: allowed });
    if (result.success) parsed[key] = result.data;
    else problems.push(...result.error.issues.flatMap((issue) => problemsOf(issue, key, raw.get(key))));
  }
  const region = pulumi.runtime.allConfig()['aws:region'];
  problems.push(...crossCheck(Object.fromEntries(raw), region, pulumi.getStack()));
  if (problems.length > 0) {
    const lines = problems.map((problem) => `  - ${problem}`);
    throw new pulumi.RunError(['The configuration of this stack is not valid:', ...lines].join('\n'));
  }
  const { connections, providers, recipes, ...config } = parsed as Parsed;
  return {
    ...config,
    connections: Object.entries(connections).map(
      ([connectionId, { browserLoginWithStoredPassword: own, ...connection }]) => ({
        ...connection,
        connectionId,
        providerData: { ...presets, ...providers }[connection.provider]!,
        browserLogin: own && {
          recipe: RecipeSchema.parse({ ...recipePresets, ...recipes }[own.recipe ?? connection.provider]),
          credentialsMaxAgeDays: own.credentialsMaxAgeDays,
        },
      }),
    ),
  };
}

/** Everything else is structured, or a number. */
const plainTexts = new Set(['cloudTrail', 'executionUrl']);

const malformed = Symbol('malformed');

/** The engine hands structured values and numbers over as JSON. */
function readJson(problems: string[]): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, text] of Object.entries(pulumi.runtime.allConfig())) {
    const key = /^grantkeeper:(.+)$/.exec(name)?.[1];
    if (key === undefined) continue;
    if (!Object.hasOwn(schemas, key)) {
      problems.push(`${name} is not a known key: must be ${oneOf(Object.keys(schemas))}`);
      continue;
    }
    if (plainTexts.has(key)) {
      values.set(key, text);
      continue;
    }
    try {
      values.set(key, JSON.parse(text));
    } catch {
      values.set(key, malformed);
      problems.push(problemAt([key], text, 'must be structured (edit the YAML, or use `config set --path`)'));
    }
  }
  return values;
}
