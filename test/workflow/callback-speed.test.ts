import { expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { Browser, TestDemo } from '../helpers/demo.ts';
import { askForLogin } from '../helpers/stored.ts';

/** What a callback waits for, one after another: rounds of calls of AWS (those made at once are one), and the token endpoint. */
const awsMs = 20;
const tokenEndpointMs = 400;

test('a callback waits for 12 rounds of AWS calls and one token request, which is within twice the latter’s 400 ms', async () => {
  let delayMs = 0;
  const begunAtMs: number[] = [];
  const awsDelayMs = () => {
    begunAtMs.push(performance.now());
    return delayMs;
  };
  await using demo = await TestDemo.start({ awsDelayMs });
  await demo.connect();

  /** Opens the callback of a login that replaces tokens: the longest way. */
  const callback = async (eachAwsMs: number, eachTokenMs: number) => {
    const link = await askForLogin(demo);
    const browser = new Browser();
    const url = await demo.logInUpToCallback(link, 'allow', browser);
    // Nobody waits any more, so that no resumed execution's calls are among the callback's.
    const [waiting] = await demo.executions();
    const { executionArn } = waiting!;
    await demo.cloud.stepFunctions.call('StopExecution', { executionArn }, administrator);
    await demo.cloud.clock.idle();
    await demo.brokerage.reset();
    await demo.brokerage.setDelayMs(eachTokenMs);
    delayMs = eachAwsMs;
    begunAtMs.length = 0;
    const startedMs = performance.now();
    expect(await browser.open(url)).toMatchObject({ status: 200, title: 'Done: you are connected' });
    const tookMs = performance.now() - startedMs;
    delayMs = 0;
    await demo.cloud.clock.idle();
    return tookMs;
  };

  // So slow that calls made at once differ from calls made one after another on the busiest machine.
  const countingMs = 200;
  await callback(countingMs, 0);
  const rounds: number[] = [];
  for (const beganMs of begunAtMs) {
    if (rounds.length === 0 || beganMs >= rounds.at(-1)! + countingMs) rounds.push(beganMs);
  }
  expect(rounds).toHaveLength(12);
  const requests = await demo.brokerage.tokenCalls();
  expect(requests.map(({ grantType }) => grantType)).toEqual(['authorization_code']);
  // What it would take on a machine that needs no time itself: a clock would measure this one.
  const waitsMs = requests.length * tokenEndpointMs + rounds.length * awsMs;
  expect(waitsMs).toBeLessThanOrEqual(2 * tokenEndpointMs);

  const tookMs = await callback(awsMs, tokenEndpointMs);
  process.stdout.write(
    `callback: waits ${waitsMs} ms, took ${Math.round(tookMs)} ms, with a token endpoint of ${tokenEndpointMs} ms and ${rounds.length} rounds of AWS calls of ${awsMs} ms\n`,
  );
});
