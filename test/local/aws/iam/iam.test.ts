import { describe, expect, test } from '@jest/globals';
import { Iam } from '../../../../local/aws/iam/iam.ts';
import { matchesArn } from '../../../../local/aws/iam/policy.ts';
import { administrator, type Caller } from '../../../../local/aws/service.ts';
import { roleArn, trustLambda } from '../../../helpers/local-aws.ts';

const role: Caller = { principalArn: roleArn, sessionName: 'check-grant' };
const secret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:gk/schwab/grant-AbCdEf';

function iamWith(...statements: Record<string, unknown>[]): Iam {
  const iam = new Iam();
  iam.addRole({ arn: roleArn, name: 'restricted', assumeRolePolicy: trustLambda });
  if (statements.length > 0) iam.addRolePolicy(roleArn, policy(...statements));
  return iam;
}

function policy(...statements: Record<string, unknown>[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function isAllowed(iam: Iam, action: string, resourceArn: string): boolean {
  try {
    iam.authorize(role, action, resourceArn);
    return true;
  } catch {
    return false;
  }
}

describe('authorize', () => {
  test('lets the administrator do anything', () => {
    expect(() => new Iam().authorize(administrator, 'secretsmanager:GetSecretValue', secret)).not.toThrow();
  });

  test('denies by default, in AWS’s words, naming the session', () => {
    expect(() => iamWith().authorize(role, 'secretsmanager:GetSecretValue', secret)).toThrow(
      expect.objectContaining({
        code: 'AccessDeniedException',
        message:
          'User: arn:aws:sts::000000000000:assumed-role/restricted/check-grant is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:000000000000:secret:gk/schwab/grant-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action',
      }),
    );
  });

  test('denies a role that nobody registered', () => {
    expect(() =>
      new Iam().authorize({ principalArn: 'arn:aws:iam::000000000000:role/none' }, 'sns:Publish', '*'),
    ).toThrow('is not authorized to perform: sns:Publish because no identity-based policy allows');
  });

  test('lets an explicit Deny win over any Allow', () => {
    const iam = iamWith(
      { Effect: 'Deny', Action: 'secretsmanager:Get*', Resource: '*' },
      { Effect: 'Allow', Action: '*', Resource: '*' },
    );
    expect(() => iam.authorize(role, 'secretsmanager:GetSecretValue', secret)).toThrow(
      / on resource: \S+ with an explicit deny in an identity-based policy$/,
    );
    expect(isAllowed(iam, 'secretsmanager:PutSecretValue', secret)).toBe(true);
  });

  test('compares actions without regard to case, with * and ?', () => {
    const iam = iamWith({ Effect: 'Allow', Action: ['SNS:publish', 'states:S???Execution'], Resource: '*' });
    expect(isAllowed(iam, 'sns:Publish', '*')).toBe(true);
    expect(isAllowed(iam, 'states:StopExecution', '*')).toBe(true);
    expect(isAllowed(iam, 'states:StartExecution', '*')).toBe(false);
  });

  test('reads NotAction and NotResource as all but these', () => {
    const iam = iamWith({ Effect: 'Allow', NotAction: 'secretsmanager:*', NotResource: secret });
    expect(isAllowed(iam, 'dynamodb:GetItem', 'arn:aws:dynamodb:us-east-1:000000000000:table/gk')).toBe(true);
    expect(isAllowed(iam, 'dynamodb:GetItem', secret)).toBe(false);
    expect(isAllowed(iam, 'secretsmanager:GetSecretValue', 'arn:aws:sns:us-east-1:0:x')).toBe(false);
  });

  test.each([
    ['arn:aws:secretsmanager:us-east-1:000000000000:secret:gk/schwab/grant-??????', true],
    ['arn:aws:secretsmanager:us-east-1:000000000000:secret:gk/schwab/grant-?????', false],
    ['arn:aws:secretsmanager:*:*:secret:gk/*', true],
    ['arn:aws:secretsmanager:us-east-1:000000000000:secret:GK/*', false],
    ['arn:aws:secretsmanager:us-east-1:000000000000:secret:gk/*/access-*', false],
    // A wildcard inside a segment stays inside it; at the end it reaches on.
    ['arn:aws:secretsmanager:us-east-1:0*0:gk/schwab/grant-AbCdEf', false],
    ['arn:aws:secretsmanager:us-east-1:000000000000:s*', true],
    ['arn:aws:secretsmanager', true],
    ['arn:aws:dynamodb:*', false],
    ['*', true],
  ])('matches the resource pattern %s: %s', (pattern, matches) => {
    expect(matchesArn(pattern, secret)).toBe(matches);
  });
});

describe('a policy is refused when it is added', () => {
  test.each([
    ['no JSON', '{', 'the policy is not JSON'],
    ['an old version', JSON.stringify({ Version: '2008-10-17', Statement: [] }), 'Version'],
    ['no statement', JSON.stringify({ Version: '2012-10-17', Statement: [] }), 'Statement'],
    ['a principal', policy({ Effect: 'Allow', Action: '*', Resource: '*', Principal: '*' }), 'Principal'],
    ['an unknown member', policy({ Effect: 'Allow', Action: '*', Resource: '*', Actions: '*' }), 'Actions'],
    ['an unknown effect', policy({ Effect: 'allow', Action: '*', Resource: '*' }), 'Effect'],
    ['an action without service', policy({ Effect: 'Allow', Action: 'Publish', Resource: '*' }), 'Action'],
    ['a resource that is no ARN', policy({ Effect: 'Allow', Action: '*', Resource: 'table/x' }), 'Resource'],
    ['no action', policy({ Effect: 'Allow', Resource: '*' }), 'exactly one of Action and NotAction'],
    [
      'both actions',
      policy({ Effect: 'Allow', Action: '*', NotAction: 'a:b', Resource: '*' }),
      'exactly one',
    ],
    [
      'a Sid twice',
      policy(...['*', 'sns:*'].map((Action) => ({ Sid: 'A', Effect: 'Deny', Action, Resource: '*' }))),
      'SID',
    ],
  ])('with %s', (_what, json, words) => {
    expect(() => iamWith().addRolePolicy(roleArn, json)).toThrow(
      expect.objectContaining({ code: 'MalformedPolicyDocument', message: expect.stringContaining(words) }),
    );
  });

  test('with a condition, naming role and statement', () => {
    const condition = { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } };
    expect(() =>
      iamWith({ Sid: 'Read', Effect: 'Allow', Action: '*', Resource: '*', Condition: condition }),
    ).toThrow(
      'The embedded cloud does not support the Condition of statement "Read" of arn:aws:iam::000000000000:role/restricted.',
    );
  });

  test.each([
    { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'user#${aws:userid}' } },
    { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'connection#*' } },
    { 'ForAllValues:StringLike': { 'dynamodb:Attributes': 'pk' } },
  ])('with a condition on partition keys in a form that is not supported: %j', (condition) => {
    expect(() => iamWith({ Effect: 'Allow', Action: '*', Resource: '*', Condition: condition })).toThrow(
      'does not support the Condition of statement 1',
    );
  });

  test('with a policy variable', () => {
    expect(() =>
      iamWith({ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::b/${aws:username}' }),
    ).toThrow('The embedded cloud does not support the policy variable in arn:aws:s3:::b/${aws:username}');
  });

  test('when the role’s policies pass 10,240 characters together, white space not counted', () => {
    const iam = iamWith();
    const half = policy({ Sid: 'a'.repeat(5000), Effect: 'Allow', Action: 'sns:Publish', Resource: '*' });
    iam.addRolePolicy(roleArn, half.replace('{', `{${' '.repeat(9000)}`));
    iam.addRolePolicy(roleArn, half);
    expect(() => iam.addRolePolicy(roleArn, half)).toThrow(
      'Maximum policy size of 10240 bytes exceeded for role restricted',
    );
  });

  test('for a role that nobody registered', () => {
    expect(() => new Iam().addRolePolicy(roleArn, policy())).toThrow(
      expect.objectContaining({ code: 'NoSuchEntity' }),
    );
  });
});

describe('credentials', () => {
  test('name their role and session, and each session has its own', () => {
    const iam = iamWith();
    const { accessKeyId } = iam.credentialsFor(roleArn, 'notify-owner');
    expect(accessKeyId).toMatch(/^ASIA[0-9A-F]{16}$/);
    expect(iam.credentialsFor(roleArn, 'notify-owner').accessKeyId).not.toBe(accessKeyId);
    expect(iam.callerOf(accessKeyId)).toEqual({
      principalArn: roleArn,
      sessionName: 'notify-owner',
      accessKeyId,
    });
    expect(iam.callerOf('test')).toEqual({ principalArn: 'arn:aws:iam::000000000000:root' });
    expect(iam.callerOf('AKIAUNKNOWN')).toBeUndefined();
  });
});

describe('checkAssumable', () => {
  const trust = (...statements: Record<string, unknown>[]) => {
    const iam = new Iam();
    const trusted = statements.map((statement) => ({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'scheduler.amazonaws.com' },
      ...statement,
    }));
    iam.addRole({ arn: roleArn, name: 'restricted', assumeRolePolicy: policy(...trusted) });
    return iam;
  };

  test('says yes to the services that the trust policy names', () => {
    expect(iamWith().checkAssumable(roleArn, 'lambda.amazonaws.com')).toBe(true);
    expect(iamWith().checkAssumable(roleArn, 'states.amazonaws.com')).toBe(false);
    expect(new Iam().checkAssumable(roleArn, 'lambda.amazonaws.com')).toBe(false);
  });

  test('holds conditions against what the service sends', () => {
    const iam = trust({
      Condition: {
        StringEquals: { 'aws:SourceAccount': '000000000000' },
        ArnLike: { 'aws:SourceArn': 'arn:aws:scheduler:us-east-1:000000000000:schedule-group/*' },
      },
    });
    const sourceArn = 'arn:aws:scheduler:us-east-1:000000000000:schedule-group/gk';
    const check = (context: object) => iam.checkAssumable(roleArn, 'scheduler.amazonaws.com', context);
    expect(check({ sourceAccount: '000000000000', sourceArn })).toBe(true);
    expect(check({ sourceAccount: '111111111111', sourceArn })).toBe(false);
    expect(check({ sourceArn })).toBe(false);
    expect(check({ sourceAccount: '000000000000', sourceArn: 'arn:aws:sns:us-east-1:0:x' })).toBe(false);
  });

  test('lets a Deny win', () => {
    expect(trust({}, { Effect: 'Deny' }).checkAssumable(roleArn, 'scheduler.amazonaws.com')).toBe(false);
  });

  test.each([
    ['a condition on another key', { Condition: { StringEquals: { 'aws:PrincipalTag/a': 'b' } } }],
    ['another operator', { Condition: { StringLike: { 'aws:SourceArn': '*' } } }],
  ])('refuses %s when the role is added', (_what, statement) => {
    expect(() => trust(statement)).toThrow('The embedded cloud does not support the Condition');
  });

  test('refuses principals other than services', () => {
    expect(() => trust({ Principal: { AWS: '*' } })).toThrow(
      expect.objectContaining({ code: 'MalformedPolicyDocument' }),
    );
  });
});
