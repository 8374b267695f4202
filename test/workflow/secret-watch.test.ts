import { expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { watch } from '../helpers/story.ts';

const cloudTrail = (value: string) => (config: Record<string, unknown>) => ({
  ...config,
  'grantkeeper:cloudTrail': value,
});

test('operators hear who reads a grant, a client or a webhook beside the functions; an access token is for others', async () => {
  await using demo = await TestDemo.start({ configure: cloudTrail('create') });
  const story = watch(demo);
  await demo.connect();
  await demo.advance(60 * minuteMs);
  // The functions read all of these.
  expect(story.alerts()).toEqual([]);

  const read = (name: string, caller = administrator) =>
    demo.cloud.secrets.call('GetSecretValue', { SecretId: `grantkeeper/local/${name}` }, caller);
  const { secrets } = demo.cloud;
  const recorded = demo.cloud.cloudTrail.recording(secrets);
  const recordedRead = (SecretId: string, caller = administrator) =>
    recorded.call('GetSecretValue', { SecretId }, caller).catch(() => undefined);
  await read('demo-main/access');
  const bot = { principalArn: 'arn:aws:iam::000000000000:role/bot', sessionName: 'bot' };
  for (const name of ['demo-main/grant', 'client/demo', 'webhook/dana-slack', 'demo-main/access']) {
    await recordedRead(`grantkeeper/local/${name}`, bot);
  }
  await recordedRead(
    'arn:aws:secretsmanager:us-east-1:000000000000:secret:grantkeeper/local/demo-main/grant-abcdef',
  );
  await demo.cloud.clock.idle();
  expect(
    story.alerts().map(({ text }) => /Grantkeeper: (\S+) asked for the secret (\S+) at/.exec(text)?.slice(1)),
  ).toEqual([
    ['arn:aws:sts::000000000000:assumed-role/bot/bot', 'grantkeeper/local/demo-main/grant'],
    ['arn:aws:sts::000000000000:assumed-role/bot/bot', 'grantkeeper/local/client/demo'],
    ['arn:aws:sts::000000000000:assumed-role/bot/bot', 'grantkeeper/local/webhook/dana-slack'],
    [
      'arn:aws:iam::000000000000:root',
      'arn:aws:secretsmanager:us-east-1:000000000000:secret:grantkeeper/local/demo-main/grant-abcdef',
    ],
  ]);
  expect(story.alerts()[0]!.text).toContain('AccessDeniedException');
});

test('without a trail there is no alert', async () => {
  await using demo = await TestDemo.start();
  const story = watch(demo);
  await demo.cloud.cloudTrail
    .recording(demo.cloud.secrets)
    .call('GetSecretValue', { SecretId: 'grantkeeper/local/client/demo' }, administrator);
  await demo.cloud.clock.idle();
  expect(story.alerts()).toEqual([]);
});
