import { AwsError } from '../../local/aws/errors.ts';
import type { AwsService, Caller } from '../../local/aws/service.ts';
import type { TestDemo } from './demo.ts';

export interface AwsCall {
  /** Name of the role that called, without the stack's prefix; `administrator` for the test itself. */
  readonly principal: string;
  /** `secretsmanager:PutSecretValue` */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Notes every call to the embedded AWS that its caller may make, and refuses those that the test names. */
export class Wiretap {
  readonly calls: AwsCall[] = [];
  /** What to answer in place of the service; undefined lets the call through. */
  refuse: (call: AwsCall) => AwsError | undefined = () => undefined;

  constructor(demo: TestDemo) {
    const { secrets, stepFunctions, dynamoDb, ...others } = demo.cloud as TestDemo['cloud'] & {
      ses: AwsService;
      sns: AwsService;
    };
    this.#tap('secretsmanager', secrets);
    this.#tap('states', stepFunctions);
    this.#tap('dynamodb', dynamoDb);
    this.#tap('ses', others.ses);
    this.#tap('sns', others.sns);
  }

  #tap(name: string, service: AwsService): void {
    const through = service.call.bind(service);
    service.call = async (operation: string, input: Record<string, unknown>, caller: Caller) => {
      const principal = caller.principalArn.replace(/^.*(grantkeeper-local-|:)/, '');
      const call = { principal, action: `${name}:${operation}`, input };
      const refusal = this.refuse(call);
      if (refusal) throw refusal;
      let denied = false;
      try {
        return await through(operation, input, caller);
      } catch (error) {
        if (error instanceof AwsError && error.code === 'AccessDeniedException') denied = true;
        throw error;
      } finally {
        if (!denied) this.calls.push(call);
      }
    };
  }
}

/** The refusal that IAM gives. */
export function accessDenied({ principal, action }: AwsCall): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: arn:aws:sts::000000000000:assumed-role/grantkeeper-local-${principal} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
  );
}
