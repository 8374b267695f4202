import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';

import { presets, ProviderSchema } from '../core/provider.ts';
import type { Provider } from '../core/provider.ts';
import { ConnectionIdSchema, OwnerSchema } from '../core/settings.ts';
import { WeeklyHoursSchema } from '../core/window.ts';

const NameSchema = z
  .string()
  .regex(/^[a-z](-?[a-z0-9])*$/, 'must be lower-case letters, digits and single dashes')
  .max(32);

const ConnectionConfigSchema = z.strictObject({
  /** A preset (`schwab`) or a key of `providers`. */
  provider: z.string(),
  /** Which client's credentials: the secret `…/client/<client>`. */
  client: NameSchema,
  owner: OwnerSchema,
  rungOffsetsSeconds: z.array(z.int().min(60)).min(1).max(12).optional(),
  neededHours: z.optional(WeeklyHoursSchema),
  quietHours: z.optional(WeeklyHoursSchema),
  paused: z.boolean().default(false),
});

const ConfigSchema = z.strictObject({
  connections: z.record(ConnectionIdSchema, ConnectionConfigSchema),
  providers: z.record(NameSchema, ProviderSchema).default({}),
  mail: z.strictObject({
    from: z.email('must be an e-mail address'),
    /** Address or domain verified with SES; the sender's address where it is left out. */
    identity: z.string().min(3).optional(),
  }),
  operators: z.strictObject({ emails: z.array(z.email('must be an e-mail address')).min(1) }),
  domain: z
    .strictObject({
      name: z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/, 'must be a host name such as grants.example.com'),
      certificateArn: z.string().startsWith('arn:', 'must be the ARN of an ACM certificate'),
      hostedZoneId: z.string().min(1).optional(),
    })
    .optional(),
  /** CloudWatch's choices: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
  logRetentionDays: z.literal([7, 14, 30, 60, 90, 180, 365, 400]).default(90),
});

export interface ConnectionConfig extends z.infer<typeof ConnectionConfigSchema> {
  readonly connectionId: string;
  readonly providerData: Provider;
}

export interface GrantkeeperConfig extends Omit<z.infer<typeof ConfigSchema>, 'connections' | 'providers'> {
  readonly connections: readonly ConnectionConfig[];
}

/**
 * Reads the stack's configuration: the only place that does.
 * @throws {pulumi.RunError} naming every problem at once: key, value, what is allowed
 */
export function readConfig(): GrantkeeperConfig {
  const config = new pulumi.Config('grantkeeper');
  const raw: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const key of Object.keys(ConfigSchema.shape)) {
    const text = config.get(key);
    if (text === undefined) continue;
    try {
      raw[key] = JSON.parse(text);
    } catch {
      problems.push(
        `grantkeeper:${key} is ${show(text)}: must be a structured value (use --path, or edit the YAML)`,
      );
    }
  }
  if (problems.length === 0) {
    const parsed = ConfigSchema.safeParse(raw);
    if (parsed.success) {
      const connections = connect(parsed.data, problems);
      if (problems.length === 0) return { ...parsed.data, connections };
    } else {
      problems.push(...parsed.error.issues.flatMap((issue) => describe(issue, raw)));
    }
  }
  throw new pulumi.RunError(
    ['The configuration of this stack is not valid:', ...problems.map((problem) => `  - ${problem}`)].join(
      '\n',
    ),
  );
}

function connect(config: z.infer<typeof ConfigSchema>, problems: string[]): ConnectionConfig[] {
  const providers: Readonly<Record<string, Provider>> = { ...presets, ...config.providers };
  const connections: ConnectionConfig[] = [];
  for (const [connectionId, connection] of Object.entries(config.connections)) {
    const providerData = providers[connection.provider];
    if (providerData) {
      connections.push({ ...connection, connectionId, providerData });
    } else {
      problems.push(
        `grantkeeper:connections.${connectionId}.provider is ${show(connection.provider)}: must be one of ${Object.keys(providers).join(', ')}`,
      );
    }
  }
  for (const [name, provider] of Object.entries(config.providers)) {
    if (provider.authorizationResponseIss && provider.issuer === undefined) {
      problems.push(`grantkeeper:providers.${name}.issuer is missing: authorizationResponseIss needs it`);
    }
  }
  return connections;
}

/** One line an issue: the key as an operator would write it, the value, what is allowed. */
function describe(issue: z.core.$ZodIssue, raw: unknown): string[] {
  const key = (path: readonly PropertyKey[]) => `grantkeeper:${path.map(String).join('.')}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => `${key([...issue.path, name])} is not a key that is known here`);
  }
  if (issue.code === 'invalid_key') {
    return [`${key(issue.path)}: the name ${issue.issues[0]?.message ?? 'is not allowed'}`];
  }
  const value = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step],
    raw,
  );
  return [
    value === undefined
      ? `${key(issue.path)} is missing: ${issue.message}`
      : `${key(issue.path)} is ${show(value)}: ${issue.message}`,
  ];
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
