import { expect, test } from '@jest/globals';

import { kinds, liveThrough, yearAlarms } from './year.ts';

const alarms = await yearAlarms();

/** `npm run year` lives through 400 days of every kind. */
const days = 15;

const short = new Set([
  'seven days, needed in trading hours, quiet at night',
  'seven days, reminders of its own',
]);

test.each(kinds.filter(({ name }) => short.has(name)))(
  'over days of $name: every reminder is sent in time, none twice, and no alarm is false',
  async (kind) => {
    const { problems, checks, reminders } = await liveThrough(kind, days, alarms);
    expect(problems).toEqual([]);
    expect(checks).toBeGreaterThan(350);
    expect(reminders).toBeGreaterThan(1);
  },
);
