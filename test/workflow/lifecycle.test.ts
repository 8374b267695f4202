/** From its deployment to its end: what is asked of whom, and what becomes of the tokens. */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { ending, removeSettings, timeline, tokenCalls } from '../helpers/story.ts';

const tickMs = 25 * minuteMs;

test('a new connection is in set-up, and nothing is asked of anybody, until its client’s credentials are there', async () => {
  await using demo = await TestDemo.start({ clientSecret: () => undefined });
  await demo.advance(3 * tickMs);
  expect(await demo.grant()).toMatchObject({ setUp: true });
  for (const { executionArn, states } of await demo.executions()) {
    expect(states).toEqual(['Begin', 'CheckGrant', 'Choose', 'Done']);
    expect(await ending(demo, executionArn)).toMatchObject({ status: 'SUCCEEDED' });
  }
  expect(demo.cloud.inbox.list()).toEqual([]);

  // Nor by an operator who asks.
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  expect(demo.cloud.inbox.list()).toEqual([]);

  const { clientId: client_id, clientSecret: client_secret } = demo.demo.client;
  const value = JSON.stringify({ client_id, client_secret });
  await putSecretValue(demo.cloud, 'grantkeeper/local/client/demo', value);
  await demo.advance(tickMs);
  expect((await demo.grant())['setUp']).toBeUndefined();
  expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
  expect(demo.alerts()).toEqual([]);
});

test('one that leaves the configuration keeps its tokens, and goes on with them when it returns', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  const before = await demo.secret('grant');
  const putBack = await removeSettings(demo);
  demo.cloud.scheduler.removeSchedule('grantkeeper-local-demo-main');
  await demo.advance(4 * tickMs);
  expect(await demo.secret('grant')).toEqual(before);

  await putBack();
  await demo.brokerage.reset();
  await demo.start({ connectionId: 'demo-main', trigger: 'schedule', scheduledTime: '2026-01-05T13:40:00Z' });
  expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
  expect(await demo.grant()).toMatchObject({ status: 'active' });
  expect(demo.mails()).toHaveLength(1);
});

test('one that has left it is disconnected by who asks, though not at a provider that is not known any more', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  await removeSettings(demo);
  const disconnect = { connectionId: 'demo-main', trigger: 'operator', force: 'disconnect', by: 'alex' };
  await demo.start(disconnect);
  expect((await demo.executions())[0]).toMatchObject({
    status: 'SUCCEEDED',
    states: ['Begin', 'CheckGrant', 'Choose', 'DisconnectGrant', 'Choose', 'Done'],
  });
  expect(Object.keys(await demo.secret('grant'))).toEqual(['disconnected_at', 'versionId']);
  expect(Object.keys(await demo.secret('access'))).toEqual(['disconnected_at', 'versionId']);
  expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
  expect(await timeline(demo)).toContain('disconnected');
  expect(demo.alerts()).toEqual([]);

  // Again, and of one that never was.
  await demo.start(disconnect);
  expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  await demo.start({ ...disconnect, connectionId: 'nobody' });
  expect((await demo.executions())[0]).toMatchObject({ status: 'FAILED' });
  expect(demo.alerts()).toMatchObject([{ subject: 'Grantkeeper: nobody: ConfigurationError' }]);
});

test('what waits for people is stopped by the commands that come before destroy', async () => {
  const lifecycle = readFileSync(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8');
  expect(lifecycle).toMatch(
    /list-executions [^]* --status-filter RUNNING [^]* stop-execution --execution-arn/,
  );
  await using demo = await TestDemo.start();
  const { stateMachineArn } = demo.cloud.outputs;
  const { stepFunctions } = demo.cloud;
  const running = async () => {
    const input = { stateMachineArn, statusFilter: 'RUNNING' };
    const { executions } = await stepFunctions.call('ListExecutions', input, administrator);
    return (executions as { executionArn: string }[]).map(({ executionArn }) => executionArn);
  };
  await demo.advance(tickMs);
  const waiting = await running();
  expect(waiting).toHaveLength(1);
  for (const executionArn of waiting) {
    await stepFunctions.call('StopExecution', { executionArn }, administrator);
  }
  expect(await running()).toEqual([]);
  expect(await ending(demo, waiting[0]!)).toMatchObject({ status: 'ABORTED' });
});
