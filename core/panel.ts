import type { StoredConnection } from './grant.ts';
import type { KnownIncident } from './health.ts';
import type { EventKind, TimelineEvent } from './event.ts';
import type { Settings } from './settings.ts';
import * as z from 'zod/mini';

/** A viewer sees everything; an operator may act as well. */
export const RoleSchema = z.enum(['viewer', 'operator']);
export type Role = z.infer<typeof RoleSchema>;

export const PersonSchema = z.object({ email: z.string(), role: RoleSchema });
export type Person = z.infer<typeof PersonSchema>;

/** The deployment as the panel's functions see it. Pulumi writes it into the table as `panel/settings`. */
export const PanelSettingsSchema = z.object({
  /** The origin of the panel's links, without a slash at the end. */
  publicUrl: z.string(),
  /** The console's address for executions. Add an ARN to it. */
  executionUrl: z.string(),
  /** Who may sign in. */
  people: z.array(PersonSchema),
  /** All connections, in the order of the configuration. */
  connectionIds: z.array(z.string()),
});
export type PanelSettings = z.infer<typeof PanelSettingsSchema>;

/**
 * Finds the person with that address. Ignores the case of ASCII letters only: a Kelvin sign would fold to `k`, and a
 * dotless ı to `i`, but they make other addresses.
 */
export function personOf(people: readonly Person[], email: string): Person | undefined {
  const sought = addressKey(email);
  return people.find((person) => addressKey(person.email) === sought);
}

/** The form of an address for comparing and counting. */
export function addressKey(email: string): string {
  return email.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

const minuteMs = 60_000;
/** How long a link to sign in works, and its cookie in the browser that asked. */
export const signInLinkMs = 10 * minuteMs;
/**
 * The browser that asked may use a link again within this time, in case the answer to the first press was lost. An answer
 * that arrives deletes the cookie, so then the link cannot be used again.
 */
export const signInRepeatMs = 2 * minuteMs;
/** A session ends this long after it began. */
export const sessionMs = 12 * 60 * minuteMs;
/** A session ends this long after its person last did something. */
export const idleMs = 60 * minuteMs;

/** `session#<hash of the cookie>`. Epoch milliseconds. */
export interface Session {
  readonly email: string;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
}

/** True if the session's time is not over. */
export function isInTime({ startedAtMs, seenAtMs }: Session, nowMs: number): boolean {
  return nowMs < startedAtMs + sessionMs && nowMs < seenAtMs + idleMs;
}

export interface ListedConnection extends StoredConnection {
  readonly connectionId: string;
  /** Those that are not over. */
  readonly incidents: readonly KnownIncident[];
}

/** A connection that the configuration has. */
export type ConfiguredConnection = ListedConnection & { readonly settings: Settings };

export interface EventPage {
  /** All kinds by default. */
  readonly kind?: EventKind | undefined;
  /** The key of an event. Only events before it are read. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface EventsFound {
  readonly events: readonly TimelineEvent[];
  /** The `before` of the next page. Absent on the last page. A page may have no events and still a next one. */
  readonly before?: string | undefined;
}

export interface SignIn {
  readonly email: string;
  /** The hash of the cookie in the browser that asked. */
  readonly browserHash: string;
  /** The page of the panel to return to. */
  readonly returnTo?: string | undefined;
  readonly expiresAtMs: number;
  readonly usedAtMs?: number | undefined;
}
