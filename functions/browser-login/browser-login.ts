import type { Browser, Page } from 'playwright-core';

import type { Report } from '../../core/browser-login.ts';
import type { Clock } from '../../core/ports.ts';
import type { ReadCredentials } from '../../adapters/browser-credentials.ts';
import type { BrowserCredentials } from '../../core/browser-credentials.ts';
import type { BrowserLoginInput } from './contract.ts';
import { maskedScreenshot } from '../../app/browser-login/screenshot.ts';
import type { Death, OneTimeCode, Walker } from '../../app/browser-login/walk.ts';
import { Walk } from '../../app/browser-login/walk.ts';
import { within } from '../../app/browser-login/within.ts';

export interface BrowserLoginPorts {
  readonly readCredentials: ReadCredentials;
  readonly openBrowser: () => Promise<Browser>;
  readonly oneTimeCode: (seed: string, nowMs: number) => OneTimeCode | undefined;
  readonly clock: Clock;
}

export interface BrowserLimits {
  /** A browser that did not start, or has died, before that is followed by another one. */
  readonly againMs: number;
  /** When the last walk has to have ended. */
  readonly wholeMs: number;
}

/** After all of it a last look (2 s), a picture (9 s) and the closing fit before the function is ended (100 s). */
export const limits: BrowserLimits = { againMs: 20_000, wholeMs: 80_000 };

const newPageMs = 10_000;
const closeMs = 3_000;

/**
 * Plays the owner's browser: opens the link, walks through the provider's pages as the recipe says, and ends on the
 * callback. It never sees a token, and hides nothing of what it is.
 * @returns how it ended; nothing that Playwright or a page says is in it, for that could quote a credential or a code
 */
export async function browserLogin(
  input: BrowserLoginInput,
  ports: BrowserLoginPorts,
  { againMs, wholeMs } = limits,
): Promise<Report> {
  const beganMs = performance.now();
  const found = await ports.readCredentials();
  if (found.kind !== 'found')
    return { outcome: `credentials-${found.kind}`, detail: found.problem, steps: [] };
  const { value, versionId, createdAt } = found;
  const credentials = { versionId, createdAt };
  if (versionId === input.refusedVersionId) {
    return { outcome: 'refused-before', detail: 'Nothing was opened.', steps: [], credentials };
  }
  if (input.unheardAtMs !== undefined && Date.parse(createdAt) <= input.unheardAtMs) {
    return { outcome: 'unheard-before', detail: 'Nothing was opened.', steps: [], credentials };
  }
  const untilMs = beganMs + wholeMs;
  const firstBeganMs = performance.now();
  const first = await attempt(input, value, untilMs, ports);
  const nowMs = performance.now();
  // As a single process Chromium dies now and then, mostly as it starts.
  const isAgain = first.death === 'untyped' && nowMs < beganMs + againMs;
  const { report, death } = isAgain ? await attempt(input, value, untilMs, ports) : first;
  const died = { detail: first.report.detail, ms: Math.round(nowMs - firstBeganMs) };
  // Nobody saw what became of what was typed: as if nothing was heard of it at all.
  return { ...report, ...(isAgain && { died }), ...(death !== 'typed' && { credentials }) };
}

interface Attempt {
  readonly report: Report;
  /** Also of a browser that did not start. */
  readonly death: Death | undefined;
}

async function attempt(
  input: BrowserLoginInput,
  value: BrowserCredentials,
  untilMs: number,
  ports: BrowserLoginPorts,
): Promise<Attempt> {
  const browser = await ports.openBrowser().catch(endOf);
  if (typeof browser === 'string') return unused(`It did not start${browser}.`);
  try {
    const opening = browser.newPage({ viewport: { width: 1280, height: 900 } });
    const page = await within<Page | undefined>(newPageMs, opening, undefined);
    if (page === undefined) return unused('It opened no page.');
    const typed: string[] = [value.username, value.password];
    const walker: Walker = {
      page,
      credentials: value,
      untilMs,
      oneTimeCode: () => {
        const { totp_seed: seed } = value;
        const code = seed === undefined ? undefined : ports.oneTimeCode(seed, ports.clock.nowMs());
        if (code !== undefined) typed.push(code.code);
        return code;
      },
    };
    const walk = new Walk(input, walker);
    const ended = await walk.toTheEnd();
    const { steps, death } = walk;
    const isWell = ended.outcome === 'logged-in';
    const screenshot = isWell ? undefined : await maskedScreenshot(page, typed);
    return { report: { ...ended, steps, ...(screenshot !== undefined && { screenshot }) }, death };
  } finally {
    // It may hang, and what was seen must be told.
    await within(closeMs, browser.close(), undefined);
  }
}

function unused(detail: string): Attempt {
  return { report: { outcome: 'browser-failed', detail, steps: [] }, death: 'untyped' };
}

/** Of a Chromium that did not start: the one thing that Playwright says of it besides its command line and what it printed. */
function endOf(error: unknown): string {
  const [, exitCode, signal] =
    /process did exit: exitCode=(\d+|null), signal=([A-Z0-9]+|null)/.exec(String(error)) ?? [];
  if (exitCode === undefined) return '';
  return exitCode === 'null' ? `: ${signal}` : `: exit code ${exitCode}`;
}
