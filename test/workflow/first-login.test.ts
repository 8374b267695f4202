import { expect, test } from '@jest/globals';

import { TestDemo, linkIn, minuteMs, hourMs } from '../helpers/demo.ts';

test('an unauthorised connection emails a link; login and callback store the tokens and resume the workflow', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);

  const [invitation] = demo.mails();
  expect(invitation).toMatchObject({
    at: '2026-01-05T12:00:00.000Z',
    to: 'dana@example.com',
    subject: 'Connect Demo Brokerage (demo-main)',
  });
  const [waiting] = await demo.executions();
  expect(waiting).toMatchObject({
    status: 'RUNNING',
    states: ['Begin', 'CheckGrant', 'Choose', 'RequestReauthorization'],
  });

  const done = await demo.logIn(linkIn(invitation!)!);
  expect(done).toMatchObject({ status: 200, title: 'Done: you are connected' });

  await demo.cloud.clock.idle();
  const [resumed] = await demo.executions();
  expect(resumed).toMatchObject({
    status: 'SUCCEEDED',
    states: ['Begin', 'CheckGrant', 'Choose', 'RequestReauthorization', 'CheckGrant', 'Choose', 'Done'],
  });
  expect(await demo.grant()).toMatchObject({
    status: 'active',
    authorizedAtMs: Date.UTC(2026, 0, 5, 12),
    accessExpiresAtMs: Date.UTC(2026, 0, 5, 12, 30),
    sentReminders: [],
  });
  expect(await demo.secret('access')).toMatchObject({
    token_type: 'Bearer',
    expires_at: '2026-01-05T12:30:00.000Z',
  });
  expect(await demo.secret('grant')).toMatchObject({ authorized_at: '2026-01-05T12:00:00.000Z' });
  expect(demo.alerts()).toEqual([]);
});

test('the access token is refreshed at every tick of 25 minutes, and the deadline stays', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  const { versionId: grantVersion } = await demo.secret('grant');

  await demo.advance(25 * minuteMs);
  expect(await demo.secret('access')).toMatchObject({ expires_at: '2026-01-05T12:55:00.000Z' });
  await demo.advance(2 * hourMs);
  expect((await demo.brokerage.tokenCalls()).map(({ grantType, outcome }) => [grantType, outcome])).toEqual([
    ['authorization_code', 200],
    ['refresh_token', 200],
    ['refresh_token', 200],
    ['refresh_token', 200],
    ['refresh_token', 200],
    ['refresh_token', 200],
  ]);
  const [newest] = await demo.executions();
  expect(newest).toMatchObject({
    status: 'SUCCEEDED',
    states: ['Begin', 'CheckGrant', 'Choose', 'RefreshTokens', 'Choose', 'Done'],
  });
  // Not rotated, so the grant secret was written once, and the deadline still counts from the login.
  expect((await demo.secret('grant')).versionId).toBe(grantVersion);
  expect(await demo.grant()).toMatchObject({ authorizedAtMs: Date.UTC(2026, 0, 5, 12) });
  expect(demo.mails()).toHaveLength(1);
});
