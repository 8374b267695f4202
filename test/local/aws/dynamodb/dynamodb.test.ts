import {
  BatchGetItemCommand,
  DeleteTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  allow,
  clients,
  refusal,
  roleArn,
  startLocalAws,
  trustLambda,
  type LocalAws,
} from '../../../helpers/local-aws.ts';

let aws: LocalAws;
let client: DynamoDBClient;
const TableName = 'grantkeeper';
const key = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });

beforeAll(async () => {
  aws = await startLocalAws();
  client = clients(aws.url).dynamoDb;
  expect(await aws.dynamoDb.createTable({ name: TableName, hashKey: 'pk', rangeKey: 'sk' })).toBe(
    'arn:aws:dynamodb:us-east-1:000000000000:table/grantkeeper',
  );
});
afterAll(() => aws.close());

test('an item is put, updated, read, queried and deleted', async () => {
  const Key = key('connection#a', 'grant');
  await client.send(new PutItemCommand({ TableName, Item: { ...Key, status: { S: 'alive' } } }));
  const updated = await client.send(
    new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: 'SET fence = if_not_exists(fence, :zero) + :one',
      ExpressionAttributeValues: { ':zero': { N: '0' }, ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  expect(updated.Attributes).toEqual({ ...Key, status: { S: 'alive' }, fence: { N: '1' } });
  const read = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  expect(read.Item?.['fence']).toEqual({ N: '1' });
  const found = await client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :g)',
      ExpressionAttributeValues: { ':pk': { S: 'connection#a' }, ':g': { S: 'gr' } },
    }),
  );
  expect(found.Count).toBe(1);
  await client.send(new DeleteItemCommand({ TableName, Key }));
  expect((await client.send(new GetItemCommand({ TableName, Key }))).Item).toBeUndefined();
});

test('of racing conditional writes one wins', async () => {
  const claims = await Promise.allSettled(
    Array.from({ length: 10 }, (_, owner) =>
      client.send(
        new PutItemCommand({
          TableName,
          Item: { ...key('connection#race', 'lease'), owner: { N: String(owner) } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    ),
  );
  const lost = claims.filter(({ status }) => status === 'rejected');
  expect(lost).toHaveLength(9);
  expect(lost[0]).toMatchObject({
    reason: { name: 'ConditionalCheckFailedException', message: 'The conditional request failed' },
  });
});

test('what dynalite would ignore is refused by name', async () => {
  const write = new PutItemCommand({
    TableName,
    Item: key('a', 'b'),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  expect(await refusal(client.send(write))).toEqual({
    name: 'NotImplementedByEmbeddedCloud',
    message:
      'The embedded cloud does not support the parameter ReturnValuesOnConditionCheckFailure of dynamodb:PutItem.',
  });
  expect(await refusal(client.send(new DeleteTableCommand({ TableName })))).toEqual({
    name: 'NotImplementedByEmbeddedCloud',
    message:
      'The embedded cloud does not support dynamodb:DeleteTable. Supported: BatchGetItem, DeleteItem, GetItem, PutItem, Query, UpdateItem.',
  });
});

test('a bad expression and an unknown table are refused as by DynamoDB', async () => {
  const Key = key('a', 'b');
  const wrong = new UpdateItemCommand({ TableName, Key, UpdateExpression: 'SET' });
  expect(await refusal(client.send(wrong))).toEqual({
    name: 'ValidationException',
    message: expect.stringMatching(/^Invalid UpdateExpression: Syntax error; /),
  });
  expect(await refusal(client.send(new GetItemCommand({ TableName: 'none', Key })))).toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

test('a role needs the action on the table', async () => {
  allow(aws.iam, 'dynamodb:GetItem', 'arn:aws:dynamodb:us-east-1:000000000000:table/grantkeeper');
  const asRole = clients(aws.url, aws.iam.credentialsFor(roleArn)).dynamoDb;
  const Key = key('connection#a', 'settings');
  expect((await asRole.send(new GetItemCommand({ TableName, Key }))).Item).toBeUndefined();
  expect(await refusal(asRole.send(new DeleteItemCommand({ TableName, Key })))).toEqual({
    name: 'AccessDeniedException',
    message:
      'User: arn:aws:sts::000000000000:assumed-role/restricted/embedded-cloud is not authorized to perform: dynamodb:DeleteItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/grantkeeper because no identity-based policy allows the dynamodb:DeleteItem action',
  });
});

test('a role may be held to items under some partition keys', async () => {
  aws.iam.addRole({ arn: `${roleArn}-of-keys`, name: 'of-keys', assumeRolePolicy: trustLambda });
  aws.iam.addRolePolicy(
    `${roleArn}-of-keys`,
    JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'dynamodb:*',
        Resource: '*',
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['session#*', 'panel'] } },
      },
    }),
  );
  const asRole = clients(aws.url, aws.iam.credentialsFor(`${roleArn}-of-keys`)).dynamoDb;
  const update = {
    TableName,
    UpdateExpression: 'SET a = :a',
    ExpressionAttributeValues: { ':a': { S: 'a' } },
  };
  const query = (pk: string) =>
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':sk': { S: 'a' } },
    });
  const batch = (...pks: string[]) =>
    new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: pks.map((pk) => key(pk, 'a')) } } });
  await asRole.send(new UpdateItemCommand({ ...update, Key: key('session#1', 'a') }));
  await asRole.send(new PutItemCommand({ TableName, Item: key('panel', 'a') }));
  expect((await asRole.send(query('session#1'))).Items).toHaveLength(1);
  const { Responses } = await asRole.send(batch('session#1', 'panel'));
  expect(Responses![TableName]).toHaveLength(2);

  const denied = { name: 'AccessDeniedException' };
  const Key = key('connection#a', 'grant');
  expect(await refusal(asRole.send(new GetItemCommand({ TableName, Key })))).toMatchObject(denied);
  expect(await refusal(asRole.send(new UpdateItemCommand({ ...update, Key })))).toMatchObject(denied);
  expect(await refusal(asRole.send(new PutItemCommand({ TableName, Item: Key })))).toMatchObject(denied);
  expect(
    await refusal(asRole.send(new DeleteItemCommand({ TableName, Key: key('panels', 'a') }))),
  ).toMatchObject(denied);
  expect(await refusal(asRole.send(query('connection#a')))).toMatchObject(denied);
  expect(await refusal(asRole.send(batch('session#1', 'connection#a')))).toMatchObject(denied);
});
