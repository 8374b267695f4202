import * as z from 'zod/mini';

import { ChannelSchema, forEachPosted } from './channel.ts';
import { DisplayNameSchema, EndpointSchema, ProviderSchema } from './provider.ts';
import { TimeZoneSchema, WeeklyHoursSchema } from './weekly-hours.ts';

/** Lower case letters, digits and single dashes: `schwab-main`. It is part of secret names, links and `state`. */
export const ConnectionIdSchema = z.string().check(
  z.regex(/^[a-z](-?[a-z0-9])*$/, {
    error: 'must be lower-case letters, digits and single dashes, beginning with a letter',
  }),
  z.minLength(2),
  z.maxLength(32),
);

/** The person who logs in at the provider, and the channels to them. */
export const OwnerSchema = z.object({
  name: z.optional(DisplayNameSchema),
  email: z.email({ error: 'must be an e-mail address' }),
  /** The number for text messages, in the format of SNS (E.164). */
  phone: z.optional(
    z.string().check(
      z.regex(/^\+[1-9]\d{6,14}$/, {
        error: 'must be a telephone number with its country code (E.164), such as +12125550123',
      }),
    ),
  ),
  /** For each other channel the name of its secret. */
  ...forEachPosted(() => z.optional(z.string().check(z.minLength(1)))),
  timeZone: z._default(TimeZoneSchema, 'UTC'),
});

/** One reminder: seconds before the token is needed, and its channels. All channels by default. */
export const ReminderSchema = z.object({
  // Checks are up to an hour apart, so a reminder closer to the end could be sent too late.
  secondsBefore: z
    .int()
    .check(z.minimum(3600, { error: 'must be at least 3600 seconds, the longest time between two checks' })),
  channels: z.optional(z.array(ChannelSchema).check(z.minLength(1))),
});
export type ReminderSettings = z.infer<typeof ReminderSchema>;

/** An access token counts as ended this long before its end, because ticks are late and clocks differ. */
export const marginSeconds = 150;

/**
 * The configuration of one connection. Pulumi writes it into the table as `settings#<id>/settings`. It holds no credential,
 * only the name of the secret with the client's credentials.
 */
export const SettingsSchema = z.object({
  connectionId: ConnectionIdSchema,
  provider: ProviderSchema,
  owner: OwnerSchema,
  /** Name of the secret with `{client_id, client_secret}`. */
  clientSecretName: z.string().check(z.minLength(1)),
  /** The callback URL. The provider compares it with the registered one character by character. */
  redirectUri: EndpointSchema.check(
    z.refine((value) => URL.parse(value)?.href === value, {
      error: 'must be written as URLs are compared: scheme and host in lower case, with a path',
    }),
  ),
  /** The origin of links: the HTTP API's address, without a slash at the end. */
  publicUrl: EndpointSchema.check(
    z.refine((value) => !value.endsWith('/'), { error: 'must not end in a slash' }),
  ),
  /** By default they follow from the provider's limits. */
  reminders: z.optional(z.array(ReminderSchema).check(z.minLength(1), z.maxLength(12))),
  neededHours: z.optional(WeeklyHoursSchema),
  quietHours: z.optional(WeeklyHoursSchema),
  paused: z._default(z.boolean(), false),
  /** True if the connection has opted in to browser logins. */
  hasBrowser: z.optional(z.boolean()),
});

export type Settings = z.infer<typeof SettingsSchema>;

/** Seconds between two checks: the access token's lifetime minus twice the margin, from 20 minutes to an hour. */
export function tickSeconds(accessTokenLifetimeSeconds: number): number {
  const wholeMinutes = Math.floor((accessTokenLifetimeSeconds - 2 * marginSeconds) / 60);
  return Math.min(Math.max(wholeMinutes, 20), 60) * 60;
}
