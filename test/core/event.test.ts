import { expect, test } from '@jest/globals';

import type { EventType, TimelineEvent } from '../../core/event.ts';
import { newestFirst } from '../../core/event.ts';

const event = (type: EventType, at: string): TimelineEvent => ({ key: `${at}#x`, at, type, details: {} });

test('the newest event comes first; of one millisecond, the one that follows from the others', () => {
  const first = '2026-03-02T15:00:00.000Z';
  const second = '2026-03-02T15:00:00.001Z';
  const events = [
    event('asked', first),
    event('requested', second),
    event('checked', first),
    event('failed', first),
    event('started', second),
  ];
  expect(newestFirst(events).map(({ type }) => type)).toEqual([
    'started',
    'requested',
    'failed',
    'asked',
    'checked',
  ]);
});
