import * as z from 'zod/mini';

import { ChannelSchema, forEachPosted } from './channel.ts';
import { DisplayNameSchema, EndpointSchema, ProviderSchema } from './provider.ts';
import { TimeZoneSchema, WeeklyHoursSchema } from './weekly-hours.ts';

/** `schwab-main`: lower case, digits and single dashes; part of secret names, links and `state`. */
export const ConnectionIdSchema = z.string().check(
  z.regex(/^[a-z](-?[a-z0-9])*$/, {
    error: 'must be lower-case letters, digits and single dashes, beginning with a letter',
  }),
  z.minLength(2),
  z.maxLength(32),
);

/** Who logs in at the provider, and how they are told. */
export const OwnerSchema = z.object({
  name: z.optional(DisplayNameSchema),
  email: z.email({ error: 'must be an e-mail address' }),
  /** Text messages go there: E.164, which is what SNS takes. */
  phone: z.optional(
    z.string().check(
      z.regex(/^\+[1-9]\d{6,14}$/, {
        error: 'must be a telephone number with its country code (E.164), such as +12125550123',
      }),
    ),
  ),
  /** Of each other channel the name of the secret that says where it leads. */
  ...forEachPosted(() => z.optional(z.string().check(z.minLength(1)))),
  timeZone: z._default(TimeZoneSchema, 'UTC'),
});

/** One planned notice: how long before `neededAt`, and over which channels; without these, over all that the owner has. */
export const ReminderSchema = z.object({
  // A crossed reminder is seen by the next check, up to an hour later: a shorter time could be told too late.
  secondsBefore: z
    .int()
    .check(z.minimum(3600, { error: 'must be at least 3600 seconds, the longest time between two checks' })),
  channels: z.optional(z.array(ChannelSchema).check(z.minLength(1))),
});
export type ReminderSettings = z.infer<typeof ReminderSchema>;

/** How long before its end an access token counts as ended, in seconds: late ticks, and clocks that differ. */
export const marginSeconds = 150;

/**
 * One connection as the functions see it: written by Pulumi into the table as `settings#<id>/settings`.
 * Holds no credential, only the name of the secret that has the client's.
 */
export const SettingsSchema = z.object({
  connectionId: ConnectionIdSchema,
  provider: ProviderSchema,
  owner: OwnerSchema,
  /** Name of the secret with `{client_id, client_secret}`. */
  clientSecretName: z.string().check(z.minLength(1)),
  /** The callback URL as registered with the provider: compared by it character by character. */
  redirectUri: EndpointSchema.check(
    z.refine((value) => URL.parse(value)?.href === value, {
      error: 'must be written as URLs are compared: scheme and host in lower case, with a path',
    }),
  ),
  /** Where links begin: the HTTP API's own address, without a slash at the end. */
  publicUrl: EndpointSchema.check(
    z.refine((value) => !value.endsWith('/'), { error: 'must not end in a slash' }),
  ),
  /** Default by the provider's limits. */
  reminders: z.optional(z.array(ReminderSchema).check(z.minLength(1), z.maxLength(12))),
  neededHours: z.optional(WeeklyHoursSchema),
  quietHours: z.optional(WeeklyHoursSchema),
  paused: z._default(z.boolean(), false),
  /** Whether a browser logs in for it by itself. */
  hasBrowser: z.optional(z.boolean()),
});

export type Settings = z.infer<typeof SettingsSchema>;

/** Seconds between two checks: the access token's lifetime less twice the margin, 20 minutes to an hour. */
export function tickSeconds(accessTokenLifetimeSeconds: number): number {
  const wholeMinutes = Math.floor((accessTokenLifetimeSeconds - 2 * marginSeconds) / 60);
  return Math.min(Math.max(wholeMinutes, 20), 60) * 60;
}
