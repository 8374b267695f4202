/** Parts of the resources' schemas. */
import * as z from 'zod';

import { accountId, region } from '../service.ts';

/** Marks a value that AWS accepts and the embedded cloud doesn't support. */
export const notSupportedValue = 'is not supported';

/** The supported values among those that AWS accepts. */
export const only = <const Value extends string | number | boolean>(...values: readonly Value[]) =>
  z.literal([...values], { error: ({ input }) => (input === undefined ? 'is missing' : notSupportedValue) });

/** AWS accepts it and the program sets it, but it has no effect here. */
export const withoutEffect = <Schema extends z.ZodType>(schema: Schema) => schema.optional();

export const text = (least: number, most: number) => z.string().min(least).max(most);

export const named = (pattern: RegExp) => z.string().regex(pattern, `must match ${pattern.source}`);

export const whole = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message);
};

/** An ARN in this account and region, whose last part may be anything. */
export const arn = (service: string) =>
  z.string().startsWith(`arn:aws:${service}:${region}:${accountId}:`, `must be an ARN of ${service} here`);

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html */
export const RoleArn = z
  .string()
  .startsWith(`arn:aws:iam::${accountId}:role/`, 'must be the ARN of a role of this account');

/** An object, as the JSON text that the program registers. */
export const json = z.string().refine((value) => {
  try {
    return typeof JSON.parse(value) === 'object';
  } catch {
    return false;
  }
}, 'must be JSON');
