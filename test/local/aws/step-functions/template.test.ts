import { describe, expect, test } from '@jest/globals';
import { Cloud, outputOf, pass, roleArn, start } from '../../../helpers/machine.ts';

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
