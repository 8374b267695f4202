/** Secrets Manager's quota of some 100 versions of a secret a day, against consumers that ask again and again. */
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { AccessTokens, fetchWith } from '../../client/index.ts';
import { administrator } from '../../local/aws/service.ts';
import { TestDemo, dayMs, hourMs, minuteMs } from '../helpers/demo.ts';
import { clients } from '../helpers/local-aws.ts';
import { operator, press, signIn } from '../helpers/panel.ts';
import { askForLogin } from '../helpers/stored.ts';
import { logInAnew, rotating, setInGrant, startBeside, timeline, tokenCalls } from '../helpers/story.ts';

const connectionId = 'demo-main';
const refresh = { connectionId, trigger: 'operator', force: 'refresh' };
const disconnect = { connectionId, trigger: 'operator', force: 'disconnect' };

/** A process of a bot. @param aheadMs how far its clock is ahead */
function consumerOf(demo: TestDemo, aheadMs = 0) {
  const { secrets, states } = clients(demo.cloud.awsUrl);
  const warnings: string[] = [];
  const tokens = new AccessTokens({
    stack: 'local',
    waitMs: 300,
    secretsManager: secrets,
    stepFunctions: async () => states,
    onWarning: (warning) => warnings.push(warning),
    now: () => demo.cloud.clock.now() + aheadMs,
  });
  return { tokens, warnings };
}

/** Whatever it has, it asks for another one; its permission allows that. */
async function askInALoop(demo: TestDemo, times: number): Promise<void> {
  const { states } = clients(demo.cloud.awsUrl);
  const stateMachineArn = String(demo.cloud.outputs.stateMachineArn).replace(
    /keep-grant$/,
    'refresh-demo-main',
  );
  for (let asked = 0; asked < times; asked += 1) {
    const { versionId } = await demo.secret('access');
    await states
      .send(new StartExecutionCommand({ stateMachineArn, name: versionId }))
      .catch((error: Error) => expect(error.name).toBe('ExecutionAlreadyExists'));
    await demo.cloud.clock.idle();
  }
}

const refused: typeof fetch = async () => new Response('no permission', { status: 401 });

describe('with a refresh token that is good once', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start({ limits: rotating });
    await demo.connect();
    await demo.advance(minuteMs);
    await demo.brokerage.reset();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test('a consumer in a loop has four refreshes an hour, and then the token that there is', async () => {
    await askInALoop(demo, 110);
    expect(await tokenCalls(demo)).toEqual(Array.from({ length: 4 }, () => 'refresh_token 200'));
    expect((await timeline(demo)).filter((type) => type === 'refresh-limited')).toHaveLength(1);
    const stored = await demo.secret('access');
    expect((await consumerOf(demo).tokens.get({ connectionId })).accessToken).toBe(stored.access_token);
  });

  test('so has an API that answers 401 whatever the token is: processes that start each time', async () => {
    await demo.advance(hourMs);
    await demo.brokerage.reset();
    for (let started = 0; started < 12; started += 1) {
      const answer = await fetchWith(
        consumerOf(demo).tokens,
        { connectionId },
        { fetch: refused },
      )('https://api.example.com/accounts');
      expect([answer.status, await answer.text()]).toEqual([401, 'no permission']);
      await demo.cloud.clock.idle();
    }
    expect(await tokenCalls(demo)).toEqual(Array.from({ length: 4 }, () => 'refresh_token 200'));
  });

  test('and one process stops after the first replacement, and gives back what the API answers', async () => {
    await demo.advance(2 * hourMs);
    await demo.brokerage.reset();
    const call = fetchWith(consumerOf(demo).tokens, { connectionId }, { fetch: refused });
    for (let called = 0; called < 20; called += 1) {
      expect((await call('https://api.example.com/accounts')).status).toBe(401);
      await demo.cloud.clock.idle();
    }
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  });

  test('a clock that is 45 minutes ahead is noticed, and costs no refresh', async () => {
    await demo.advance(2 * hourMs);
    await demo.brokerage.reset();
    const before = (await demo.executions()).length;
    const { versionId } = await demo.secret('access');
    for (let started = 0; started < 5; started += 1) {
      const { tokens, warnings } = consumerOf(demo, 45 * minuteMs);
      for (let asked = 0; asked < 5; asked += 1) {
        expect((await tokens.get({ connectionId })).versionId).toBe(versionId);
      }
      expect(warnings).toEqual([
        expect.stringMatching(/^This machine's clock is 2[67]\d\d seconds ahead of AWS's\. /),
      ]);
    }
    expect(await demo.executions()).toHaveLength(before);
    expect(await tokenCalls(demo)).toEqual([]);
  });

  test('after a day of all that the schedule refreshes, the panel says why it does not, a login and an end work', async () => {
    for (let hour = 0; hour < 18; hour += 1) {
      await askInALoop(demo, 6);
      await demo.advance(hourMs);
    }
    await askInALoop(demo, 6);
    const grant = await demo.grant();
    expect(grant).toMatchObject({ status: 'active' });
    expect((grant.requestedAtMs as number[]).length).toBe(20);
    const page = await press(demo, await signIn(demo, operator), 'refresh');
    expect(page).toMatchObject({ status: 409, title: 'Not now' });
    expect(page.body).toContain(
      'It was refreshed on request too often. The stored access token is still valid. You can refresh it again at Tue 6 Jan, 07:01 GMT-5. Nothing was changed.',
    );
    const versions = await demo.secret('access');
    await demo.advance(30 * minuteMs);
    expect((await demo.secret('access')).versionId).not.toBe(versions.versionId);

    await logInAnew(demo);
    expect(await demo.grant()).toMatchObject({ status: 'active', authorizedAtMs: demo.cloud.clock.now() });
    await startBeside(demo, disconnect, 'end');
    await demo.advance(minuteMs);
    expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
    expect(await demo.secret('grant')).toEqual({
      disconnected_at: expect.any(String),
      versionId: expect.any(String),
    });
    expect(demo.alerts()).toEqual([]);
  });
});

describe('a day that is full all the same', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start({ limits: rotating });
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  const full = (count: number) => ({
    L: Array.from({ length: count }, () => ({ N: String(demo.cloud.clock.now()) })),
  });

  test('spends no refresh token, and tells the operators by its own name', async () => {
    await setInGrant(demo, 'refreshesAtMs', full(82));
    await demo.brokerage.reset();
    await demo.advance(25 * minuteMs);
    expect(await tokenCalls(demo)).toEqual([]);
    const [alert, ...more] = demo.alerts();
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ subject: 'Grantkeeper: demo-main: StoreQuotaExceededError' });
    expect(alert!.text).toContain(
      'demo-main was refreshed so often within a day that its secrets have no room before 2026-01-06T12:00:00.000Z. The refresh token was not spent; nothing was lost.',
    );
  });

  test('leaves room for a login, and then for an end', async () => {
    await logInAnew(demo);
    expect(await demo.grant()).toMatchObject({ status: 'active', authorizedAtMs: demo.cloud.clock.now() });
    await demo.advance(dayMs);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    expect(Date.parse((await demo.secret('access')).expires_at!)).toBeGreaterThan(demo.cloud.clock.now());
  });

  test('of logins keeps the code of another one, and its link works later', async () => {
    await setInGrant(demo, 'otherWritesAtMs', full(35));
    const link = await askForLogin(demo);
    const before = await demo.secret('grant');
    await demo.brokerage.reset();
    expect(await demo.logIn(link)).toMatchObject({ status: 503, title: 'Too many logins within a day' });
    expect(await tokenCalls(demo)).toEqual([]);
    expect(await demo.secret('grant')).toEqual(before);
    await demo.cloud.clock.idle();
    expect(demo.alerts().at(-1)).toMatchObject({
      subject: 'Grantkeeper: demo-main: StoreQuotaExceededError',
    });
    await setInGrant(demo, 'otherWritesAtMs', full(20));
    expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  });
});

test('a secret that somebody else has filled: the incident names the quota, and not the lease', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  const fill = (count: number) =>
    demo.cloud.secrets.call(
      'PutSecretValue',
      {
        SecretId: 'grantkeeper/local/demo-main/access',
        ClientRequestToken: `somebody-else-fills-the-secret-${count}`,
        SecretString: '{}',
        VersionStages: ['filler'],
      },
      administrator,
    );
  for (let count = 101; count < 200; count += 1) await fill(count);
  await expect(fill(200)).rejects.toMatchObject({ code: 'LimitExceededException' });
  await demo.advance(minuteMs);
  await startBeside(demo, refresh);
  await demo.advance(5 * minuteMs);
  expect(demo.alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: StoreQuotaExceededError',
  ]);
  expect(demo.alerts()[0]!.text).toContain(
    'grantkeeper/local/demo-main/access has as many versions as Secrets Manager keeps for a day. The access token that the provider gave is lost; another one can be had.',
  );
});
