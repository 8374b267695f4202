import {
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  allow,
  clients,
  refusal,
  roleArn,
  startLocalAws,
  type LocalAws,
} from '../../../helpers/local-aws.ts';

let aws: LocalAws;
let client: SecretsManagerClient;
let count = 0;
/** A fresh secret without a value for each test. */
let SecretId: string;

/** A version id of the length that AWS asks for. */
const version = (name: string) => name.padEnd(32, '0');

beforeAll(async () => {
  aws = await startLocalAws();
  client = clients(aws.url).secrets;
});
afterAll(() => aws.close());
beforeEach(() => {
  count += 1;
  SecretId = `gk/test-${count}/grant`;
  aws.secrets.createSecret({ name: SecretId, description: 'a grant' });
});

const put = (name: string, value: string, stages?: string[]) =>
  client.send(
    new PutSecretValueCommand({
      SecretId,
      ClientRequestToken: version(name),
      SecretString: value,
      ...(stages && { VersionStages: stages }),
    }),
  );
const move = (stage: string, from: string | undefined, to: string | undefined) =>
  client.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: stage,
      ...(from !== undefined && { RemoveFromVersionId: version(from) }),
      ...(to !== undefined && { MoveToVersionId: version(to) }),
    }),
  );
const get = (input: { VersionId?: string; VersionStage?: string } = {}) =>
  client.send(new GetSecretValueCommand({ SecretId, ...input }));
const stages = async () =>
  (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages ?? {};

describe('a version put', () => {
  test('without stages becomes AWSCURRENT, and the one before AWSPREVIOUS', async () => {
    await put('a', 'one');
    await put('b', 'two');
    const answer = await put('c', 'three');
    expect(answer.VersionStages).toEqual(['AWSCURRENT']);
    expect(answer.VersionId).toBe(version('c'));
    expect(await stages()).toEqual({ [version('b')]: ['AWSPREVIOUS'], [version('c')]: ['AWSCURRENT'] });
    expect((await get()).SecretString).toBe('three');
    expect((await get({ VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two');
    expect((await get({ VersionId: version('a') })).SecretString).toBe('one');
  });

  test('as the first one becomes AWSCURRENT whatever its stages', async () => {
    const { VersionStages } = await put('a', 'one', ['AWSPENDING']);
    expect(VersionStages).toEqual(['AWSPENDING', 'AWSCURRENT']);
  });

  test('as AWSPENDING leaves AWSCURRENT where it is', async () => {
    await put('a', 'one');
    await put('b', 'two', ['AWSPENDING']);
    expect(await stages()).toEqual({ [version('a')]: ['AWSCURRENT'], [version('b')]: ['AWSPENDING'] });
    await put('c', 'three', ['AWSPENDING']);
    expect(await stages()).toEqual({ [version('a')]: ['AWSCURRENT'], [version('c')]: ['AWSPENDING'] });
  });

  test('as AWSCURRENT takes AWSPENDING off the version that was both, and off no other', async () => {
    await put('a', 'one');
    await put('b', 'two', ['AWSPENDING', 'MINE']);
    await move('AWSCURRENT', 'a', 'b');
    await put('c', 'three');
    expect(await stages()).toEqual({
      [version('b')]: ['MINE', 'AWSPREVIOUS'],
      [version('c')]: ['AWSCURRENT'],
    });
    await put('d', 'four', ['AWSPENDING']);
    await put('e', 'five');
    expect(await stages()).toMatchObject({
      [version('d')]: ['AWSPENDING'],
      [version('e')]: ['AWSCURRENT'],
    });
  });

  test('again with the same token and value changes nothing', async () => {
    await put('a', 'one');
    await put('b', 'two');
    const again = await put('a', 'one');
    expect(again).toMatchObject({ VersionId: version('a'), VersionStages: ['AWSPREVIOUS'] });
    expect((await get()).SecretString).toBe('two');
  });

  test('again with the same token and another value is refused', async () => {
    const { ARN } = await put('a', 'one');
    expect(await refusal(put('a', 'other'))).toEqual({
      name: 'ResourceExistsException',
      message: `You can't use ClientRequestToken ${version('a')} because that value is already in use for a version of secret ${ARN}.`,
    });
  });

  test('keeps to the limits of token, value, stages and labels', async () => {
    const name = 'ValidationException';
    expect((await refusal(put('a', 'x'.repeat(65_537)))).message).toBe(
      "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    );
    await put('a', 'é'.repeat(32_768));
    expect(await refusal(put('b', 'é'.repeat(32_769)))).toMatchObject({ name });
    const short = new PutSecretValueCommand({ SecretId, ClientRequestToken: 'short', SecretString: 'x' });
    expect((await refusal(client.send(short))).message).toBe(
      "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32",
    );
    const labels = Array.from({ length: 20 }, (_, index) => `L${index}`);
    expect(await refusal(put('b', 'x', [...labels, 'L20']))).toMatchObject({ name });
    // 20 labels are one too many beside AWSCURRENT: they count over all versions.
    expect(await refusal(put('b', 'x', labels))).toMatchObject({ name: 'LimitExceededException' });
  });

  test('is refused by name as SecretBinary', async () => {
    const binary = new PutSecretValueCommand({ SecretId, SecretBinary: new Uint8Array([1]) });
    expect(await refusal(client.send(binary))).toEqual({
      name: 'NotImplementedByEmbeddedCloud',
      message:
        'The embedded cloud does not support the parameter SecretBinary of secretsmanager:PutSecretValue.',
    });
  });

  test('the hundred-and-first within a day is refused, and a day later takes an old one’s place', async () => {
    for (let index = 0; index < 100; index += 1) await put(`v${index}-`, 'x');
    expect(await refusal(put('v100-', 'x'))).toMatchObject({ name: 'LimitExceededException' });
    await aws.clock.advance(24 * 60 * 60 * 1000);
    await put('v100-', 'x');
    expect(await refusal(get({ VersionId: version('v0-') }))).toEqual({
      name: 'ResourceNotFoundException',
      message: `Secrets Manager can't find the specified secret value for VersionId: ${version('v0-')}`,
    });
    expect((await get({ VersionId: version('v1-') })).SecretString).toBe('x');
  });
});

describe('a label', () => {
  beforeEach(async () => {
    await put('a', 'one');
    await put('b', 'two', ['AWSPENDING']);
  });

  test('moves from the version that holds it, AWSPREVIOUS following AWSCURRENT', async () => {
    await move('AWSCURRENT', 'a', 'b');
    expect(await stages()).toEqual({
      [version('a')]: ['AWSPREVIOUS'],
      [version('b')]: ['AWSPENDING', 'AWSCURRENT'],
    });
    await move('AWSCURRENT', 'b', 'a');
    expect(await stages()).toEqual({
      [version('a')]: ['AWSCURRENT'],
      [version('b')]: ['AWSPENDING', 'AWSPREVIOUS'],
    });
  });

  test('does not move from a version that has lost it', async () => {
    await put('c', 'three');
    expect(await refusal(move('AWSCURRENT', 'a', 'b'))).toEqual({
      name: 'InvalidParameterException',
      message:
        'When you move staging label AWSCURRENT, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label AWSCURRENT.',
    });
    expect((await get()).SecretString).toBe('three');
  });

  test('does not move unless its holder is named', async () => {
    expect(await refusal(move('AWSCURRENT', undefined, 'b'))).toEqual({
      name: 'InvalidParameterException',
      message: `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${version('a')}, so you must explicitly reference that version in RemoveFromVersionId.`,
    });
  });

  test('that is free is attached, and removed; AWSCURRENT is never removed', async () => {
    await move('MINE', undefined, 'b');
    expect(await stages()).toMatchObject({ [version('b')]: ['AWSPENDING', 'MINE'] });
    await move('MINE', 'b', undefined);
    await move('AWSPENDING', 'b', undefined);
    expect(await stages()).toEqual({ [version('a')]: ['AWSCURRENT'] });
    expect(await refusal(move('AWSCURRENT', 'a', undefined))).toEqual({
      name: 'InvalidParameterException',
      message:
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
    });
  });

  test('does not move to a version that does not exist, nor to nowhere from nowhere', async () => {
    expect(await refusal(move('AWSCURRENT', 'a', 'none'))).toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect(await refusal(move('AWSCURRENT', undefined, undefined))).toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

describe('a secret', () => {
  test('is found by name, by ARN, and by ARN without its six characters', async () => {
    const { ARN = '' } = await put('a', 'one');
    expect(ARN).toMatch(
      /^arn:aws:secretsmanager:us-east-1:000000000000:secret:gk\/test-\d+\/grant-[A-Za-z0-9]{6}$/,
    );
    for (const id of [SecretId, ARN, ARN.slice(0, -7)]) {
      const found = await client.send(new GetSecretValueCommand({ SecretId: id }));
      expect(found).toMatchObject({
        ARN,
        Name: SecretId,
        SecretString: 'one',
        VersionId: version('a'),
        VersionStages: ['AWSCURRENT'],
        CreatedDate: new Date(aws.clock.now()),
      });
    }
  });

  test('without a value says so by label', async () => {
    expect(await refusal(get())).toEqual({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
  });

  test('that does not exist is not found', async () => {
    const missing = new GetSecretValueCommand({ SecretId: 'none' });
    expect(await refusal(client.send(missing))).toEqual({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
    });
  });

  test('refuses a version and a stage that are not of one another', async () => {
    await put('a', 'one');
    await put('b', 'two');
    expect(await refusal(get({ VersionId: version('a'), VersionStage: 'AWSCURRENT' }))).toMatchObject({
      name: 'InvalidRequestException',
    });
  });

  test('is described without its values', async () => {
    await put('a', 'one');
    const described = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(described).toMatchObject({
      Name: SecretId,
      Description: 'a grant',
      VersionIdsToStages: { [version('a')]: ['AWSCURRENT'] },
      LastChangedDate: new Date(aws.clock.now()),
    });
  });

  test('has a name of the documented letters', () => {
    expect(() => aws.secrets.createSecret({ name: 'not allowed' })).toThrow(
      "Value at 'name' failed to satisfy",
    );
  });
});

test('every value of every version is there for a search', async () => {
  await put('a', 'one');
  await put('b', 'two');
  const mine = [...aws.secrets.values()].filter(({ name }) => name === SecretId);
  expect(mine).toEqual([
    { name: SecretId, versionId: version('a'), value: 'one' },
    { name: SecretId, versionId: version('b'), value: 'two' },
  ]);
});

test('operations that are not supported are refused by name', async () => {
  expect(await refusal(client.send(new DeleteSecretCommand({ SecretId })))).toEqual({
    name: 'NotImplementedByEmbeddedCloud',
    message:
      'The embedded cloud does not support secretsmanager:DeleteSecret. Supported: DescribeSecret, GetSecretValue, PutSecretValue, UpdateSecretVersionStage.',
  });
});

test('a role may do what its policies say on the ARNs they say', async () => {
  await put('a', 'one');
  allow(
    aws.iam,
    'secretsmanager:GetSecretValue',
    `arn:aws:secretsmanager:us-east-1:000000000000:secret:${SecretId}-??????`,
  );
  const asRole = clients(aws.url, aws.iam.credentialsFor(roleArn)).secrets;
  const value = await asRole.send(new GetSecretValueCommand({ SecretId }));
  expect(value.SecretString).toBe('one');
  expect(
    await refusal(
      asRole.send(
        new UpdateSecretVersionStageCommand({
          SecretId,
          VersionStage: 'X',
          MoveToVersionId: version('a'),
        }),
      ),
    ),
  ).toEqual({
    name: 'AccessDeniedException',
    message: `User: arn:aws:sts::000000000000:assumed-role/restricted/embedded-cloud is not authorized to perform: secretsmanager:UpdateSecretVersionStage on resource: ${value.ARN} because no identity-based policy allows the secretsmanager:UpdateSecretVersionStage action`,
  });
  // The refusal doesn't show whether the secret exists.
  expect(await refusal(asRole.send(new GetSecretValueCommand({ SecretId: 'none' })))).toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('secret:none because'),
  });
});
