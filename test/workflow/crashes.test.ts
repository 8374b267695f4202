import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { killPoints } from '../helpers/exhaustive.ts';
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

/**
 * Kills a function before its first call of AWS, then before its second (which is after its first), and so on until
 * it comes to its end. Answers the calls before which it was killed, and those after which the owner had to log in.
 */
async function killAtEach(
  by: string,
  run: (name: string) => Promise<void>,
  always: readonly number[] = [],
): Promise<{ killedAt: number[]; askedAt: number[] }> {
  const killedAt: number[] = [];
  const askedAt: number[] = [];
  for (const skip of killPoints(always)) {
    await demo.advance(minuteMs);
    await forgetWrites(demo);
    const { mails, alerts } = watch(demo);
    await demo.cloud.faults.plan({ call: '*', by, kind: 'kill', skip });
    const name = `${by}-${skip}`;
    await run(name);
    if (demo.cloud.faults.planned().length > 0) break;
    killedAt.push(skip);
    if (await hadToLogIn(() => mails().at(-1)?.subject)) askedAt.push(skip);
    await demo.advance(0);
    expect(await executionNamed(demo, name)).toMatchObject({ status: 'SUCCEEDED' });
    // Where a new refresh token was lost before it was stored, the provider rejects the old one long before its end.
    const subjects = alerts().map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject !== 'Grantkeeper: demo-main: EarlyRejectionError')).toEqual(
      [],
    );
  }
  demo.cloud.faults.clear();
  return { killedAt, askedAt };
}

/** Whether the grant has ended. If so, its owner was asked and their link works; otherwise a refresh works. */
async function hadToLogIn(newestSubject: () => string | undefined): Promise<boolean> {
  const before = await demo.secret('access');
  await demo.advance(minuteMs);
  await demo.start(refresh);
  if ((await demo.grant()).status !== 'active') {
    expect(newestSubject()).toBe('demo-main is disconnected. Log in to Demo Brokerage to restore it');
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
    return true;
  }
  const after = await demo.secret('access');
  expect(after.obtained_at! > before.obtained_at!).toBe(true);
  expect(after.derived_from).toBe((await demo.secret('grant')).versionId);
  return false;
}

test('refresh-tokens loses nothing but a new refresh token that was not stored yet', async () => {
  const { killedAt, askedAt } = await killAtEach(
    'refresh-tokens',
    async (name) => {
      await startBeside(demo, refresh, name);
      await demo.advance(5 * minuteMs);
    },
    [9],
  );
  expect(askedAt).toEqual([9]);
  expect(killedAt.at(-1)).toBeGreaterThanOrEqual(12);
});

test.each(['check-grant', 'request-reauthorization'])('%s is done again, and nothing is lost', async (by) => {
  const { killedAt, askedAt } = await killAtEach(by, async (name) => {
    await startBeside(demo, ask, name);
    await demo.advance(5 * minuteMs);
    await demo.logIn(demo.newestLink());
  });
  expect(askedAt).toEqual([]);
  expect(killedAt.at(-1)).toBeGreaterThanOrEqual(3);
});

test('callback: its login stands from the moment that the refresh token was put', async () => {
  const { killedAt, askedAt } = await killAtEach(
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
  expect(askedAt).toEqual(killedAt.filter((skip) => skip < 11));
  expect(killedAt).toEqual(expect.arrayContaining([10, 11]));
  expect(killedAt.at(-1)).toBeGreaterThanOrEqual(17);
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
