/** The front door with every service behind it, and clients that knock as the administrator or as a role. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { startDynamoDb, type DynamoDb } from '../../local/aws/dynamodb/dynamodb.ts';
import { startAwsFront } from '../../local/aws/front.ts';
import { Iam, type Credentials } from '../../local/aws/iam/iam.ts';
import { stsService } from '../../local/aws/iam/sts.ts';
import { S3 } from '../../local/aws/s3.ts';
import { SecretsManager } from '../../local/aws/secrets-manager/secrets-manager.ts';
import type { AwsService, Caller } from '../../local/aws/service.ts';
import { Ses } from '../../local/aws/ses.ts';
import { Sns } from '../../local/aws/sns.ts';
import { VirtualClock } from '../../local/aws/clock.ts';
import { CloudWatch } from '../../local/aws/cloudwatch/cloudwatch.ts';
import { Inbox } from '../../local/aws/inbox.ts';
import { Scheduler } from '../../local/aws/scheduler.ts';

/** A service that keeps what it was called with and answers as the test says. */
export class FakeService implements AwsService {
  readonly calls: { operation: string; input: Record<string, unknown>; caller: Caller }[] = [];
  answer: (operation: string) => Record<string, unknown> | Promise<Record<string, unknown>> = () => ({});

  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    this.calls.push({ operation, input, caller });
    return this.answer(operation);
  }
}

export const roleArn = 'arn:aws:iam::000000000000:role/restricted';

export const trustLambda = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
});

export interface LocalAws {
  readonly url: string;
  readonly clock: VirtualClock;
  readonly iam: Iam;
  readonly inbox: Inbox;
  readonly secrets: SecretsManager;
  readonly dynamoDb: DynamoDb;
  readonly ses: Ses;
  readonly sns: Sns;
  readonly states: FakeService;
  readonly lambda: FakeService;
  readonly close: () => Promise<void>;
}

/** Starts at 2026-01-05T12:00:00Z with a role `restricted` that may do nothing yet. */
export async function startLocalAws(options: { delayMs?: () => number } = {}): Promise<LocalAws> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 5, 12));
  const iam = new Iam();
  iam.addRole({ arn: roleArn, name: 'restricted', assumeRolePolicy: trustLambda });
  const { authorize } = iam;
  const inbox = new Inbox(clock);
  const secrets = new SecretsManager({ clock, authorize });
  const dynamoDb = await startDynamoDb({ authorize });
  const ses = new Ses({ authorize, inbox });
  const sns = new Sns({ authorize, inbox });
  const states = new FakeService();
  const lambda = new FakeService();
  const scheduler = new Scheduler(clock, authorize, { states, lambda }, () => undefined);
  const monitoring = new CloudWatch({ clock, authorize, notify: async () => undefined });
  const front = await startAwsFront({
    port: 0,
    iam,
    clock,
    services: {
      secretsmanager: secrets,
      states,
      dynamodb: dynamoDb,
      ses,
      sns,
      s3: new S3({ authorize }),
      lambda,
      scheduler,
      monitoring,
      sts: stsService(iam),
    },
    ...options,
  });
  const close = () => front.close();
  return { url: front.url, clock, iam, inbox, secrets, dynamoDb, ses, sns, states, lambda, close };
}

/** Lets the role do `action` on `resource`, and nothing else is added. */
export function allow(iam: Iam, action: string | string[], resource: string | string[]): void {
  iam.addRolePolicy(
    roleArn,
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: action, Resource: resource }],
    }),
  );
}

export const administratorKey: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export function clients(url: string, credentials: Credentials = administratorKey) {
  const config = { endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 };
  return {
    secrets: new SecretsManagerClient(config),
    states: new SFNClient(config),
    dynamoDb: new DynamoDBClient(config),
    ses: new SESv2Client(config),
    sns: new SNSClient(config),
    lambda: new LambdaClient(config),
  };
}

/** Name and message of the error that a call ends in. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string }> {
  const outcome: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error) && !isErrorLike(outcome)) throw new Error('The call was not refused.');
  return { name: outcome.name, message: outcome.message };
}

/** The SDK's errors come from outside of jest's realm, where `instanceof` says no. */
function isErrorLike(value: unknown): value is { name: string; message: string } {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value;
}
