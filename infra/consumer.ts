import { RolePolicy } from '@pulumi/aws/iam/index.js';
import * as pulumi from '@pulumi/pulumi';

export interface ConsumerArgs {
  /** Name of the role, as `aws.iam.Role` has it in `name`. */
  readonly role: pulumi.Input<string>;
  readonly connectionId: string;
  /** The output `consumerPolicies` of the stack: of this program, or of another one by `StackReference`. */
  readonly consumerPolicies: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
}

/**
 * Lets a role use the access token of a connection: read it, and ask for a refresh.
 * @throws {pulumi.RunError} where the stack has no such connection, naming those that it has
 */
export function grantAccessToken(
  name: string,
  { role, connectionId, consumerPolicies }: ConsumerArgs,
  opts?: pulumi.CustomResourceOptions,
): RolePolicy {
  const policy = pulumi.output(consumerPolicies).apply((policies) => {
    const found = policies[connectionId];
    if (found !== undefined) return found;
    throw new pulumi.RunError(
      `${name}: the stack has no connection ${connectionId}. It has: ${Object.keys(policies).join(', ')}.`,
    );
  });
  return new RolePolicy(name, { role, policy }, opts);
}
