/** A secret's metadata. Reading it does not read the value. */
export interface SecretDescription {
  /** Undefined while it has no value. */
  readonly currentVersionId: string | undefined;
  /** Epoch milliseconds. */
  readonly changedAtMs: number;
}

export async function describeSecret(secretName: string): Promise<SecretDescription> {
  const [{ DescribeSecretCommand }, { callAws }, { secretsManager }] = await Promise.all([
    import('@aws-sdk/client-secrets-manager'),
    import('../adapters/aws.ts'),
    import('../adapters/secrets.ts'),
  ]);
  const describe = new DescribeSecretCommand({ SecretId: secretName });
  const client = secretsManager();
  const { VersionIdsToStages: versions = {}, LastChangedDate: changed } = await callAws(
    `looking at ${secretName}`,
    () => client.send(describe),
  );
  const current = Object.entries(versions).find(([, stages]) => stages.includes('AWSCURRENT'));
  return { currentVersionId: current?.[0], changedAtMs: changed?.getTime() ?? 0 };
}

/** True if a secret has a value. */
export async function holdsValue(secretName: string): Promise<boolean> {
  const { currentVersionId } = await describeSecret(secretName);
  return currentVersionId !== undefined;
}
