import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser } from 'playwright-core';

import type { Report } from '../../core/browser-login.ts';
import type { Clock } from '../../core/ports.ts';
import type { ReadCredentials } from '../../adapters/robot-credentials.ts';
import type { RobotCredentials } from '../../core/robot-credentials.ts';
import type { BrowserLoginInput } from './contract.ts';
import { maskedScreenshot } from './screenshot.ts';
import type { OneTimeCode, Walker } from './walk.ts';
import { Walk } from './walk.ts';

export interface BrowserLoginPorts {
  readonly readCredentials: ReadCredentials;
  readonly openBrowser: () => Promise<Browser>;
  readonly oneTimeCode: (seed: string, nowMs: number) => OneTimeCode | undefined;
  readonly clock: Clock;
}

const closeMs = 3_000;
/** With less than that gone, another one has the minute that a recipe takes at most where it says nothing else. */
const againMs = 20_000;
/** Both together, so that a picture and the closing fit before the function is ended (100 s). */
const wholeMs = 86_000;

/**
 * Plays the owner's browser: opens the link, walks through the provider's pages as the recipe says, and ends on the
 * callback. It never sees a token, and hides nothing of what it is.
 * @returns how it ended; nothing that Playwright or a page says is in it, for that could quote a credential or a code
 */
export async function browserLogin(input: BrowserLoginInput, ports: BrowserLoginPorts): Promise<Report> {
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
  const beganMs = performance.now();
  const untilMs = beganMs + wholeMs;
  const first = await attempt(input, value, untilMs, ports);
  const ms = Math.round(performance.now() - beganMs);
  // As a single process Chromium dies now and then, mostly as it starts. Where nothing was typed yet nothing is sent twice.
  const isSafe = first.outcome === 'browser-failed' && first.steps.every(({ step }) => step === 0);
  if (!isSafe || ms >= againMs) return { ...first, credentials };
  const second = await attempt(input, value, untilMs, ports);
  const before = { step: 0, what: `first browser "${first.detail}"`, ms };
  return { ...second, steps: [before, ...second.steps], credentials };
}

async function attempt(
  input: BrowserLoginInput,
  value: RobotCredentials,
  untilMs: number,
  ports: BrowserLoginPorts,
): Promise<Report> {
  const browser = await ports.openBrowser().catch(endOf);
  if (typeof browser === 'string') {
    return { outcome: 'browser-failed', detail: `It did not start${browser}.`, steps: [] };
  }
  let walk: Walk | undefined;
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
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
    walk = new Walk(input, walker);
    const ended = await walk.toTheEnd();
    const report = { ...ended, steps: walk.steps };
    if (ended.outcome === 'logged-in') return report;
    const screenshot = await maskedScreenshot(page, typed);
    return screenshot === undefined ? report : { ...report, screenshot };
  } catch {
    // What Playwright throws quotes pages and addresses.
    return { outcome: 'browser-failed', detail: 'It broke on the way.', steps: walk?.steps ?? [] };
  } finally {
    // It may hang, and what was seen must be told.
    await Promise.race([browser.close().catch(() => undefined), sleep(closeMs, undefined, { ref: false })]);
  }
}

/** Of a Chromium that did not start: the one thing that Playwright says of it besides its command line and what it printed. */
function endOf(error: unknown): string {
  const [, exitCode, signal] = /\bexitCode=(\w+), signal=(\w+)/.exec(String(error)) ?? [];
  if (exitCode === undefined) return '';
  return exitCode === 'null' ? `: ${signal}` : `: exit code ${exitCode}`;
}
