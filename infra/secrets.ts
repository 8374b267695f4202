import { getSecrets, Secret } from '@pulumi/aws/secretsmanager/index.js';
import type * as pulumi from '@pulumi/pulumi';

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
