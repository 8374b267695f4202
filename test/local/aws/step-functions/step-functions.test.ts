import { describe, expect, test } from '@jest/globals';
import { AwsError } from '../../../../local/aws/errors.ts';
import type { Event, Invoked } from '../../../helpers/machine.ts';
import {
  Cloud,
  failing,
  functionArn,
  invokeTask,
  pass,
  roleArn,
  start,
  tokenOf,
  waitTask,
} from '../../../helpers/machine.ts';

describe('states', () => {
  test('Choice takes the first rule that holds, with its own Output and Assign', async () => {
    const rule = (Condition: string, Next: string) => ({
      Condition,
      Next,
      Output: `{% '${Next}' %}`,
      Assign: { by: 'rule' },
    });
    const define = () =>
      new Cloud().define({
        Choose: {
          Type: 'Choice',
          Choices: [
            rule("{% $states.input.d = 'refresh' %}", 'Refresh'),
            rule('{% $states.input.d = 1 %}', 'One'),
          ],
          Default: 'Other',
          Assign: { by: 'default' },
        },
        Refresh: pass('{% [$states.input, $by] %}'),
        One: pass(),
        Other: pass('{% [$states.input.d, $by] %}'),
      });
    expect(await define().run({ d: 'refresh' })).toMatchObject({ output: '["Refresh","rule"]' });
    expect(await define().run({ d: 1 })).toMatchObject({ output: '"One"' });
    const cloud = define();
    const arn = await cloud.start({ d: 'none' });
    expect(await cloud.describe(arn)).toMatchObject({ output: '["none","default"]' });
    expect((await cloud.types(arn)).slice(1, 4)).toEqual([
      'ChoiceStateEntered',
      'ChoiceStateExited',
      'PassStateEntered',
    ]);
  });

  test('Choice without a match fails with States.Runtime, and a condition must be a boolean', async () => {
    const define = (Condition: string) =>
      new Cloud().define({ Choose: { Type: 'Choice', Choices: [{ Condition, Next: 'End' }] }, End: pass() });
    const during = "An error occurred while executing the state 'Choose' (entered at the event id #2). ";
    expect(await define('{% false %}').run()).toMatchObject({
      error: 'States.Runtime',
      cause: `${during}Failed to transition out of the state. The state does not point to a next state.`,
    });
    expect(await define('{% 1 %}').run()).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: `${during}The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1`,
    });
  });

  test('Wait ends at its time on the virtual clock', async () => {
    const cloud = new Cloud().define({
      Rest: { Type: 'Wait', Seconds: '{% $states.input.s %}', Next: 'Until' },
      Until: { Type: 'Wait', Timestamp: '2026-01-05T14:00:00Z', Next: 'Past' },
      Past: { Type: 'Wait', Timestamp: "{% '2020-01-01T00:00:00Z' %}", End: true },
    });
    const arn = await cloud.start({ s: 90 }, 'schwab-main-auth-2026-01-05-x');
    expect(cloud.clock.next()).toEqual({
      at: '2026-01-05T12:01:30.000Z',
      label: 'keep-grant schwab-main-auth-2026-0…: end of Rest',
    });
    await cloud.clock.advanceToNext();
    expect(cloud.clock.next()?.at).toBe('2026-01-05T14:00:00.000Z');
    expect(await cloud.describe(arn)).toMatchObject({ status: 'RUNNING' });
    await cloud.clock.advanceToNext();
    expect(await cloud.describe(arn)).toMatchObject({
      status: 'SUCCEEDED',
      stopDate: Date.parse('2026-01-05T14:00:00Z') / 1000,
    });
    expect(cloud.clock.next()).toBeUndefined();
  });

  test('Wait refuses a time that is none', async () => {
    const wait = (more: Record<string, unknown>) =>
      new Cloud().define({ W: { Type: 'Wait', End: true, ...more } });
    for (const value of [-1, 0.5, 1e9, '"1"']) {
      const described = await wait({ Seconds: `{% ${value} %}` }).run();
      expect(described).toMatchObject({ error: 'States.QueryEvaluationError' });
    }
    const described = await wait({ Timestamp: "{% '2026-01-05 14:00' %}" }).run();
    expect(described.cause).toContain('RFC 3339');
  });

  test('Fail ends the execution with the error and cause it computes', async () => {
    const cloud = new Cloud().define({
      Failed: { Type: 'Fail', Error: 'OperatorAlerted', Cause: "{% 'about ' & $states.input.id %}" },
    });
    const arn = await cloud.start({ id: 'schwab-main' });
    expect(await cloud.describe(arn)).toMatchObject({
      status: 'FAILED',
      error: 'OperatorAlerted',
      cause: 'about schwab-main',
    });
    expect(await cloud.types(arn)).toEqual(['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed']);
    expect(cloud.changes.map(({ status, stopDate, error }) => [status, stopDate, error])).toEqual([
      ['RUNNING', null, undefined],
      ['FAILED', start, 'OperatorAlerted'],
    ]);
  });
});

describe('lambda:invoke', () => {
  test('gives the function its payload and the state its result', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({
        TimeoutSeconds: 60,
        Assign: { seen: '{% $states.result.Payload.n %}' },
        Output: '{% $states.result %}',
      }),
    });
    cloud.invoke = () => ({ payload: { n: 2 } });
    const arn = await cloud.start({ a: 1 });
    expect(cloud.payloads).toEqual([{ a: 1 }]);
    expect(JSON.parse((await cloud.describe(arn)).output as string)).toMatchObject({
      ExecutedVersion: '$LATEST',
      Payload: { n: 2 },
      StatusCode: 200,
    });
    expect(cloud.authorized).toContain(`role/machine lambda:InvokeFunction ${functionArn}`);
    const events = await cloud.events(arn);
    expect(events.map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual([
      [1, 0, 'ExecutionStarted'],
      [2, 0, 'TaskStateEntered'],
      [3, 2, 'TaskScheduled'],
      [4, 3, 'TaskStarted'],
      [5, 4, 'TaskSucceeded'],
      [6, 5, 'TaskStateExited'],
      [7, 6, 'ExecutionSucceeded'],
    ]);
    expect(events[2]?.['taskScheduledEventDetails']).toEqual({
      resource: 'invoke',
      resourceType: 'lambda',
      region: 'us-east-1',
      parameters: JSON.stringify({ FunctionName: functionArn, Payload: { a: 1 } }),
      timeoutInSeconds: 60,
    });
  });

  test('holds the clock still while the function runs', async () => {
    const cloud = new Cloud().define({ Work: invokeTask({ TimeoutSeconds: 1 }) });
    const { promise, resolve } = Promise.withResolvers<Invoked>();
    cloud.invoke = () => promise;
    const starting = cloud.start();
    const advancing = cloud.clock.advance(5000);
    await new Promise((done) => setTimeout(done, 20));
    expect(cloud.clock.now()).toBe(start);
    resolve({ payload: 'done' });
    await advancing;
    const arn = await starting;
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', stopDate: start / 1000 });
  });

  test.each<[string, () => Invoked | Promise<Invoked>, string, string]>([
    [
      'its own error',
      failing('LeaseHeldError'),
      'LeaseHeldError',
      '{"errorType":"LeaseHeldError","errorMessage":"no"}',
    ],
    ['a time-out', failing('Sandbox.Timedout'), 'Sandbox.Timedout', '"errorType":"Sandbox.Timedout"'],
    ['an unnamed error', () => ({ payload: 'x', functionError: 'Unhandled' }), 'Lambda.Unknown', '"x"'],
    [
      'throttling',
      () => Promise.reject(new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429)),
      'Lambda.TooManyRequestsException',
      'Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException;',
    ],
    ['a fault of the cloud', () => Promise.reject(new Error('boom')), 'States.Runtime', 'boom'],
  ])('fails by %s', async (_what, invoke, error, cause) => {
    const cloud = new Cloud().define({ Work: invokeTask() });
    cloud.invoke = invoke;
    const arn = await cloud.start();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'FAILED', error });
    expect((await cloud.describe(arn)).cause).toContain(cause);
    const failed = (await cloud.events(arn)).find(({ type }) => type === 'TaskFailed');
    expect(failed?.['taskFailedEventDetails']).toMatchObject({
      resource: 'invoke',
      resourceType: 'lambda',
      error,
    });
  });

  test('a role without the permission fails it as a Lambda.AWSLambdaException', async () => {
    const cloud = new Cloud().define({ Work: invokeTask() });
    cloud.denied = 'lambda:InvokeFunction';
    const described = await cloud.run();
    expect(described.error).toBe('Lambda.AWSLambdaException');
    expect(described.cause).toContain(`${roleArn} is not authorized (Service: AWSLambda; Status Code: 403;`);
    expect(cloud.payloads).toEqual([]);
  });
});

test('Catch goes on with the error output, assigns, and leaves the state', async () => {
  const cloud = new Cloud().define({
    Work: invokeTask({
      Catch: [
        { ErrorEquals: ['Never'], Next: 'Plain' },
        {
          ErrorEquals: ['Held'],
          Next: 'After',
          Output: { input: '{% $states.input.a %}' },
          Assign: {
            failed: '{% $states.errorOutput.Error %}',
            why: '{% $parse($states.errorOutput.Cause) %}',
          },
        },
        { ErrorEquals: ['States.ALL'], Next: 'Plain' },
      ],
    }),
    After: pass('{% [$states.input, $failed, $why.errorMessage] %}'),
    Plain: pass(),
  });
  cloud.invoke = failing('Held');
  const arn = await cloud.start({ a: 1 });
  expect(await cloud.describe(arn)).toMatchObject({ output: '[{"input":1},"Held","no"]' });
  const events = await cloud.events(arn);
  expect(events.map(({ type }) => type).slice(4, 7)).toEqual([
    'TaskFailed',
    'TaskStateExited',
    'PassStateEntered',
  ]);
  expect(events[5]?.['stateExitedEventDetails']).toMatchObject({ assignedVariables: { failed: '"Held"' } });
  cloud.invoke = failing('Other');
  const other = await cloud.describe(await cloud.start({}, 'two'));
  expect(JSON.parse(other.output as string)).toEqual({
    Error: 'Other',
    Cause: '{"errorType":"Other","errorMessage":"no"}',
  });
});

describe('DynamoDB and SNS', () => {
  const put = (more: Record<string, unknown> = {}) => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::dynamodb:putItem',
    Arguments: {
      TableName: 'grants',
      Item: { pk: { S: '{% $states.input.id %}' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
    End: true,
    ...more,
  });
  const publish = {
    Type: 'Task',
    Resource: 'arn:aws:states:::sns:publish',
    Arguments: {
      TopicArn: 'arn:aws:sns:us-east-1:000000000000:alerts',
      Message: { what: 'x' },
      Subject: 's',
    },
    End: true,
  };

  test('are called as the role of the machine', async () => {
    const cloud = new Cloud().define({ Put: put({ End: undefined, Next: 'Tell' }), Tell: publish });
    cloud.serve = async (operation) => (operation === 'Publish' ? { MessageId: 'm' } : {});
    const described = await cloud.run({ id: 'a' });
    expect(JSON.parse(described.output as string)).toMatchObject({ MessageId: 'm' });
    expect(cloud.authorized.slice(1, 3)).toEqual([
      'role/machine dynamodb:PutItem arn:aws:dynamodb:us-east-1:000000000000:table/grants',
      'role/machine sns:Publish arn:aws:sns:us-east-1:000000000000:alerts',
    ]);
    expect(cloud.serviceCalls).toEqual([
      [
        'PutItem',
        { TableName: 'grants', Item: { pk: { S: 'a' } }, ConditionExpression: 'attribute_not_exists(pk)' },
        { principalArn: roleArn },
      ],
      [
        'Publish',
        { TopicArn: 'arn:aws:sns:us-east-1:000000000000:alerts', Message: '{"what":"x"}', Subject: 's' },
        { principalArn: roleArn },
      ],
    ]);
  });

  test.each([
    ['ConditionalCheckFailedException', 'DynamoDB.ConditionalCheckFailedException', put()],
    ['InternalServerError', 'DynamoDB.InternalServerErrorException', put()],
    ['ValidationException', 'DynamoDB.AmazonDynamoDBException', put()],
    ['AccessDeniedException', 'DynamoDB.AmazonDynamoDBException', put()],
    ['NotFound', 'SNS.NotFoundException', publish],
    ['AccessDeniedException', 'SNS.AuthorizationErrorException', publish],
    ['NotImplementedByEmbeddedCloud', 'States.Runtime', publish],
  ])('name the error %s as %s', async (code, error, task) => {
    const cloud = new Cloud().define({ Only: task });
    cloud.serve = () => Promise.reject(new AwsError(code, 'said so'));
    const described = await cloud.run({ id: 'a' });
    expect(described.error).toBe(error);
    expect(described.cause).toContain('said so');
  });
});

describe('executions', () => {
  const waiting = () => new Cloud().define({ Rest: { Type: 'Wait', Seconds: 60, End: true } });

  test('one name starts once: again with the same input while it runs, never after it closed', async () => {
    const cloud = waiting();
    const request = { stateMachineArn: cloud.machineArn, name: 'tick', input: '{"a":1}' };
    const first = await cloud.call('StartExecution', request);
    await cloud.clock.advance(30_000);
    expect(await cloud.call('StartExecution', request)).toEqual(first);
    const other = cloud.call('StartExecution', { ...request, input: '{"a": 1}' });
    await expect(other).rejects.toMatchObject({ code: 'ExecutionAlreadyExists', statusCode: 400 });
    await cloud.clock.advance(30_000);
    await expect(cloud.call('StartExecution', request)).rejects.toMatchObject({
      code: 'ExecutionAlreadyExists',
    });
    expect(cloud.changes.map(({ status }) => status)).toEqual(['RUNNING', 'SUCCEEDED']);
  });

  test('are forgotten 90 days after they closed, and so is the name', async () => {
    const cloud = waiting();
    const executionArn = await cloud.start();
    await cloud.clock.advance(60_000 + 90 * 86_400_000 - 1);
    expect(await cloud.describe(executionArn)).toMatchObject({ status: 'SUCCEEDED' });
    await cloud.clock.advance(1);
    await expect(cloud.describe(executionArn)).rejects.toMatchObject({ code: 'ExecutionDoesNotExist' });
    expect(await cloud.start()).toBe(executionArn);
  });

  test.each(['a b', 'a/b', 'a:b', 'a#b', 'a"b', 'a\u0007', 'a\uD800', 'a\uFFFF', 'a{', 'a$'])(
    'are not named %j',
    async (name) => {
      const cloud = waiting();
      const starting = cloud.call('StartExecution', { stateMachineArn: cloud.machineArn, name });
      await expect(starting).rejects.toMatchObject({ code: 'InvalidName' });
    },
  );

  test('have names of 1 to 80 characters, JSON as input, and a machine', async () => {
    const cloud = waiting();
    const startWith = (more: Record<string, unknown>) =>
      cloud.call('StartExecution', { stateMachineArn: cloud.machineArn, ...more });
    await expect(startWith({ name: 'x'.repeat(81) })).rejects.toMatchObject({
      code: 'ValidationException',
      message:
        "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 80",
    });
    expect(await startWith({ name: 'x'.repeat(80) })).toMatchObject({ startDate: start / 1000 });
    await expect(startWith({ input: '{' })).rejects.toMatchObject({ code: 'InvalidExecutionInput' });
    await expect(startWith({ input: `"${'x'.repeat(262_143)}"` })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    await expect(startWith({ stateMachineArn: `${cloud.machineArn}s` })).rejects.toMatchObject({
      code: 'StateMachineDoesNotExist',
    });
    await expect(startWith({ stateMachineArn: 'keep-grant' })).rejects.toMatchObject({ code: 'InvalidArn' });
    await expect(startWith({ traceHeader: 't' })).rejects.toMatchObject({
      code: 'NotImplementedByEmbeddedCloud',
      message:
        'The embedded cloud does not support the parameter traceHeader of Step Functions StartExecution.',
    });
    await expect(cloud.call('RedriveExecution', {})).rejects.toThrow('Step Functions RedriveExecution');
  });

  test('stop as ABORTED, with their timers and tokens, and once only', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ TimeoutSeconds: 60 }) });
    const executionArn = await cloud.start();
    await cloud.clock.advance(1000);
    const stop = () =>
      cloud.call('StopExecution', { executionArn, error: 'Enough', cause: 'said the owner' });
    expect(await stop()).toEqual({ stopDate: start / 1000 + 1 });
    await cloud.clock.advance(1000);
    expect(await stop()).toEqual({ stopDate: start / 1000 + 1 });
    expect(await cloud.describe(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Enough' });
    expect(cloud.clock.next()).toBeUndefined();
    expect((await cloud.types(executionArn)).at(-1)).toBe('ExecutionAborted');
    const late = cloud.call('SendTaskSuccess', { taskToken: tokenOf(cloud), output: '1' });
    await expect(late).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  test('stopped while a function runs write no more history, and let the clock go on', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }] }),
      After: pass(),
    });
    cloud.invoke = async () => {
      await cloud.call('StopExecution', { executionArn: cloud.changes[0]?.executionArn });
      return { payload: 1 };
    };
    const arn = await cloud.start();
    await cloud.clock.advance(1000);
    expect(await cloud.types(arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'ExecutionAborted',
    ]);
    expect(cloud.changes.map(({ status }) => status)).toEqual(['RUNNING', 'ABORTED']);
  });

  test('end as TIMED_OUT when the machine’s time is over, whatever is caught', async () => {
    const task = waitTask({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }] });
    const cloud = new Cloud().define({ Ask: task, After: pass() }, { TimeoutSeconds: 100 });
    const arn = await cloud.start();
    expect(cloud.clock.next()?.label).toBe('keep-grant one: time-out of the execution');
    await cloud.clock.advance(100_000);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'TIMED_OUT', stopDate: start / 1000 + 100 });
    expect((await cloud.types(arn)).at(-1)).toBe('ExecutionTimedOut');
    expect(cloud.changes.at(-1)).toMatchObject({ status: 'TIMED_OUT', output: null });
  });

  test('fail when their history reaches 25,000 events', async () => {
    const cloud = new Cloud().define({
      Loop: { Type: 'Choice', Choices: [{ Condition: false, Next: 'End' }], Default: 'Loop' },
      End: pass(),
    });
    const executionArn = await cloud.start();
    expect(await cloud.describe(executionArn)).toMatchObject({
      status: 'FAILED',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    const { events } = await cloud.call('GetExecutionHistory', {
      executionArn,
      reverseOrder: true,
      maxResults: 1,
    });
    expect(events).toMatchObject([{ id: 25_000, type: 'ExecutionFailed' }]);
  });

  test('are listed newest first, by status, in pages that new ones do not shift', async () => {
    const cloud = waiting();
    for (const name of ['a', 'b', 'c']) await cloud.start({}, name);
    await cloud.clock.advance(60_000);
    await cloud.start({}, 'd');
    const list = async (more: Record<string, unknown>) => {
      const answer = await cloud.call('ListExecutions', { stateMachineArn: cloud.machineArn, ...more });
      const names = (answer.executions as { name: string }[]).map(({ name }) => name).join('');
      return [names, answer.nextToken] as const;
    };
    expect((await list({}))[0]).toBe('dcba');
    expect((await list({ statusFilter: 'RUNNING' }))[0]).toBe('d');
    const [first, nextToken] = await list({ maxResults: 2 });
    expect(first).toBe('dc');
    await cloud.start({}, 'e');
    expect(await list({ maxResults: 2, nextToken })).toEqual(['ba', undefined]);
    await expect(list({ nextToken: 'x' })).rejects.toMatchObject({ code: 'InvalidToken' });
    await expect(list({ statusFilter: 'DONE' })).rejects.toMatchObject({ code: 'ValidationException' });
  });

  test('show their history in pages, backwards', async () => {
    const cloud = new Cloud().define({ Only: pass({ secret: 1 }, { Assign: { v: 1 } }) });
    const executionArn = await cloud.start({ in: 1 });
    const history = (more: Record<string, unknown>) =>
      cloud.call('GetExecutionHistory', { executionArn, ...more });
    const first = await history({ maxResults: 3, reverseOrder: true });
    expect((first.events as Event[]).map(({ id }) => id)).toEqual([4, 3, 2]);
    const rest = await history({ maxResults: 3, reverseOrder: true, nextToken: first.nextToken });
    expect(rest).toMatchObject({ events: [{ id: 1 }] });
  });

  test('are started only by callers with the permission', async () => {
    const cloud = waiting();
    cloud.denied = 'states:StartExecution';
    await expect(cloud.start()).rejects.toMatchObject({ code: 'AccessDeniedException' });
    expect(cloud.changes).toEqual([]);
  });
});
