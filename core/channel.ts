import * as z from 'zod/mini';

import { discord } from './channel-discord.ts';
import { slack } from './channel-slack.ts';
import { telegram } from './channel-telegram.ts';
import { webhook } from './channel-webhook.ts';
import type { PostedChannel } from './posted-channel.ts';

/**
 * The channels that post to a service. Each is also the key of the owner's configuration that names the channel's secret.
 * docs/adding-a-channel.md adds one.
 */
export const postedChannelNames = ['slack', 'discord', 'telegram', 'webhook'] as const;
export type PostedChannelName = (typeof postedChannelNames)[number];

/** Their definitions. Bundles that send nothing need only the names, and esbuild drops these. */
export const postedChannels: { readonly [Name in PostedChannelName]: PostedChannel } = {
  slack,
  discord,
  telegram,
  webhook,
};

/** The ways by which an owner can be reached. */
export const channelNames = ['email', 'sms', ...postedChannelNames] as const;
export const ChannelSchema = z.enum(channelNames);
export type ChannelName = z.infer<typeof ChannelSchema>;

/** The step that names a channel's incidents in alerts. */
export const channelSteps: Readonly<Record<ChannelName, string>> = {
  email: 'Email',
  sms: 'Sms',
  ...forEachPosted((name) => name.charAt(0).toUpperCase() + name.slice(1)),
};

/** The key of an owner that says where the channel leads. */
export const ownerKeys: Readonly<Record<ChannelName, 'email' | 'phone' | PostedChannelName>> = {
  email: 'email',
  sms: 'phone',
  ...forEachPosted((name) => name),
};

/** Attributes of the grant record: when each channel last took a notice, in epoch milliseconds. */
export type ChannelsReached = {
  readonly [Name in ChannelName as `${Name}ReachedAtMs`]?: number | undefined;
};

/** The channels of an owner: always mail, and each other channel that the configuration has an address for. */
export function channelsOf(owner: {
  readonly [Key in (typeof ownerKeys)[ChannelName]]?: string | undefined;
}): readonly ChannelName[] {
  return channelNames.filter((name) => name === 'email' || owner[ownerKeys[name]] !== undefined);
}

/** One value for each channel that posts to a service. */
export function forEachPosted<Value>(
  valueOf: (name: PostedChannelName) => Value,
): Record<PostedChannelName, Value> {
  const entries = postedChannelNames.map((name) => [name, valueOf(name)] as const);
  return Object.fromEntries(entries) as Record<PostedChannelName, Value>;
}
