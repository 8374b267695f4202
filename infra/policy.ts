import * as pulumi from '@pulumi/pulumi';

/** One statement of an identity policy; always Allow, always over named resources. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly pulumi.Input<string>[];
}

export function policyDocument(statements: readonly Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: statements.map(({ actions, resources }) => ({
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
    })),
  });
}

/** Who may take a role on: one AWS service, and for this account only where the service says so. */
export function trustPolicy(service: string, accountId?: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: service },
        // Against the confused deputy: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        ...(accountId === undefined
          ? {}
          : { Condition: { StringEquals: { 'aws:SourceAccount': accountId } } }),
      },
    ],
  });
}
