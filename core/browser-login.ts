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
  /** Name of the function that has the browser, and of its credentials' secret. */
  functionName: z.string().check(z.minLength(1)),
  secretName: z.string().check(z.minLength(1)),
  recipe: RecipeSchema,
  /** Days after which the credentials are old enough for a reminder. */
  credentialsMaxAgeDays: z.int(),
});
export type BrowserLoginSettings = z.infer<typeof BrowserLoginSettingsSchema>;

/** A step that was done: 0 is the link itself, the recipe's own count from 1. */
export const DoneStepSchema = z.object({ step: z.int(), what: z.string(), ms: z.int() });
export type DoneStep = z.infer<typeof DoneStepSchema>;

/** What the function with the browser answers. Nothing in it is a credential, or quotes a page. */
export const ReportSchema = z.object({
  outcome: z.enum(browserLoginOutcomes),
  /** What exactly, in words that may be shown. */
  detail: z.string(),
  steps: z.array(DoneStepSchema),
  /** A browser before this one, which did not start, or died before anything was typed: how, and what it took. */
  died: z.optional(z.object({ detail: z.string(), ms: z.int() })),
  /** Which version of the credentials was used, and when it was put there (ISO 8601); left out where nobody saw what became of it. */
  credentials: z.optional(z.object({ versionId: z.string(), createdAt: z.iso.datetime() })),
  /** JPEG, base64: how the last page looked, every input masked. */
  screenshot: z.optional(z.string()),
});
export type Report = z.infer<typeof ReportSchema>;

/** What is remembered of a connection's attempts: `connection#<id>/browser-login`. Times in epoch milliseconds. */
export interface BrowserLoginRecord {
  readonly attempt?: Attempt | undefined;
  /** Version of the credentials that the provider refused. */
  readonly refusedVersionId?: string | undefined;
  /** When a browser was sent of which nothing was heard: it may have typed what is refused. */
  readonly unheardAtMs?: number | undefined;
  /** Version of the credentials that operators were reminded of. */
  readonly remindedVersionId?: string | undefined;
}

/** The newest attempt. */
export interface Attempt {
  /** What it was for: there is one attempt for each. */
  readonly occasion: string;
  readonly authorizationId: string;
  readonly atMs: number;
  /** The authorization that was open before, to be put back if it comes to nothing. */
  readonly previous?: OpenAuthorization | undefined;
  /** Once it is known: written before anything else is made of it. */
  readonly ended?: Ended | undefined;
}

/** How an attempt ended, as operators are told. */
export interface Ended {
  readonly outcome: BrowserLoginOutcome;
  readonly detail: string;
}

/** The occasion where an operator has asked. */
export const byHand = 'requested';

/** A reminder of a dead grant comes a day after the one before, and ticks are not that regular. */
const remindedAgainMs = 23 * 3600 * 1000;

/** Longer than a state of the workflow that runs the browser. */
export const attemptMs = 2 * 60 * 1000;

/**
 * What an attempt would be for: the reminder that was crossed; or where there is none, why the owner is to be asked.
 * Undefined where no browser may answer: a new owner (`change-owner`) is let in by a person.
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

/** Whether a browser may be logging in at this moment, for whatever occasion. */
export function isUnderWay({ attempt }: BrowserLoginRecord, nowMs: number): boolean {
  return attempt !== undefined && attempt.ended === undefined && nowMs < attempt.atMs + attemptMs;
}

/**
 * Whether there was an attempt for it: one a reminder, and one a day where there are no reminders any more. Who asks by hand may do
 * so as often as they like.
 */
export function wasTried(occasion: string, { attempt }: BrowserLoginRecord, nowMs: number): boolean {
  if (attempt?.occasion !== occasion || occasion === byHand) return false;
  return /^\d/.test(occasion) || nowMs < attempt.atMs + remindedAgainMs;
}

/** The error that operators are told of; its name tells what is to be mended. */
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
    // What it saw last was a page that says so, and the record does not.
    case 'logged-in':
      return new LoginPageError(message);
  }
}

/** Whether the credentials must be changed before another attempt: a second wrong password can lock an account. */
export function endsCredentials(outcome: BrowserLoginOutcome): boolean {
  return outcome === 'password-refused' || outcome === 'code-refused' || outcome === 'account-locked';
}

/** `link 0.8 s, 1 fill "Login ID" 0.1 s`: for the timeline. */
export function wordsOfSteps({ steps, died }: Pick<Report, 'steps' | 'died'>): string {
  const first = died && `first browser "${died.detail}" ${seconds(died.ms)}`;
  const done = steps.map(({ step, what, ms }) => `${step === 0 ? '' : `${step} `}${what} ${seconds(ms)}`);
  return [...(first === undefined ? [] : [first]), ...done].join(', ');
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** What keeps further browsers from being sent with the same credentials. */
export interface Blocks {
  readonly refusedVersionId?: string | undefined;
  readonly unheardAtMs?: number | undefined;
}

/** What a browser is sent to do; the link is a credential, and in no history. */
export interface BrowserLoginRequest {
  readonly connectionId: string;
  readonly link: string;
  readonly callbackUrl: string;
  readonly recipe: Recipe;
  readonly refusedVersionId?: string | undefined;
  /** Credentials that were put there before are not to be tried; epoch milliseconds. */
  readonly unheardAtMs?: number | undefined;
}
