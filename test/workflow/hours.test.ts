import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { TestDemo } from '../helpers/demo.ts';
import { advanceUntil, watch } from '../helpers/story.ts';

const timeZone = 'America/New_York';

/**
 * A bot that rests at weekends and an owner who sleeps at night, connected on Saturday 10:10 in New York (15:10 UTC)
 * and checked ten minutes past every hour since.
 */
let demo: TestDemo;
beforeAll(async () => {
  demo = await TestDemo.start({
    startMs: Date.UTC(2026, 0, 3, 15, 10),
    limits: { accessSeconds: 86_400 },
    configure: withHours,
  });
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

test('a grant that ends at the weekend is asked for on Saturday, and not before: the week is undisturbed', async () => {
  const story = watch(demo);
  // Ends on Saturday 10:10, is needed again on Monday 07:00, two days before which comes the first mail.
  await advanceUntil(demo, '2026-01-10T12:30:00Z');
  expect(notified(story)).toEqual([
    ['Sat 07:10', 'Log in to Demo Brokerage before Mon 12 Jan, 07:00 GMT-5 (demo-main)'],
  ]);
  expect((await demo.executions()).every(({ status }) => status === 'SUCCEEDED')).toBe(true);
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
});

test('answered on Saturday, the next is asked for on the Saturday after', async () => {
  const story = watch(demo);
  await advanceUntil(demo, '2026-01-17T12:30:00Z');
  expect(notified(story)).toEqual([
    ['Sat 07:10', 'Log in to Demo Brokerage before Mon 19 Jan, 07:00 GMT-5 (demo-main)'],
  ]);
  expect(story.alerts()).toEqual([]);
});

test('unanswered, reminders come again on Sunday and before the night, and it ends silently until it is needed', async () => {
  const story = watch(demo);
  await advanceUntil(demo, '2026-01-19T11:55:00Z');
  // Those of Monday 01:00 and 06:00 move to the begin of the quiet hours, and the next check comes ten minutes later.
  expect(notified(story)).toEqual([
    ['Sun 07:10', 'Log in to Demo Brokerage before Mon 19 Jan, 07:00 GMT-5 (demo-main)'],
    ['Sun 22:10', 'Log in to Demo Brokerage before Mon 19 Jan, 07:00 GMT-5 (demo-main)'],
  ]);
  expect(await demo.grant()).toMatchObject({
    status: 'active',
    authorizedAtMs: Date.UTC(2026, 0, 10, 12, 30),
  });

  await advanceUntil(demo, '2026-01-19T12:30:00Z');
  expect(notified(story).slice(2)).toEqual([
    ['Mon 07:00', 'demo-main is disconnected. Log in to Demo Brokerage to restore it'],
  ]);
  expect(story.alerts()).toEqual([]);
});

/** When mails came, as the owner's clock has it, and what they said. */
function notified(story: ReturnType<typeof watch>): [string, string][] {
  const local = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return story.mails().map(({ at, subject }) => [local.format(new Date(at)).replace(/,? +/, ' '), subject]);
}

function withHours(config: Record<string, unknown>): Record<string, unknown> {
  const { 'demo-brokerage': provider } = config['grantkeeper:providers'] as Record<string, object>;
  const { 'demo-main': connection } = config['grantkeeper:connections'] as Record<string, object>;
  return {
    ...config,
    'grantkeeper:providers': { 'demo-brokerage': { ...provider, accessTokenLifetimeSeconds: 86_400 } },
    'grantkeeper:connections': {
      'demo-main': {
        ...connection,
        neededHours: { days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], from: '07:00', to: '20:00', timeZone },
        quietHours: { from: '22:00', to: '07:00', timeZone },
      },
    },
  };
}
