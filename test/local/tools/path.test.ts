import { expect, test } from '@jest/globals';

import type { HistoryEvent, HistoryEventType } from '../../../local/aws/step-functions/history.ts';
import { History } from '../../../local/aws/step-functions/history.ts';
import { parseDefinition } from '../../../local/aws/step-functions/parse-definition.ts';
import { graphOf } from '../../../local/tools/graph.ts';
import { pathOf } from '../../../local/tools/path.ts';

type Told = readonly [type: HistoryEventType, atMs?: number, details?: Record<string, string>];

function history(...told: readonly Told[]): HistoryEvent[] {
  const written = new History();
  written.add('ExecutionStarted', 0, {});
  for (const [type, atMs = 0, details = { name: 'Ask' }] of told) written.add(type, atMs, details);
  return written.list({ reverseOrder: false, includeExecutionData: true });
}

const scheduled: Told[] = [['TaskStateEntered', 1000], ['TaskScheduled'], ['TaskStarted']];
const ask = { state: 'Ask', enteredAtMs: 1000, retries: 0 };

test.each<readonly [string, readonly Told[], Record<string, unknown>]>([
  ['a task that works is running', scheduled, { ...ask, outcome: 'running' }],
  [
    'a submitted one waits for its token',
    [...scheduled, ['TaskSubmitted']],
    { ...ask, outcome: 'waiting', waitsFor: 'its task token' },
  ],
  [
    'one whose token did not come in time, caught',
    [
      ...scheduled,
      ['TaskSubmitted'],
      ['TaskTimedOut', 0, { error: 'States.Timeout' }],
      ['TaskStateExited', 9000],
    ],
    { ...ask, outcome: 'caught', error: 'States.Timeout', leftAtMs: 9000 },
  ],
  [
    'one whose output could not be evaluated, caught',
    [
      ...scheduled,
      ['TaskSucceeded'],
      ['EvaluationFailed', 0, { error: 'States.QueryEvaluationError' }],
      ['TaskStateExited', 9000],
    ],
    { ...ask, outcome: 'caught', error: 'States.QueryEvaluationError', leftAtMs: 9000 },
  ],
  [
    'one that succeeded at its third try',
    [
      ...scheduled,
      ['TaskFailed', 0, { error: 'Odd' }],
      ['TaskScheduled'],
      ['TaskFailed', 0, { error: 'Odd' }],
      ['TaskScheduled'],
      ['TaskSucceeded'],
      ['TaskStateExited', 9000],
    ],
    { ...ask, retries: 2, outcome: 'succeeded', leftAtMs: 9000 },
  ],
  [
    'one that nothing caught',
    [...scheduled, ['TaskFailed', 0, { error: 'Odd' }], ['ExecutionFailed', 9000, { error: 'Odd' }]],
    { ...ask, outcome: 'failed', error: 'Odd', leftAtMs: 9000 },
  ],
  [
    "one that the machine's own time-out cut short",
    [...scheduled, ['ExecutionTimedOut', 9000, { error: 'States.Timeout' }]],
    { ...ask, outcome: 'timed out', error: 'States.Timeout', leftAtMs: 9000 },
  ],
  [
    'a Wait waits for its time',
    [['WaitStateEntered', 1000]],
    { ...ask, outcome: 'waiting', waitsFor: 'its time' },
  ],
])('%s', (_what, told, step) => {
  expect(pathOf(history(...told))).toEqual([step]);
});

test('any machine can be drawn: one that goes round in circles, with markup in its names', () => {
  const definition = parseDefinition(
    JSON.stringify({
      QueryLanguage: 'JSONata',
      StartAt: '<Loop>',
      States: {
        '<Loop>': {
          Type: 'Choice',
          Comment: '"A & B"',
          Choices: [{ Condition: '{% $states.input.again %}', Next: '<Loop>' }],
          Default: 'End',
        },
        End: { Type: 'Succeed' },
      },
    }),
  );
  const step = { state: '<Loop>', enteredAtMs: 0, leftAtMs: 0, outcome: 'succeeded', retries: 0 } as const;
  const drawn = graphOf(definition, [step, step, step, step, step, { ...step, state: 'End' }]).toString();
  expect(drawn).toContain('<title>&lt;Loop&gt; (Choice). &quot;A &amp; B&quot;</title>');
  expect(drawn).toContain('<title>&lt;Loop&gt; → &lt;Loop&gt;: 1, 2, 3, 4</title>');
  expect(drawn).toContain('>1, 2 … (4×)</text>');
  expect(drawn).toContain('<title>&lt;Loop&gt; → End: 5</title>');
  expect(drawn).toContain('>succeeded (5×)</text>');
  expect(drawn).not.toMatch(/NaN|undefined|<Loop>/);
});

test('of an execution that has not begun, the machine alone is drawn', () => {
  const definition = parseDefinition(
    JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Only', States: { Only: { Type: 'Succeed' } } }),
  );
  expect(pathOf(history())).toEqual([]);
  const drawn = graphOf(definition, []).toString();
  expect(drawn).toContain('<g class="state">');
  expect(drawn).not.toContain('visited');
});
