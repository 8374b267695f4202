import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { callAws } from '../../adapters/aws.ts';
import { secretsManagerClients, secretsManagerTokens } from '../../adapters/secrets.ts';
import { Secret } from '../../core/secret.ts';
import { AwsError } from '../../local/aws/errors.ts';
import type { LocalAws } from '../helpers/local-aws.ts';
import { clients, refusal, startLocalAws } from '../helpers/local-aws.ts';

/** What Secrets Manager answers, before the embedded one would: it deletes no secret. */
let refused: AwsError | undefined;
let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws();
  aws.secrets.call = () => Promise.reject(refused);
});
afterAll(() => aws.close());

const scheduledForDeletion = new AwsError(
  'InvalidRequestException',
  "You can't perform this operation on the secret because it was marked for deletion.",
);

test('a secret that is full of versions is no fault that passes, and says what was lost', async () => {
  refused = new AwsError('LimitExceededException', 'A secret can have about 100 versions.');
  const { secrets } = clients(aws.url);
  const tokens = secretsManagerTokens('grantkeeper/prod', secrets, secrets);
  const at = '2026-01-05T12:00:00.000Z';
  const versionId = '11111111-2222-3333-4444-555555555555';
  const grant = { versionId, refreshToken: new Secret('r'), obtainedAt: at, authorizedAt: at };
  const access = {
    versionId,
    accessToken: new Secret('a'),
    tokenType: 'Bearer',
    obtainedAt: at,
    expiresAt: at,
    derivedFrom: versionId,
  };
  expect(await refusal(tokens.putGrant('schwab-main', grant))).toEqual({
    name: 'StoreQuotaExceededError',
    message:
      'grantkeeper/prod/schwab-main/grant has as many versions as Secrets Manager keeps for a day. The refresh token that the provider gave is lost; if the one before it is not taken any more, the owner has to log in.',
  });
  expect(await refusal(tokens.putAccess('schwab-main', access))).toEqual({
    name: 'StoreQuotaExceededError',
    message:
      'grantkeeper/prod/schwab-main/access has as many versions as Secrets Manager keeps for a day. The access token that the provider gave is lost; another one can be had.',
  });
  expect(await refusal(tokens.empty('schwab-main', 'grant', [versionId, versionId], at))).toEqual({
    name: 'StoreQuotaExceededError',
    message:
      'grantkeeper/prod/schwab-main/grant has as many versions as Secrets Manager keeps for a day. It was not emptied.',
  });
});

describe('a secret that is scheduled for deletion', () => {
  test('is for an operator to restore, whatever was asked of it', async () => {
    refused = scheduledForDeletion;
    const { secrets } = clients(aws.url);
    const tokens = secretsManagerTokens('grantkeeper/prod', secrets, secrets);
    const grant = {
      versionId: '11111111-2222-3333-4444-555555555555',
      refreshToken: new Secret('r'),
      obtainedAt: '2026-01-05T12:00:00.000Z',
      authorizedAt: '2026-01-05T12:00:00.000Z',
    };
    const restore =
      'the secret is scheduled for deletion. Restore it with aws secretsmanager restore-secret.';

    expect(await refusal(secretsManagerClients(secrets).read('grantkeeper/prod/client/schwab'))).toEqual({
      name: 'ConfigurationError',
      message: `reading grantkeeper/prod/client/schwab: ${restore}`,
    });
    expect(await refusal(tokens.putGrant('schwab-main', grant))).toEqual({
      name: 'ConfigurationError',
      message: `storing grantkeeper/prod/schwab-main/grant: ${restore}`,
    });
    expect(
      await refusal(tokens.moveCurrent('schwab-main', 'access', grant.versionId, grant.versionId)),
    ).toEqual({
      name: 'ConfigurationError',
      message: `making a version of grantkeeper/prod/schwab-main/access current: ${restore}`,
    });
  });

  test('is meant by the documented wording too', async () => {
    refused = new AwsError(
      'InvalidRequestException',
      "You tried to perform the operation on a secret that's currently marked deleted.",
    );
    expect(await refusal(read('grantkeeper/prod/client/schwab'))).toMatchObject({
      name: 'ConfigurationError',
    });
  });

  test('is not meant by what else its state may forbid: that is tried again', async () => {
    refused = new AwsError(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    );
    expect(await refusal(read('grantkeeper/prod/client/schwab'))).toEqual({
      name: 'StoreUnavailableError',
      message: 'reading grantkeeper/prod/client/schwab: InvalidRequestException',
    });
  });
});

function read(name: string): Promise<unknown> {
  const { secrets } = clients(aws.url);
  return callAws(`reading ${name}`, () => secrets.send(new GetSecretValueCommand({ SecretId: name })));
}

test('the error of a refused message does not name its recipient, although AWS names them as the resource', async () => {
  const words = (resource: string) =>
    Object.assign(
      new Error(
        `User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: SNS:Publish on resource: ${resource}`,
      ),
      {
        name: 'AuthorizationErrorException',
      },
    );
  for (const [resource, shown] of [
    ['+12125550123', 'on resource: …'],
    ['arn:aws:ses:us-east-1:1:identity/alex@example.com', 'on resource: arn:aws:ses:us-east-1:1:identity/…'],
    ['arn:aws:sns:us-east-1:1:operators', 'on resource: arn:aws:sns:us-east-1:1:operators'],
  ] as const) {
    const thrown = await callAws('sending', () => Promise.reject(words(resource))).catch(
      (error: Error) => error,
    );
    expect(thrown).toMatchObject({ name: 'ConfigurationError', message: expect.stringContaining(shown) });
    expect(thrown.message).not.toMatch(/2125550123|alex@/);
  }
});
