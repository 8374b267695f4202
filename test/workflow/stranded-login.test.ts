import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type * as z from 'zod/mini';

import type { FaultSchema } from '../../local/faults.ts';
import { Browser, TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import { forgetWrites, logInAnew, refreshDirectly, timeline, watch } from '../helpers/story.ts';

const ask = { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' };

const invalidGrant = { kind: 'status', status: 400, body: '{"error":"invalid_grant"}' } as const;

type Kill = Pick<z.input<typeof FaultSchema>, 'call' | 'containing'>;
const put: Kill = { call: 'secretsmanager:PutSecretValue' };
const moveGrant: Kill = { call: 'secretsmanager:UpdateSecretVersionStage', containing: 'demo-main/grant' };
const record: Kill = { call: 'dynamodb:UpdateItem', containing: '#grantVersionId =' };

const afterThePut: [string, Kill][] = [
  ['it makes the refresh token current', moveGrant],
  [
    'it makes the access token current',
    { call: 'secretsmanager:UpdateSecretVersionStage', containing: 'demo-main/access' },
  ],
  ['it records the tokens', record],
  ['it completes the authorization', { call: 'dynamodb:UpdateItem', containing: '"completed"' }],
  ['it resumes the execution', { call: 'states:SendTaskSuccess' }],
  ['it ends the login', { call: 'dynamodb:UpdateItem', containing: 'REMOVE #login' }],
];

/** The owner logs in, and the callback dies. */
async function logInInVain(demo: TestDemo, kill: Kill): Promise<void> {
  await demo.cloud.faults.plan({ ...kill, by: 'callback', kind: 'kill' });
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ status: 500 });
  expect(demo.cloud.faults.planned()).toEqual([]);
}

describe('of a rejected grant', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  beforeEach(async () => {
    await forgetWrites(demo);
    await logInAnew(demo);
    await demo.brokerage.revokeAllGrants();
    await demo.advance(hourMs);
    expect(await demo.grant()).toMatchObject({ status: 'rejected' });
  });

  test.each(afterThePut)('a callback that dies before %s loses nothing', async (_, call) => {
    const notified = (await timeline(demo)).length;
    const { mails, alerts } = watch(demo);
    await logInInVain(demo, call);
    const login = (await demo.grant()).login as { versionId: string };

    await demo.advance(hourMs);
    expect((await timeline(demo)).slice(notified)).toContain('login-recovered');
    const grant = await demo.secret('grant');
    expect(grant.versionId).toBe(login.versionId);
    expect(await demo.secret('access')).toMatchObject({ derived_from: login.versionId });
    const record = await demo.grant();
    expect(record).toMatchObject({ status: 'active', grantVersionId: login.versionId });
    expect(record).not.toHaveProperty('login');
    expect(record).not.toHaveProperty('authorization');
    expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
    expect((await demo.executions()).map(({ status }) => status)).not.toContain('RUNNING');
    expect(mails().map(({ subject }) => subject)).toEqual(['Demo Brokerage works again (demo-main)']);
    expect(alerts()).toEqual([]);
  });

  test('a callback that dies with the answer in its hands asks the owner again, and the old grant stays', async () => {
    const before = await demo.secret('grant');
    await logInInVain(demo, put);
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
  await logInInVain(demo, record);
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
  await logInInVain(demo, moveGrant);
  const link = demo.newestLink();
  await demo.advance(2 * minuteMs);
  expect(await demo.logIn(link)).toMatchObject({ status: 200 });
  const grant = await demo.secret('grant');
  await demo.advance(hourMs);
  expect(await demo.secret('grant')).toEqual(grant);
  expect(await demo.grant()).not.toHaveProperty('login');
  expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
});

describe('of two logins at once, where a login does not end the grant before it', () => {
  let demo: TestDemo;
  let callbacks: [string, string];
  const browsers = [new Browser(), new Browser()] as const;
  beforeAll(async () => {
    demo = await TestDemo.start({ limits: { loginEndsPreviousGrant: false } });
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  beforeEach(async () => {
    await demo.advance(minuteMs);
    await demo.start(ask);
    const link = demo.newestLink();
    callbacks = [
      await demo.logInUpToCallback(link, 'allow', browsers[0]),
      await demo.logInUpToCallback(link, 'allow', browsers[1]),
    ];
  });

  test.each([
    ['put', moveGrant],
    ['made current', record],
  ])('the one that had %s its tokens when it died stands, though the later one failed', async (_, kill) => {
    await demo.cloud.faults.plan({ ...kill, by: 'callback', kind: 'kill' });
    expect(await browsers[0].open(callbacks[0])).toMatchObject({ status: 500 });
    const { versionId } = (await demo.grant()).login as { versionId: string };
    await demo.brokerage.misbehave(invalidGrant);
    expect(await browsers[1].open(callbacks[1])).toMatchObject({ title: 'That took a little too long' });

    await demo.advance(hourMs);
    expect(await demo.secret('grant')).toMatchObject({ versionId });
    const grant = await demo.grant();
    expect(grant).toMatchObject({ status: 'active', grantVersionId: versionId });
    expect(grant).not.toHaveProperty('login');
    expect(grant).not.toHaveProperty('unrecordedLogins');
    expect((await demo.executions()).map(({ status }) => status)).not.toContain('RUNNING');
  });
});

test('a login that fails does not forget whom the one before it was to resume', async () => {
  await using demo = await TestDemo.start({ limits: { loginEndsPreviousGrant: false } });
  await demo.advance(0);
  const link = demo.newestLink();
  const browser = new Browser();
  const late = await demo.logInUpToCallback(link, 'allow', browser);
  await logInInVain(demo, { call: 'states:SendTaskSuccess' });
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  await demo.brokerage.misbehave(invalidGrant);
  expect(await browser.open(late)).toMatchObject({ title: 'That took a little too long' });
  await demo.cloud.clock.idle();
  expect((await demo.executions()).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
});

test('of two first logins at once the one that was overtaken and goes on stands, though the later one failed', async () => {
  await using demo = await TestDemo.start({ limits: { loginEndsPreviousGrant: false } });
  await demo.advance(0);
  const link = demo.newestLink();
  const browsers = [new Browser(), new Browser()] as const;
  const callbackOfFirst = await demo.logInUpToCallback(link, 'allow', browsers[0]);
  const callbackOfSecond = await demo.logInUpToCallback(link, 'allow', browsers[1]);
  await demo.brokerage.misbehave({ kind: 'delay', ms: 1000 });
  const first = browsers[0].open(callbackOfFirst);
  while ((await demo.grant()).login === undefined) await setTimeout(5);
  const { versionId } = (await demo.grant()).login as { versionId: string };
  await demo.brokerage.misbehave(invalidGrant);
  expect(await browsers[1].open(callbackOfSecond)).toMatchObject({ title: 'That took a little too long' });
  expect(await first).toMatchObject({ status: 200, title: 'Done: you are connected' });

  await demo.advance(hourMs);
  expect(await demo.secret('grant')).toMatchObject({ versionId });
  expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: versionId });
  expect(await demo.grant()).not.toHaveProperty('unrecordedLogins');
  expect(demo.mails()).toHaveLength(1);
});
