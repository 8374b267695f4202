import { expect, test } from '@jest/globals';

import { countdownText } from '../../core/duration.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [6 * day + 4 * hour + 59 * minute, 'in 6 days, 4 hours'],
  [day, 'in 1 day'],
  [day - 1, 'in 23 hours, 59 minutes'],
  [2 * hour + minute, 'in 2 hours, 1 minute'],
  [hour, 'in 1 hour'],
  [23 * minute + 59 * second, 'in 23 minutes'],
  [10 * minute + 5 * second, 'in 10 minutes'],
  [9 * minute + 59 * second, 'in 9 minutes, 59 seconds'],
  [minute, 'in 1 minute'],
  [59_999, 'in 59 seconds'],
  [second, 'in 1 second'],
  [999, 'now'],
  [0, 'now'],
  [-999, 'now'],
  [-second, '1 second ago'],
  [-3 * day - 5 * minute, '3 days ago'],
])('%i ms are %s', (untilMs, words) => {
  expect(countdownText(untilMs)).toBe(words);
});
