/** The adapter's requests to Secrets Manager, and its reading of the answers. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { clientDefaults } from '../../adapters/aws.ts';
import {
  patientSecretsManager,
  secretsManager,
  secretsManagerClients,
  secretsManagerTokens,
} from '../../adapters/secrets.ts';
import { Secret } from '../../core/secret.ts';
import { AwsError } from '../../local/aws/errors.ts';
import type { LocalAws } from '../helpers/local-aws.ts';
import { administratorKey, startLocalAws } from '../helpers/local-aws.ts';

/** Answers in turn; an error is thrown. */
function scripted(...answers: (object | undefined)[]) {
  const sent: unknown[] = [];
  const send = async (
    { constructor, input }: { constructor: { name: string }; input: object },
    options?: object,
  ) => {
    sent.push([constructor.name.replace(/Command$/, ''), input, ...(options ? [options] : [])]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { sent, client: { send } as unknown as SecretsManagerClient };
}
const failing = (name: string) => Object.assign(new Error(name), { name });
const other = scripted().client;

const grant = {
  versionId: 'v1',
  refreshToken: new Secret('r'),
  obtainedAt: '2026-01-05T12:00:00.000Z',
  authorizedAt: '2026-01-05T11:00:00.000Z',
  derivedFrom: 'v0',
  identity: { subject: 's', accounts: ['a'] },
  unverified: true as const,
};
const grantValue = {
  refresh_token: 'r',
  obtained_at: '2026-01-05T12:00:00.000Z',
  authorized_at: '2026-01-05T11:00:00.000Z',
  derived_from: 'v0',
  identity: { subject: 's', accounts: ['a'] },
  unverified: true,
};
const access = {
  versionId: 'v1',
  accessToken: new Secret('a'),
  tokenType: 'Bearer',
  scope: 'x',
  obtainedAt: '2026-01-05T12:00:00.000Z',
  expiresAt: '2026-01-05T12:30:00.000Z',
  derivedFrom: 'v0',
  deadline: '2026-01-12T12:00:00.000Z',
  panelUrl: 'https://grants.example.com/panel/connections/main',
};
const accessValue = {
  access_token: 'a',
  token_type: 'Bearer',
  scope: 'x',
  obtained_at: '2026-01-05T12:00:00.000Z',
  expires_at: '2026-01-05T12:30:00.000Z',
  derived_from: 'v0',
  deadline: '2026-01-12T12:00:00.000Z',
  panel_url: 'https://grants.example.com/panel/connections/main',
};

test('what is in memory alone is asked for seven times, over the connections of the other client', async () => {
  const client = secretsManager();
  const patient = patientSecretsManager(client);
  expect(await patient.config.maxAttempts()).toBe(7);
  expect(await client.config.maxAttempts()).toBeLessThan(7);
  expect(patient.config.requestHandler).toBe(client.config.requestHandler);
});

describe('a version is put', () => {
  const put = {
    grant: {
      write: (tokens: ReturnType<typeof secretsManagerTokens>) => tokens.putGrant('main', grant),
      value: grantValue,
    },
    access: {
      write: (tokens: ReturnType<typeof secretsManagerTokens>) => tokens.putAccess('main', access),
      value: accessValue,
    },
  };

  test.each(['grant', 'access'] as const)(
    'of the %s secret, pending, by the patient client',
    async (secret) => {
      const { sent, client } = scripted(
        { VersionStages: ['AWSPENDING'] },
        { VersionStages: ['AWSCURRENT'] },
        {},
      );
      const tokens = secretsManagerTokens('prefix', other, client);
      const { write, value } = put[secret];
      expect([await write(tokens), await write(tokens), await write(tokens)]).toEqual([
        'pending',
        'current',
        'pending',
      ]);
      expect(sent[0]).toEqual([
        'PutSecretValue',
        {
          SecretId: `prefix/main/${secret}`,
          ClientRequestToken: 'v1',
          SecretString: JSON.stringify(value),
          VersionStages: ['AWSPENDING'],
        },
        { requestTimeout: 2000 },
      ]);
    },
  );

  test.each([
    [
      'grant',
      'prefix/main/grant has as many versions as Secrets Manager keeps for a day. The refresh token that the provider gave is lost; if the one before it is not taken any more, the owner has to log in.',
    ],
    [
      'access',
      'prefix/main/access has as many versions as Secrets Manager keeps for a day. The access token that the provider gave is lost; another one can be had.',
    ],
  ] as const)('of the %s secret, unless that is full', async (secret, message) => {
    const tokens = secretsManagerTokens('prefix', other, scripted(failing('LimitExceededException')).client);
    await expect(put[secret].write(tokens)).rejects.toMatchObject({
      name: 'StoreQuotaExceededError',
      message,
    });
  });

  test.each(['grant', 'access'] as const)('of the %s secret, and the fault names it', async (secret) => {
    const tokens = secretsManagerTokens('prefix', other, scripted(failing('InternalServiceError')).client);
    await expect(put[secret].write(tokens)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message: expect.stringContaining(`storing prefix/main/${secret}`),
    });
  });
});

describe('a secret is read', () => {
  const version = (VersionId: string, value: unknown) => ({ VersionId, SecretString: JSON.stringify(value) });
  const missing = failing('ResourceNotFoundException');
  const empty = { ...grantValue, ...accessValue, refresh_token: '', access_token: '' };

  test('with its current and its pending version', async () => {
    const { sent, client } = scripted(
      version('v1', grantValue),
      version('v2', { ...grantValue, refresh_token: 'r2' }),
    );
    const found = await secretsManagerTokens('prefix', client, other).readGrant('main');
    expect(found).toEqual({
      currentVersionId: 'v1',
      current: grant,
      pending: { ...grant, versionId: 'v2', refreshToken: new Secret('r2') },
    });
    expect(found.pending!.refreshToken.reveal()).toBe('r2');
    expect(sent).toEqual([
      ['GetSecretValue', { SecretId: 'prefix/main/grant', VersionStage: 'AWSCURRENT' }],
      ['GetSecretValue', { SecretId: 'prefix/main/grant', VersionStage: 'AWSPENDING' }],
    ]);
    const same = scripted(version('v1', accessValue), version('v1', accessValue));
    expect(await secretsManagerTokens('prefix', same.client, other).readAccess('main')).toEqual({
      currentVersionId: 'v1',
      current: access,
      pending: undefined,
    });
    expect(same.sent[0]).toEqual([
      'GetSecretValue',
      { SecretId: 'prefix/main/access', VersionStage: 'AWSCURRENT' },
    ]);
  });

  test('with a pending version alone', async () => {
    const { client } = scripted(missing, version('v2', grantValue));
    expect(await secretsManagerTokens('prefix', client, other).readGrant('main')).toEqual({
      currentVersionId: undefined,
      current: undefined,
      pending: { ...grant, versionId: 'v2' },
    });
  });

  test.each([
    ['none of its versions are there', [missing, missing], undefined],
    ['its answer has no version', [{}, {}], undefined],
    ['somebody else has put something', [version('v1', { token: 'x' }), missing], 'v1'],
    ['somebody else has put something empty', [version('v1', empty), missing], 'v1'],
    ['it holds no text', [{ VersionId: 'v1' }, missing], 'v1'],
  ])('where %s', async (_what, answers, currentVersionId) => {
    for (const secret of ['readGrant', 'readAccess'] as const) {
      const { client } = scripted(...answers);
      const found = await secretsManagerTokens('prefix', client, other)[secret]('main');
      expect(found).toEqual({ currentVersionId, current: undefined, pending: undefined });
    }
  });

  test('by the id of a version', async () => {
    const { sent, client } = scripted(
      version('v1', grantValue),
      version('v1', accessValue),
      missing,
      missing,
    );
    const tokens = secretsManagerTokens('prefix', client, other);
    expect(await tokens.readGrantVersion('main', 'v1')).toEqual(grant);
    expect(await tokens.readAccessVersion('main', 'v1')).toEqual(access);
    expect(await tokens.readGrantVersion('main', 'v2')).toBeUndefined();
    expect(await tokens.readAccessVersion('main', 'v2')).toBeUndefined();
    expect(sent.slice(0, 2)).toEqual([
      ['GetSecretValue', { SecretId: 'prefix/main/grant', VersionId: 'v1' }],
      ['GetSecretValue', { SecretId: 'prefix/main/access', VersionId: 'v1' }],
    ]);
  });

  test('and a fault names it', async () => {
    const { client } = scripted(failing('InternalServiceError'));
    await expect(
      secretsManagerTokens('prefix', client, other).readGrantVersion('main', 'v1'),
    ).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message: expect.stringContaining('reading prefix/main/grant'),
    });
  });
});

describe('AWSCURRENT is moved', () => {
  const refused = failing('InvalidParameterException');
  const shows = (VersionId: string) => ({ VersionId, SecretString: '{}' });
  test.each<[string, (object | undefined)[], string | undefined, boolean]>([
    ['at once', [{}], 'v1', true],
    ['before, by this very move', [refused, shows('v2')], 'v1', true],
    ['by somebody else', [refused, shows('v3')], 'v1', false],
    ['by somebody else, from none', [refused, shows('v3')], undefined, false],
    ['to nowhere', [refused, failing('ResourceNotFoundException')], undefined, false],
    ['from a version that is gone', [refused, failing('ResourceNotFoundException')], 'v1', false],
  ])('%s', async (_by, answers, from, isMoved) => {
    const { sent, client } = scripted(...answers);
    const tokens = secretsManagerTokens('prefix', client, other);
    expect(await tokens.moveCurrent('main', 'grant', from, 'v2')).toBe(isMoved);
    expect(sent[0]).toEqual([
      'UpdateSecretVersionStage',
      {
        SecretId: 'prefix/main/grant',
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: from,
        MoveToVersionId: 'v2',
      },
    ]);
    if (answers.length > 1)
      expect(sent[1]).toEqual([
        'GetSecretValue',
        { SecretId: 'prefix/main/grant', VersionStage: 'AWSCURRENT' },
      ]);
  });

  test.each([
    [[refused, shows('v1')], 'making a version of prefix/main/grant current: what was read is out of date'],
    [
      [failing('InternalServiceError')],
      expect.stringContaining('making a version of prefix/main/grant current'),
    ],
  ])('or nobody knows', async (answers, message) => {
    const tokens = secretsManagerTokens('prefix', scripted(...answers).client, other);
    await expect(tokens.moveCurrent('main', 'grant', 'v1', 'v2')).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message,
    });
  });
});

test('a secret is emptied by versions that take both labels', async () => {
  const { sent, client } = scripted(
    {},
    {},
    failing('LimitExceededException'),
    failing('InternalServiceError'),
  );
  const tokens = secretsManagerTokens('prefix', client, other);
  await tokens.empty('main', 'access', ['v1', 'v2'], '2026-01-05T12:00:00.000Z');
  const put = (ClientRequestToken: string) => [
    'PutSecretValue',
    {
      SecretId: 'prefix/main/access',
      ClientRequestToken,
      SecretString: '{"disconnected_at":"2026-01-05T12:00:00.000Z"}',
      VersionStages: ['AWSCURRENT', 'AWSPENDING'],
    },
  ];
  expect(sent).toEqual([put('v1'), put('v2')]);
  await expect(tokens.empty('main', 'grant', ['v3', 'v4'], 'x')).rejects.toMatchObject({
    name: 'StoreQuotaExceededError',
    message: 'prefix/main/grant has as many versions as Secrets Manager keeps for a day. It was not emptied.',
  });
  await expect(tokens.empty('main', 'grant', ['v3', 'v4'], 'x')).rejects.toThrow(
    'emptying prefix/main/grant',
  );
});

describe('a client', () => {
  test('is there, and read', async () => {
    const stored = { VersionId: 'v1', SecretString: '{"client_id":"c","client_secret":"s"}' };
    const { sent, client } = scripted(stored, stored, failing('ResourceNotFoundException'));
    const clients = secretsManagerClients(client);
    expect(await clients.isThere('prefix/client/x')).toBe(true);
    const read = await clients.read('prefix/client/x');
    expect([read.clientId, read.clientSecret.reveal()]).toEqual(['c', 's']);
    expect(await clients.isThere('prefix/client/x')).toBe(false);
    expect(sent[0]).toEqual(['GetSecretValue', { SecretId: 'prefix/client/x', VersionStage: 'AWSCURRENT' }]);
  });

  test.each([
    [
      failing('ResourceNotFoundException'),
      'The client secret n holds no value yet. Put {"client_id": "…", "client_secret": "…"} into it.',
    ],
    [{ VersionId: 'v', SecretString: 'no JSON' }, 'The client secret n is not JSON.'],
    [{ VersionId: 'v' }, 'The client secret n is not JSON.'],
    [{ VersionId: 'v', SecretString: '{"client_id":"c"}' }, 'The client secret n lacks client_secret.'],
    [
      { VersionId: 'v', SecretString: '{"client_id":"","client_secret":"s"}' },
      'The client secret n lacks client_id.',
    ],
    [{ VersionId: 'v', SecretString: '[]' }, 'The client secret n lacks client_id and client_secret.'],
  ])('that cannot be used', async (answer, message) => {
    const clients = secretsManagerClients(scripted(answer).client);
    await expect(clients.read('n')).rejects.toMatchObject({ name: 'ConfigurationError', message });
  });
});

/**
 * The label is moved, the answer is lost, and the SDK asks again. Secrets Manager refuses the second move, because the label
 * is already there. The simulation does not need the difference from another holder's move: the next check would adopt.
 */
describe('a refused move of the current label', () => {
  const ids = ['11111111', '22222222', '33333333'].map((first) => `${first}-2222-4333-8444-555555555555`);
  const [first, second, third] = ids as [string, string, string];

  let aws: LocalAws;
  let tokens: ReturnType<typeof secretsManagerTokens>;
  /** The answer to each move. */
  let moves: string[];
  /** An older version that reads of the current one show. */
  let staleRead: string | undefined;
  /** If true, the next move succeeds and its answer is lost. */
  let losesAnswer = false;

  beforeAll(async () => {
    aws = await startLocalAws();
    // The SDK takes a refusal by another clock for a signature out of time, and asks again.
    await aws.clock.advance(Date.now() - aws.clock.now());
    const call = aws.secrets.call.bind(aws.secrets);
    aws.secrets.call = async (operation, input, caller) => {
      if (operation === 'GetSecretValue' && staleRead !== undefined)
        return call(operation, { SecretId: input.SecretId, VersionId: staleRead }, caller);
      if (operation !== 'UpdateSecretVersionStage') return call(operation, input, caller);
      const answer = await call(operation, input, caller).catch((error: AwsError) => error);
      moves.push(answer instanceof AwsError ? answer.code : 'moved');
      if (answer instanceof AwsError) throw answer;
      if (!losesAnswer) return answer;
      losesAnswer = false;
      throw new AwsError('InternalServiceError', 'The answer was lost.', 500);
    };
    const config = { endpoint: aws.url, region: 'us-east-1', credentials: administratorKey };
    const client = new SecretsManagerClient({ ...config, ...clientDefaults });
    tokens = secretsManagerTokens('prefix', client, client);
  });
  afterAll(() => aws.close());

  let serial = 0;
  let connectionId = '';
  beforeEach(async () => {
    moves = [];
    staleRead = undefined;
    connectionId = `connection-${++serial}`;
    aws.secrets.createSecret({ name: `prefix/${connectionId}/grant` });
    for (const versionId of ids) {
      const obtainedAt = '2026-01-05T12:00:00.000Z';
      await tokens.putGrant(connectionId, {
        versionId,
        refreshToken: new Secret(versionId),
        obtainedAt,
        authorizedAt: obtainedAt,
      });
    }
  });

  const current = async () => (await tokens.readGrant(connectionId)).currentVersionId;

  test('was ours if the answer to the first was lost', async () => {
    losesAnswer = true;
    expect(await tokens.moveCurrent(connectionId, 'grant', first, second)).toBe(true);
    expect(moves).toEqual(['moved', 'InvalidParameterException']);
    expect(await current()).toBe(second);
  });

  test('was not made after another holder’s move', async () => {
    expect(await tokens.moveCurrent(connectionId, 'grant', first, third)).toBe(true);
    expect(await tokens.moveCurrent(connectionId, 'grant', first, second)).toBe(false);
    expect(moves).toEqual(['moved', 'InvalidParameterException']);
    expect(await current()).toBe(third);
  });

  test('is unknown while a stale read contradicts it', async () => {
    losesAnswer = true;
    staleRead = first;
    await expect(tokens.moveCurrent(connectionId, 'grant', first, second)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
    });
    staleRead = undefined;
    expect(await current()).toBe(second);
  });
});
