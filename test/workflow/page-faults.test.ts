import { expect, test } from '@jest/globals';

import { TestDemo } from '../helpers/demo.ts';
import { stored } from '../helpers/stored.ts';
import { Wiretap, accessDenied } from '../helpers/wiretap.ts';

const ourFault = { status: 500, title: 'Something went wrong on our side' };

test('a fault behind a page is alerted once, keeps the link, and is over with the login', async () => {
  await using demo = await TestDemo.start();
  const tap = new Wiretap(demo);
  await demo.advance(0);
  const link = demo.newestLink();
  tap.refuse = (call) =>
    call.principal === 'callback' && call.action === 'secretsmanager:PutSecretValue'
      ? accessDenied(call)
      : undefined;

  expect(await demo.logIn(link)).toMatchObject(ourFault);
  expect(await demo.logIn(link)).toMatchObject(ourFault);
  await demo.cloud.clock.idle();
  expect(demo.alerts()).toMatchObject([
    {
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringMatching(/Step: Callback[^]*secretsmanager:PutSecretValue/),
    },
  ]);

  tap.refuse = () => undefined;
  await demo.advance(1000);
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
  expect((await demo.executions()).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  expect(await demo.item('incident#Callback#ConfigurationError')).toMatchObject({
    endedAt: '2026-01-05T12:00:01.000Z',
  });
  expect((await stored(demo)).status).toBe('active');
});

test('a fault on the way to the provider is alerted too', async () => {
  await using demo = await TestDemo.start({ clientSecret: (right) => JSON.stringify(right) });
  const tap = new Wiretap(demo);
  await demo.advance(0);
  tap.refuse = (call) =>
    call.principal === 'reauthorize' && call.action === 'secretsmanager:GetSecretValue'
      ? accessDenied(call)
      : undefined;

  await expect(demo.logIn(demo.newestLink())).rejects.toThrow();
  await demo.cloud.clock.idle();
  expect(demo.alerts()).toMatchObject([
    {
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringContaining('Step: Reauthorize'),
    },
  ]);
});
