import { expect, test } from '@jest/globals';

import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { askForLogin } from '../helpers/stored.ts';
import { rotating } from '../helpers/story.ts';

const refresh = { connectionId: 'demo-main', trigger: 'operator', force: 'refresh' };
const storing = { call: 'secretsmanager:PutSecretValue', kind: 'fail' } as const;

test('errors of the store for a moment lose no refresh token: what is in memory alone is put again and again', async () => {
  await using demo = await TestDemo.start({ limits: rotating });
  await demo.connect();
  await demo.advance(minuteMs);
  await demo.cloud.faults.plan({ ...storing, by: 'refresh-tokens', times: 5 });
  await demo.start(refresh);
  await demo.advance(60 * minuteMs);
  expect(await demo.grant()).toMatchObject({ status: 'active' });

  const link = await askForLogin(demo);
  await demo.cloud.faults.plan({ ...storing, by: 'callback', times: 5 });
  expect(await demo.logIn(link)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.advance(60 * minuteMs);
  expect(await demo.grant()).toMatchObject({ status: 'active' });
});

test('a store that fails for long is alerted as that, and not as the lease that the last attempt left', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  demo.cloud.scheduler.removeSchedule('grantkeeper-local-demo-main');
  await demo.advance(minuteMs);
  await demo.cloud.faults.plan({ ...storing, by: 'refresh-tokens', times: 1000 });
  await demo.start(refresh);
  await demo.advance(60 * minuteMs);
  expect(demo.alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: StoreUnavailableError',
  ]);
});
