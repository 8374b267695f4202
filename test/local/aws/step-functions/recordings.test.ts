/** Behaviour that recordings of AWS show, and no documentation describes. */
import { describe, expect, jest, test } from '@jest/globals';
import type { AwsError } from '../../../../local/aws/errors.ts';
import { realTimer } from '../../../../local/aws/clock.ts';
import type { Invoked } from '../../../helpers/machine.ts';
import {
  Cloud,
  failing,
  functionArn,
  invokeTask,
  outputOf,
  pass,
  start,
  tokenOf,
  waitTask,
} from '../../../helpers/machine.ts';

const catchAll = (name = 'States.ALL') => ({
  End: undefined,
  Next: 'After',
  Catch: [{ ErrorEquals: [name], Next: 'After' }],
});

const never = () => new Promise<Invoked>(() => undefined);

describe('a time-out of a task without a token', () => {
  test('ends it as TaskTimedOut, without a cause in history and with an empty one where it is caught', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({ TimeoutSeconds: 45, ...catchAll() }),
      After: pass(),
    });
    const { promise, resolve } = Promise.withResolvers<Invoked>();
    cloud.invoke = () => promise;
    const starting = cloud.start();
    await new Promise(setImmediate);
    expect(cloud.callTimers.map(({ afterMs }) => afterMs)).toEqual([45_000]);
    cloud.callTimers[0]!.run();
    // The function goes on, and the clock stands still until it has ended; nobody hears of that.
    resolve({ payload: 'late' });
    const arn = await starting;
    expect(await cloud.describe(arn)).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"Error":"States.Timeout","Cause":""}',
    });
    const events = await cloud.events(arn);
    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskTimedOut',
      'TaskStateExited',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
    expect(events[4]).toMatchObject({
      previousEventId: 4,
      taskTimedOutEventDetails: { error: 'States.Timeout', resource: 'invoke', resourceType: 'lambda' },
    });
    expect(events[4]?.['taskTimedOutEventDetails']).not.toHaveProperty('cause');
  });

  test('that nothing catches fails the execution without a cause', async () => {
    const cloud = new Cloud().define({ Work: invokeTask({ TimeoutSeconds: 45 }) });
    cloud.invoke = never;
    void cloud.start();
    await new Promise(setImmediate);
    cloud.callTimers[0]!.run();
    await new Promise(setImmediate);
    const executionArn = cloud.changes[0]!.executionArn;
    const described = await cloud.describe(executionArn);
    expect(described).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(described).not.toHaveProperty('cause');
  });

  test('is retried by States.Timeout, not by States.TaskFailed, and each try has its own', async () => {
    for (const [name, tries] of [
      ['States.Timeout', 2],
      ['States.TaskFailed', 1],
    ] as const) {
      const Retry = [{ ErrorEquals: [name], MaxAttempts: 1 }];
      const cloud = new Cloud().define({ Work: invokeTask({ TimeoutSeconds: 45, Retry }) });
      const hanging = Promise.withResolvers<Invoked>();
      cloud.invoke = () => (cloud.payloads.length === 1 ? hanging.promise : { payload: 'second' });
      const starting = cloud.start();
      await new Promise(setImmediate);
      cloud.callTimers[0]!.run();
      hanging.resolve({ payload: 'late' });
      await starting;
      await cloud.clock.advance(1000);
      expect(cloud.payloads).toHaveLength(tries);
      expect(cloud.callTimers).toHaveLength(tries);
    }
  });

  test('is no longer planned when the task has ended', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({ TimeoutSeconds: 45, End: undefined, Next: 'Rest' }),
      Rest: { Type: 'Wait', Seconds: 60, End: true },
    });
    const arn = await cloud.start();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'RUNNING' });
    expect(cloud.callTimers).toMatchObject([{ afterMs: 45_000, isCancelled: true }]);
  });

  test('is none without TimeoutSeconds', async () => {
    const cloud = new Cloud().define({ Work: invokeTask() });
    await cloud.start();
    expect(cloud.callTimers).toEqual([]);
  });

  test('comes for DynamoDB and SNS as well', async () => {
    const cloud = new Cloud().define({
      Tell: {
        Type: 'Task',
        Resource: 'arn:aws:states:::sns:publish',
        Arguments: { TopicArn: 'arn:aws:sns:us-east-1:000000000000:alerts', Message: 'm' },
        TimeoutSeconds: 30,
        End: true,
      },
    });
    cloud.serve = () => new Promise(() => undefined);
    void cloud.start();
    await new Promise(setImmediate);
    cloud.callTimers[0]!.run();
    await new Promise(setImmediate);
    const types = await cloud.types(cloud.changes[0]!.executionArn);
    expect(types.slice(-2)).toEqual(['TaskTimedOut', 'ExecutionFailed']);
  });

  test('ends a task with a token, too, while its function still runs', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ TimeoutSeconds: 60, ...catchAll() }), After: pass() });
    const { promise, resolve } = Promise.withResolvers<Invoked>();
    cloud.invoke = () => promise;
    const starting = cloud.start();
    await new Promise(setImmediate);
    cloud.callTimers[0]!.run();
    resolve({ payload: 'late' });
    const arn = await starting;
    expect(await cloud.describe(arn)).toMatchObject({ output: '{"Error":"States.Timeout","Cause":""}' });
    expect(await cloud.types(arn)).not.toContain('TaskSubmitted');
  });
});

test('a timer of real time runs after its delay, unless that is longer than Node can wait', () => {
  jest.useFakeTimers();
  try {
    const ran: string[] = [];
    realTimer(45_000, () => ran.push('45 s'));
    realTimer(45_000, () => ran.push('cancelled')).cancel();
    realTimer(2 ** 31 - 1, () => ran.push('24.8 days'));
    realTimer(2 ** 31, () => ran.push('longer'));
    jest.advanceTimersByTime(44_999);
    expect(ran).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(ran).toEqual(['45 s']);
    jest.advanceTimersByTime(2 ** 32);
    expect(ran).toEqual(['45 s', '24.8 days']);
  } finally {
    jest.useRealTimers();
  }
});

describe('an answer over 256 KiB', () => {
  const cause =
    "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.";

  test.each(['States.ALL', 'States.TaskFailed', 'States.DataLimitExceeded'])(
    'fails its task, and %s catches that',
    async (name) => {
      const cloud = new Cloud().define({ Work: invokeTask(catchAll(name)), After: pass() });
      cloud.invoke = () => ({ payload: 'é'.repeat(131_072) });
      const arn = await cloud.start();
      const { output } = await cloud.describe(arn);
      expect(JSON.parse(output as string)).toEqual({ Error: 'States.DataLimitExceeded', Cause: cause });
      const events = await cloud.events(arn);
      expect(events.map(({ type }) => type).slice(3, 6)).toEqual([
        'TaskStarted',
        'TaskFailed',
        'TaskStateExited',
      ]);
      expect(events[4]?.['taskFailedEventDetails']).toEqual({
        error: 'States.DataLimitExceeded',
        cause,
        resource: 'invoke',
        resourceType: 'lambda',
      });
    },
  );

  test('fails a task the same when it comes with the token', async () => {
    const cloud = new Cloud().define({ Ask: waitTask(catchAll()), After: pass() });
    const arn = await cloud.start();
    // Within the limit of the request; its numbers are longer when they are written out.
    const output = JSON.stringify(Array(30_000).fill(0)).replaceAll('0', '1e20');
    await cloud.call('SendTaskSuccess', { taskToken: tokenOf(cloud), output });
    await cloud.clock.idle();
    const described = await cloud.describe(arn);
    expect(JSON.parse(described.output as string)).toEqual({
      Error: 'States.DataLimitExceeded',
      Cause: cause,
    });
  });

  test.each([
    ['States.ALL', 'FAILED'],
    ['States.DataLimitExceeded', 'SUCCEEDED'],
  ])('that a state computes itself is terminal, as documented: %s leaves it %s', async (name, status) => {
    const Output = "{% $pad('', 262143) %}";
    const cloud = new Cloud().define({ Work: invokeTask({ Output, ...catchAll(name) }), After: pass() });
    expect(await cloud.run()).toMatchObject({ status });
  });
});

describe('SendTaskFailure', () => {
  test.each<[Record<string, string>, string, Record<string, string>]>([
    [{}, '{"Error":null,"Cause":null}', {}],
    [{ error: 'Superseded' }, '{"Error":"Superseded","Cause":null}', { error: 'Superseded' }],
    [{ cause: 'newer' }, '{"Error":null,"Cause":"newer"}', { cause: 'newer' }],
    [{ error: '', cause: '' }, '{"Error":"","Cause":""}', { error: '', cause: '' }],
  ])('with %j gives %s', async (given, output, recorded) => {
    const cloud = new Cloud().define({ Ask: waitTask(catchAll()), After: pass() });
    const arn = await cloud.start();
    await cloud.call('SendTaskFailure', { taskToken: tokenOf(cloud), ...given });
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', output });
    const failed = (await cloud.events(arn)).find(({ type }) => type === 'TaskFailed');
    expect(failed?.['taskFailedEventDetails']).toEqual({
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
      ...recorded,
    });
  });

  test('without anything, uncaught, leaves the execution without error and cause', async () => {
    const cloud = new Cloud().define({ Ask: waitTask() });
    const arn = await cloud.start();
    await cloud.call('SendTaskFailure', { taskToken: tokenOf(cloud) });
    await cloud.clock.idle();
    const described = await cloud.describe(arn);
    expect(described).toMatchObject({ status: 'FAILED' });
    expect(described).not.toHaveProperty('error');
    expect(described).not.toHaveProperty('cause');
  });
});

describe('an execution that has ended from outside', () => {
  test('by its time-out has that error in history alone', async () => {
    const cloud = new Cloud().define(
      { Rest: { Type: 'Wait', Seconds: 25, End: true } },
      { TimeoutSeconds: 3 },
    );
    const arn = await cloud.start();
    await cloud.clock.advance(3000);
    const described = await cloud.describe(arn);
    expect(described).toMatchObject({ status: 'TIMED_OUT', stopDate: start / 1000 + 3 });
    expect(described).not.toHaveProperty('error');
    expect(described).not.toHaveProperty('cause');
    expect(cloud.changes.at(-1)).not.toHaveProperty('error');
    expect((await cloud.events(arn)).at(-1)).toEqual({
      id: 3,
      previousEventId: 0,
      timestamp: start / 1000 + 3,
      type: 'ExecutionTimedOut',
      executionTimedOutEventDetails: { error: 'States.Timeout' },
    });
  });

  test('by StopExecution follows no other event', async () => {
    const cloud = new Cloud().define({ Rest: { Type: 'Wait', Seconds: 25, End: true } });
    const executionArn = await cloud.start();
    await cloud.call('StopExecution', { executionArn });
    expect((await cloud.events(executionArn)).at(-1)).toMatchObject({
      id: 3,
      previousEventId: 0,
      type: 'ExecutionAborted',
      executionAbortedEventDetails: {},
    });
  });
});

describe('RetryCount', () => {
  const RetryCount = '{% $states.context.State.RetryCount %}';

  test('is 0 at the first try of a task', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({ Arguments: { FunctionName: functionArn, Payload: RetryCount } }),
    });
    await cloud.start();
    expect(cloud.payloads).toEqual([0]);
  });

  test('is not there in other states', async () => {
    expect(await outputOf(RetryCount)).toMatchObject({ error: 'States.QueryEvaluationError' });
  });
});

describe('a failed evaluation', () => {
  test('says in which state it happened, in its own event, too, which follows what the state follows', async () => {
    const cloud = new Cloud().define({
      State0: { Type: 'Pass', Next: 'State1' },
      State1: { Type: 'Pass', Next: 'State2' },
      State2: pass({ result: '{% $doesNotExist %}' }),
    });
    const arn = await cloud.start();
    const cause =
      "An error occurred while executing the state 'State2' (entered at the event id #6). The JSONata expression '$doesNotExist' specified for the field 'Output/result' returned nothing (undefined).";
    expect(await cloud.describe(arn)).toMatchObject({ error: 'States.QueryEvaluationError', cause });
    expect((await cloud.events(arn)).slice(-2)).toMatchObject([
      {
        id: 7,
        previousEventId: 5,
        type: 'EvaluationFailed',
        evaluationFailedEventDetails: {
          error: 'States.QueryEvaluationError',
          cause,
          location: 'Output/result',
          state: 'State2',
        },
      },
      { id: 8, previousEventId: 7, executionFailedEventDetails: { cause } },
    ]);
  });

  test('has jsonata’s code and words, and AWS’s own where it has reached a limit', async () => {
    const during = (source: string) =>
      `An error occurred while executing the state 'Only' (entered at the event id #2). The JSONata expression '${source}' specified for the field 'Output' threw an error during evaluation`;
    expect(await outputOf('{% 1 + "a" %}')).toEqual({
      error: 'States.QueryEvaluationError',
      cause: `${during('1 + "a"')}. T2002: The right side of the "+" operator must evaluate to a number`,
    });
    const deep = Array(101).fill('1').join('+');
    expect(await outputOf(`{% ${deep} %}`)).toEqual({
      error: 'States.QueryEvaluationError',
      cause: `${during(deep)}: Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive`,
    });
    expect(await outputOf('{% $range(1, 360146, 1) %}')).toEqual({
      error: 'States.QueryEvaluationError',
      cause: `${during('$range(1, 360146, 1)')}: Expression evaluation memory limit exceeded: Check for excessive memory usage`,
    });
    expect(await outputOf('{% [1..873782] ~> $count() %}')).toBe(873_782);
    expect(await outputOf('{% [1..873783] ~> $count() %}')).toEqual({
      error: 'States.QueryEvaluationError',
      cause: `${during('[1..873783] ~> $count()')}: Expression evaluation memory limit exceeded: Check for excessive memory usage`,
    });
  });

  test.each([
    ["$parse('')", 'D3137: Invalid JSON'],
    ["$parse('{} {}')", 'D3137: Invalid JSON'],
    [
      "$hash('a', 'SHA-2')",
      "D3137: Hash algorithm 'SHA-2' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5",
    ],
  ])('of %s has AWS’s code', async (source, what) => {
    expect(await outputOf(`{% ${source} %}`)).toEqual({
      error: 'States.QueryEvaluationError',
      cause: `An error occurred while executing the state 'Only' (entered at the event id #2). The JSONata expression '${source}' specified for the field 'Output' threw an error during evaluation. ${what}`,
    });
  });

  const sum = (terms: number) => Array(terms).fill('1').join('+');
  const nested = (depth: number, [open, close]: [string, string]) =>
    `${open.repeat(depth)}1${close.repeat(depth)}`;
  const recursive = (n: number) => `($f := function($n) { $n > 0 ? $f($n - 1) + 1 : 0 }; $f(${n}))`;

  test.each<[what: string, fits: string, isTooDeep: string]>([
    ['100 terms', sum(100), sum(101)],
    ['99 parentheses', nested(99, ['(', ')']), nested(100, ['(', ')'])],
    ['99 brackets', nested(99, ['[', ']']), nested(100, ['[', ']'])],
    ['99 stages', `1${' ~> $string()'.repeat(99)}`, `1${' ~> $string()'.repeat(100)}`],
    ['31 calls', recursive(31), recursive(32)],
  ])('comes of nesting deeper than %s', async (_what, fits, isTooDeep) => {
    const evaluated = new Cloud().define({ Only: pass(`{% ${fits} %}`) });
    expect(await evaluated.run()).toMatchObject({ status: 'SUCCEEDED' });
    const refused = new Cloud().define({ Only: pass(`{% ${isTooDeep} %}`) });
    expect(await refused.run()).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringMatching(/: Stack overflow error: .* Consider rewriting as tail-recursive$/),
    });
  });
});

describe('AWS’s functions', () => {
  test.each([
    ['$range(-1.7, 2, 1)', [-1, 0, 1, 2]],
    ['$range(1, 1, 1)', 1],
    ['$partition([1, 2, 3], 2.9)', [[1, 2], [3]]],
    ['$count($range(1, 360145, 1))', 360_145],
    [
      "$exists($range(1, 3, -1)) or $exists($range(1, 3, 0)) or $exists($partition([1], 0)) or $exists($hash('a'))",
      false,
    ],
  ])('%s gives %j', async (source, expected) => {
    expect(await outputOf(`{% ${source} %}`)).toEqual(expected);
  });
});

describe('Wait', () => {
  const until = (days: number) => new Date(start + days * 86_400_000).toISOString();

  test('begins up to 24,855 days, and is too long from 24,856', async () => {
    const cloud = new Cloud().define({ Rest: { Type: 'Wait', Timestamp: '{% $states.input %}', End: true } });
    const begun = await cloud.start(until(24_855), 'begun');
    expect(await cloud.describe(begun)).toMatchObject({ status: 'RUNNING' });
    expect(cloud.clock.next()?.at).toBe('2094-01-23T12:00:00.000Z');
    const tooLong = await cloud.start(until(24_856), 'too-long');
    expect(await cloud.describe(tooLong)).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause:
        "An error occurred while executing the state 'Rest' (entered at the event id #2). Wait state delay is too long.",
    });
  });
});

test('a function that names no error fails as Lambda.Unknown, with what it returned', async () => {
  const cloud = new Cloud().define({ Work: invokeTask() });
  cloud.invoke = () => ({ payload: { errorMessage: 'Task timed out' }, functionError: 'Unhandled' });
  expect(await cloud.run()).toMatchObject({
    error: 'Lambda.Unknown',
    cause:
      'The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"Task timed out"}',
  });
});

describe('a definition', () => {
  const refusal = (states: Record<string, unknown>): string => {
    try {
      new Cloud().define(states);
    } catch (error) {
      return (error as AwsError).message;
    }
    return 'taken';
  };
  const topLevel = (name: string, place: string) =>
    `Invalid State Machine Definition: 'UNSUPPORTED_JSONATA_EXPRESSION: Reference to '${name}' at the top level is not supported. at /States/E${place}'`;

  test.each([
    ['phone', 'phone'],
    ['phone[0]', 'phone'],
    ['phone.number', 'phone'],
    ['"phone".number', 'phone'],
    ['$.phone', '$'],
    ['$', '$'],
    ['$states.input.a = phone', 'phone'],
    ['$sum(phone)', 'phone'],
    ['{"a": phone}', 'phone'],
    ['[1, phone]', 'phone'],
    ['-phone', 'phone'],
    ['$x ? phone : 1', 'phone'],
    ['($y := phone; $y)', 'phone'],
    ['(phone).number', 'phone'],
    ['phone ~> $sum', 'phone'],
    ['$map($states.input.a, function($x) { phone })', 'phone'],
    ['phone[number = 1]', 'phone'],
  ])('is refused for {%% %s %%}', (source, name) => {
    const refused = refusal({ E: pass({ a: { b: [`{% ${source} %}`] } }) });
    expect(refused).toBe(topLevel(name, '/Output/a/b[0]'));
  });

  test.each([
    '$states.input.phone',
    '$phone',
    '$phone[0]',
    '$phone.number',
    '$states.input.items[phone > 3]',
    '$states.input.items[phone > 3].number',
    '$phone[number = 3]',
    '$phone[number = 3].name',
    '$phone{number: $count(name)}',
    '($states.input.items)[price > 3].name',
    '$states.input.items^(>price)',
    '$states.input.items{name: $sum(price)}',
    '$states.input.items.{"n": name}',
    '$states.input.items.(name & $.price)',
    '$states.input.items.$sum(price)',
    '$map($states.input.a, function($x) { $x.phone })',
    '$states.input ~> |items|{"n": name}|',
  ])('is taken with {%% %s %%}', (source) => {
    expect(refusal({ E: pass(`{% ${source} %}`) })).toBe('taken');
  });

  test('is refused in every field, with each name once', () => {
    const end = { Type: 'Succeed' };
    const only = (state: Record<string, unknown>) => refusal({ E: state, F: end });
    const choice = { Type: 'Choice', Default: 'F' };
    expect(only({ ...choice, Choices: [{ Condition: '{% phone = 1 %}', Next: 'F' }] })).toBe(
      topLevel('phone', '/Choices[0]/Condition'),
    );
    expect(only({ Type: 'Wait', Seconds: '{% phone %}', Next: 'F' })).toBe(topLevel('phone', '/Seconds'));
    expect(only({ Type: 'Wait', Timestamp: '{% phone %}', Next: 'F' })).toBe(topLevel('phone', '/Timestamp'));
    expect(refusal({ E: { Type: 'Fail', Cause: '{% phone %}' } })).toBe(topLevel('phone', '/Cause'));
    expect(only(invokeTask({ TimeoutSeconds: '{% phone %}', End: undefined, Next: 'F' }))).toBe(
      topLevel('phone', '/TimeoutSeconds'),
    );
    const Arguments = { FunctionName: functionArn, Payload: { a: '{% phone %}' } };
    expect(refusal({ E: invokeTask({ Arguments }) })).toBe(topLevel('phone', '/Arguments/Payload/a'));
    const Catch = [{ ErrorEquals: ['States.ALL'], Assign: { v: '{% phone %}' }, Next: 'F' }];
    expect(only(invokeTask({ Catch }))).toBe(topLevel('phone', '/Catch[0]/Assign/v'));
    expect(refusal({ E: pass('{% aaa + bbb + aaa %}') })).toBe(
      "Invalid State Machine Definition: 'UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'aaa' at the top level is not supported. at /States/E/Output, UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'bbb' at the top level is not supported. at /States/E/Output'",
    );
  });

  test.each([
    ['$$', "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported."],
    ['$states.input.items[$$.a]', "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported."],
    ['$states.errorOutput', "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist."],
    ['a[1,2)', 'INVALID_JSONATA_EXPRESSION: Expected "]", got ","'],
    ['"unterminated', 'INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote'],
    ['1 +', 'INVALID_JSONATA_EXPRESSION: Unexpected end of expression'],
    ['', 'INVALID_JSONATA_EXPRESSION: Unexpected end of expression'],
  ])('is refused for {%% %s %%}: %s', (source, message) => {
    expect(refusal({ E: pass(`{% ${source} %}`) })).toBe(
      `Invalid State Machine Definition: '${message} at /States/E/Output'`,
    );
  });

  test('keeps as text what has spaces around its braces', async () => {
    expect(await outputOf({ a: ' {% states.input %} ' })).toEqual({ a: ' {% states.input %} ' });
  });

  test('is refused without a last state', () => {
    expect(refusal({ E: { Type: 'Pass', Next: 'E' } })).toBe(
      "Invalid State Machine Definition: 'MISSING_END_STATE: The workflow does not have a terminal state.'",
    );
  });
});

test('an error of a function is caught with both members, as it was reported', async () => {
  const cloud = new Cloud().define({ Work: invokeTask(catchAll()), After: pass() });
  cloud.invoke = failing('LeaseHeldError');
  expect(await cloud.run()).toMatchObject({
    output:
      '{"Error":"LeaseHeldError","Cause":"{\\"errorType\\":\\"LeaseHeldError\\",\\"errorMessage\\":\\"no\\"}"}',
  });
});
