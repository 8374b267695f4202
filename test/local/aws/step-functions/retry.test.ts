import { describe, expect, test } from '@jest/globals';
import { Cloud, failing, functionArn, invokeTask, pass, start } from '../../../helpers/machine.ts';

describe('Retry', () => {
  const retried = (retrier: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    new Cloud().define({
      RefreshTokens: invokeTask({ Retry: [{ ErrorEquals: ['Held'], ...retrier }], ...more }),
    });

  test('backs off on the clock up to MaxDelaySeconds, counts, and then gives up', async () => {
    const cloud = retried(
      { IntervalSeconds: 10, BackoffRate: 3, MaxDelaySeconds: 60, MaxAttempts: 3 },
      { Arguments: { FunctionName: functionArn, Payload: '{% $states.context.State.RetryCount %}' } },
    );
    cloud.invoke = failing('Held');
    const arn = await cloud.start();
    const waits: unknown[] = [];
    for (let next = cloud.clock.next(); next; next = cloud.clock.next()) {
      waits.push(next);
      await cloud.clock.advanceToNext();
    }
    expect(waits).toEqual([
      { at: '2026-01-05T12:00:10.000Z', label: 'keep-grant one: retry of RefreshTokens' },
      { at: '2026-01-05T12:00:40.000Z', label: 'keep-grant one: retry of RefreshTokens' },
      { at: '2026-01-05T12:01:40.000Z', label: 'keep-grant one: retry of RefreshTokens' },
    ]);
    expect(cloud.payloads).toEqual([0, 1, 2, 3]);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'FAILED', error: 'Held' });
    expect((await cloud.types(arn)).slice(2, 8)).toEqual([
      'TaskScheduled',
      'TaskStarted',
      'TaskFailed',
      'TaskScheduled',
      'TaskStarted',
      'TaskFailed',
    ]);
  });

  test('with full jitter waits between nothing and the whole interval', async () => {
    const waits = new Set<number>();
    for (let at = 0; at < 20; at += 1) {
      const cloud = retried({ IntervalSeconds: 100, JitterStrategy: 'FULL', MaxAttempts: 1 });
      cloud.invoke = failing('Held');
      await cloud.start();
      waits.add(Date.parse(cloud.clock.next()?.at ?? '') - start);
    }
    expect(waits.size).toBeGreaterThan(10);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(100_000);
  });

  test('by default tries three times more, after 1, 2 and 4 seconds, and succeeds when the task does', async () => {
    const cloud = retried({});
    cloud.invoke = () => (cloud.payloads.length === 4 ? { payload: 'ok' } : failing('Held')());
    const arn = await cloud.start();
    await cloud.clock.advance(60_000);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', stopDate: start / 1000 + 7 });
  });

  test.each([
    [['States.ALL'], 'Anything', true],
    [['States.TaskFailed'], 'Anything', true],
    [['Other', 'Held'], 'Held', true],
    [['held'], 'Held', false],
    [['States.Timeout'], 'Held', false],
    [['States.ALL'], 'States.Runtime', false],
    [['States.Runtime'], 'States.Runtime', false],
  ])('%j and the error %s: matches %s', async (ErrorEquals, error, isRetried) => {
    const cloud = retried({ ErrorEquals });
    cloud.invoke = failing(error);
    await cloud.start();
    expect(cloud.clock.next() !== undefined).toBe(isRetried);
  });

  test('an expression that fails can be retried and caught as well', async () => {
    const cloud = new Cloud().define({
      Work: invokeTask({
        Output: '{% $states.result.Payload.absent %}',
        Retry: [{ ErrorEquals: ['States.QueryEvaluationError'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }],
      }),
      After: pass('{% $states.input.Error %}'),
    });
    const arn = await cloud.start();
    await cloud.clock.advance(1000);
    expect(cloud.payloads).toHaveLength(2);
    expect(await cloud.describe(arn)).toMatchObject({ output: '"States.QueryEvaluationError"' });
  });
});
