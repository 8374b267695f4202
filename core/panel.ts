import type { Connection } from './grant.ts';
import type { KnownIncident } from './health.ts';
import type { EventKind, TimelineEvent } from './event.ts';
import * as z from 'zod/mini';

/** A viewer sees everything; an operator may act as well. */
export const RoleSchema = z.enum(['viewer', 'operator']);
export type Role = z.infer<typeof RoleSchema>;

export const PersonSchema = z.object({ email: z.string(), role: RoleSchema });
export type Person = z.infer<typeof PersonSchema>;

/** What the panel's functions know of the deployment: written by Pulumi into the table as `panel/settings`. */
export const PanelSettingsSchema = z.object({
  /** Where its own links begin, without a slash at the end. */
  publicUrl: z.string(),
  /** Where an execution is shown: its ARN is added at the end. */
  executionUrl: z.string(),
  /** Who may sign in. */
  people: z.array(PersonSchema),
  /** Of the configuration, in its order. */
  connectionIds: z.array(z.string()),
});
export type PanelSettings = z.infer<typeof PanelSettingsSchema>;

/**
 * Whoever has that address. Only ASCII letters are compared without their case: what other alphabets fold to them (a
 * Kelvin sign to `k`, a dotless ı to `i`) is another address.
 */
export function personOf(people: readonly Person[], email: string): Person | undefined {
  const sought = addressKey(email);
  return people.find((person) => addressKey(person.email) === sought);
}

/** An address as it is compared and counted. */
export function addressKey(email: string): string {
  return email.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

const minuteMs = 60_000;
/** A link to sign in; in the mail, and in the cookie of the browser that asked. */
export const signInLinkMs = 10 * minuteMs;
/**
 * The browser that asked may use a link again within this time, in case the answer to the first press was lost. An answer
 * that arrives deletes the cookie, and with it this second chance.
 */
export const signInRepeatMs = 2 * minuteMs;
/** A session ends so long after it began, */
export const sessionMs = 12 * 60 * minuteMs;
/** or so long after its person last did something. */
export const idleMs = 60 * minuteMs;

/** `session#<hash of the cookie>`. Epoch milliseconds. */
export interface Session {
  readonly email: string;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
}

/** Whether a session that nobody has ended still holds. */
export function isInTime({ startedAtMs, seenAtMs }: Session, nowMs: number): boolean {
  return nowMs < startedAtMs + sessionMs && nowMs < seenAtMs + idleMs;
}

export interface KeptConnection extends Connection {
  readonly connectionId: string;
  /** That are not over. */
  readonly incidents: readonly KnownIncident[];
}

export interface EventPage {
  /** All kinds where it is absent. */
  readonly kind?: EventKind | undefined;
  /** The key of an event: those that came before it. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface EventsFound {
  readonly events: readonly TimelineEvent[];
  /** Where to go on from; absent when there are no more. Without events, when looking on would take too long at once. */
  readonly before?: string | undefined;
}

export interface SignIn {
  readonly email: string;
  /** Of the cookie of the browser that asked. */
  readonly browserHash: string;
  /** The page of the panel that they came for. */
  readonly returnTo?: string | undefined;
  readonly expiresAtMs: number;
  readonly usedAtMs?: number | undefined;
}
