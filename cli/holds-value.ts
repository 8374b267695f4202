/** Whether a secret has a value: its versions tell, without a read of it. */
export async function holdsValue(secretName: string): Promise<boolean> {
  const [{ DescribeSecretCommand }, { callAws }, { secretsManager }] = await Promise.all([
    import('@aws-sdk/client-secrets-manager'),
    import('../adapters/aws.ts'),
    import('../adapters/secrets.ts'),
  ]);
  const describe = new DescribeSecretCommand({ SecretId: secretName });
  const client = secretsManager();
  const { VersionIdsToStages: versions = {} } = await callAws(`looking at ${secretName}`, () =>
    client.send(describe),
  );
  return Object.keys(versions).length > 0;
}
