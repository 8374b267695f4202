import { describe, expect, test } from '@jest/globals';
import { Cloud, failing, pass, start, tokenOf, waitTask } from '../../../helpers/machine.ts';

describe('lambda:invoke.waitForTaskToken', () => {
  test('waits, without holding the clock, until the token comes back with the output', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ Output: '{% $states.result.grant %}' }) });
    cloud.invoke = () => ({ payload: { sent: true } });
    const arn = await cloud.start();
    await cloud.clock.advance(3_600_000);
    expect(await cloud.types(arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
    ]);
    const taskToken = tokenOf(cloud);
    await expect(cloud.call('SendTaskSuccess', { taskToken, output: '{' })).rejects.toMatchObject({
      code: 'InvalidOutput',
    });
    expect(await cloud.call('SendTaskSuccess', { taskToken, output: '{"grant":"g"}' })).toEqual({});
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"g"' });
    expect(cloud.authorized).toContain(`root states:SendTaskSuccess ${cloud.machineArn}`);
    const [, , , , submitted, succeeded] = await cloud.events(arn);
    expect(submitted?.['taskSubmittedEventDetails']).toMatchObject({ resource: 'invoke.waitForTaskToken' });
    expect(succeeded).toMatchObject({
      type: 'TaskSucceeded',
      timestamp: start / 1000 + 3600,
      taskSucceededEventDetails: { output: '{"grant":"g"}' },
    });
    await expect(cloud.call('SendTaskSuccess', { taskToken, output: '1' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
      message: "Task Timed Out: 'Provided task does not exist anymore'",
    });
  });

  test('may get its token back while the function still runs', async () => {
    const cloud = new Cloud().define({ Ask: waitTask() });
    cloud.invoke = async (payload) => {
      const { token } = payload as { token: string };
      await cloud.call('SendTaskSuccess', { taskToken: token, output: '"early"' });
      return failing('TooLate')();
    };
    const arn = await cloud.start();
    expect(await cloud.describe(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"early"' });
    expect(await cloud.types(arn)).not.toContain('TaskSubmitted');
  });

  test('fails with the error and cause that come with the token', async () => {
    const cloud = new Cloud().define({
      Ask: waitTask({ Catch: [{ ErrorEquals: ['Superseded'], Next: 'After' }] }),
      After: pass(),
    });
    const arn = await cloud.start();
    await cloud.call('SendTaskFailure', { taskToken: tokenOf(cloud), error: 'Superseded', cause: 'newer' });
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ output: '{"Error":"Superseded","Cause":"newer"}' });
    expect(await cloud.types(arn)).toContain('TaskFailed');
  });

  test('times out at the time it computes, and its token with it', async () => {
    const cloud = new Cloud().define({
      Ask: waitTask({
        TimeoutSeconds: '{% $states.input.wait %}',
        Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'After' }],
      }),
      After: pass(),
    });
    const arn = await cloud.start({ wait: 900 });
    expect(cloud.clock.next()).toEqual({
      at: '2026-01-05T12:15:00.000Z',
      label: 'keep-grant one: time-out of Ask',
    });
    await cloud.clock.advanceToNext();
    expect(await cloud.describe(arn)).toMatchObject({
      output: '{"Error":"States.Timeout","Cause":""}',
    });
    const timedOut = (await cloud.events(arn)).find(({ type }) => type === 'TaskTimedOut');
    expect(timedOut?.['taskTimedOutEventDetails']).toEqual({
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
      error: 'States.Timeout',
    });
    const request = { taskToken: tokenOf(cloud), output: '1' };
    await expect(cloud.call('SendTaskSuccess', request)).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  test('a time-out is no States.TaskFailed, and uncaught fails the execution', async () => {
    const cloud = new Cloud().define({
      Ask: waitTask({ TimeoutSeconds: 5, Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'After' }] }),
      After: pass(),
    });
    const arn = await cloud.start();
    await cloud.clock.advance(5000);
    expect(await cloud.describe(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  test('a time-out of nothing is refused', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ TimeoutSeconds: '{% 0 %}' }) });
    expect(await cloud.run()).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause:
        "An error occurred while executing the state 'Ask' (entered at the event id #2). The JSONata expression '0' specified for the field 'TimeoutSeconds' returned 0, which is not a whole number between 1 and 99999999.",
    });
  });

  test('each try has a token of its own', async () => {
    const cloud = new Cloud().define({ Ask: waitTask({ Retry: [{ ErrorEquals: ['Down'] }] }) });
    cloud.invoke = () => (cloud.payloads.length === 1 ? failing('Down')() : { payload: null });
    const arn = await cloud.start();
    await cloud.clock.advance(1000);
    const first = cloud.call('SendTaskSuccess', { taskToken: tokenOf(cloud, 0), output: '1' });
    await expect(first).rejects.toMatchObject({ code: 'TaskTimedOut' });
    await cloud.call('SendTaskSuccess', { taskToken: tokenOf(cloud, 1), output: '2' });
    await cloud.clock.idle();
    expect(await cloud.describe(arn)).toMatchObject({ output: '2' });
  });

  test('a token that never was is refused', async () => {
    const cloud = new Cloud().define({ Ask: waitTask() });
    await cloud.start();
    const withToken = (taskToken: string) => cloud.call('SendTaskFailure', { taskToken });
    await expect(withToken('nonsense')).rejects.toMatchObject({ code: 'InvalidToken' });
    const unknown = `AQC${'x'.repeat(86)}`;
    await expect(withToken(unknown)).rejects.toMatchObject({ code: 'TaskDoesNotExist' });
    await expect(withToken('x'.repeat(2049))).rejects.toMatchObject({ code: 'ValidationException' });
  });
});
