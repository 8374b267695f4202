import type { AwsError } from './errors.ts';

/** Who signed a call: the administrator (`test`), or a role that the program registered. */
export interface Caller {
  /** ARN of the role, or of the administrator. */
  readonly principalArn: string;
  /** Name of the role's session, for example a function's name; refusals name it. */
  readonly sessionName?: string;
  /** Absent for AWS's own services. */
  readonly accessKeyId?: string;
}

/**
 * Checks one call against the caller's policies.
 * @param action as in a policy, for example `secretsmanager:GetSecretValue`
 * @throws {AwsError} `AccessDeniedException`, in AWS's words
 */
export type Authorize = (
  caller: Caller,
  action: string,
  resourceArn: string,
  context?: RequestContext,
) => void;

export interface RequestContext {
  /** `dynamodb:LeadingKeys`: the partition keys that a call reads or writes. */
  readonly leadingKeys?: readonly string[];
  /** `aws:CalledViaLast`: the service that calls on the caller's behalf. */
  readonly calledVia?: string;
}

/** A service of the embedded cloud: operations over parsed input, independent of the wire protocol. */
export interface AwsService {
  /**
   * @param operation as AWS names it, for example `GetSecretValue`
   * @throws {AwsError} with AWS's code; an unknown operation or parameter is refused by name
   */
  call(operation: string, input: Record<string, unknown>, caller: Caller): Promise<Record<string, unknown>>;
}

/** The one account and region of the embedded cloud. */
export const accountId = '000000000000';
export const region = 'us-east-1';

export const administrator: Caller = { principalArn: `arn:aws:iam::${accountId}:root` };

export type { AwsError };
