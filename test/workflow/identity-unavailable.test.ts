/** The identity endpoint cannot be asked while an owner logs in: their tokens are kept until it can. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { DemoOptions } from '../../local/demo.ts';
import { Browser, minuteMs, TestDemo } from '../helpers/demo.ts';
import { askForLogin, withProviderData } from '../helpers/stored.ts';
import { events, rotating, timeline, tokenCalls, watch } from '../helpers/story.ts';
import { TokenServer } from '../helpers/token-server.ts';

type Config = Record<string, Record<string, Record<string, Record<string, unknown>>>>;

/** Wrong answers of the identity endpoint. */
let broken: { readonly status: number; readonly body: string } | undefined;
let proxy: TokenServer;
let demo: TestDemo;

/** A demo whose identity endpoint stands behind a proxy. */
async function start(data: Record<string, unknown> = {}, options: Partial<DemoOptions> = {}): Promise<void> {
  demo = await TestDemo.start({
    ...options,
    configure: (config) => {
      const { identity } = (config as Config)['grantkeeper:providers']!['demo-brokerage']!;
      proxy.answer = async ({ headers }) => {
        if (broken) return { ...broken, headers: {} };
        const authorization = String(headers.authorization);
        const answer = await fetch(String(identity!.endpoint), { headers: { authorization } });
        return { status: answer.status, headers: {}, body: await answer.text() };
      };
      return withProviderData({ ...data, identity: { ...identity, endpoint: `${proxy.origin}/me` } })(config);
    },
  });
  await demo.connect();
  await demo.advance(20 * minuteMs);
}

async function logInAs(loginId: 'demo' | 'friend', link: string) {
  const browser = new Browser();
  const address = await demo.logInUpToCallback(link, 'allow', browser, { loginId });
  return { page: await browser.open(address), again: () => browser.open(address) };
}

beforeEach(async () => {
  broken = undefined;
  proxy = await TokenServer.start();
});
afterEach(async () => {
  await demo[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

test('a renewal whose account cannot be checked is kept, and completed as soon as it can', async () => {
  await start();
  const before = await demo.secret('grant');
  const link = await askForLogin(demo);
  broken = { status: 503, body: 'Service Unavailable' };
  const { page, again } = await logInAs('demo', link);
  expect(page).toMatchObject({ status: 202, title: 'Your login is being checked' });
  expect(page.body).toContain('Your login is saved.');
  expect(await again()).toMatchObject({ status: 202 });

  // Nothing of it is current yet, and consumers cannot read it by the label that they use.
  expect((await demo.secret('grant')).versionId).toBe(before.versionId);
  const held = await demo.secretVersion('grant', 'AWSPENDING');
  expect(held).toMatchObject({ unverified: true });
  expect(held).not.toHaveProperty('identity');
  expect((await demo.secretVersion('access', 'AWSPENDING')).versionId).toBe(held.versionId);
  const heldAs = await demo.grant();
  expect(heldAs).toMatchObject({ login: { versionId: held.versionId, tokensHeld: true } });
  // It has taken room in the secrets, as any login.
  expect(heldAs.otherWritesAtMs).toHaveLength(2);

  broken = undefined;
  await demo.advance(30 * minuteMs);
  expect((await demo.secret('grant')).refresh_token).toBe(held.refresh_token);
  const grant = await demo.grant();
  expect(grant).toMatchObject({ status: 'active', grantVersionId: held.versionId });
  expect(grant).not.toHaveProperty('login');
  expect(await again()).toMatchObject({ status: 200, title: 'Done: you are connected' });
  expect(await timeline(demo)).toEqual(
    expect.arrayContaining(['identity-unavailable', 'login-recovered', 'completed']),
  );
  expect((await demo.executions()).every(({ status }) => status === 'SUCCEEDED')).toBe(true);
});

test('an outage that outlives the access token loses nothing, also where refresh tokens rotate, and is alerted once', async () => {
  await start({}, { limits: rotating });
  const link = await askForLogin(demo);
  broken = { status: 500, body: '' };
  const { alerts } = watch(demo);
  await logInAs('demo', link);
  const held = await demo.secretVersion('grant', 'AWSPENDING');
  await demo.advance(75 * minuteMs);
  expect(alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: TokenEndpointUnavailableError',
  ]);
  expect(alerts()[0]!.text).toContain(
    'Demo Brokerage could not be asked whose login it was (HTTP 500). Its tokens are kept until then.',
  );
  broken = undefined;
  await demo.advance(30 * minuteMs);
  const current = await demo.secret('grant');
  expect(current.refresh_token).not.toBe(held.refresh_token);
  expect(current.authorized_at).toBe(held.authorized_at);
  expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: current.versionId });
  await demo.brokerage.reset();
  await demo.advance(30 * minuteMs);
  expect(await tokenCalls(demo)).toContain('refresh_token 200');
});

test('where a login does not end the grant before it, that one is refreshed meanwhile', async () => {
  await start({ loginEndsPreviousGrant: false }, { limits: { loginEndsPreviousGrant: false } });
  const before = await demo.secret('grant');
  const link = await askForLogin(demo);
  broken = { status: 404, body: '' };
  await logInAs('demo', link);
  await demo.advance(55 * minuteMs);
  expect((await demo.secret('grant')).versionId).toBe(before.versionId);
  const { expires_at: expiresAt } = await demo.secret('access');
  expect(Date.parse(expiresAt!)).toBeGreaterThan(demo.cloud.clock.now());

  broken = undefined;
  await demo.advance(30 * minuteMs);
  const { versionId } = await demo.secret('grant');
  expect(versionId).not.toBe(before.versionId);
  expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: versionId });
});

test('a stranger who logged in meanwhile is refused when the account can be checked', async () => {
  await start();
  const link = await askForLogin(demo);
  broken = { status: 503, body: '' };
  const before = await demo.grant();
  await logInAs('friend', link);
  broken = undefined;
  const { alerts } = watch(demo);
  await demo.advance(30 * minuteMs);
  expect((await demo.grant()).identity).toEqual(before.identity);
  expect(await demo.grant()).not.toHaveProperty('login');
  expect(alerts().map(({ subject }) => subject)).toContain('Grantkeeper: demo-main: IdentityError');
  const refused = (await events(demo)).filter(({ type }) => type === 'identity-refused');
  expect(refused.map(({ details }) => details.verdict)).toEqual(['other']);
  const { page } = await logInAs('demo', demo.newestLink());
  expect(page).toMatchObject({ status: 200, title: 'Done: you are connected' });
});

test('a first login is stored though the account cannot be asked, with an alert that nobody is pinned', async () => {
  demo = await TestDemo.start({
    configure: (config) => {
      proxy.answer = () => ({ status: 503, headers: {}, body: '' });
      return withProviderData({ identity: { endpoint: `${proxy.origin}/me`, subject: '/sub' } })(config);
    },
  });
  await demo.connect();
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  expect(demo.alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: IdentityUnknownError',
  ]);
});

test('a new owner who cannot be asked for at their login is pinned by a refresh, once the provider tells', async () => {
  await start();
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'change-owner' });
  const link = demo.newestLink();
  const { identity: before } = await demo.grant();
  broken = { status: 503, body: '' };
  expect((await logInAs('friend', link)).page).toMatchObject({ status: 200 });
  await demo.advance(25 * minuteMs);
  const unpinned = await demo.grant();
  expect(unpinned).toMatchObject({ status: 'active', refreshedAtMs: expect.any(Number) });
  expect(unpinned).not.toHaveProperty('identity.subject');

  broken = undefined;
  await demo.advance(25 * minuteMs);
  const { identity } = await demo.grant();
  expect(identity).toMatchObject({ subject: expect.stringMatching(/^[\w-]{43}$/) });
  expect(identity).not.toEqual(before);
  const { page } = await logInAs('demo', await askForLogin(demo));
  expect(page).toMatchObject({ status: 403, title: 'That was another account' });
});
