/** Tokens of a login that is not used, or not any more, do not stay alive at the provider. */
import { expect, test } from '@jest/globals';

import { Browser, minuteMs, TestDemo } from '../helpers/demo.ts';
import { askForLogin, withProviderData } from '../helpers/stored.ts';
import { events, refreshDirectly } from '../helpers/story.ts';

const severalLogins = { limits: { loginEndsPreviousGrant: false } };

async function logInAs(demo: TestDemo, link: string, loginId: 'demo' | 'friend') {
  const browser = new Browser();
  const page = await browser.open(await demo.logInUpToCallback(link, 'allow', browser, { loginId }));
  await demo.cloud.clock.idle();
  return page;
}

async function revocations(demo: TestDemo, type: string): Promise<unknown[]> {
  return (await events(demo)).flatMap((event) => (event.type === type ? [event.details.revocation] : []));
}

/** Refresh tokens are long and without a dot here; access tokens are not. */
async function livingRefreshTokens(demo: TestDemo): Promise<number> {
  let living = 0;
  for (const token of await demo.brokerage.issued()) {
    if ((await refreshDirectly(demo, token)).status === 200) living += 1;
  }
  return living;
}

test.each([
  ['login', ['revoked'], ['revoked'], 1],
  ['account', ['not-allowed'], ['not-allowed'], 3],
] as const)(
  'where a revocation ends the %s: the grant that a login replaces %j, a login of somebody else %j, alive %i',
  async (revocationEnds, replaced, refused, alive) => {
    await using demo = await TestDemo.start({
      ...severalLogins,
      configure: withProviderData({ loginEndsPreviousGrant: false, revocationEnds }),
    });
    await demo.connect();
    await demo.advance(20 * minuteMs);
    expect(await logInAs(demo, await askForLogin(demo), 'friend')).toMatchObject({ status: 403 });
    expect(await revocations(demo, 'identity-refused')).toEqual(refused);
    await demo.advance(20 * minuteMs);
    expect(await logInAs(demo, await askForLogin(demo), 'demo')).toMatchObject({ status: 200 });
    expect(await revocations(demo, 'grant-replaced')).toEqual(replaced);
    expect(await livingRefreshTokens(demo)).toBe(alive);
  },
);

test('a first login replaces nothing, and one that ends the grant before it leaves nothing to give back', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  await demo.advance(20 * minuteMs);
  await logInAs(demo, await askForLogin(demo), 'demo');
  expect(await revocations(demo, 'grant-replaced')).toEqual([]);
});

test('a login that a check completes gives back the grant that it replaces, too', async () => {
  await using demo = await TestDemo.start({
    ...severalLogins,
    configure: withProviderData({ loginEndsPreviousGrant: false, revocationEnds: 'login' }),
  });
  await demo.connect();
  await demo.advance(20 * minuteMs);
  const link = await askForLogin(demo);
  await demo.cloud.faults.plan({
    call: 'secretsmanager:PutSecretValue',
    by: 'callback',
    kind: 'kill',
    effect: 'after',
  });
  await logInAs(demo, link, 'demo');
  await demo.advance(30 * minuteMs);
  expect(await revocations(demo, 'grant-replaced')).toEqual(['revoked']);
  expect(await livingRefreshTokens(demo)).toBe(1);
});
