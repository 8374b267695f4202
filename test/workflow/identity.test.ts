import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { Person } from '../helpers/demo.ts';
import { Browser, TestDemo, minuteMs } from '../helpers/demo.ts';
import { askForLogin, stored, withProviderData } from '../helpers/stored.ts';
import { events, refreshDirectly, setInGrant, timeline, watch } from '../helpers/story.ts';

const done = { status: 200, title: 'Done: you are connected' };
const changeOwner = { connectionId: 'demo-main', trigger: 'operator', force: 'change-owner' };

async function logInAs(demo: TestDemo, link: string, person: Person) {
  const browser = new Browser();
  const page = await browser.open(await demo.logInUpToCallback(link, 'allow', browser, person));
  await demo.cloud.clock.idle();
  return page;
}

describe('where a call tells subject and accounts', () => {
  let demo: TestDemo;
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());
  beforeEach(() => demo.advance(20 * minuteMs));

  test('the first login pins both as hashes, in the record alone', async () => {
    const { identity } = (await demo.grant()) as { identity: { subject: string; accounts: string[] } };
    expect(identity.subject).toMatch(/^[\w-]{43}$/);
    expect(identity.accounts).toHaveLength(3);
    expect(JSON.stringify(await demo.grant())).not.toMatch(/"demo"|1001/);
  });

  test('another subject is refused before anything is stored, with an alert, and the link goes on working', async () => {
    const link = await askForLogin(demo);
    const before = await stored(demo);
    const { alerts } = watch(demo);
    const page = await logInAs(demo, link, { loginId: 'friend' });
    expect(page).toMatchObject({ status: 403, title: 'That was another account' });
    expect(page.body).toContain(
      'A login at Demo Brokerage can end the access that you allowed before. The connection may not work until you log in with the right account.',
    );
    expect((await stored(demo)).grant).toEqual(before.grant);
    expect(alerts().map(({ subject }) => subject)).toEqual(['Grantkeeper: demo-main: IdentityError']);
    expect(alerts()[0]!.text).toContain('who is not the owner of this connection');
    expect(await timeline(demo)).toContain('identity-refused');
    expect(await demo.grant()).not.toHaveProperty('login');
    expect(await demo.grant()).not.toHaveProperty('lease');
    expect(await logInAs(demo, link, { loginId: 'demo' })).toMatchObject(done);
  });

  test('whether the old grant outlived the refused login is asked of the provider at once', async () => {
    const link = await askForLogin(demo);
    await demo.brokerage.revokeAllGrants();
    await demo.advance(minuteMs);
    await logInAs(demo, link, { loginId: 'friend' });
    expect(await demo.grant()).toMatchObject({ status: 'rejected' });
    expect(await logInAs(demo, link, { loginId: 'demo' })).toMatchObject(done);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
  });

  test('fewer accounts are stored, and page and operator say so, until they are shared again', async () => {
    const { alerts } = watch(demo);
    const fewer = { loginId: 'demo', accounts: ['1001', '1003'] } as const;
    const page = await logInAs(demo, await askForLogin(demo), fewer);
    expect(page).toMatchObject(done);
    expect(page.body.replace(/\s+/g, ' ')).toContain(
      'One account that you shared before is no longer shared.',
    );
    expect(alerts().map(({ text }) => /left out \d of \d accounts/.exec(text)?.[0])).toEqual([
      'left out 1 of 3 accounts',
    ]);
    const again = await logInAs(demo, await askForLogin(demo), { loginId: 'demo' });
    expect(again.body).not.toContain('no longer shared');
    expect(alerts()).toHaveLength(1);
  });

  test('an operator can change the owner: the next person who logs in is the owner', async () => {
    await askForLogin(demo);
    await demo.start(changeOwner);
    const { alerts } = watch(demo);
    expect(await logInAs(demo, demo.newestLink(), { loginId: 'friend' })).toMatchObject(done);
    expect(alerts()).toEqual([]);
    const grant = await demo.secret('grant');
    expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
    const link = await askForLogin(demo);
    expect(await logInAs(demo, link, { loginId: 'demo' })).toMatchObject({ status: 403 });
    expect(await logInAs(demo, link, { loginId: 'friend' })).toMatchObject(done);
  });
});

test('an owner who is let in after the grant was rejected logs in by that link, whatever the checks say meanwhile', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  await demo.brokerage.revokeAllGrants();
  await demo.advance(25 * minuteMs);
  expect(await demo.grant()).toMatchObject({ status: 'rejected' });
  await demo.start(changeOwner);
  const mails = demo.mails().length;
  await demo.advance(100 * minuteMs);
  expect(demo.mails()).toHaveLength(mails);
  expect(await logInAs(demo, demo.newestLink(), { loginId: 'friend' })).toMatchObject(done);
  expect(await demo.grant()).toMatchObject({ status: 'active' });
});

/** Somebody is pinned, as an earlier login has left it; the next login tells nobody's account. */
async function expectRefusedAsUnknown(demo: TestDemo): Promise<void> {
  await setInGrant(demo, 'identity', { M: { subject: { S: 'a'.repeat(43) } } });
  await demo.advance(20 * minuteMs);
  const link = await askForLogin(demo);
  const before = await stored(demo);
  const page = await logInAs(demo, link, { loginId: 'demo' });
  expect(page).toMatchObject({ status: 502, title: 'Your account could not be checked' });
  expect((await stored(demo)).grant).toEqual(before.grant);
  expect(await demo.grant()).toMatchObject({ identity: { subject: 'a'.repeat(43) } });
  expect(await demo.grant()).not.toHaveProperty('login');
  const refused = (await events(demo)).filter(({ type }) => type === 'identity-refused');
  expect(refused.map(({ details }) => details.verdict)).toEqual(['unknown']);
  // The link goes on working.
  expect(await new Browser().open(link)).toMatchObject({ status: 200 });
}

describe('where the call tells nobody', () => {
  test('a first login is kept and pins nobody, with an alert; once somebody is pinned a login is refused', async () => {
    await using demo = await TestDemo.start({
      configure: (config) => {
        const providers = config['grantkeeper:providers'] as Record<
          string,
          { identity: { endpoint: string } }
        >;
        const { endpoint } = providers['demo-brokerage']!.identity;
        return withProviderData({ identity: { endpoint, subject: '/nobody' } })(config);
      },
    });
    await demo.connect();
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    expect(await demo.grant()).not.toHaveProperty('identity.subject');
    expect(demo.alerts().map(({ text }) => /did not say whose grant it is/.test(text))).toEqual([true]);
    await expectRefusedAsUnknown(demo);
  });
});

describe('where the id_token tells', () => {
  const idToken = withProviderData({ identity: 'id_token', scope: 'openid api' });

  test('its subject is pinned, and another one refused', async () => {
    await using demo = await TestDemo.start({ configure: idToken });
    await demo.connect();
    expect((await demo.grant()).identity).toEqual({ subject: expect.stringMatching(/^[\w-]{43}$/) });
    const link = await askForLogin(demo);
    expect(await logInAs(demo, link, { loginId: 'friend' })).toMatchObject({ status: 403 });
    expect(await logInAs(demo, link, { loginId: 'demo' })).toMatchObject(done);
  });

  test('a login without id_token is refused once somebody is pinned, and kept before', async () => {
    await using demo = await TestDemo.start({ configure: withProviderData({ identity: 'id_token' }) });
    await demo.connect();
    expect(await demo.grant()).not.toHaveProperty('identity.subject');
    expect(demo.alerts()).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: IdentityUnknownError',
        text: expect.stringContaining(
          "What to do: Compare identity in the provider's data with the provider's answers",
        ),
      },
    ]);
    await expectRefusedAsUnknown(demo);
  });
});
