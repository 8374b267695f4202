/** IAM and STS as clients see them: who they are, and what roles may do. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AwsError } from '../errors.ts';
import type { Iam, Role } from './iam.ts';
import { Count, definer, paged, TableService, Token, type Output } from '../operations.ts';
import { accountId } from '../service.ts';

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
const RoleName = z.string().regex(/^[\w+=,.@-]{1,64}$/);
const Page = { Marker: Token, MaxItems: Count(1000) };

/** @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html */
export function iamService(iam: Iam): TableService {
  const define = definer('iam', iam.authorize, 'ValidationError');
  const on = { on: ({ RoleName: name }: { RoleName: string }) => `arn:aws:iam::${accountId}:role/${name}` };
  const roleOf = (name: string) =>
    iam.roles().find((role) => role.name === name) ?? noSuch(`role with name ${name}`);
  return new TableService('iam', [
    define('GetRole', z.strictObject({ RoleName }), (given) => ({ Role: shown(roleOf(given.RoleName)) }), on),
    define(
      'ListRoles',
      z.strictObject({ PathPrefix: z.string().startsWith('/').optional(), ...Page }),
      ({ PathPrefix = '/', ...page }) =>
        listed('Roles', PathPrefix === '/' ? iam.roles().map(shown) : [], page),
      { on: () => `arn:aws:iam::${accountId}:role/` },
    ),
    define(
      'ListRolePolicies',
      z.strictObject({ RoleName, ...Page }),
      ({ RoleName: name, ...page }) => listed('PolicyNames', [...roleOf(name).policies.keys()], page),
      on,
    ),
    define(
      'GetRolePolicy',
      z.strictObject({ RoleName, PolicyName: z.string().min(1).max(128) }),
      ({ RoleName: name, PolicyName }) => {
        const policy = roleOf(name).policies.get(PolicyName);
        if (policy === undefined) noSuch(`role policy with name ${PolicyName}`);
        return { RoleName: name, PolicyName, PolicyDocument: encoded(policy) };
      },
      on,
    ),
    define(
      'ListAttachedRolePolicies',
      z.strictObject({ RoleName, PathPrefix: z.string().startsWith('/').optional(), ...Page }),
      ({ RoleName: name, ...page }) => {
        roleOf(name);
        return listed('AttachedPolicies', [], page);
      },
      on,
    ),
  ]);
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function stsService(iam: Iam): TableService {
  // "No permissions are required to perform this operation."
  const define = definer('sts', () => undefined, 'ValidationError');
  return new TableService('sts', [
    define('GetCallerIdentity', z.strictObject({}), (_given, caller) => {
      const role = iam.roles().find(({ arn }) => arn === caller.principalArn);
      const userId = role ? `${roleId(role.name)}:${caller.sessionName ?? 'embedded-cloud'}` : accountId;
      return { UserId: userId, Account: accountId, Arn: iam.sessionArn(caller) };
    }),
  ]);
}

function shown({ arn, name, createdAtMs, assumeRolePolicy }: Role): Output {
  return {
    Path: '/',
    RoleName: name,
    RoleId: roleId(name),
    Arn: arn,
    CreateDate: new Date(createdAtMs),
    AssumeRolePolicyDocument: encoded(assumeRolePolicy),
    MaxSessionDuration: 3600,
  };
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
function roleId(name: string): string {
  return `AROA${createHash('sha256').update(name).digest('hex').slice(0, 17).toUpperCase()}`;
}

/** "Policies returned by this operation are URL-encoded compliant with RFC 3986." */
function encoded(policy: string | undefined): string {
  return encodeURIComponent(policy ?? '').replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}

function listed(
  member: string,
  all: readonly unknown[],
  { Marker, MaxItems = 100 }: { Marker?: string | undefined; MaxItems?: number | undefined },
): Output {
  const { items, next } = paged(all, { max: MaxItems, token: Marker, code: 'InvalidInput' });
  return { [member]: items, IsTruncated: next !== undefined, Marker: next };
}

function noSuch(what: string): never {
  throw new AwsError('NoSuchEntity', `The ${what} cannot be found.`, 404);
}
