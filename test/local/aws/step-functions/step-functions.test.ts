import { describe, expect, test } from '@jest/globals';
import { AwsError } from '../../../../local/aws/errors.ts';
import type { Event, Invoked } from '../../../helpers/machine.ts';
import {
  Cloud,
  failing,
  functionArn,
  invokeTask,
  outputOf,
  pass,
  roleArn,
  start,
  tokenOf,
  waitTask,
} from '../../../helpers/machine.ts';

describe('JSONata', () => {
  test('a machine passes data by Output, Assign and variables, which are seen from the next state on', async () => {
    const cloud = new Cloud().define({
      First: pass(
        { was: '{% $exists($total) ? $total : "unset" %}', list: ['{% 1 + 1 %}', 'plain', null] },
        { End: undefined, Next: 'Second', Assign: { total: '{% $states.input.n %}' } },
      ),
      Second: pass(
        { total: '{% $total %}', other: '{% $states.input.was %}' },
        { End: undefined, Next: 'Third', Assign: { total: '{% $total + 1 %}', copy: '{% $total %}' } },
      ),
      Third: { Type: 'Succeed', Output: '{% [$total, $copy, $states.input] %}' },
    });
    const arn = await cloud.start({ n: 4 });
    expect(JSON.parse((await cloud.describe(arn)).output as string)).toEqual([
      5,
      4,
      { total: 4, other: 'unset' },
    ]);
    const exited = (await cloud.events(arn)).find(({ id }) => id === 5);
    expect(exited).toEqual({
      id: 5,
      previousEventId: 4,
      timestamp: start / 1000,
      type: 'PassStateExited',
      stateExitedEventDetails: {
        name: 'Second',
        output: '{"total":4,"other":"unset"}',
        outputDetails: { truncated: false },
        assignedVariables: { total: '5', copy: '4' },
        assignedVariablesDetails: { truncated: false },
      },
    });
  });

  test('the context object tells of execution, state and machine', async () => {
    expect(await outputOf('{% $states.context %}', { a: 1 })).toEqual({
      Execution: {
        Id: 'arn:aws:states:us-east-1:000000000000:execution:keep-grant:one',
        Input: { a: 1 },
        Name: 'one',
        RedriveCount: 0,
        RoleArn: roleArn,
        StartTime: '2026-01-05T12:00:00.000Z',
      },
      State: { EnteredTime: '2026-01-05T12:00:00.000Z', Name: 'Only' },
      StateMachine: {
        Id: 'arn:aws:states:us-east-1:000000000000:stateMachine:keep-grant',
        Name: 'keep-grant',
      },
    });
  });

  test.each([
    ['$now()', '2026-01-05T12:00:00.000Z'],
    ["$now('[Y0001]-[M01]')", '2026-01'],
    ['$millis()', 1_767_614_400_000],
    ["$toMillis('03:30', '[H01]:[m01]')", 1_767_583_800_000],
    ['$parse(\'{"a":[1]}\')', { a: [1] }],
    ["$hash('abc', 'SHA-1')", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['$partition([1,2,3,4,5], 2)', [[1, 2], [3, 4], [5]]],
    ['$range(0, 10, 5)', [0, 5, 10]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ['$random(7) = $random(7) and $random() < 1', true],
    ['$match($uuid(), /^[0-9a-f-]{36}$/).index', 0],
    ['$states.input.items[price > 1].name', ['b', 'c']],
    ["($states.input.items.{ 'n': name, 'missing': nothing })[0]", { n: 'a' }],
  ])('%s answers as in AWS, as plain JSON and at the virtual time', async (source, expected) => {
    const items = [
      { name: 'a', price: 1 },
      { name: 'b', price: 2 },
      { name: 'c', price: 3 },
    ];
    expect(await outputOf(`{% ${source} %}`, { items })).toEqual(expected);
  });

  test.each([
    ['$states.input.absent', 'returned nothing (undefined).'],
    ['1 + "a"', 'threw an error during evaluation. T2002: The right side'],
    ['$sum', 'The result is a function'],
    ['$unheardOf(1)', 'T1006'],
    ["$hash('abc', 'CRC')", "Hash algorithm 'CRC' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"],
    ['($f := function($n) { $f($n) }; $f(1))', ': Expression evaluation timeout: Check for infinite loop'],
  ])('%s is a States.QueryEvaluationError', async (source, cause) => {
    const cloud = new Cloud().define({ Only: pass({ a: `{% ${source} %}` }) });
    const arn = await cloud.start();
    const described = await cloud.describe(arn);
    expect(described).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
    expect(described.cause).toContain(`specified for the field 'Output/a'`);
    expect(described.cause).toContain(cause);
    const events = await cloud.events(arn);
    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'PassStateEntered',
      'EvaluationFailed',
      'ExecutionFailed',
    ]);
    expect(events[2]?.['evaluationFailedEventDetails']).toMatchObject({
      location: 'Output/a',
      state: 'Only',
    });
  });
});

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

describe('Retry', () => {
  const retried = (retrier: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    new Cloud().define({
      RefreshTokens: invokeTask({ Retry: [{ ErrorEquals: ['Held'], ...retrier }], ...more }),
    });

  test('backs off on the clock up to MaxDelaySeconds, counts, and then gives up', async () => {
    const cloud = retried(
      { IntervalSeconds: 10, BackoffRate: 3, MaxDelaySeconds: 60, MaxAttempts: 3 },
      { Arguments: { FunctionName: functionArn, Payload: '{% $states.context.State.RetryCount %}' } },
    );
    cloud.invoke = failing('Held');
    const arn = await cloud.start();
    const waits: unknown[] = [];
    for (let next = cloud.clock.next(); next; next = cloud.clock.next()) {
      waits.push(next);
      await cloud.clock.advanceToNext();
    }
    expect(waits).toEqual([
      { at: '2026-01-05T12:00:10.000Z', label: 'keep-grant one: retry of RefreshTokens' },
      { at: '2026-01-05T12:00:40.000Z', label: 'keep-grant one: retry of RefreshTokens' },
      { at: '2026-01-05T12:01:40.000Z', label: 'keep-grant one: retry of RefreshTokens' },
    ]);
    expect(cloud.payloads).toEqual([0, 1, 2, 3]);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'FAILED', error: 'Held' });
    expect((await cloud.types(arn)).slice(2, 8)).toEqual([
      'TaskScheduled',
      'TaskStarted',
      'TaskFailed',
      'TaskScheduled',
      'TaskStarted',
      'TaskFailed',
    ]);
  });

  test('with full jitter waits between nothing and the whole interval', async () => {
    const waits = new Set<number>();
    for (let at = 0; at < 20; at += 1) {
      const cloud = retried({ IntervalSeconds: 100, JitterStrategy: 'FULL', MaxAttempts: 1 });
      cloud.invoke = failing('Held');
      await cloud.start();
      waits.add(Date.parse(cloud.clock.next()?.at ?? '') - start);
    }
    expect(waits.size).toBeGreaterThan(10);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(100_000);
  });

  test('by default tries three times more, after 1, 2 and 4 seconds, and succeeds when the task does', async () => {
    const cloud = retried({});
    cloud.invoke = () => (cloud.payloads.length === 4 ? { payload: 'ok' } : failing('Held')());
    const arn = await cloud.start();
    await cloud.clock.advance(60_000);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', stopDate: start / 1000 + 7 });
  });

  test.each([
    [['States.ALL'], 'Anything', true],
    [['States.TaskFailed'], 'Anything', true],
    [['Other', 'Held'], 'Held', true],
    [['held'], 'Held', false],
    [['States.Timeout'], 'Held', false],
    [['States.ALL'], 'States.Runtime', false],
    [['States.Runtime'], 'States.Runtime', false],
  ])('%j and the error %s: matches %s', async (ErrorEquals, error, isRetried) => {
    const cloud = retried({ ErrorEquals });
    cloud.invoke = failing(error);
    await cloud.start();
    expect(cloud.clock.next() !== undefined).toBe(isRetried);
  });

  test('an expression that fails can be retried and caught as well', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({
        Output: '{% $states.result.Payload.absent %}',
        Retry: [{ ErrorEquals: ['States.QueryEvaluationError'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }],
      }),
      After: pass('{% $states.input.Error %}'),
    });
    const arn = await cloud.start();
    await cloud.clock.advance(1000);
    expect(cloud.payloads).toHaveLength(2);
    expect(await cloud.describe(arn)).toMatchObject({ output: '"States.QueryEvaluationError"' });
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

describe('lambda:invoke.waitForTaskToken', () => {
  test('waits, without holding the clock, until the token comes back with the output', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ Output: '{% $states.result.grant %}' }) });
    cloud.invoke = () => ({ payload: { sent: true } });
    const arn = await cloud.start();
    await cloud.clock.advance(3_600_000);
    expect(await cloud.types(arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
    ]);
    const taskToken = tokenOf(cloud);
    await expect(cloud.call('SendTaskSuccess', { taskToken, output: '{' })).rejects.toMatchObject({
      code: 'InvalidOutput',
    });
    expect(await cloud.call('SendTaskSuccess', { taskToken, output: '{"grant":"g"}' })).toEqual({});
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"g"' });
    expect(cloud.authorized).toContain(`root states:SendTaskSuccess ${cloud.machineArn}`);
    const [, , , , submitted, succeeded] = await cloud.events(arn);
    expect(submitted?.['taskSubmittedEventDetails']).toMatchObject({ resource: 'invoke.waitForTaskToken' });
    expect(succeeded).toMatchObject({
      type: 'TaskSucceeded',
      timestamp: start / 1000 + 3600,
      taskSucceededEventDetails: { output: '{"grant":"g"}' },
    });
    await expect(cloud.call('SendTaskSuccess', { taskToken, output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
      message: "Task Timed Out: 'Provided task does not exist anymore'",
    });
  });

  test('may get its token back while the function still runs', async () => {
    const cloud = new Cloud().define({ Ask: waitTask() });
    cloud.invoke = async (payload) => {
      const { token } = payload as { token: string };
      await cloud.call('SendTaskSuccess', { taskToken: token, output: '"early"' });
      return failing('TooLate')();
    };
    const arn = await cloud.start();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"early"' });
    expect(await cloud.types(arn)).not.toContain('TaskSubmitted');
  });

  test('fails with the error and cause that come with the token', async () => {
    const cloud = new Cloud().define({
      Ask: waitTask({ Catch: [{ ErrorEquals: ['Superseded'], Next: 'After' }] }),
      After: pass(),
    });
    const arn = await cloud.start();
    await cloud.call('SendTaskFailure', { taskToken: tokenOf(cloud), error: 'Superseded', cause: 'newer' });
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ output: '{"Error":"Superseded","Cause":"newer"}' });
    expect(await cloud.types(arn)).toContain('TaskFailed');
  });

  test('times out at the time it computes, and its token with it', async () => {
    const cloud = new Cloud().define({
      Ask: waitTask({
        TimeoutSeconds: '{% $states.input.wait %}',
        Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'After' }],
      }),
      After: pass(),
    });
    const arn = await cloud.start({ wait: 900 });
    expect(cloud.clock.next()).toEqual({
      at: '2026-01-05T12:15:00.000Z',
      label: 'keep-grant one: time-out of Ask',
    });
    await cloud.clock.advanceToNext();
    expect(await cloud.describe(arn)).toMatchObject({
      output: '{"Error":"States.Timeout","Cause":""}',
    });
    const timedOut = (await cloud.events(arn)).find(({ type }) => type === 'TaskTimedOut');
    expect(timedOut?.['taskTimedOutEventDetails']).toEqual({
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
      error: 'States.Timeout',
    });
    const request = { taskToken: tokenOf(cloud), output: '1' };
    await expect(cloud.call('SendTaskSuccess', request)).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  test('a time-out is no States.TaskFailed, and uncaught fails the execution', async () => {
    const cloud = new Cloud().define({
      Ask: waitTask({ TimeoutSeconds: 5, Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'After' }] }),
      After: pass(),
    });
    const arn = await cloud.start();
    await cloud.clock.advance(5000);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  test('a time-out of nothing is refused', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ TimeoutSeconds: '{% 0 %}' }) });
    expect(await cloud.run()).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause:
        "An error occurred while executing the state 'Ask' (entered at the event id #2). The JSONata expression '0' specified for the field 'TimeoutSeconds' returned 0, which is not a whole number between 1 and 99999999.",
    });
  });

  test('each try has a token of its own', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ Retry: [{ ErrorEquals: ['Down'] }] }) });
    cloud.invoke = () => (cloud.payloads.length === 1 ? failing('Down')() : { payload: null });
    const arn = await cloud.start();
    await cloud.clock.advance(1000);
    const first = cloud.call('SendTaskSuccess', { taskToken: tokenOf(cloud, 0), output: '1' });
    await expect(first).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await cloud.call('SendTaskSuccess', { taskToken: tokenOf(cloud, 1), output: '2' });
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ output: '2' });
  });

  test('a token that never was is refused', async () => {
    const cloud = new Cloud().define({ Ask: waitTask() });
    await cloud.start();
    const withToken = (taskToken: string) => cloud.call('SendTaskFailure', { taskToken });
    await expect(withToken('nonsense')).rejects.toMatchObject({ code: 'InvalidToken' });
    const unknown = `AQC${'x'.repeat(86)}`;
    await expect(withToken(unknown)).rejects.toMatchObject({ code: 'TaskDoesNotExist' });
    await expect(withToken('x'.repeat(2049))).rejects.toMatchObject({ code: 'ValidationException' });
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

describe('definitions', () => {
  const refusal = (states: Record<string, unknown>, more?: Record<string, unknown>) => {
    try {
      new Cloud().define(states, more);
    } catch (error) {
      return `${(error as AwsError).code}: ${(error as AwsError).message}`;
    }
    return 'taken';
  };
  const at = (place: string) => `at /States/A${place}`;
  const wait = (more: Record<string, unknown>) => ({ Type: 'Wait', End: true, ...more });

  test.each<[string, Record<string, unknown>, string]>([
    [
      'a state type',
      { Type: 'Map', End: true },
      `This state type is not supported by the embedded cloud ${at('/Type')}`,
    ],
    [
      'a field',
      pass(1, { InputPath: '$' }),
      `The field InputPath is not supported by the embedded cloud ${at('')}`,
    ],
    ['a heartbeat', waitTask({ HeartbeatSeconds: 5 }), 'The field HeartbeatSeconds is not supported'],
    [
      'a resource',
      invokeTask({ Resource: 'arn:aws:states:::sqs:sendMessage' }),
      'arn:aws:states:::sqs:sendMessage',
    ],
    [
      'an argument',
      invokeTask({ Arguments: { FunctionName: 'f', InvocationType: 'Event' } }),
      `The argument InvocationType is not supported by the embedded cloud ${at('/Arguments/InvocationType')}`,
    ],
    [
      'a missing argument',
      invokeTask({ Arguments: {} }),
      `The argument FunctionName is required ${at('/Arguments')}`,
    ],
    [
      'arguments that are one expression',
      invokeTask({ Arguments: '{% {} %}' }),
      'Arguments must be an object',
    ],
    ['an expression that does not parse', pass({ a: '{% 1 + %}' }), at('/Output/a')],
    ['an expression with a space before it', pass(' {% 1 %}'), 'without spaces around them'],
    ['an expression that does not end', pass('{% 1'), 'starts with {% and ends with %}'],
    ['$eval', pass('{% $eval("1") %}'), 'The function $eval is not supported'],
    [
      '$states.result outside a task',
      pass('{% $states.result %}'),
      `UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. ${at('/Output')}`,
    ],
    ['$states.errorOutput outside Catch', invokeTask({ Output: '{% $states.errorOutput %}' }), at('/Output')],
    [
      'an unknown member of $states',
      pass('{% $states.inputs.a %}'),
      "Field '$states.inputs' does not exist.",
    ],
    ['an unknown context', pass('{% $states.context.Map.Item %}'), '$states.context.Map is not supported'],
    [
      'a token where none is',
      invokeTask({ Output: '{% $states.context.Task.Token %}' }),
      '.waitForTaskToken',
    ],
    ['no transition', { Type: 'Pass' }, `Exactly one of Next and End is required ${at('')}`],
    ['two transitions', pass(1, { Next: 'A' }), 'Exactly one of Next and End is required'],
    ['a missing target', { Type: 'Pass', Next: 'B' }, `Missing 'Next' target: B ${at('/Next')}`],
    [
      'both Seconds and Timestamp',
      wait({ Seconds: 1, Timestamp: '2026-01-05T14:00:00Z' }),
      'Exactly one of Seconds',
    ],
    ['Seconds as text', wait({ Seconds: '1' }), at('/Seconds')],
    ['a Timestamp that is none', wait({ Timestamp: 'tomorrow' }), at('/Timestamp')],
    ['a variable that is no name', pass(1, { Assign: { 'a-b': 1 } }), at('/Assign/a-b')],
    ['the variable states', pass(1, { Assign: { states: 1 } }), 'The variable name states is reserved'],
    ['Assign as one expression', pass(1, { Assign: '{% {} %}' }), at('/Assign')],
    ['a time-out of nothing', invokeTask({ TimeoutSeconds: 0 }), at('/TimeoutSeconds')],
    [
      'a condition that is no expression',
      { Type: 'Choice', Choices: [{ Condition: 'x', Next: 'A' }] },
      'Condition',
    ],
    [
      'an unknown reserved error',
      invokeTask({ Retry: [{ ErrorEquals: ['States.Permissions'] }] }),
      'States.Permissions',
    ],
    [
      'States.ALL among others',
      invokeTask({ Retry: [{ ErrorEquals: ['States.ALL', 'A'] }] }),
      'must appear alone',
    ],
    [
      'States.ALL before others',
      invokeTask({ Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] }),
      `States.ALL must be in the last rule ${at('/Retry')}`,
    ],
    [
      'a shrinking back-off',
      invokeTask({ Retry: [{ ErrorEquals: ['A'], BackoffRate: 0.5 }] }),
      at('/Retry[0]/BackoffRate'),
    ],
    [
      'a maximum below the interval',
      invokeTask({ Retry: [{ ErrorEquals: ['A'], MaxDelaySeconds: 1 }] }),
      'MaxDelaySeconds',
    ],
  ])('refuse %s, and say where', (_what, state, message) => {
    const refused = refusal({ A: state });
    expect(refused).toMatch(/^InvalidDefinition: Invalid State Machine Definition: '/);
    expect(refused).toContain(message);
  });

  test('refuse JSONPath, an unknown top-level field, an unreachable state and what is no JSON', () => {
    expect(refusal({ A: pass() }, { QueryLanguage: 'JSONPath' })).toContain('JSONPath is not supported');
    expect(refusal({ A: pass() }, { QueryLanguage: undefined })).toContain('at /QueryLanguage');
    expect(refusal({ A: pass() }, { ProcessorConfig: {} })).toContain('ProcessorConfig is not supported');
    expect(refusal({ A: pass(), B: pass() })).toContain('State "B" is not reachable. at /States/B');
    expect(refusal({ A: pass() }, { StartAt: 'C' })).toContain("Missing 'Next' target: C at /StartAt");
    const { service } = new Cloud();
    const create = () => service.createStateMachine({ name: 'm', definition: '{', roleArn });
    expect(create).toThrow('INVALID_JSON_DESCRIPTION');
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

  test('show their history in pages, backwards, and without data', async () => {
    const cloud = new Cloud().define({ Only: pass({ secret: 1 }, { Assign: { v: 1 } }) });
    const executionArn = await cloud.start({ in: 1 });
    const history = (more: Record<string, unknown>) =>
      cloud.call('GetExecutionHistory', { executionArn, ...more });
    const first = await history({ maxResults: 3, reverseOrder: true });
    expect((first.events as Event[]).map(({ id }) => id)).toEqual([4, 3, 2]);
    const rest = await history({ maxResults: 3, reverseOrder: true, nextToken: first.nextToken });
    expect(rest).toMatchObject({ events: [{ id: 1 }] });
    const bare = await history({ includeExecutionData: false });
    expect(bare.events).toEqual([
      {
        id: 1,
        previousEventId: 0,
        timestamp: start / 1000,
        type: 'ExecutionStarted',
        executionStartedEventDetails: { roleArn },
      },
      {
        id: 2,
        previousEventId: 0,
        timestamp: start / 1000,
        type: 'PassStateEntered',
        stateEnteredEventDetails: { name: 'Only' },
      },
      {
        id: 3,
        previousEventId: 2,
        timestamp: start / 1000,
        type: 'PassStateExited',
        stateExitedEventDetails: { name: 'Only' },
      },
      {
        id: 4,
        previousEventId: 3,
        timestamp: start / 1000,
        type: 'ExecutionSucceeded',
        executionSucceededEventDetails: {},
      },
    ]);
  });

  test('and machines are described as they were made, to whoever may ask', async () => {
    const cloud = waiting();
    const { stateMachineArn } = { stateMachineArn: cloud.machineArn };
    expect(stateMachineArn).toBe('arn:aws:states:us-east-1:000000000000:stateMachine:keep-grant');
    expect(await cloud.call('ListStateMachines', {})).toEqual({
      stateMachines: [{ stateMachineArn, name: 'keep-grant', type: 'STANDARD', creationDate: start / 1000 }],
    });
    expect(await cloud.call('DescribeStateMachine', { stateMachineArn })).toMatchObject({
      roleArn,
      status: 'ACTIVE',
    });
    cloud.denied = 'states:StartExecution';
    await expect(cloud.start()).rejects.toMatchObject({ code: 'AccessDeniedException' });
    expect(cloud.changes).toEqual([]);
  });
});
