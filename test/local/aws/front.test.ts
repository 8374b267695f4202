import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListContactsCommand } from '@aws-sdk/client-sesv2';
import { ListStateMachinesCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PublishCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../../../local/aws/errors.ts';
import { startAwsFront } from '../../../local/aws/front.ts';
import { clients, refusal, roleArn, startLocalAws, type LocalAws } from '../../helpers/local-aws.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws();
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.states.answer = () => ({});
  aws.lambda.answer = () => ({ StatusCode: 200, Payload: null });
});

const authorization = (scope: string) =>
  `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
const listMachines = {
  authorization: authorization('test/20260105/us-east-1/states/aws4_request'),
  'x-amz-target': 'AWSStepFunctions.ListStateMachines',
};

/** A request written by hand, with a Host of its own if need be. */
function send(
  headers: Record<string, string>,
  { body = '{}', path = '/', method = 'POST' } = {},
): Promise<{ status: number | undefined; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(aws.url, { method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a caller', () => {
  test('without credentials is asked for them', async () => {
    const { status, headers, body } = await send({ 'x-amz-target': 'secretsmanager.ListSecrets' });
    expect(status).toBe(403);
    expect(headers['x-amzn-errortype']).toBe('MissingAuthenticationTokenException');
    expect(JSON.parse(body)).toEqual({
      __type: 'MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    });
  });

  test('with an unknown key is not recognised, in each protocol’s words', async () => {
    const { secrets, sns, lambda } = clients(aws.url, { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' });
    const message = 'The security token included in the request is invalid.';
    expect(await refusal(secrets.send(new GetSecretValueCommand({ SecretId: 'a' })))).toEqual({
      name: 'UnrecognizedClientException',
      message,
    });
    expect(await refusal(lambda.send(new InvokeCommand({ FunctionName: 'f' })))).toEqual({
      name: 'UnrecognizedClientException',
      message,
    });
    expect(await refusal(sns.send(new PublishCommand({ TopicArn: 'a', Message: 'b' })))).toEqual({
      name: 'InvalidClientTokenId',
      message,
    });
  });

  test('reaches the service as the role of its key', async () => {
    const credentials = aws.iam.credentialsFor(roleArn, 'tick');
    await clients(aws.url, credentials).states.send(new ListStateMachinesCommand({}));
    const { accessKeyId } = credentials;
    expect(aws.states.calls.at(-1)?.caller).toEqual({
      principalArn: roleArn,
      sessionName: 'tick',
      accessKeyId,
    });
  });

  test.each([
    ['another region', 'test/20260105/eu-west-1/secretsmanager/aws4_request', 'InvalidSignatureException'],
    ['an unknown service', 'test/20260105/us-east-1/kms/aws4_request', 'NotImplementedByEmbeddedCloud'],
    ['a scope cut short', 'test/20260105/us-east-1', 'MissingAuthenticationTokenException'],
  ])('with %s is refused', async (_what, scope, code) => {
    const { headers, body } = await send({ authorization: authorization(scope) });
    expect([headers['x-amzn-errortype'], (JSON.parse(body) as { __type?: string }).__type]).toContain(code);
  });

  test.each(['grantkeeper.example', '127.0.0.1.example:4566', '192.168.0.1'])(
    'that calls the host %s is refused',
    async (host) => {
      const { status, body } = await send({ ...listMachines, host });
      expect(status).toBe(403);
      expect(body).toContain('The embedded cloud answers to loopback names only.');
    },
  );

  test('that calls localhost is accepted', async () => {
    const headers = { ...listMachines, host: 'localhost:4566' };
    expect((await send(headers)).status).toBe(200);
  });
});

describe('a request', () => {
  const target = listMachines;

  test('is answered with an id, and with the virtual time', async () => {
    const { headers } = await send(target);
    expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['date']).toBe('Mon, 05 Jan 2026 12:00:00 GMT');
    expect(headers['content-type']).toBe('application/x-amz-json-1.0');
  });

  test.each([
    ['no JSON', {}, '{', 'SerializationException'],
    ['no object', {}, '[]', 'SerializationException'],
    ['another service’s target', { 'x-amz-target': 'DynamoDB_20120810.GetItem' }, '{}', 'UnknownOperation'],
  ])('with %s is refused', async (_what, headers, body, code) => {
    const answer = await send({ ...target, ...headers }, { body });
    expect((JSON.parse(answer.body) as { __type: string }).__type).toContain(code);
  });

  test('above 6 MiB is refused', async () => {
    expect((await send(target, { body: ' '.repeat(6 * 1024 * 1024 + 1) })).status).toBe(413);
  });

  test('signed in the query string is refused', async () => {
    const { body } = await send(target, { path: '/?X-Amz-Algorithm=AWS4-HMAC-SHA256' });
    expect(body).toContain('does not support requests signed in the query string');
  });

  test('whose client dies while it sends prints nothing', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const sent = request(aws.url, { method: 'POST', headers: { ...target, 'content-length': 100 } });
    sent.on('error', () => undefined);
    sent.write('{');
    await sleep(50);
    sent.destroy();
    await sleep(50);
    // The embedded cloud continues, and the clock is not held.
    await aws.clock.idle();
    expect((await send(target)).status).toBe(200);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  test('holds the clock until it is answered', async () => {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    aws.states.answer = () => promise;
    const before = aws.clock.now();
    const earlier = aws.states.calls.length;
    const call = clients(aws.url).states.send(new ListStateMachinesCommand({}));
    while (aws.states.calls.length === earlier) await new Promise(setImmediate);
    const stepped = aws.clock.advance(60_000);
    await new Promise((wake) => setTimeout(wake, 20));
    expect(aws.clock.now()).toBe(before);
    resolve({ stateMachines: [] });
    await call;
    await stepped;
    expect(aws.clock.now()).toBe(before + 60_000);
  });

  test('is held back by the delay asked for', async () => {
    const slow = await startLocalAws({ delayMs: () => 3_600_000 });
    const abortSignal = AbortSignal.timeout(100);
    const call = clients(slow.url).states.send(new ListStateMachinesCommand({}), { abortSignal });
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(slow.states.calls).toEqual([]);
    await slow.close();
  });
});

describe('Step Functions', () => {
  test('takes input and answers by AWS JSON 1.0', async () => {
    aws.states.answer = () => ({ executionArn: 'arn:x', startDate: 1767614400.5 });
    const started = await clients(aws.url).states.send(
      new StartExecutionCommand({
        stateMachineArn: 'arn:aws:states:us-east-1:0:stateMachine:m',
        input: '{}',
      }),
    );
    expect(started).toMatchObject({
      executionArn: 'arn:x',
      startDate: new Date('2026-01-05T12:00:00.500Z'),
    });
    expect(aws.states.calls.at(-1)).toMatchObject({
      operation: 'StartExecution',
      input: { stateMachineArn: 'arn:aws:states:us-east-1:0:stateMachine:m', input: '{}' },
    });
  });

  test('has its errors arrive by name, members and all', async () => {
    aws.states.answer = () => {
      throw new AwsError('ValidationException', 'no', 400, { reason: 'API_DOES_NOT_SUPPORT_LABELED_ARNS' });
    };
    await expect(clients(aws.url).states.send(new ListStateMachinesCommand({}))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'no',
      reason: 'API_DOES_NOT_SUPPORT_LABELED_ARNS',
    });
  });
});

describe('Lambda', () => {
  const FunctionName = 'arn:aws:lambda:us-east-1:000000000000:function:check-grant';

  test('is invoked with the payload and answers with the result', async () => {
    aws.lambda.answer = () => ({ StatusCode: 200, Payload: { decision: 'none' } });
    const answer = await clients(aws.url).lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify({ connectionId: 'a' }) }),
    );
    expect(answer.StatusCode).toBe(200);
    expect(answer.FunctionError).toBeUndefined();
    expect(answer.Payload?.transformToString()).toBe('{"decision":"none"}');
    expect(aws.lambda.calls.at(-1)).toMatchObject({
      operation: 'Invoke',
      input: { FunctionName, InvocationType: 'RequestResponse', Payload: { connectionId: 'a' } },
    });
  });

  test('answers with a function’s own error beside the payload', async () => {
    aws.lambda.answer = () => ({
      StatusCode: 200,
      FunctionError: 'Unhandled',
      Payload: { errorType: 'LeaseHeldError', errorMessage: 'held' },
    });
    const answer = await clients(aws.url).lambda.send(new InvokeCommand({ FunctionName }));
    expect(answer.FunctionError).toBe('Unhandled');
    expect(answer.Payload?.transformToString()).toContain('LeaseHeldError');
    expect(aws.lambda.calls.at(-1)?.input['Payload']).toEqual({});
  });

  test('is invoked as an event', async () => {
    aws.lambda.answer = () => ({ StatusCode: 202 });
    const answer = await clients(aws.url).lambda.send(
      new InvokeCommand({ FunctionName, InvocationType: 'Event' }),
    );
    expect(answer.StatusCode).toBe(202);
    expect(aws.lambda.calls.at(-1)?.input['InvocationType']).toBe('Event');
  });

  test('refuses what is not supported, and a payload that is not JSON', async () => {
    const { lambda } = clients(aws.url);
    const name = 'NotImplementedByEmbeddedCloud';
    for (const input of [{ Qualifier: '1' }, { LogType: 'Tail' as const }]) {
      expect(await refusal(lambda.send(new InvokeCommand({ FunctionName, ...input })))).toMatchObject({
        name,
      });
    }
    expect(await refusal(lambda.send(new InvokeCommand({ FunctionName, Payload: '{' })))).toEqual({
      name: 'InvalidRequestContentException',
      message: 'Could not parse request body into json.',
    });
  });
});

test('a bug in a service is an InternalFailure without details', async () => {
  const { error } = console;
  console.error = () => undefined;
  aws.states.answer = () => {
    throw new TypeError('with a credential in it');
  };
  const failure = await refusal(clients(aws.url).states.send(new ListStateMachinesCommand({})));
  console.error = error;
  expect(failure).toEqual({ name: 'InternalFailure', message: 'The embedded cloud failed.' });
});

test('SES routes that are not supported are refused by name', async () => {
  const list = new ListContactsCommand({ ContactListName: 'l' });
  expect((await refusal(clients(aws.url).ses.send(list))).name).toBe('NotImplementedByEmbeddedCloud');
});

test('a port in use is the system’s own error', async () => {
  const port = Number(new URL(aws.url).port);
  const { iam, clock, states: fake } = aws;
  const services = {
    secretsmanager: fake,
    states: fake,
    dynamodb: fake,
    sns: fake,
    ses: fake,
    s3: fake,
    lambda: fake,
    scheduler: fake,
    monitoring: fake,
    iam: fake,
    sts: fake,
    apigateway: fake,
    events: fake,
    logs: fake,
    sqs: fake,
  };
  await expect(startAwsFront({ port, iam, clock, services })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
