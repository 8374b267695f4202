import * as z from 'zod/mini';

/** The ways by which an owner can be reached. */
export const channelNames = ['email', 'sms', 'slack', 'discord'] as const;
export const ChannelSchema = z.enum(channelNames);
export type ChannelName = z.infer<typeof ChannelSchema>;

/** As it stands in alerts: the step of a channel's incidents. */
export const channelSteps = {
  email: 'Email',
  sms: 'Sms',
  slack: 'Slack',
  discord: 'Discord',
} as const satisfies Record<ChannelName, string>;

/** The channels that an owner has: mail always, each other one where its address is given. */
export function channelsOf(owner: {
  readonly phone?: string | undefined;
  readonly slack?: string | undefined;
  readonly discord?: string | undefined;
}): readonly ChannelName[] {
  return [
    'email',
    ...(owner.phone === undefined ? [] : (['sms'] as const)),
    ...(owner.slack === undefined ? [] : (['slack'] as const)),
    ...(owner.discord === undefined ? [] : (['discord'] as const)),
  ];
}
