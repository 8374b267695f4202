import { expect, test } from '@jest/globals';

import { channelsOf, channelSteps, ownerKeys, postedChannels } from '../../core/channel.ts';

test('an owner has mail, and each other channel whose address is given', () => {
  expect(channelsOf({})).toEqual(['email']);
  expect(channelsOf({ email: 'dana@example.com', phone: '+12125550123', webhook: 'a/webhook' })).toEqual([
    'email',
    'sms',
    'webhook',
  ]);
});

test('each channel has its key in the configuration, its step in alerts and its definition', () => {
  expect(ownerKeys).toEqual({
    email: 'email',
    sms: 'phone',
    slack: 'slack',
    discord: 'discord',
    telegram: 'telegram',
    webhook: 'webhook',
  });
  expect(channelSteps).toEqual({
    email: 'Email',
    sms: 'Sms',
    slack: 'Slack',
    discord: 'Discord',
    telegram: 'Telegram',
    webhook: 'Webhook',
  });
  expect(Object.keys(postedChannels)).toEqual(['slack', 'discord', 'telegram', 'webhook']);
});
