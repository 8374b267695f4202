/** Roles, their policies and their credentials, as the program registered them. */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../errors.ts';
import {
  concerns,
  isForService,
  parseIdentityPolicy,
  parseTrustPolicy,
  type AssumeContext,
  type Statement,
  type TrustStatement,
} from './policy.ts';
import { accountId, administrator, type Authorize, type Caller } from '../service.ts';

interface Role {
  readonly arn: string;
  readonly name: string;
  readonly trust: readonly TrustStatement[];
  readonly statements: Statement[];
  policyCharacters: number;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

// Both quotas ignore white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxInlinePolicyCharacters = 10_240;
const maxTrustPolicyCharacters = 2_048;

export class Iam {
  readonly #roles = new Map<string, Role>();
  readonly #callers = new Map<string, Caller>([['test', administrator]]);

  /** @throws {AwsError} when the trust policy is malformed, too long, or beyond what is supported */
  addRole({ arn, name, assumeRolePolicy }: { arn: string; name: string; assumeRolePolicy: string }): void {
    if (this.#roles.has(arn)) {
      throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
    }
    if (countedCharacters(assumeRolePolicy) > maxTrustPolicyCharacters) {
      throw new AwsError(
        'LimitExceeded',
        `Cannot exceed quota for ACLSizePerRole: ${maxTrustPolicyCharacters}`,
        409,
      );
    }
    const trust = parseTrustPolicy(arn, assumeRolePolicy);
    this.#roles.set(arn, { arn, name, trust, statements: [], policyCharacters: 0 });
  }

  /**
   * Adds an inline policy to a role.
   * @throws {AwsError} when it is malformed, has a condition that is not supported, or the role's policies become too long together
   */
  addRolePolicy(roleArn: string, policyJson: string): void {
    const role = this.#role(roleArn);
    const statements = parseIdentityPolicy(roleArn, policyJson);
    const policyCharacters = role.policyCharacters + countedCharacters(policyJson);
    if (policyCharacters > maxInlinePolicyCharacters) {
      throw new AwsError(
        'LimitExceeded',
        `Maximum policy size of ${maxInlinePolicyCharacters} bytes exceeded for role ${role.name}`,
        409,
      );
    }
    role.policyCharacters = policyCharacters;
    role.statements.push(...statements);
  }

  /** Credentials of a new session of a role. */
  credentialsFor(roleArn: string, sessionName?: string): Credentials {
    this.#role(roleArn);
    const credentials: Credentials = {
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(60).toString('base64'),
    };
    this.#callers.set(credentials.accessKeyId, {
      principalArn: roleArn,
      accessKeyId: credentials.accessKeyId,
      ...(sessionName === undefined ? {} : { sessionName }),
    });
    return credentials;
  }

  callerOf(accessKeyId: string): Caller | undefined {
    return this.#callers.get(accessKeyId);
  }

  /**
   * Denies the call unless a policy allows it; an explicit Deny wins.
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
   */
  readonly authorize: Authorize = (caller, action, resourceArn, context = {}) => {
    if (caller.principalArn === administrator.principalArn) return;
    const concerned = (this.#roles.get(caller.principalArn)?.statements ?? []).filter((statement) =>
      concerns(statement, action, resourceArn, context),
    );
    const denied = concerned.some(({ effect }) => effect === 'Deny');
    if (!denied && concerned.length > 0) return;

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    const onResource = resourceArn === '*' ? '' : ` on resource: ${resourceArn}`;
    const because = denied
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
    throw new AwsError(
      'AccessDeniedException',
      `User: ${this.sessionArn(caller)} is not authorized to perform: ${action}${onResource} ${because}`,
    );
  };

  /**
   * Whether the role's trust policy lets a service, for example `lambda.amazonaws.com`, assume it.
   * @param context the keys that the service sends; a condition on any other key is not met
   */
  checkAssumable(roleArn: string, servicePrincipal: string, context: AssumeContext = {}): boolean {
    const concerned = (this.#roles.get(roleArn)?.trust ?? []).filter((statement) =>
      isForService(statement, servicePrincipal, context),
    );
    return concerned.length > 0 && concerned.every(({ effect }) => effect === 'Allow');
  }

  /** AWS names the ARN of the role's session. */
  sessionArn({ principalArn, sessionName }: Caller): string {
    if (principalArn === administrator.principalArn) return principalArn;
    const name = this.#roles.get(principalArn)?.name ?? principalArn;
    return `arn:aws:sts::${accountId}:assumed-role/${name}/${sessionName ?? 'embedded-cloud'}`;
  }

  #role(arn: string): Role {
    const role = this.#roles.get(arn);
    if (!role) throw new AwsError('NoSuchEntity', `The role ${arn} cannot be found.`, 404);
    return role;
  }
}

function countedCharacters(policy: string): number {
  return policy.replaceAll(/\s/g, '').length;
}
