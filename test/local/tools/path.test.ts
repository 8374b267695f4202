import { expect, test } from '@jest/globals';

import type { HistoryEvent, HistoryEventType } from '../../../local/aws/step-functions/history.ts';
import { History } from '../../../local/aws/step-functions/history.ts';
import { pathOf } from '../../../local/tools/path.ts';

type Written = readonly [type: HistoryEventType, atMs?: number, details?: Record<string, string>];

function history(...events: readonly Written[]): HistoryEvent[] {
  const written = new History();
  written.add('ExecutionStarted', 0, {});
  for (const [type, atMs = 0, details = { name: 'Ask' }] of events) written.add(type, atMs, details);
  return written.list({ reverseOrder: false });
}

const scheduled: Written[] = [['TaskStateEntered', 1000], ['TaskScheduled'], ['TaskStarted']];
const ask = { state: 'Ask', enteredAtMs: 1000, retries: 0 };

test.each<readonly [string, readonly Written[], Record<string, unknown>]>([
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
])('%s', (_what, events, step) => {
  expect(pathOf(history(...events))).toEqual([step]);
});

test('an execution that has not begun has no steps', () => {
  expect(pathOf(history())).toEqual([]);
});
