import { randomUUID } from 'node:crypto';

import type { AwsService, Caller } from './service.ts';
import { accountId, administrator, region } from './service.ts';
import type { Clock } from './clock.ts';
import type { EventBus } from './events/event-bus.ts';

/**
 * CloudTrail puts reads of secrets on the event bus, once there is a trail.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export class CloudTrail {
  readonly #clock: Clock;
  readonly #eventBus: EventBus;
  #hasTrail = false;

  constructor(clock: Clock, eventBus: EventBus) {
    this.#clock = clock;
    this.#eventBus = eventBus;
  }

  addTrail(): void {
    this.#hasTrail = true;
  }

  /** Wraps a service so that its reads are recorded. */
  recording(secrets: AwsService): AwsService {
    return {
      call: async (operation, input, caller) => {
        const answer = secrets.call(operation, input, caller);
        if (operation === 'GetSecretValue') {
          await answer.then(
            () => this.#put(operation, input, caller),
            (error: unknown) => this.#put(operation, input, caller, (error as { code?: string }).code),
          );
        }
        return answer;
      },
    };
  }

  #put(eventName: string, input: Record<string, unknown>, caller: Caller, errorCode?: string): void {
    if (!this.#hasTrail) return;
    this.#eventBus.put('aws.secretsmanager', 'AWS API Call via CloudTrail', {
      eventVersion: '1.11',
      userIdentity: identityOf(caller),
      eventTime: new Date(this.#clock.now()).toISOString(),
      eventSource: 'secretsmanager.amazonaws.com',
      eventName,
      awsRegion: region,
      sourceIPAddress: '127.0.0.1',
      requestParameters: { secretId: input.SecretId },
      ...(errorCode !== undefined && { errorCode }),
      eventID: randomUUID(),
      readOnly: true,
      eventType: 'AwsApiCall',
      managementEvent: true,
    });
  }
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
function identityOf({ principalArn, sessionName }: Caller): Record<string, unknown> {
  if (principalArn === administrator.principalArn) return { type: 'Root', arn: principalArn, accountId };
  const role = principalArn.split('/').at(-1);
  return {
    type: 'AssumedRole',
    arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${sessionName ?? 'session'}`,
    accountId,
    sessionContext: { sessionIssuer: { type: 'Role', arn: principalArn, userName: role } },
  };
}
