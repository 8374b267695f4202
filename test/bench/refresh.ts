/** What a warm `refresh-tokens` takes beside the token request and the calls of AWS that it makes, made by a plain script. */
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';

import type { AwsService } from '../../local/aws/service.ts';
import { median } from '../../tools/cold-start.ts';
import { timed } from './timed.ts';
import { mailOnly, TestDemo } from '../helpers/demo.ts';
import { refreshDirectly } from '../helpers/story.ts';

export interface Refresh {
  readonly functionMs: number;
  readonly bareMs: number;
  readonly ratio: number;
  readonly awsCalls: number;
  /** Of calls that are made at once. */
  readonly awsRounds: number;
}

interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly beganMs: number;
}

const configOf = ({ cloud }: TestDemo) => ({
  endpoint: cloud.awsUrl,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

export async function measureRefresh(runs: number): Promise<Refresh> {
  let delayMs = 0;
  await using demo = await TestDemo.start({ configure: mailOnly, awsDelayMs: () => delayMs });
  await demo.connect();
  const { refresh_token: refreshToken } = await demo.secret('grant');
  const version = async () => (await demo.grant())['accessVersionId'];
  for (let warming = 0; warming < 5; warming++) await refreshByFunction(demo, await version());

  // So slow that calls made at once differ from those made one after another.
  const current = await version();
  const calls: Call[] = [];
  const stops = [demo.cloud.secrets, demo.cloud.dynamoDb].map((service) => listen(service, calls));
  delayMs = 100;
  await refreshByFunction(demo, current);
  delayMs = 0;
  for (const stop of stops) stop();
  const rounds: Call[][] = [];
  for (const call of calls) {
    const isNext = rounds.length === 0 || call.beganMs > rounds.at(-1)![0]!.beganMs + 90;
    if (isNext) rounds.push([call]);
    else rounds.at(-1)!.push(call);
  }

  const replay = replayer(configOf(demo));
  const functionMs: number[] = [];
  const bareMs: number[] = [];
  for (let run = 0; run < runs; run++) {
    const replaced = await version();
    functionMs.push(await timed(() => refreshByFunction(demo, replaced)));
    bareMs.push(
      await timed(async () => {
        await refreshDirectly(demo, refreshToken!);
        for (const round of rounds) await Promise.all(round.map(replay));
      }),
    );
  }
  const [own, bare] = [median(functionMs), median(bareMs)];
  return {
    functionMs: own,
    bareMs: bare,
    ratio: own / bare,
    awsCalls: calls.length,
    awsRounds: rounds.length,
  };
}

/** @param accessVersionId of the access token that is to be replaced */
async function refreshByFunction({ cloud }: TestDemo, accessVersionId: unknown): Promise<void> {
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:grantkeeper-local-refresh-tokens';
  const { payload, functionError } = await cloud.lambda.invoke(functionArn, {
    // As the schedule: only a few an hour are granted on request.
    request: { connectionId: 'demo-main', trigger: 'schedule', accessVersionId },
    done: [],
    entry: 1,
    executionId: 'bench',
    executionStartedAt: new Date(cloud.clock.now()).toISOString(),
  });
  const { outcome } = payload as { outcome?: string };
  if (functionError !== undefined || outcome !== 'refreshed')
    throw new Error(`The refresh ended as ${outcome ?? JSON.stringify(payload)}.`);
}

/** Writes down each call that a service gets. @returns how to end that */
function listen(service: AwsService, calls: Call[]): () => void {
  const before = service.call.bind(service);
  service.call = (operation, input, caller) => {
    calls.push({ operation, input, beganMs: performance.now() });
    return before(operation, input, caller);
  };
  return () => (service.call = before);
}

/** Makes a call again; that its condition is not met any more, or its version there already, takes as long. */
function replayer(
  config: ConstructorParameters<typeof DynamoDBClient>[0] & object,
): (call: Call) => Promise<unknown> {
  const dynamoDb = new DynamoDBClient({ ...config, maxAttempts: 1 });
  const secrets = new SecretsManagerClient({ ...config, maxAttempts: 1 });
  return async ({ operation, input: given }) => {
    const input = given as never;
    const sent = {
      GetItem: () => dynamoDb.send(new GetItemCommand(input)),
      BatchGetItem: () => dynamoDb.send(new BatchGetItemCommand(input)),
      Query: () => dynamoDb.send(new QueryCommand(input)),
      PutItem: () => dynamoDb.send(new PutItemCommand(input)),
      UpdateItem: () => dynamoDb.send(new UpdateItemCommand(input)),
      GetSecretValue: () => secrets.send(new GetSecretValueCommand(input)),
      PutSecretValue: () => secrets.send(new PutSecretValueCommand(input)),
      UpdateSecretVersionStage: () => secrets.send(new UpdateSecretVersionStageCommand(input)),
    }[operation];
    if (sent === undefined) throw new Error(`${operation} is not known here.`);
    await (sent() as Promise<unknown>).catch(() => undefined);
  };
}
