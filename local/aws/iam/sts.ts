/** STS tells callers who they are. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { definer, TableService } from '../operations.ts';
import { accountId, administrator } from '../service.ts';
import type { Iam } from './iam.ts';

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function stsService(iam: Iam): TableService {
  // "No permissions are required to perform this operation."
  const define = definer('sts', () => undefined, 'ValidationError');
  return new TableService('sts', [
    define('GetCallerIdentity', z.strictObject({}), (_given, caller) => {
      const { principalArn, sessionName = 'embedded-cloud' } = caller;
      const isAdministrator = principalArn === administrator.principalArn;
      return {
        UserId: isAdministrator ? accountId : `${roleId(principalArn)}:${sessionName}`,
        Account: accountId,
        Arn: iam.sessionArn(caller),
      };
    }),
  ]);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
function roleId(arn: string): string {
  return `AROA${createHash('sha256').update(arn).digest('hex').slice(0, 17).toUpperCase()}`;
}
