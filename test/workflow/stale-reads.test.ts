/** All operations of Secrets Manager are eventually consistent: here reads show what was there three seconds ago. */
import { expect, test } from '@jest/globals';

import { minuteMs, TestDemo } from '../helpers/demo.ts';
import { askForLogin } from '../helpers/stored.ts';
import { rotating, timeline, tokenCalls } from '../helpers/story.ts';
import { StaleReads } from '../simulation/stale-reads.ts';

const refresh = { connectionId: 'demo-main', trigger: 'operator', force: 'refresh' };
const staleMs = 3000;

/** From now on every read of a token secret shows what it was three seconds before. */
function makeStale({ cloud }: TestDemo): void {
  const stale = new StaleReads(cloud.secrets);
  const call = cloud.secrets.call.bind(cloud.secrets);
  const isToken = (input: Record<string, unknown>) => String(input.SecretId).includes('/demo-main/');
  cloud.secrets.call = async (operation, input, caller) => {
    if (!isToken(input) || operation === 'DescribeSecret') return call(operation, input, caller);
    if (operation === 'GetSecretValue')
      return call(operation, stale.asOf(cloud.clock.now() - staleMs, input), caller);
    const answer = await call(operation, input, caller);
    await stale.remember(String(input.SecretId), cloud.clock.now());
    return answer;
  };
}

test('two refreshes in a row never spend a refresh token that the first one has replaced', async () => {
  await using demo = await TestDemo.start({ limits: rotating });
  makeStale(demo);
  await demo.connect();
  await demo.advance(minuteMs);
  await demo.brokerage.reset();
  await demo.start(refresh);
  await demo.advance(1000);
  await demo.start(refresh);
  await demo.advance(10 * minuteMs);

  expect(await tokenCalls(demo)).toEqual(['refresh_token 200', 'refresh_token 200']);
  expect((await timeline(demo)).filter((type) => ['rejected', 'dropped', 'failed'].includes(type))).toEqual(
    [],
  );
  expect((await demo.executions()).every(({ status }) => status === 'SUCCEEDED')).toBe(true);
  expect(await demo.grant()).toMatchObject({ status: 'active' });
});

test('a login that follows a refresh within a second is stored over it', async () => {
  await using demo = await TestDemo.start({ limits: rotating });
  makeStale(demo);
  await demo.connect();
  await demo.advance(minuteMs);
  const link = await askForLogin(demo);
  await demo.start(refresh);
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.advance(minuteMs);
  const { versionId, authorized_at: authorizedAt } = await demo.secret('grant');
  expect(Date.parse(authorizedAt!)).toBeGreaterThan(Date.UTC(2026, 0, 5, 12));
  expect(await demo.grant()).toMatchObject({ status: 'active', grantVersionId: versionId });
});
