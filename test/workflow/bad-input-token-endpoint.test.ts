import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { presets } from '../../core/provider.ts';
import type { Misbehaviour } from '../../local/brokerage/control.ts';
import { Browser, TestDemo, minuteMs } from '../helpers/demo.ts';
import {
  askForLogin,
  setClientSecret,
  stored,
  toNextTick,
  tokenEndpointTimeout,
  withProviderData,
} from '../helpers/stored.ts';
import {
  contractBreaking,
  deadRefreshToken,
  errorResponse,
  foreignIdToken,
  tokenResponse,
  unavailable,
} from '../helpers/token-answers.ts';

let demo: TestDemo;

beforeAll(async () => {
  demo = await TestDemo.start({
    change: tokenEndpointTimeout(1500),
    configure: withProviderData({
      rejectedGrantTexts: presets['schwab']!.rejectedGrantTexts,
      // The tokens that are made up here are nobody's.
      identity: undefined,
    }),
  });
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

const usable = { access_token: 'at-sloppy', token_type: 'Bearer', expires_in: 1800 };
const { expires_in: _expiresIn, ...withoutExpiry } = usable;
const withRefreshToken = { refresh_token: 'rt-sloppy' };

describe('a refresh that gets no usable answer', () => {
  test.each(unavailable)('%s: everything stays as it was, and a retry succeeds', async (_name, answer) => {
    const before = await stored(demo);
    const alerts = demo.alerts().length;
    await demo.brokerage.misbehave(answer, 12);
    await toNextTick(demo);

    expect(await stored(demo)).toEqual(before);
    expect((await demo.executions())[0]).toMatchObject({ status: 'RUNNING' });
    await demo.brokerage.reset();
    await demo.advance(10 * minuteMs);
    expect((await demo.executions())[0]).toMatchObject({
      status: 'SUCCEEDED',
      states: ['Begin', 'CheckGrant', 'Choose', 'RefreshTokens', 'Choose', 'Done'],
    });
    expect(demo.alerts()).toHaveLength(alerts);
    expect((await demo.grant()).status).toBe('active');
  });

  test('when it never answers the operator is alerted once, and the next check refreshes', async () => {
    const before = await stored(demo);
    const alerts = demo.alerts().length;
    const mails = demo.mails().length;
    await demo.brokerage.misbehave({ kind: 'status', status: 503, body: 'down' }, 1000);
    // Twelve retries take half an hour at most.
    await toNextTick(demo);
    await toNextTick(demo);
    await toNextTick(demo);

    expect(await stored(demo)).toEqual(before);
    expect(demo.alerts().slice(alerts)).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: TokenEndpointUnavailableError',
        text: expect.stringContaining('Demo Brokerage gave no usable answer (HTTP 503).'),
      },
    ]);
    expect((await demo.executions()).map(({ status }) => status)).toContain('FAILED');
    await demo.brokerage.reset();
    await toNextTick(demo);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
    expect(demo.mails()).toHaveLength(mails);
  });
});

describe('a refresh answered against the contract', () => {
  test.each(contractBreaking)('%s: one alert, everything stays as it was', async (_name, answer) => {
    const before = await stored(demo);
    const alerts = demo.alerts().length;
    await demo.brokerage.misbehave(answer);
    await toNextTick(demo);

    expect(await stored(demo)).toEqual(before);
    expect(demo.alerts().slice(alerts)).toMatchObject([
      { subject: 'Grantkeeper: demo-main: ProviderContractError' },
    ]);
    await toNextTick(demo);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('a wrong client secret: one alert, and the next check with the right one refreshes', async () => {
    const before = await stored(demo);
    const alerts = demo.alerts().length;
    await setClientSecret(demo, JSON.stringify({ client_id: 'grantkeeper-demo', client_secret: 'wrong' }));
    await toNextTick(demo);
    await toNextTick(demo);

    expect(await stored(demo)).toEqual(before);
    expect(demo.alerts().slice(alerts)).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: ClientRejectedError',
        text: expect.stringContaining(
          'Store the right client id and secret: grantkeeper connect with --replace. If they are right, check at',
        ),
      },
    ]);
    await setClientSecret(demo);
    await toNextTick(demo);
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a refresh answered sloppily', () => {
  test.each([
    ['expires_in is a string', { ...usable, expires_in: '2400' }, 40],
    ['expires_in is missing', withoutExpiry, 30],
    ['the id_token is garbage', { ...usable, id_token: 'garbage' }, 30],
    ['the id_token is of another issuer', { ...usable, id_token: foreignIdToken }, 30],
    ['the refresh token is empty', { ...usable, refresh_token: '' }, 30],
    ['the token_type is missing', { access_token: 'at-sloppy', expires_in: 1800 }, 30],
    ['the scope is a list', { ...usable, scope: ['api'] }, 30],
  ])('%s: the access token is taken, and the refresh token kept', async (_name, members, minutes) => {
    const { grant } = await stored(demo);
    const alerts = demo.alerts().length;
    await demo.brokerage.misbehave(tokenResponse(members));
    await toNextTick(demo);

    const expiresAt = new Date(demo.cloud.clock.now() + minutes * minuteMs).toISOString();
    expect(await demo.secret('access')).toMatchObject({
      access_token: 'at-sloppy',
      token_type: 'Bearer',
      expires_at: expiresAt,
    });
    expect((await stored(demo)).grant).toEqual(grant);
    expect(demo.alerts()).toHaveLength(alerts);
    await toNextTick(demo);
    expect((await demo.secret('access')).access_token).not.toBe('at-sloppy');
  });
});

describe('a refresh token that the provider calls dead in its own words', () => {
  test.each(deadRefreshToken)(
    '%s: the owner is asked, and operators hear that it ended early',
    async (_name, answer) => {
      const before = await stored(demo);
      const alerts = demo.alerts().length;
      const mails = demo.mails().length;
      await demo.brokerage.misbehave(answer);
      await toNextTick(demo);

      expect(await stored(demo)).toEqual({ ...before, status: 'rejected' });
      expect(demo.mails().slice(mails)).toMatchObject([
        { subject: 'demo-main is disconnected. Log in to Demo Brokerage to restore it' },
      ]);
      // Later than what went wrong, or that is not over.
      await demo.advance(1000);
      expect(await demo.logIn(demo.newestLink())).toMatchObject({
        status: 200,
        title: 'Done: you are connected',
      });
      await demo.cloud.clock.idle();
      expect((await demo.grant()).status).toBe('active');
      expect(demo.alerts().slice(alerts)).toMatchObject([
        { subject: 'Grantkeeper: demo-main: EarlyRejectionError' },
      ]);
    },
  );
});

/** Asks for a login, fails its exchange, and tells what the owner and the operator saw of it. */
async function failedExchange(answer: Misbehaviour) {
  const link = await askForLogin(demo);
  const before = await stored(demo);
  const alerts = demo.alerts().length;
  await demo.brokerage.misbehave(answer);
  const { status, title } = await demo.logIn(link);
  await demo.cloud.clock.idle();
  expect(await stored(demo)).toEqual(before);
  return { link, page: { status, title }, alerts: demo.alerts().slice(alerts) };
}

async function worksAgain(link: string): Promise<void> {
  // Later than what went wrong, or that is not over.
  await demo.advance(1000);
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
}

describe('an exchange that gets no usable answer', () => {
  test.each(unavailable)('%s: the page says so, and the link goes on working', async (_name, answer) => {
    const { link, page, alerts } = await failedExchange(answer);

    expect(page).toEqual({ status: 502, title: 'Demo Brokerage did not answer' });
    expect(alerts).toEqual([]);
    await worksAgain(link);
  });
});

describe('an exchange answered against the contract', () => {
  test.each([...contractBreaking, ['no refresh token', tokenResponse(usable)] as const])(
    '%s: the operator is alerted, and the link goes on working',
    async (_name, answer) => {
      const { link, page, alerts } = await failedExchange(answer);

      expect(page).toEqual({ status: 502, title: 'Demo Brokerage refused this installation' });
      expect(alerts).toMatchObject([{ subject: 'Grantkeeper: demo-main: ProviderContractError' }]);
      await worksAgain(link);
    },
  );

  test('a code called dead: the page asks for another login', async () => {
    const { link, page, alerts } = await failedExchange(errorResponse(400, '{"error":"invalid_grant"}'));

    expect(page).toEqual({ status: 400, title: 'That took a little too long' });
    expect(alerts).toEqual([]);
    await worksAgain(link);
  });

  test('a wrong client secret: the operator is alerted, and the link works once it is right', async () => {
    const link = await askForLogin(demo);
    const before = await stored(demo);
    const alerts = demo.alerts().length;
    await setClientSecret(demo, JSON.stringify({ client_id: 'grantkeeper-demo', client_secret: 'wrong' }));
    const { status, title } = await demo.logIn(link);
    await demo.cloud.clock.idle();

    expect({ status, title }).toEqual({ status: 502, title: 'Demo Brokerage refused this installation' });
    expect(await stored(demo)).toEqual(before);
    expect(demo.alerts().slice(alerts)).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: ClientRejectedError',
        text: expect.stringContaining(
          "Demo Brokerage refused the client's credentials (invalid_client: “client authentication failed”).",
        ),
      },
    ]);
    expect((await demo.executions()).find(({ status: ended }) => ended === 'FAILED')).toMatchObject({
      states: ['Begin', 'RecordIncident', 'AlertOperator', 'RecordFailure', 'AfterAlert', 'Failed'],
    });
    // One alert; the execution goes on waiting for the link that will work.
    await demo.logIn(link);
    await demo.cloud.clock.idle();
    expect(demo.alerts()).toHaveLength(alerts + 1);
    await setClientSecret(demo);
    await worksAgain(link);
  });
});

test('6. a lock held while a person logs in; a failed exchange leaving it held', async () => {
  const link = await askForLogin(demo);
  const browser = new Browser();
  const callback = await demo.logInUpToCallback(link, 'allow', browser);
  // The owner is at the provider for as long as they like: refreshes go on, and nobody has the lease.
  expect((await demo.grant()).lease).toBeUndefined();
  await demo.brokerage.misbehave({ kind: 'status', status: 503, body: '' });
  expect(await browser.open(callback)).toMatchObject({ status: 502 });
  expect((await demo.grant()).lease).toBeUndefined();
  expect((await demo.grant()).login).toBeUndefined();
  await worksAgain(link);
});

describe('an exchange answered sloppily', () => {
  test.each([
    ['expires_in is a string', { ...usable, expires_in: '2400' }, 40],
    ['expires_in is missing', withoutExpiry, 30],
    ['the id_token is garbage', { ...usable, id_token: 'garbage' }, 30],
    ['the id_token is of another issuer', { ...usable, id_token: foreignIdToken }, 30],
  ])('%s: the tokens are stored', async (_name, members, minutes) => {
    const link = await askForLogin(demo);
    await demo.brokerage.misbehave(tokenResponse({ ...members, ...withRefreshToken }));

    expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
    await demo.cloud.clock.idle();
    expect(await demo.secret('grant')).toMatchObject({ refresh_token: 'rt-sloppy' });
    expect(await demo.secret('access')).toMatchObject({
      access_token: 'at-sloppy',
      expires_at: new Date(demo.cloud.clock.now() + minutes * minuteMs).toISOString(),
    });
  });
});
