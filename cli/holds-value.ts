/** Whether a secret has a value: its versions tell, without a read of it. */
export async function holdsValue(secretName: string): Promise<boolean> {
  const { DescribeSecretCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { callAws } = await import('../adapters/aws.ts');
  const describe = new DescribeSecretCommand({ SecretId: secretName });
  const client = new SecretsManagerClient({});
  const { VersionIdsToStages: versions = {} } = await callAws(`looking at ${secretName}`, () =>
    client.send(describe),
  );
  return Object.keys(versions).length > 0;
}
