/** The documented input of Secrets Manager's operations; other parameters are refused by name. */
import * as z from 'zod';

// The SDKs and the CLI generate one; other clients must send it.
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

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
export const NewSecret = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(512)
    .regex(/^[A-Za-z0-9/_+=.@-]+$/),
  description: z.string().max(2048).optional(),
});
export type NewSecret = z.output<typeof NewSecret>;

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

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
export const UpdateSecretVersionStageInput = z.strictObject({
  SecretId,
  VersionStage,
  RemoveFromVersionId: VersionId.optional(),
  MoveToVersionId: VersionId.optional(),
});
