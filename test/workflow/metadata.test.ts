/** Providers whose data leaves their endpoints to the metadata that their issuer publishes. */
import { expect, test } from '@jest/globals';

import { Browser, TestDemo } from '../helpers/demo.ts';
import { stored, toNextTick, withProviderData } from '../helpers/stored.ts';

const byMetadata = { metadata: 'openid', authorizationEndpoint: undefined, tokenEndpoint: undefined };

test('such a provider is logged in at and refreshed like any other', async () => {
  await using demo = await TestDemo.start({ configure: withProviderData(byMetadata) });
  await demo.connect();
  const before = await stored(demo);
  await toNextTick(demo);
  expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  expect(await stored(demo)).toMatchObject({ status: 'active', grant: before.grant });
  expect((await stored(demo)).access).not.toEqual(before.access);
  expect(demo.alerts()).toEqual([]);
});

test('metadata of another issuer sends nobody anywhere: the owner sees a page, an alert says why', async () => {
  await using demo = await TestDemo.start({
    // The same server by another name, which is not the one in its metadata.
    configure: (config) => {
      const { 'demo-brokerage': data } = config['grantkeeper:providers'] as Record<
        string,
        { issuer: string }
      >;
      const issuer = data!.issuer.replace('localhost', '127.0.0.1');
      return withProviderData({ ...byMetadata, issuer })(config);
    },
  });
  await demo.advance(0);
  const browser = new Browser();
  const link = demo.newestLink();
  await browser.open(link);
  expect(await browser.post(link, {})).toMatchObject({
    status: 500,
    title: 'Something went wrong on our side',
  });
  await demo.cloud.clock.idle();
  expect(demo.alerts()).toMatchObject([
    {
      subject: 'Grantkeeper: demo-main: ProviderContractError',
      text: expect.stringMatching(
        /Step: Reauthorize[^]*answered in a way its data does not allow \(metadata: of the issuer http:\/\/localhost:\d+\)/,
      ),
    },
  ]);
});
