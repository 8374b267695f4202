import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { postedChannelNames, postedChannels } from '../core/channel.ts';
import type { DynamoDb } from './aws/dynamodb/dynamodb.ts';
import { startDynamoDb } from './aws/dynamodb/dynamodb.ts';
import { startAwsFront, type AwsFront } from './aws/front.ts';
import { Iam } from './aws/iam/iam.ts';
import { stsService } from './aws/iam/sts.ts';
import { S3 } from './aws/s3.ts';
import { SecretsManager } from './aws/secrets-manager/secrets-manager.ts';
import { administrator, type AwsService } from './aws/service.ts';
import { Ses } from './aws/ses.ts';
import { Sns } from './aws/sns.ts';
import { realTimer, type VirtualClock } from './aws/clock.ts';
import { CloudTrail } from './aws/cloud-trail.ts';
import { CloudWatch } from './aws/cloudwatch/cloudwatch.ts';
import { EventBus } from './aws/events/event-bus.ts';
import { Faults } from './faults.ts';
import { HttpApi } from './aws/http-api.ts';
import { Inbox } from './aws/inbox.ts';
import { Lambda } from './aws/lambda/lambda.ts';
import { Meter } from './aws/meter.ts';
import { ownMetrics } from './aws/cloudwatch/own-metrics.ts';
import { deploy } from './program/deploy.ts';
import { evaluate } from './program/evaluate.ts';
import type { Registered } from './aws/resources/resources.ts';
import { Scheduler } from './aws/scheduler.ts';
import { threadFile } from './threads.ts';
import { StepFunctions } from './aws/step-functions/step-functions.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import { startWebhooks } from './webhooks/webhooks.ts';

export interface CloudOptions {
  readonly stack: string;
  /** The stack's configuration. The provider needs the callback URL, so the HTTP API's address is known first. */
  config(apiUrl: string): Promise<Readonly<Record<string, unknown>>>;
  readonly ports: { readonly aws: number; readonly api: number; readonly webhooks: number };
  readonly clock: VirtualClock;
  /** Real milliseconds that each AWS call takes. */
  readonly awsDelayMs?: () => number;
  /** Resources added to the program. */
  readonly add?: NonNullable<Parameters<typeof evaluate>[0]['add']>;
  /** Changes the resources before they are deployed; for tests. */
  readonly change?: (resources: readonly Registered[]) => readonly Registered[];
}

export interface Cloud {
  readonly clock: VirtualClock;
  readonly iam: Iam;
  readonly inbox: Inbox;
  readonly secrets: SecretsManager;
  readonly dynamoDb: DynamoDb;
  readonly ses: Ses;
  readonly sns: Sns;
  readonly s3: S3;
  readonly cloudWatch: CloudWatch;
  readonly cloudTrail: CloudTrail;
  /** Stands in for the services that channels post to. */
  readonly webhooks: Webhooks;
  readonly lambda: Lambda;
  readonly stepFunctions: StepFunctions;
  readonly scheduler: Scheduler;
  readonly httpApi: HttpApi;
  readonly faults: Faults;
  /** Counts usage, as AWS bills it. */
  readonly meter: Meter;
  readonly awsUrl: string;
  readonly apiUrl: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resources: readonly Registered[];
  close(): Promise<void>;
}

/** Evaluates the program and deploys its resources. Time stands still until somebody steps it. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { clock, ports } = options;
  const folder = await mkdtemp(join(tmpdir(), 'grantkeeper-'));
  const iam = new Iam();
  const { authorize } = iam;
  const inbox = new Inbox(clock);
  const secrets = new SecretsManager({ clock, authorize });
  const dynamoDb = await startDynamoDb({ authorize });
  const meter = new Meter();
  dynamoDb.onConsumed = meter.consumed;
  const sns = new Sns({ authorize, inbox });
  const s3 = new S3({ authorize });
  const lambda = new Lambda({ clock, authorize, folder, thread: () => threadFile('function') });
  const faults = new Faults({
    clock,
    killCaller: (accessKeyId) => lambda.kill((environment) => environment.accessKeyId === accessKeyId),
    killFunction: (name) => lambda.kill(({ functionName }) => functionName.endsWith(`-${name}`)),
  });
  const eventBus = new EventBus(clock, faults.within('sns', sns));
  const ses = new Ses({ authorize, inbox, emit: (...event) => eventBus.put(...event) });
  const cloudTrail = new CloudTrail(clock, eventBus);
  const cloudWatch = new CloudWatch({
    clock,
    authorize,
    emit: (...event) => eventBus.put(...event),
    // Operators subscribe by mail.
    notify: async ({ topicArn: TopicArn, subject: Subject, email: Message }) =>
      void (await faults.within('sns', sns).call('Publish', { TopicArn, Subject, Message }, administrator)),
  });
  const measure = ownMetrics(cloudWatch);
  lambda.onLog = (line) => cloudWatch.readLog(line);
  const invoke = async (functionArn: string, payload: unknown) => {
    meter.add('lambda.requests');
    const ended = await faults.invoking(functionArn, payload, () => lambda.invoke(functionArn, payload));
    measure.invoked(functionArn, ended.functionError !== undefined);
    return ended;
  };
  const stepFunctions = new StepFunctions({
    clock,
    callTimer: realTimer,
    authorize,
    invokeFunction: invoke,
    service: (name) => faults.within(name, { dynamodb: dynamoDb, sns, states: stepFunctions }[name]),
    onStatusChange: ({ error, cause, ...event }) => {
      measure.executionChanged(event);
      eventBus.put('aws.states', 'Step Functions Execution Status Change', {
        ...event,
        error: error ?? null,
        cause: cause ?? null,
      });
    },
  });
  const scheduler = new Scheduler(
    clock,
    authorize,
    { states: faults.within('states', stepFunctions), lambda },
    (...letter) => measure.deadLettered(...letter),
  );
  const httpApi = new HttpApi({ clock, invoke });
  const services = {
    iam,
    secrets,
    dynamoDb,
    ses,
    sns,
    s3,
    cloudWatch,
    cloudTrail,
    lambda,
    stepFunctions,
    scheduler,
    eventBus,
    httpApi,
  };

  const closers: (() => Promise<unknown>)[] = [
    () => lambda.close(),
    () => rm(folder, { recursive: true, force: true }),
  ];
  const close = async () => void (await Promise.all(closers.map((closer) => closer())));
  try {
    const called = (service: AwsService) => meter.calls('aws.calls', service);
    const front: AwsFront = await startAwsFront({
      port: ports.aws,
      iam,
      clock,
      services: {
        secretsmanager: called(
          meter.calls('secrets.calls', cloudTrail.recording(faults.within('secretsmanager', secrets))),
        ),
        states: called(faults.within('states', stepFunctions)),
        dynamodb: called(faults.within('dynamodb', dynamoDb)),
        sns: called(faults.within('sns', sns)),
        ses: called(faults.within('ses', ses)),
        s3: called(faults.within('s3', s3)),
        lambda,
        scheduler,
        monitoring: cloudWatch,
        sts: stsService(iam),
      },
      ...(options.awsDelayMs && { delayMs: options.awsDelayMs }),
    });
    closers.unshift(() => front.close());
    lambda.setEndpoint(front.url);
    const apiUrl = await httpApi.listen(ports.api);
    closers.unshift(() => httpApi.close());

    httpApi.onAnswer = (statusCode) => {
      meter.add('apigateway.httpRequests');
      measure.answered(statusCode);
    };
    const webhooks = await startWebhooks({ inbox, clock, port: ports.webhooks });
    closers.unshift(() => webhooks.close());

    const config = await options.config(apiUrl);
    const evaluated = await evaluate({
      stack: options.stack,
      config,
      apiEndpoint: apiUrl,
      ...(options.add && { add: options.add }),
    });
    const resources = options.change?.(evaluated.resources) ?? evaluated.resources;
    await deploy(resources, services);
    const { outputs } = evaluated;
    await putChannelSecrets({ secrets }, resources, webhooks);
    return {
      ...services,
      webhooks,
      faults,
      meter,
      clock,
      iam,
      inbox,
      awsUrl: front.url,
      apiUrl,
      outputs,
      resources,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Does what an operator does once by hand: puts the address of each channel into its secret. */
async function putChannelSecrets(
  cloud: Pick<Cloud, 'secrets'>,
  resources: readonly Registered[],
  webhooks: Webhooks,
): Promise<void> {
  for (const { type, inputs } of resources) {
    const { name = '', description = '' } = inputs as { name?: string; description?: string };
    if (type !== 'aws:secretsmanager/secret:Secret' || !name.includes('/webhook/')) continue;
    const channel = postedChannelNames.find((each) => description.includes(postedChannels[each].secretHolds));
    if (channel !== undefined) await putSecretValue(cloud, name, webhooks.secretOf(channel));
  }
}

/** Does what an operator does once by hand, for example with a client's credentials. */
export async function putSecretValue(
  cloud: Pick<Cloud, 'secrets'>,
  name: string,
  value: string,
): Promise<void> {
  await cloud.secrets.call(
    'PutSecretValue',
    { SecretId: name, SecretString: value, ClientRequestToken: crypto.randomUUID() },
    administrator,
  );
}
