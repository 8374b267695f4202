import type { Recipe } from './recipe.ts';
import * as z from 'zod/mini';

import type { BrowserLoginOutcome } from './browser-outcome.ts';
import { browserLoginOutcomes } from './browser-outcome.ts';
import type { Decision } from './decide.ts';
import { passedReminders } from './decide.ts';
import type { GrantkeeperError } from './errors.ts';
import { BrowserUnavailableError, ConfigurationError, LoginPageError, LoginRefusedError } from './errors.ts';
import type { Grant, OpenAuthorization } from './grant.ts';
import { RecipeSchema } from './recipe.ts';
import type { Settings } from './settings.ts';

/** Settings that Pulumi writes for a connection that opts in: `settings#<id>/browser-login-settings`. */
export const BrowserLoginSettingsSchema = z.object({
  /** The names of the function that has the browser and of the secret with its credentials. */
  functionName: z.string().check(z.minLength(1)),
  secretName: z.string().check(z.minLength(1)),
  recipe: RecipeSchema,
  /** Days after which the credentials are old enough for a reminder. */
  credentialsMaxAgeDays: z.int(),
});
export type BrowserLoginSettings = z.infer<typeof BrowserLoginSettingsSchema>;

/** A completed step. Step 0 is the link itself; the recipe's steps count from 1. Durations are in milliseconds. */
export const DoneStepSchema = z.object({ step: z.int(), what: z.string(), ms: z.int() });
export type DoneStep = z.infer<typeof DoneStepSchema>;

/** The answer of the function with the browser. It holds no credential and quotes no page. */
export const ReportSchema = z.object({
  outcome: z.enum(browserLoginOutcomes),
  /** A sentence that is safe to show. */
  detail: z.string(),
  steps: z.array(DoneStepSchema),
  /** An earlier browser of this attempt that did not start, or died before it typed anything. */
  died: z.optional(z.object({ detail: z.string(), ms: z.int() })),
  /** The version of the credentials that was used, and when it was stored (ISO 8601). Absent if the browser died after typing them. */
  credentials: z.optional(z.object({ versionId: z.string(), createdAt: z.iso.datetime() })),
  /** A JPEG of the last page in base64, with every input masked. */
  screenshot: z.optional(z.string()),
});
export type Report = z.infer<typeof ReportSchema>;

/** The record of a connection's attempts: `connection#<id>/browser-login`. Times in epoch milliseconds. */
export interface BrowserLoginRecord {
  readonly attempt?: Attempt | undefined;
  /** Version of the credentials that the provider refused. */
  readonly refusedVersionId?: string | undefined;
  /** When a browser was started that never reported. It may have typed a refused password. */
  readonly unheardAtMs?: number | undefined;
  /** Version of the credentials that operators were reminded of. */
  readonly remindedVersionId?: string | undefined;
}

/** The newest attempt. */
export interface Attempt {
  /** The reminder or reason that it was for. There is one attempt for each. */
  readonly occasion: string;
  readonly authorizationId: string;
  readonly atMs: number;
  /** The authorization that was open before. It is restored if the attempt fails. */
  readonly previous?: OpenAuthorization | undefined;
  /** Its result, once known. It is recorded before anybody acts on it. */
  readonly ended?: Ended | undefined;
}

/** The result of an attempt, as operators see it. */
export interface Ended {
  readonly outcome: BrowserLoginOutcome;
  readonly detail: string;
}

/** The occasion of an attempt that an operator requested. */
export const byHand = 'requested';

/** A dead grant has a reminder each day. An hour less than a day, because ticks are irregular. */
const remindedAgainMs = 23 * 3600 * 1000;

/** Longer than the time-out of the workflow's state that runs the browser. */
export const attemptMs = 2 * 60 * 1000;

/**
 * The occasion of an attempt: the reminder that has passed, or without one the reason to ask the owner.
 * Undefined if no browser may log in. Only a person lets in a new owner (`change-owner`).
 */
export function occasionOf(
  settings: Settings,
  grant: Grant,
  decision: Decision,
  nowMs: number,
): string | undefined {
  if (decision.decision === 'notify') return decision.kind === 'expiring' ? decision.reminder : undefined;
  if (decision.decision !== 'reauthorize' || decision.reason === 'change-owner') return undefined;
  if (decision.authorizationId !== undefined) return undefined;
  const reminder =
    decision.reason === 'expiring' ? passedReminders(settings, grant, nowMs).at(-1) : undefined;
  return reminder ?? decision.reason;
}

/** True if a browser may be logging in at this moment. */
export function isUnderWay({ attempt }: BrowserLoginRecord, nowMs: number): boolean {
  return attempt !== undefined && attempt.ended === undefined && nowMs < attempt.atMs + attemptMs;
}

/**
 * True if an attempt was made for this occasion. There is one attempt for each reminder, or one a day without reminders.
 * An operator may request any number of attempts.
 */
export function wasTried(occasion: string, { attempt }: BrowserLoginRecord, nowMs: number): boolean {
  if (attempt?.occasion !== occasion || occasion === byHand) return false;
  return /^\d/.test(occasion) || nowMs < attempt.atMs + remindedAgainMs;
}

/** The error for the alert to operators. Its name says what to fix. */
export function errorOf(outcome: BrowserLoginOutcome, message: string): GrantkeeperError {
  switch (outcome) {
    case 'password-refused':
    case 'code-refused':
    case 'account-locked':
    case 'refused-before':
    case 'unheard-before':
      return new LoginRefusedError(message);
    case 'credentials-missing':
    case 'credentials-malformed':
      return new ConfigurationError(message);
    case 'browser-failed':
      return new BrowserUnavailableError(message);
    case 'page-changed':
    case 'ambiguous':
    case 'captcha':
    case 'declined':
    case 'too-slow':
    case 'not-stored':
    // The last page said that the login succeeded, but the grant record does not have it.
    case 'logged-in':
      return new LoginPageError(message);
  }
}

/** True if the credentials must change before another attempt. A second wrong password can lock the account. */
export function endsCredentials(outcome: BrowserLoginOutcome): boolean {
  return outcome === 'password-refused' || outcome === 'code-refused' || outcome === 'account-locked';
}

/** The steps for the timeline: `link 0.8 s, 1 fill "Login ID" 0.1 s`. */
export function stepsText({ steps, died }: Pick<Report, 'steps' | 'died'>): string {
  const first = died && `first browser "${died.detail}" ${seconds(died.ms)}`;
  const done = steps.map(({ step, what, ms }) => `${step === 0 ? '' : `${step} `}${what} ${seconds(ms)}`);
  return [...(first === undefined ? [] : [first]), ...done].join(', ');
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Reasons not to start another browser with the same credentials. */
export interface Blocks {
  readonly refusedVersionId?: string | undefined;
  readonly unheardAtMs?: number | undefined;
}

/** The input of a browser login. The link is a credential, so it must not reach an execution's history. */
export interface BrowserLoginRequest {
  readonly connectionId: string;
  readonly link: string;
  readonly callbackUrl: string;
  readonly recipe: Recipe;
  readonly refusedVersionId?: string | undefined;
  /** The browser refuses credentials that were stored before this time, epoch milliseconds. */
  readonly unheardAtMs?: number | undefined;
}
