import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { setTimeout } from 'node:timers/promises';

import { administrator } from '../../local/aws/service.ts';
import { Browser, dayMs, minuteMs, TestDemo } from '../helpers/demo.ts';
import { killPoints } from '../helpers/exhaustive.ts';
import { askForLogin, setClientSecret } from '../helpers/stored.ts';
import {
  clientRefused,
  events,
  executionNamed,
  forgetWrites,
  holdFunction,
  holdSecrets,
  holdWrites,
  logInAnew,
  refreshDirectly,
  sleep,
  startBeside,
  strand,
  tokenCalls,
  watch,
} from '../helpers/story.ts';

const by = 'operator@example.com';
const disconnect = { connectionId: 'demo-main', trigger: 'panel', force: 'disconnect', by };
const refresh = { connectionId: 'demo-main', trigger: 'operator', force: 'refresh' };
const ended = { status: 410, title: 'This connection was disconnected' };

let demo: TestDemo;
let story: ReturnType<typeof watch>;
beforeAll(async () => {
  demo = await TestDemo.start();
});
afterAll(() => demo[Symbol.asyncDispose]());
beforeEach(async () => {
  await demo.brokerage.reset();
  // A moment later than all before it.
  await demo.advance(1000);
  story = watch(demo);
});

const ask = (input: Record<string, unknown> = disconnect) => demo.start(input);
/** The values on which a secret has staging labels, and every token among them. */
async function labelled(kind: 'grant' | 'access'): Promise<string[]> {
  const SecretId = `grantkeeper/local/demo-main/${kind}`;
  const described = await demo.cloud.secrets.call('DescribeSecret', { SecretId }, administrator);
  const versions = described.VersionIdsToStages as Record<string, string[]>;
  const values = await Promise.all(
    Object.entries(versions).map(async ([VersionId, stages]) => {
      const value = await demo.cloud.secrets.call('GetSecretValue', { SecretId, VersionId }, administrator);
      return `${stages.sort().join(', ')}: ${Object.keys(JSON.parse(String(value.SecretString)) as object).join(', ')}`;
    }),
  );
  return values.sort();
}
const empty = ['AWSCURRENT, AWSPENDING: disconnected_at', 'AWSPREVIOUS: disconnected_at'];
async function expectEmpty(): Promise<void> {
  expect(await labelled('grant')).toEqual(empty);
  expect(await labelled('access')).toEqual(empty);
}
/** In real time: somebody is held, and with them the clock. */
async function untilEnded(): Promise<void> {
  const before = (await ends()).length;
  // The line of the timeline comes first, the record is the last to know.
  const isEnded = async () =>
    (await ends()).length > before && (await demo.grant())['disconnection'] === undefined;
  for (let tries = 0; tries < 200 && !(await isEnded()); tries += 1) await setTimeout(10);
}
const ends = async () =>
  (await events(demo)).filter(({ type }) => type === 'disconnected').map(({ details }) => details);

test('before the first login: the link is ended, its execution too, and nobody is asked until somebody asks for it', async () => {
  const link = demo.newestLink();
  await ask();
  expect(await new Browser().open(link)).toMatchObject(ended);
  expect((await demo.executions()).map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
  expect(await ends()).toEqual([
    { by, revocation: 'nothing', executionId: (await demo.executions())[0]!.executionArn },
  ]);
  await demo.advance(dayMs);
  expect(story.mails()).toEqual([]);

  await askForLogin(demo);
  expect(story.mails().at(-1)!.subject).toBe('Log in to Demo Brokerage again (demo-main)');
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
  expect(await demo.grant()).toMatchObject({ status: 'active' });
});

test('a connection that works: tokens are given back, both secrets hold none, and nothing is asked of anybody', async () => {
  const { refresh_token: refreshToken } = await demo.secret('grant');
  const { access_token: accessToken } = await demo.secret('access');
  const { identity } = await demo.grant();
  await ask();
  const [execution] = await demo.executions();
  expect(execution).toMatchObject({
    status: 'SUCCEEDED',
    states: ['Begin', 'CheckGrant', 'Choose', 'DisconnectGrant', 'Choose', 'Done'],
  });
  expect(await tokenCalls(demo)).toEqual(['revocation 200', 'revocation 200']);
  expect((await refreshDirectly(demo, refreshToken!)).answer.error).toBe('invalid_grant');
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await fetch(demo.brokerage.identityEndpoint, { headers })).status).toBe(401);
  await expectEmpty();
  const { fencingNumber, lastTick, notifiedAtMs, ...rest } = await demo.grant();
  expect([fencingNumber, lastTick, notifiedAtMs]).not.toContain(undefined);
  expect(rest).toMatchObject({
    status: 'disconnected',
    identity,
    sentReminders: [],
    restoredNoticePending: false,
  });
  expect(
    Object.keys(rest)
      .filter((name) => !name.endsWith('ReachedAtMs'))
      .sort(),
  ).toEqual(['identity', 'otherWritesAtMs', 'pk', 'restoredNoticePending', 'sentReminders', 'sk', 'status']);
  expect((await ends()).at(-1)).toEqual({ by, revocation: 'revoked', executionId: execution!.executionArn });

  // What is ended is ended once.
  await ask();
  expect(await ends()).toHaveLength(2);
  await ask(refresh);
  await setClientSecret(demo, 'gone');
  await demo.brokerage.reset();
  await demo.advance(8 * dayMs);
  expect(await tokenCalls(demo)).toEqual([]);
  expect([story.mails(), story.alerts()]).toEqual([[], []]);
  await setClientSecret(demo);
  await demo.cloud.clock.idle();

  // And starts again, with the same owner.
  await logInAnew(demo);
  expect(await demo.grant()).toMatchObject({ status: 'active', identity });
  await demo.advance(1000);
  await ask(refresh);
  expect((await tokenCalls(demo)).at(-1)).toBe('refresh_token 200');
  expect(story.mails()).toHaveLength(1);
  expect(story.alerts()).toEqual([]);
});

describe('whatever the provider says to it, both secrets hold no token afterwards', () => {
  beforeEach(() => logInAnew(demo));

  test('no answer is waited for a few times', async () => {
    await demo.brokerage.misbehave({ kind: 'status', status: 503, body: '' }, 10, 'revocation');
    await ask();
    await demo.advance(minuteMs);
    expect(await tokenCalls(demo)).toEqual([
      'authorization_code 200',
      ...Array.from({ length: 10 }, () => 'revocation 503'),
    ]);
    expect((await ends()).at(-1)).toMatchObject({ by, revocation: 'unanswered' });
    await expectEmpty();
    expect(story.alerts()).toEqual([]);
  });

  test('one that comes at last is enough', async () => {
    await demo.brokerage.misbehave({ kind: 'status', status: 503, body: '' }, 3, 'revocation');
    await ask();
    await demo.advance(minuteMs);
    expect((await ends()).at(-1)).toMatchObject({ revocation: 'revoked' });
    await expectEmpty();
  });

  test.each([
    ['a refusal', () => demo.brokerage.misbehave(clientRefused, 2, 'revocation')],
    ['a client secret that is gone', () => setClientSecret(demo, 'gone')],
  ])('%s is final', async (_what, arrange) => {
    await arrange();
    await ask();
    await setClientSecret(demo);
    expect((await ends()).at(-1)).toMatchObject({ revocation: 'refused' });
    await expectEmpty();
    expect(story.alerts()).toEqual([]);
  });

  test('what a dead refresh or login left is given back too', async () => {
    const left = await demo.secret('grant');
    await strand(demo, 'grant', { ...left, refresh_token: 'stranded', derived_from: left.versionId! });
    await ask();
    expect((await tokenCalls(demo)).slice(1)).toEqual(Array.from({ length: 3 }, () => 'revocation 200'));
    await expectEmpty();
  });
});

describe('beside others', () => {
  beforeEach(async () => {
    await logInAnew(demo);
    // A refresh that is asked for later than that has something to do.
    await demo.advance(1000);
  });

  test('a login that was under way connects nothing, and its page says why; its execution is resumed', async () => {
    const link = await askForLogin(demo);
    const waiting = (await demo.executions())[0]!.name;
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    await ask();
    const page = await browser.open(callback);
    expect(page).toMatchObject(ended);
    expect(page.body).toContain('To restore it, ask your Grantkeeper operator for a new link.');
    expect(await new Browser().open(link)).toMatchObject(ended);
    expect(await executionNamed(demo, waiting)).toMatchObject({ status: 'SUCCEEDED' });
    await demo.cloud.clock.idle();
    await expectEmpty();
    expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
    // One that is asked for afterwards does.
    expect(await demo.logIn(await askForLogin(demo))).toMatchObject({ title: 'Done: you are connected' });
  });

  test('a login that comes while it is ended waits for nobody, and connects nothing', async () => {
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(await askForLogin(demo), 'allow', browser);
    const hold = holdSecrets(demo, 'disconnect-grant', 'PutSecretValue');
    await startBeside(demo, disconnect);
    await hold.reached();
    expect(await browser.open(callback)).toMatchObject(ended);
    hold.release();
    await demo.cloud.clock.idle();
    await expectEmpty();
    expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
  });

  test('a refresh that stores its tokens is waited for, and they are ended with the rest', async () => {
    const hold = holdSecrets(demo, 'refresh-tokens', 'PutSecretValue');
    await startBeside(demo, refresh, 'refresh-before');
    await hold.reached();
    await startBeside(demo, disconnect);
    hold.release();
    await demo.advance(5 * minuteMs);
    await expectEmpty();
    expect((await ends()).at(-1)).toMatchObject({ revocation: 'revoked' });
  });

  test('a refresh that was decided before finds nothing to spend', async () => {
    const hold = holdFunction(demo, 'refresh-tokens');
    await startBeside(demo, refresh, 'refresh-after');
    await hold.reached();
    await startBeside(demo, disconnect);
    await untilEnded();
    hold.release();
    await demo.cloud.clock.idle();
    expect(await executionNamed(demo, 'refresh-after')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
    expect((await tokenCalls(demo)).slice(-2)).toEqual(['revocation 200', 'revocation 200']);
    expect(story.alerts()).toEqual([]);
  });

  test('a check that was to ask for a login when it was ended sends no link', async () => {
    await sleep(demo, 7 * dayMs);
    const hold = holdFunction(demo, 'request-reauthorization');
    await startBeside(demo, { connectionId: 'demo-main', trigger: 'operator' }, 'ask-after');
    await hold.reached();
    await startBeside(demo, disconnect);
    await untilEnded();
    hold.release();
    await demo.cloud.clock.idle();
    expect(await executionNamed(demo, 'ask-after')).toMatchObject({ status: 'SUCCEEDED' });
    // That of the login before.
    expect(story.mails()).toHaveLength(1);
  });

  test('a link is not opened once it was ended, whatever was read before', async () => {
    await sleep(demo, 7 * dayMs);
    const hold = holdWrites(demo, 'request-reauthorization', 'authorization');
    await startBeside(demo, { connectionId: 'demo-main', trigger: 'operator' }, 'open-after');
    await hold.reached();
    await startBeside(demo, disconnect);
    await untilEnded();
    hold.release();
    await demo.cloud.clock.idle();
    expect(await executionNamed(demo, 'open-after')).toMatchObject({ status: 'SUCCEEDED' });
    expect(story.mails()).toHaveLength(1);
    expect(await demo.grant()).not.toHaveProperty('authorization');
  });
});

test('killed before each of its calls, and after, it comes to its end all the same', async () => {
  // A secret has some 100 versions a day.
  await sleep(demo, 2 * dayMs);
  let killedAt = -1;
  for (const skip of killPoints()) {
    await forgetWrites(demo);
    await logInAnew(demo);
    await askForLogin(demo);
    await demo.cloud.faults.plan({ call: '*', by: 'disconnect-grant', kind: 'kill', skip });
    await startBeside(demo, disconnect, `killed-${skip}`);
    await demo.advance(2 * minuteMs);
    if (demo.cloud.faults.planned().length > 0) break;
    killedAt = skip;
    expect(await executionNamed(demo, `killed-${skip}`)).toMatchObject({ status: 'SUCCEEDED' });
    await expectEmpty();
    expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
    expect(await demo.grant()).not.toHaveProperty('disconnection');
    expect((await ends()).at(-1)).toMatchObject({ by, revocation: 'revoked' });
    await demo.advance(1000);
  }
  demo.cloud.faults.clear();
  expect(killedAt).toBeGreaterThanOrEqual(15);
});

test('one that its execution could not complete is completed by a check', async () => {
  await sleep(demo, 2 * dayMs);
  await logInAnew(demo);
  await demo.cloud.faults.plan({
    call: 'secretsmanager:PutSecretValue',
    by: 'disconnect-grant',
    kind: 'kill',
    times: 20,
  });
  await startBeside(demo, disconnect, 'given-up');
  await demo.advance(2 * minuteMs);
  await demo.cloud.stepFunctions.call(
    'StopExecution',
    { executionArn: (await executionNamed(demo, 'given-up'))!.executionArn },
    administrator,
  );
  demo.cloud.faults.clear();
  expect(await demo.grant()).toMatchObject({ disconnection: { by, revocation: 'revoked' } });
  await demo.advance(31 * minuteMs);
  await expectEmpty();
  expect((await ends()).at(-1)).toMatchObject({ by, revocation: 'revoked' });
});

test('the page of a login that was completed says so when it is loaded again, and no more once the connection is ended', async () => {
  const browser = new Browser();
  const callback = await demo.logInUpToCallback(await askForLogin(demo), 'allow', browser);
  const done = { status: 200, title: 'Done: you are connected' };
  expect(await browser.open(callback)).toMatchObject(done);
  const again = await browser.open(callback);
  expect(again).toMatchObject(done);
  expect(again.body).toContain('It works until');
  await demo.cloud.clock.idle();
  await ask();
  expect(await browser.open(callback)).toMatchObject(ended);
});
