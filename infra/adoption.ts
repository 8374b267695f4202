import { getCallerIdentity } from '@pulumi/aws/index.js';
import { getBucket } from '@pulumi/aws/s3/index.js';
import { getEmailIdentity } from '@pulumi/aws/sesv2/index.js';

import { identityOf } from './components/email.ts';
import { trailBucketName } from './components/secret-watch.ts';
import type { GrantkeeperConfig } from './config.ts';

/** Ids of what outlives a deployment, where it exists; its secrets are found by secrets.ts. */
export interface Found {
  readonly mailIdentity?: string | undefined;
  readonly trailBucket?: string | undefined;
}

/** Finds what exists already, whether this program's state knows of it or not. */
export async function findExisting(
  stack: string,
  { mail, cloudTrail }: Pick<GrantkeeperConfig, 'mail' | 'cloudTrail'>,
): Promise<Found> {
  const { accountId } = await getCallerIdentity();
  const [mailIdentity, trailBucket] = await Promise.all([
    idOf(getEmailIdentity({ emailIdentity: identityOf(mail) })),
    cloudTrail === 'create'
      ? idOf(getBucket({ bucket: trailBucketName(`grantkeeper-${stack}`, accountId) }))
      : undefined,
  ]);
  return { mailIdentity, trailBucket };
}

/** A look-up fails if there is nothing. If it failed for another reason, AWS says so when the resource is created. */
const idOf = (lookUp: Promise<{ readonly id: string }>) =>
  lookUp.then(
    ({ id }) => id,
    () => undefined,
  );
