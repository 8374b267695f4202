import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { isKillPoint } from '../helpers/exhaustive.ts';
import { executionNamed, forgetWrites, rotating, startBeside, watch } from '../helpers/story.ts';

const ask = { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' };
const refresh = { connectionId: 'demo-main', trigger: 'operator', force: 'refresh' };

// The hardest kind: each refresh token is good once, and the second use of one ends the grant.
let demo: TestDemo;
beforeEach(async () => {
  demo = await TestDemo.start({ limits: rotating });
  await demo.connect();
});
afterEach(() => demo[Symbol.asyncDispose]());

/** `kept`: the grant works. `asked`: it has ended, its owner was asked, and their link works. */
type Outcome = 'kept' | 'asked';

/**
 * Kills a function before its first call of AWS, then before its second (which is after its first), and so on until
 * it comes to its end. Answers how often it was killed, and the points at which the owner had to log in.
 * @param always points that are never left out
 */
async function killAtEach(
  by: string,
  run: (name: string) => Promise<void>,
  always: readonly number[] = [],
): Promise<{ calls: number; askedAt: number[] }> {
  const askedAt: number[] = [];
  for (let skip = 0; ; skip += 1) {
    if (!isKillPoint(skip, always)) continue;
    await demo.advance(minuteMs);
    await forgetWrites(demo);
    const { mails, alerts } = watch(demo);
    await demo.cloud.faults.plan({ call: '*', by, kind: 'kill', skip });
    const name = `${by}-${skip}`;
    await run(name);
    if (demo.cloud.faults.planned().length > 0) {
      demo.cloud.faults.clear();
      return { calls: skip, askedAt };
    }
    if ((await outcomeNow(() => mails().at(-1)?.subject)) === 'asked') askedAt.push(skip);
    await demo.advance(0);
    expect(await executionNamed(demo, name)).toMatchObject({ status: 'SUCCEEDED' });
    // Where a new refresh token was lost before it was stored, the provider rejects the old one long before its end.
    const subjects = alerts().map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject !== 'Grantkeeper: demo-main: EarlyRejectionError')).toEqual(
      [],
    );
  }
}

async function outcomeNow(newestSubject: () => string | undefined): Promise<Outcome> {
  const before = await demo.secret('access');
  await demo.advance(minuteMs);
  await demo.start(refresh);
  if ((await demo.grant()).status !== 'active') {
    expect(newestSubject()).toBe('demo-main is disconnected. Log in to Demo Brokerage to restore it');
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
    return 'asked';
  }
  const after = await demo.secret('access');
  expect(after.obtained_at! > before.obtained_at!).toBe(true);
  expect(after.derived_from).toBe((await demo.secret('grant')).versionId);
  return 'kept';
}

test('refresh-tokens loses nothing but a new refresh token that was not stored yet', async () => {
  const { calls, askedAt } = await killAtEach(
    'refresh-tokens',
    async (name) => {
      await startBeside(demo, refresh, name);
      await demo.advance(5 * minuteMs);
    },
    [9],
  );
  expect(askedAt).toEqual([9]);
  expect(calls).toBeGreaterThan(12);
});

test.each(['check-grant', 'request-reauthorization'])('%s is done again, and nothing is lost', async (by) => {
  const { calls, askedAt } = await killAtEach(by, async (name) => {
    await startBeside(demo, ask, name);
    await demo.advance(5 * minuteMs);
    await demo.logIn(demo.newestLink());
  });
  expect(askedAt).toEqual([]);
  expect(calls).toBeGreaterThan(3);
});

test('callback: its login stands from the moment that the refresh token was put', async () => {
  const { calls, askedAt } = await killAtEach(
    'callback',
    async (name) => {
      await startBeside(demo, ask, name);
      await demo.advance(minuteMs);
      await demo.logIn(demo.newestLink());
      await demo.advance(30 * minuteMs);
    },
    [10, 11],
  );
  // The login itself has ended the old grant at this provider.
  expect(askedAt).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((skip) => isKillPoint(skip, [10])));
  expect(calls).toBeGreaterThan(17);
});

test('every call that comes twice, as the SDK sends it when an answer is lost, does what it does once', async () => {
  const { alerts } = watch(demo);
  await demo.cloud.faults.plan({ call: '*', kind: 'twice', times: 1000 });
  for (let round = 0; round < 3; round += 1) {
    await startBeside(demo, ask, `login-${round}`);
    await demo.advance(minuteMs);
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
    await demo.advance(minuteMs);
    expect(await executionNamed(demo, `login-${round}`)).toMatchObject({ status: 'SUCCEEDED' });
    const before = await demo.secret('grant');
    await startBeside(demo, refresh, `refresh-${round}`);
    await demo.advance(minuteMs);
    expect(await executionNamed(demo, `refresh-${round}`)).toMatchObject({ status: 'SUCCEEDED' });
    expect((await demo.secret('grant')).derived_from).toBe(before.versionId);
  }
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  expect(await demo.grant()).not.toHaveProperty('login');
  expect(alerts()).toEqual([]);
});
