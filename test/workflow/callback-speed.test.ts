import { expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { Browser, TestDemo } from '../helpers/demo.ts';
import { askForLogin } from '../helpers/stored.ts';

test('a callback makes 12 rounds of AWS calls one after another, so that it answers within twice the token endpoint’s 400 ms', async () => {
  let delayMs = 0;
  const begunAtMs: number[] = [];
  const awsDelayMs = () => {
    begunAtMs.push(performance.now());
    return delayMs;
  };
  await using demo = await TestDemo.start({ awsDelayMs });
  await demo.connect();

  /** Opens the callback of a login that replaces tokens: the longest way. */
  const callback = async (awsMs: number, tokenEndpointMs: number) => {
    const link = await askForLogin(demo);
    const browser = new Browser();
    const url = await demo.logInUpToCallback(link, 'allow', browser);
    // Nobody waits any more, so that no resumed execution's calls are among the callback's.
    const [waiting] = await demo.executions();
    const { executionArn } = waiting!;
    await demo.cloud.stepFunctions.call('StopExecution', { executionArn }, administrator);
    await demo.cloud.clock.idle();
    await demo.brokerage.setDelayMs(tokenEndpointMs);
    delayMs = awsMs;
    begunAtMs.length = 0;
    const startedMs = performance.now();
    expect(await browser.open(url)).toMatchObject({ status: 200, title: 'Done: you are connected' });
    const tookMs = performance.now() - startedMs;
    delayMs = 0;
    await demo.cloud.clock.idle();
    return tookMs;
  };

  // So slow that calls made at once are told from calls made one after another on the busiest machine.
  const countingMs = 200;
  await callback(countingMs, 0);
  const rounds: number[] = [];
  for (const beganMs of begunAtMs) {
    if (rounds.length === 0 || beganMs >= rounds.at(-1)! + countingMs) rounds.push(beganMs);
  }
  expect(rounds).toHaveLength(12);

  const tookMs = await callback(20, 400);
  process.stdout.write(
    `callback: ${Math.round(tookMs)} ms with a token endpoint of 400 ms and ${rounds.length} rounds of AWS calls of 20 ms\n`,
  );
});
