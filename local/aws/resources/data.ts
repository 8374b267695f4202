/** The table, its items and the secrets. */
import * as z from 'zod';

import { json, named, only, text, whole, withoutEffect } from './parts.ts';

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const tableName = named(/^[A-Za-z0-9_.-]{3,255}$/);
const attributeName = text(1, 255);

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
const Table = z
  .strictObject({
    name: tableName,
    billingMode: only('PAY_PER_REQUEST'),
    hashKey: attributeName,
    rangeKey: attributeName.optional(),
    attributes: z.array(z.strictObject({ name: attributeName, type: only('S') })),
    // Items stay. DynamoDB may delete them days late, so readers must not rely on it.
    ttl: withoutEffect(z.strictObject({ attributeName, enabled: z.boolean() })),
    pointInTimeRecovery: withoutEffect(z.strictObject({ enabled: z.boolean() })),
    serverSideEncryption: withoutEffect(z.strictObject({ enabled: z.boolean() })),
    deletionProtectionEnabled: withoutEffect(z.boolean()),
  })
  .refine(
    ({ attributes, hashKey, rangeKey }) =>
      sameSet(
        attributes.map(({ name }) => name),
        [hashKey, ...(rangeKey === undefined ? [] : [rangeKey])],
      ),
    { path: ['attributes'], error: 'must define the attributes of the key, and no others' },
  );

export const dataSchemas = {
  'aws:dynamodb/table:Table': Table,
  'aws:dynamodb/tableItem:TableItem': z.strictObject({
    tableName,
    hashKey: attributeName,
    rangeKey: attributeName.optional(),
    item: json,
  }),
  // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
  'aws:secretsmanager/secret:Secret': z.strictObject({
    name: named(/^[\w/+=.@-]{1,512}$/),
    description: text(0, 2048).optional(),
    // Nothing is deleted here. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    recoveryWindowInDays: withoutEffect(z.union([z.literal(0), whole(7, 30)])),
  }),
} as const;

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((each) => right.includes(each));
}
