import { getSecrets, Secret } from '@pulumi/aws/secretsmanager/index.js';
import type * as pulumi from '@pulumi/pulumi';

import { postedChannelNames, postedChannels } from '../core/channel.ts';
import type { GrantkeeperConfig } from './config.ts';
import { kept } from './kept.ts';

/** ARNs of secrets that exist, by name. */
export type FoundSecrets = Readonly<Record<string, string>>;

/** What the names of a stack's secrets begin with; no slash at the end. */
export const secretPrefixOf = (stack: string) => `grantkeeper/${stack}`;

/** What the names of a stack's passwords begin with: no pattern of the others' reaches them. No slash at the end. */
export const browserSecretPrefixOf = (stack: string) => `grantkeeper-browser-login/${stack}`;

/** The stack's secrets that exist already, whether this program's state knows of them or not. */
export async function findSecrets(stack: string): Promise<FoundSecrets> {
  const { arns } = await getSecrets({ filters: [{ name: 'name', values: [`${secretPrefixOf(stack)}/`] }] });
  // Names and ARNs come as two sets in no common order. An ARN ends in the name, a dash and six characters.
  return Object.fromEntries(arns.map((arn) => [arn.split(':secret:')[1]!.slice(0, -7), arn]));
}

export interface SecretArgs {
  readonly name: string;
  readonly description: string;
  readonly found: FoundSecrets;
}

/**
 * An empty secret that outlives the program: its value is a grant, or was typed in by a person. Taking a
 * connection out of the configuration leaves it in place, and when the connection returns it is adopted again.
 */
export function keptSecret(
  logicalName: string,
  { name, description, found }: SecretArgs,
  opts?: pulumi.CustomResourceOptions,
): Secret {
  const mayDiffer = ['description', 'recoveryWindowInDays', 'forceOverwriteReplicaSecret', 'tags'];
  return new Secret(logicalName, { name, description }, { ...opts, ...kept(found[name], mayDiffer) });
}

/** One secret a client, empty until the operator puts its credentials in. */
export function clientSecrets(
  secretPrefix: string,
  config: GrantkeeperConfig,
  found: FoundSecrets,
): Readonly<Record<string, Secret>> {
  const names = [...new Set(config.connections.map(({ client }) => client))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      keptSecret(`client-${name}`, {
        name: `${secretPrefix}/client/${name}`,
        description: `{"client_id", "client_secret"} of the OAuth client ${name}. Put there by the operator.`,
        found,
      }),
    ]),
  );
}

/** One secret for each channel that posts to a service, empty until the operator puts its address in. */
export function webhookSecrets(
  secretPrefix: string,
  config: GrantkeeperConfig,
  found: FoundSecrets,
): Readonly<Record<string, Secret>> {
  const named = config.connections.flatMap(({ owner }) =>
    postedChannelNames.flatMap((channel) => {
      const name = owner[channel];
      return name === undefined ? [] : [[name, postedChannels[channel]] as const];
    }),
  );
  return Object.fromEntries(
    [...new Map(named)].map(([name, { secretHolds, secretExample }]) => [
      name,
      keptSecret(`webhook-${name}`, {
        name: `${secretPrefix}/webhook/${name}`,
        description: `Holds the ${secretHolds} (${secretExample}). Put there by the operator.`,
        found,
      }),
    ]),
  );
}

export function namesOf(secrets: Readonly<Record<string, Secret>>): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.name]));
}
