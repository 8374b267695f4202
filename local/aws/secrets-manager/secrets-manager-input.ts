/** The documented shape of what Secrets Manager's operations take; what is not here is refused by name. */
import * as z from 'zod';

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
const Name = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[A-Za-z0-9/_+=.@-]+$/);
const Description = z.string().max(2048);
const Tag = z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256) });
// The SDKs and the CLI make one up; whoever signs requests by hand has to.
const VersionId = z.string().min(32).max(64);
const VersionStage = z.string().min(1).max(256);
const SecretId = z.string().min(1).max(2048);
const SecretString = z
  .string()
  .min(1)
  .refine(
    (value) => Buffer.byteLength(value) <= 65_536,
    'Member must have length less than or equal to 65536',
  );

export const CreateSecretInput = z.strictObject({
  Name,
  ClientRequestToken: VersionId.optional(),
  Description: Description.optional(),
  KmsKeyId: z.string().max(2048).optional(),
  SecretString: SecretString.optional(),
  Tags: z.array(Tag).max(50).optional(),
});

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
export const PutSecretValueInput = z.strictObject({
  SecretId,
  ClientRequestToken: VersionId.optional(),
  SecretString,
  VersionStages: z.array(VersionStage).min(1).max(20).optional(),
});

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
export const GetSecretValueInput = z.strictObject({
  SecretId,
  VersionId: VersionId.optional(),
  VersionStage: VersionStage.optional(),
});

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
export const DescribeSecretInput = z.strictObject({ SecretId });

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
const page = {
  MaxResults: z.int().min(1).max(100).optional(),
  NextToken: z.string().min(1).max(4096).optional(),
};
export const ListSecretsInput = z.strictObject({
  ...page,
  // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
  Filters: z
    .array(
      z.strictObject({
        Key: z.enum(['name', 'description', 'tag-key', 'tag-value', 'all']),
        Values: z.array(z.string().max(512)).min(1).max(10),
      }),
    )
    .max(10)
    .optional(),
  SortOrder: z.enum(['asc', 'desc']).optional(),
  // Nothing is deleted here.
  IncludePlannedDeletion: z.boolean().optional(),
});

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
export const ListSecretVersionIdsInput = z.strictObject({
  ...page,
  SecretId,
  IncludeDeprecated: z.boolean().default(false),
});

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
export const UpdateSecretVersionStageInput = z.strictObject({
  SecretId,
  VersionStage,
  RemoveFromVersionId: VersionId.optional(),
  MoveToVersionId: VersionId.optional(),
});
