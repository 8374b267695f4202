import { describe, expect, test } from '@jest/globals';
import type { AwsError } from '../../../../local/aws/errors.ts';
import { Cloud, invokeTask, pass, roleArn, waitTask } from '../../../helpers/machine.ts';

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
