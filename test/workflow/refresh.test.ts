import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { TestDemo, dayMs, hourMs, minuteMs } from '../helpers/demo.ts';
import {
  breakSecrets,
  clientRefused,
  holdSecrets,
  logInAnew,
  refreshDirectly,
  rotating,
  setInGrant,
  sleep,
  sleepUntil,
  startBeside,
  strand,
  timeline,
  tokenCalls,
  untilLogged,
  watch,
} from '../helpers/story.ts';

const refresh = { connectionId: 'demo-main', trigger: 'operator', force: 'refresh' };

describe('where the refresh token stays the same', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  beforeEach(() => demo.brokerage.reset());

  test('a day has 57 checks, and each of them refreshes', async () => {
    await demo.advance(dayMs);

    const [, ...afterTheFirst] = (await demo.executions()).toReversed();
    expect(afterTheFirst).toHaveLength(57);
    for (const { status, states } of afterTheFirst) {
      expect({ status, states }).toEqual({
        status: 'SUCCEEDED',
        states: ['Begin', 'CheckGrant', 'Choose', 'RefreshTokens', 'Choose', 'Done'],
      });
    }
    expect(await tokenCalls(demo)).toEqual(Array.from({ length: 57 }, () => 'refresh_token 200'));
    expect(demo.mails()).toHaveLength(1);
    expect(demo.alerts()).toEqual([]);
  });

  test('a lost answer is asked for again with the same refresh token, and nothing is lost', async () => {
    await sleepUntil(demo, '2026-01-10T12:00:00Z');
    await logInAnew(demo);
    const before = await demo.secret('grant');
    await demo.brokerage.reset();
    await demo.brokerage.misbehave({ kind: 'close', processed: true });

    await demo.advance(40 * minuteMs);
    expect(await tokenCalls(demo)).toEqual(['refresh_token closed', 'refresh_token 200']);
    expect((await demo.executions())[0]).toMatchObject({
      status: 'SUCCEEDED',
      states: ['Begin', 'CheckGrant', 'Choose', 'RefreshTokens', 'Choose', 'Done'],
    });
    expect((await demo.secret('grant')).versionId).toBe(before.versionId);
    expect((await demo.secret('access')).derived_from).toBe(before.versionId);
    expect(demo.alerts()).toEqual([]);
  });

  test('an access token left pending by a refresh that died is adopted: the provider is not asked', async () => {
    await sleepUntil(demo, '2026-01-15T12:00:00Z');
    await logInAnew(demo);
    const { versionId: grantVersion } = await demo.secret('grant');
    await demo.brokerage.reset();
    await sleep(demo, 20 * minuteMs);
    const versionId = await strand(demo, 'access', {
      access_token: 'stranded',
      token_type: 'Bearer',
      obtained_at: '2026-01-15T12:20:00.000Z',
      expires_at: '2026-01-15T12:55:00.000Z',
      derived_from: grantVersion!,
    });

    await demo.advance(5 * minuteMs);
    expect(await tokenCalls(demo)).toEqual([]);
    expect(await demo.secret('access')).toMatchObject({ versionId, access_token: 'stranded' });
    expect(await demo.grant()).toMatchObject({
      accessVersionId: versionId,
      accessExpiresAtMs: Date.UTC(2026, 0, 15, 12, 55),
      refreshedAtMs: Date.UTC(2026, 0, 15, 12, 20),
    });
    expect((await timeline(demo)).at(-1)).toBe('fresh');
  });

  test('an access token left pending by an older grant is not adopted', async () => {
    const versionId = await strand(demo, 'access', {
      access_token: 'foreign',
      token_type: 'Bearer',
      obtained_at: '2026-01-15T12:49:00.000Z',
      expires_at: '2026-01-15T13:55:00.000Z',
      derived_from: '00000000-0000-4000-8000-000000000000',
    });
    await demo.advance(25 * minuteMs);
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect((await demo.secret('access')).versionId).not.toBe(versionId);
    // Not even for a moment.
    expect((await demo.secretVersion('access', 'AWSPREVIOUS')).versionId).not.toBe(versionId);
  });

  test('of two refreshes at once one spends the refresh token, and the other takes over its result', async () => {
    await demo.advance(minuteMs);
    const hold = holdSecrets(demo, 'refresh-tokens', 'PutSecretValue');
    await startBeside(demo, refresh);
    await hold.reached();
    await startBeside(demo, refresh);
    await untilLogged(demo, 'LeaseHeldError');
    hold.release();
    await demo.advance(minuteMs);

    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect((await timeline(demo)).slice(-2)).toEqual(['refreshed', 'fresh']);
    expect((await demo.executions()).slice(0, 2).map(({ status }) => status)).toEqual([
      'SUCCEEDED',
      'SUCCEEDED',
    ]);
    expect(demo.alerts()).toEqual([]);
  });

  test("a refresh waits for a dead execution's lease to expire, and then goes on", async () => {
    const atMs = demo.cloud.clock.now();
    await setInGrant(demo, 'lease', {
      M: { owner: { S: 'an execution that died' }, expiresAtMs: { N: String(atMs + 45_000) } },
    });
    await startBeside(demo, refresh);
    await demo.advance(44_000);
    expect(await tokenCalls(demo)).toEqual([]);
    await demo.advance(30_000);
    // Asked every 15 seconds: the first time past the lease's end is a minute after the start.
    expect((await demo.brokerage.tokenCalls()).map(({ at }) => Date.parse(at) - atMs)).toEqual([60_000]);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect((await demo.grant()).lease).toBeUndefined();
  });

  test('a revoked grant is seen by the next check: the owner is asked at once, by one mail, operators hear that it ended early, and a login restores it', async () => {
    await sleepUntil(demo, '2026-01-20T12:00:00Z');
    await logInAnew(demo);
    const story = watch(demo);
    await demo.brokerage.reset();
    await demo.brokerage.revokeAllGrants();

    await demo.advance(2 * hourMs);
    expect(story.mails().map(({ at, subject }) => [at, subject])).toEqual([
      ['2026-01-20T12:25:00.000Z', 'demo-main is disconnected. Log in to Demo Brokerage to restore it'],
    ]);
    expect(await demo.grant()).toMatchObject({ status: 'rejected', restoredNoticePending: true });
    const asking = (await demo.executions()).find(({ status }) => status === 'RUNNING')!;
    expect(asking.states).toEqual([
      'Begin',
      'CheckGrant',
      'Choose',
      'RefreshTokens',
      'Choose',
      'RequestReauthorization',
    ]);
    // A dead refresh token is not tried again at every check.
    expect(await tokenCalls(demo)).toEqual(['refresh_token 400']);

    await demo.logIn(demo.newestLink());
    await demo.cloud.clock.idle();
    expect(story.mails().slice(1)).toMatchObject([{ subject: 'Demo Brokerage works again (demo-main)' }]);
    expect(await demo.grant()).toMatchObject({ status: 'active', restoredNoticePending: false });
    // The one that reports ends as each does that has alerted.
    expect((await demo.executions()).filter(({ status }) => status !== 'SUCCEEDED')).toMatchObject([
      { states: ['Begin', 'RecordIncident', 'AlertOperator', 'RecordFailure', 'AfterAlert', 'Failed'] },
    ]);
    expect(story.alerts()).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: EarlyRejectionError',
        text: expect.stringMatching(
          /Step: Grant[^]*Demo Brokerage rejected the refresh token of demo-main \(invalid_grant: “grant request is invalid”\), and its end is due at 2026-01-27T12:00:00.000Z\./,
        ),
      },
    ]);
    await demo.advance(hourMs);
    expect(await demo.item('incident#Grant#EarlyRejectionError')).toHaveProperty('endedAt');
  });
});

describe('where each refresh gives a new refresh token, and an old one ends the grant', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start({ limits: rotating });
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test('a refresh token left pending by a refresh that died is adopted and spent next', async () => {
    const { versionId: first, refresh_token: spent } = await demo.secret('grant');
    const { answer } = await refreshDirectly(demo, spent!);
    const interrupted = await strand(demo, 'grant', {
      refresh_token: answer.refresh_token!,
      obtained_at: '2026-01-05T12:00:00.000Z',
      authorized_at: '2026-01-05T12:00:00.000Z',
      derived_from: first!,
    });

    await demo.advance(25 * minuteMs);
    expect(await demo.secret('grant')).toMatchObject({
      derived_from: interrupted,
      authorized_at: '2026-01-05T12:00:00.000Z',
    });
    await demo.advance(25 * minuteMs);
    expect(await tokenCalls(demo)).toEqual([
      'authorization_code 200',
      'refresh_token 200',
      'refresh_token 200',
      'refresh_token 200',
    ]);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
  });

  test('a store that fails after the answer has come loses nothing: the next attempt adopts what was put', async () => {
    await demo.advance(minuteMs);
    const { versionId: before } = await demo.secret('grant');
    const mend = breakSecrets(demo, 'refresh-tokens', 'UpdateSecretVersionStage');
    await demo.brokerage.reset();
    await startBeside(demo, refresh);
    await demo.cloud.clock.idle();
    expect(await demo.secretVersion('grant', 'AWSPENDING')).toMatchObject({ derived_from: before });
    expect((await demo.secret('grant')).versionId).toBe(before);

    mend();
    await demo.advance(5 * minuteMs);
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200', 'refresh_token 200']);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(demo.alerts()).toEqual([]);
  });

  test('a new refresh token does not postpone the deadline', async () => {
    expect(await demo.grant()).toMatchObject({ authorizedAtMs: Date.UTC(2026, 0, 5, 12) });
  });
});

describe('limits of other providers', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start({
      limits: { refreshSeconds: 100 * 86_400, loginEndsPreviousGrant: false },
      configure: withTwoConnections,
    });
    await demo.advance(0);
    for (const link of demo.mails().map(({ text }) => /https?:\S+/.exec(text)![0])) await demo.logIn(link);
    await demo.cloud.clock.idle();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test('a sliding limit starts again with each refresh; when refreshes fail for days the owner is reminded in time', async () => {
    await sleepUntil(demo, '2026-01-15T13:00:00Z');
    await demo.advance(hourMs);
    // Ten days after the login of a grant of fourteen days unused: nothing to tell, and nothing to fear.
    expect(await demo.grant('sliding-main')).toMatchObject({
      authorizedAtMs: Date.UTC(2026, 0, 5, 12),
      refreshedAtMs: Date.UTC(2026, 0, 15, 13, 40),
    });

    const story = watch(demo);
    await demo.brokerage.misbehave(clientRefused, 1000);
    for (const [from, to] of [
      ['2026-01-27T13:20:00Z', '2026-01-27T14:20:00Z'],
      ['2026-01-28T13:20:00Z', '2026-01-28T14:20:00Z'],
      ['2026-01-29T07:20:00Z', '2026-01-29T08:20:00Z'],
      ['2026-01-29T12:20:00Z', '2026-01-29T13:45:00Z'],
    ]) {
      await sleepUntil(demo, from!);
      await demo.advance(Date.parse(to!) - Date.parse(from!));
    }
    // 48, 24, 6 and 1 hours before 2026-01-29 13:40, fourteen days after the last refresh.
    expect(
      story
        .mails()
        .filter(({ subject }) => subject.includes('sliding-main'))
        .map(({ at, subject }) => [at, subject]),
    ).toEqual([
      ['2026-01-27T14:00:00.000Z', 'Log in to Slider before Thu 29 Jan, 13:40 UTC (sliding-main)'],
      ['2026-01-28T13:45:00.000Z', 'Log in to Slider before Thu 29 Jan, 13:40 UTC (sliding-main)'],
      ['2026-01-29T07:40:00.000Z', 'Log in to Slider before Thu 29 Jan, 13:40 UTC (sliding-main)'],
      ['2026-01-29T12:40:00.000Z', 'Log in to Slider before Thu 29 Jan, 13:40 UTC (sliding-main)'],
      ['2026-01-29T13:40:00.000Z', 'sliding-main is disconnected. Log in to Slider to restore it'],
    ]);
    expect(story.alerts().map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['Grantkeeper: sliding-main: ClientRejectedError']),
    );
    expect(story.alerts()).toHaveLength(2);
  });

  test('the reminders of a grant of 90 days come a week, three days, a day and six hours before its end', async () => {
    const story = watch(demo);
    await demo.brokerage.reset();
    for (const [from, to] of [
      ['2026-03-29T11:30:00Z', '2026-03-29T12:40:00Z'],
      ['2026-04-02T11:30:00Z', '2026-04-02T12:40:00Z'],
      ['2026-04-04T11:30:00Z', '2026-04-04T12:40:00Z'],
      ['2026-04-05T05:30:00Z', '2026-04-05T06:40:00Z'],
    ]) {
      await sleepUntil(demo, from!);
      await demo.advance(Date.parse(to!) - Date.parse(from!));
    }
    const notified = story.mails().filter(({ subject }) => subject.endsWith('(ninety-main)'));
    expect(notified.map(({ at, subject }) => [at, subject])).toEqual([
      ['2026-03-29T12:05:00.000Z', 'Log in to Ninety before Sun 5 Apr, 12:00 UTC (ninety-main)'],
      ['2026-04-02T12:20:00.000Z', 'Log in to Ninety before Sun 5 Apr, 12:00 UTC (ninety-main)'],
      ['2026-04-04T12:15:00.000Z', 'Log in to Ninety before Sun 5 Apr, 12:00 UTC (ninety-main)'],
      ['2026-04-05T06:10:00.000Z', 'Log in to Ninety before Sun 5 Apr, 12:00 UTC (ninety-main)'],
    ]);
  });
});

/** One connection with 90 days from the login, one with 14 days unused. */
function withTwoConnections(config: Record<string, unknown>): Record<string, unknown> {
  const { 'demo-brokerage': brokerage } = config['grantkeeper:providers'] as Record<string, object>;
  const connection = (provider: string) => ({
    provider,
    client: 'demo',
    owner: { email: `${provider}@example.com` },
  });
  return {
    ...config,
    'grantkeeper:providers': {
      ninety: { ...brokerage, displayName: 'Ninety', limits: { absoluteSeconds: 90 * 86_400 } },
      slider: { ...brokerage, displayName: 'Slider', limits: { slidingSeconds: 14 * 86_400 } },
    },
    'grantkeeper:connections': {
      'ninety-main': connection('ninety'),
      'sliding-main': connection('slider'),
    },
  };
}
