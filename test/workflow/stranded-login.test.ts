import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import type { Call } from '../helpers/story.ts';
import { killAt, logInAnew, refreshDirectly, timeline, watch } from '../helpers/story.ts';

const ask = { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' };

const puts =
  (kind: 'grant' | 'access'): Call =>
  (operation, input) =>
    operation === 'PutSecretValue' && String(input.SecretId).endsWith(`/${kind}`);
const moves =
  (kind: 'grant' | 'access'): Call =>
  (operation, input) =>
    operation === 'UpdateSecretVersionStage' && String(input.SecretId).endsWith(`/${kind}`);
const updates =
  (part: string): Call =>
  (operation, input) =>
    operation === 'UpdateItem' && String(input.UpdateExpression).includes(part);
const completes: Call = (operation, input) =>
  updates('SET #status = :status')(operation, input) &&
  JSON.stringify(input.ExpressionAttributeValues).includes('completed');

const afterThePut: [string, Call][] = [
  ['it makes the refresh token current', moves('grant')],
  ['it makes the access token current', moves('access')],
  ['it records the tokens', updates('#grantVersionId =')],
  ['it completes the authorization', completes],
  ['it resumes the execution', (operation) => operation === 'SendTaskSuccess'],
  ['it ends the login', updates('REMOVE #login')],
];

describe.each(['an active grant', 'a rejected grant'])('with %s', (standing) => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  beforeEach(async () => {
    await logInAnew(demo);
    if (standing === 'an active grant') {
      await demo.start(ask);
    } else {
      await demo.brokerage.revokeAllGrants();
      await demo.advance(hourMs);
      expect(await demo.grant()).toMatchObject({ status: 'rejected' });
    }
  });

  test.each(afterThePut)('a callback that dies before %s loses nothing', async (_, call) => {
    const told = (await timeline(demo)).length;
    const { mails, alerts } = watch(demo);
    const revive = killAt(demo, 'callback', call);
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 500 });
    revive();
    const login = (await demo.grant()).login as { versionId: string };

    await demo.advance(hourMs);
    expect((await timeline(demo)).slice(told)).toContain('login-recovered');
    const grant = await demo.secret('grant');
    expect(grant.versionId).toBe(login.versionId);
    expect(await demo.secret('access')).toMatchObject({ derived_from: login.versionId });
    const record = await demo.grant();
    expect(record).toMatchObject({ status: 'active', grantVersionId: login.versionId });
    expect(record).not.toHaveProperty('login');
    expect(record).not.toHaveProperty('authorization');
    expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
    expect((await demo.executions()).map(({ status }) => status)).not.toContain('RUNNING');
    expect(mails().map(({ subject }) => subject)).toEqual(
      standing === 'an active grant' ? [] : ['Demo Brokerage works again (demo-main)'],
    );
    expect(alerts()).toEqual([]);
  });

  test('a callback that dies with the answer in its hands asks the owner again, and the old grant stays', async () => {
    const before = await demo.secret('grant');
    const revive = killAt(demo, 'callback', puts('grant'));
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 500 });
    revive();
    await demo.advance(hourMs);
    expect(await timeline(demo)).toContain('login-lost');
    expect(await demo.secret('grant')).toEqual(before);
    expect(await demo.grant()).not.toHaveProperty('login');
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 200 });
    expect(await demo.grant()).toMatchObject({ status: 'active' });
  });
});

test('a first login whose callback dies before it records the tokens stands at the next check', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const revive = killAt(demo, 'callback', updates('#grantVersionId ='));
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 500 });
  revive();
  expect(await demo.grant()).not.toHaveProperty('status');
  await demo.advance(hourMs);
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  expect(demo.mails()).toHaveLength(1);
  expect((await demo.executions()).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
});

test('a newer login that begins while a stranded one is adopted wins', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  await demo.start(ask);
  const revive = killAt(demo, 'callback', moves('grant'));
  const link = demo.newestLink();
  expect(await demo.logIn(link)).toMatchObject({ status: 500 });
  revive();
  await demo.advance(2 * minuteMs);
  expect(await demo.logIn(link)).toMatchObject({ status: 200 });
  const grant = await demo.secret('grant');
  await demo.advance(hourMs);
  expect(await demo.secret('grant')).toEqual(grant);
  expect(await demo.grant()).not.toHaveProperty('login');
  expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
});
