import { setTimeout as sleep } from 'node:timers/promises';

import type { ElementHandle, Locator, Page, Request } from 'playwright-core';

import type { DoneStep } from '../../core/browser-login.ts';
import type { BrowserLoginOutcome } from '../../core/browser-outcome.ts';
import type { Element, Recipe, Step } from '../../core/recipe.ts';
import { elementOf, elementLabel, stepLabel } from '../../core/recipe.ts';
import type { BrowserCredentials } from '../../core/browser-credentials.ts';
import { within } from './within.ts';

/** And for how long it is the code. */
export interface OneTimeCode {
  readonly code: string;
  readonly leftMs: number;
}

export interface Walker {
  readonly page: Page;
  readonly credentials: BrowserCredentials;
  /** The code of this half-minute; undefined without a usable seed. */
  readonly oneTimeCode: () => OneTimeCode | undefined;
  /** When all is to have ended, by `performance.now()`. */
  readonly untilMs: number;
}

export interface Route {
  readonly link: string;
  readonly callbackUrl: string;
  readonly recipe: Recipe;
}

/** Of the browser: with nothing typed, or with something of which nobody has seen whether it was refused. */
export type Death = 'untyped' | 'typed';

/** That a walk goes no further, and why. The words are ours. */
export class Stopped extends Error {
  readonly outcome: BrowserLoginOutcome;
  readonly detail: string;

  constructor(outcome: BrowserLoginOutcome, detail: string) {
    super(outcome);
    this.outcome = outcome;
    this.detail = detail;
  }
}

const lookMs = 50;
/** A page that has come has all of its elements after that. */
const settledMs = 300;
/** What is there is counted in milliseconds. */
const countMs = 500;
/** Our own page, whose function may have to start first; and its button, which a Chromium that has just started has to draw. */
const ownPageMs = 20_000;
const buttonMs = 10_000;
/** API Gateway ends a callback after 30 s. */
const callbackMs = 30_000;
/** Who types a code takes longer, and gets there. */
const leastCodeMs = 3_000;
/** A wizard may have the same button on each of its pages: then it is taken for another one after a while. */
const repeatMs = 3_000;
/** A page may show two of something for a moment, while one takes the other's place. */
const ambiguousMs = 1_000;

/** One way through the pages of a provider. */
export class Walk {
  readonly steps: DoneStep[] = [];
  readonly #page: Page;
  readonly #route: Route;
  readonly #walker: Walker;
  readonly #beganMs = performance.now();
  #stepBeganMs = performance.now();
  /** Navigations of the page itself that are not answered yet. */
  readonly #underWay = new Set<Request>();
  /** Of the callback: that it was asked, and what it answered. */
  #returned: PromiseWithResolvers<number> | undefined;
  #clicked: { readonly element: ElementHandle | null; readonly atMs: number } | undefined;
  /** Fields of login ID and password, as they were filled; and whether a click came after it. */
  readonly #asked: Locator[] = [];
  #hasSent = false;
  /** Something that must not be typed twice: a page may send it as it is typed. */
  #hasTyped = false;
  /** Chromium, or the page in it: whatever is looked for from then on is not there. */
  #hasDied = false;

  constructor(route: Route, walker: Walker) {
    this.#route = route;
    this.#walker = walker;
    this.#page = walker.page;
    this.#listen();
  }

  /** Undefined while it lives, and where the callback was asked: what that comes to can be read. */
  get death(): Death | undefined {
    if (!this.#hasDied || this.#returned !== undefined) return undefined;
    return this.#hasTyped ? 'typed' : 'untyped';
  }

  /** Does not throw what Playwright throws. */
  async toTheEnd(): Promise<{ readonly outcome: BrowserLoginOutcome; readonly detail: string }> {
    try {
      await this.#go().catch((error: unknown) => {
        // Once the callback is asked, what it answers is what the login came to.
        if (this.#returned === undefined) throw error;
      });
      return await this.#arrive();
    } catch (error) {
      if (error instanceof Stopped && !this.#hasDied) return error;
      return { outcome: 'browser-failed', detail: 'The browser broke on the way.' };
    }
  }

  async #go(): Promise<void> {
    await this.#open();
    const { steps } = this.#route.recipe;
    for (let next = 0; next < steps.length && this.#returned === undefined;) {
      const found = await this.#find(next);
      if (found === undefined) return;
      await this.#do(found.index, found.locator);
      next = found.index + 1;
    }
  }

  #listen(): void {
    const isOfPage = (request: Request) =>
      request.isNavigationRequest() && request.frame() === this.#page.mainFrame();
    const isCallback = (request: Request) => request.url().split('?')[0] === this.#route.callbackUrl;
    const died = () => (this.#hasDied = true);
    this.#page.on('crash', died).on('close', died);
    this.#page.on('request', (request) => {
      if (!isOfPage(request)) return;
      this.#underWay.add(request);
      if (isCallback(request)) this.#returned ??= Promise.withResolvers();
    });
    this.#page.on('response', (response) => {
      const request = response.request();
      this.#underWay.delete(request);
      if (isOfPage(request) && isCallback(request)) this.#returned?.resolve(response.status());
    });
    this.#page.on('requestfailed', (request) => {
      this.#underWay.delete(request);
      if (isOfPage(request) && isCallback(request)) this.#returned?.resolve(0);
    });
  }

  /** The owner's page, and its one button. */
  async #open(): Promise<void> {
    const page = this.#page;
    let problem = 'did not come';
    try {
      await page.goto(this.#route.link, { timeout: this.#left(ownPageMs), waitUntil: 'domcontentloaded' });
      const button = page.locator('form button');
      problem = 'has no button';
      if ((await countOf(button, this.#left(buttonMs))) === 0) throw new Error(problem);
      problem = 'has a button that cannot be pressed';
      await button.click({ timeout: this.#left(buttonMs), noWaitAfter: true });
    } catch {
      throw new Stopped('browser-failed', `The page of the link ${problem}.`);
    }
    this.#note(0, 'link');
  }

  /**
   * Waits for the step's element, or for those of the steps after it for as long as they may be left out.
   * @returns undefined once the callback is reached
   */
  async #find(from: number): Promise<{ index: number; locator: Locator } | undefined> {
    const { steps } = this.#route.recipe;
    const last = steps.findIndex((step, index) => index >= from && !step.optional);
    const candidates = steps.slice(from, last === -1 ? steps.length : last + 1);
    const seconds = Math.max(...candidates.map((step) => step.seconds));
    const untilMs = this.#limit(seconds);
    /** What was seen first, and since when: a page that comes meanwhile, or goes, shows something else. */
    let seen: { readonly offset: number; readonly count: number; readonly sinceMs: number } | undefined;
    while (this.#returned === undefined) {
      await this.#stopIfOver();
      const nowMs = performance.now();
      const found = this.#underWay.size > 0 ? undefined : await this.#look(candidates);
      if (found === undefined) seen = undefined;
      else if (found.offset !== seen?.offset || found.count !== seen.count)
        seen = { ...found, sinceMs: nowMs };
      if (found !== undefined && seen !== undefined && this.#underWay.size === 0) {
        const { offset, locator, count } = found;
        const lastedMs = nowMs - seen.sinceMs;
        // What is left out is looked for longer: its page may build itself up as it goes.
        if (count === 1 && lastedMs >= (offset === 0 ? lookMs : settledMs))
          return { index: from + offset, locator };
        if (count > 1 && lastedMs >= ambiguousMs) {
          const what = `Step ${from + offset + 1} (${stepLabel(candidates[offset]!)})`;
          throw new Stopped('ambiguous', `${what} fits ${count} elements.`);
        }
      }
      // After the last step that must come, only the callback is left.
      if (performance.now() >= untilMs) {
        if (last === -1) return undefined;
        throw await this.#outOfTime(`Step ${last + 1} (${stepLabel(steps[last]!)})`);
      }
      await sleep(lookMs);
    }
    return undefined;
  }

  /** The first of these steps whose element is there. */
  async #look(
    candidates: readonly Step[],
  ): Promise<{ offset: number; locator: Locator; count: number } | undefined> {
    for (const [offset, step] of candidates.entries()) {
      const locator = this.#visible(elementOf(step));
      const count = await countOf(locator);
      if (count > 0 && !(await this.#isClicked(locator))) return { offset, locator, count };
      if (this.#isTimeUp()) break;
    }
    return undefined;
  }

  /** Whether it is the very element that was clicked just now: a page that asks by script stands still for a while. */
  async #isClicked(locator: Locator): Promise<boolean> {
    const { element, atMs } = this.#clicked ?? {};
    if (element === undefined || atMs === undefined || performance.now() >= atMs + repeatMs) return false;
    const same = locator.evaluate((found, clicked) => found === clicked, element, { timeout: countMs });
    // Two of them, or another page by now; or one that hangs.
    return within(countMs, same, false);
  }

  async #do(index: number, locator: Locator): Promise<void> {
    const step = this.#route.recipe.steps[index]!;
    const untilMs = this.#limit(step.seconds);
    try {
      await this.#act(step, locator, untilMs);
    } catch (error) {
      if (error instanceof Stopped) throw error;
      // It may have led away from the page under its own hands.
      if (this.#returned === undefined) throw await this.#outOfTime(`Step ${index + 1} (${stepLabel(step)})`);
    }
    this.#note(index + 1, stepLabel(step));
  }

  async #act(step: Step, locator: Locator, untilMs: number): Promise<void> {
    const { credentials } = this.#walker;
    const left = () => ({ timeout: leftUntil(untilMs) });
    this.#hasTyped ||= step.do === 'fill' || step.do === 'one-time-code';
    switch (step.do) {
      case 'fill':
        await locator.fill(credentials[step.with], left());
        this.#asked.push(locator);
        return;
      case 'click':
        this.#clicked = { element: await locator.elementHandle(left()), atMs: performance.now() };
        await locator.click({ ...left(), noWaitAfter: true });
        this.#hasSent = this.#asked.length > 0;
        return;
      case 'tick':
        await locator.check(left());
        return;
      case 'one-time-code':
        // What its code is waited for is not the step's time.
        await locator.fill(await this.#oneTimeCode(), { timeout: this.#left(step.seconds * 1000) });
        return;
      case 'choose-accounts':
        await chooseAccounts(locator, step.accounts, untilMs);
        return;
      case 'expect':
        return;
    }
  }

  /** One that is good for long enough to get there. */
  async #oneTimeCode(): Promise<string> {
    let code = this.#walker.oneTimeCode();
    if (code !== undefined && code.leftMs < leastCodeMs) {
      if (this.#left(code.leftMs) < code.leftMs)
        throw new Stopped('too-slow', 'No time was left for the next one-time code.');
      await sleep(code.leftMs);
      code = this.#walker.oneTimeCode();
    }
    if (code !== undefined) return code.code;
    throw new Stopped(
      'credentials-malformed',
      'A one-time code is asked for, and totp_seed is missing or not usable.',
    );
  }

  /** What the callback answered is what the login came to. */
  async #arrive(): Promise<{ outcome: BrowserLoginOutcome; detail: string }> {
    const untilMs = this.#limit(15);
    while (this.#returned === undefined) {
      await this.#stopIfOver();
      if (performance.now() >= untilMs) throw await this.#outOfTime('After the last step, the way back');
      await sleep(lookMs);
    }
    const status = await within(this.#left(callbackMs), this.#returned.promise, -1);
    this.#note(this.#route.recipe.steps.length + 1, 'callback');
    // It had its time to store the tokens; nobody was there to hear.
    if (status <= 0 && this.#hasDied) throw new Error('died');
    return status === 200
      ? { outcome: 'logged-in', detail: 'The callback says that all is done.' }
      : {
          outcome: 'not-stored',
          detail: status > 0 ? `The callback answered ${status}.` : 'The callback did not answer.',
        };
  }

  /** What a page refuses it says in words; what died says nothing. */
  async #stopIfOver(): Promise<void> {
    if (this.#hasDied) throw new Error('died');
    for (const { see, means } of this.#route.recipe.refusals) {
      if ((await countOf(this.#visible(see))) > 0)
        throw new Stopped(means, `The page has ${elementLabel(see)}.`);
      if (this.#isTimeUp()) break;
    }
  }

  /** Why nothing came of it, as far as the page shows. */
  async #outOfTime(what: string): Promise<Stopped> {
    if (this.#underWay.size > 0)
      return new Stopped('too-slow', `${what}: the provider has not answered yet.`);
    // Whatever it says: what was typed was sent, and is asked for again. It must not be sent a second time.
    const askedAgain = this.#hasSent ? await Promise.all(this.#asked.map((field) => countOf(field))) : [];
    if (askedAgain.some((count) => count > 0))
      return new Stopped('password-refused', `${what} did not come; the login is asked for again.`);
    if (hasCaptcha(this.#page)) return new Stopped('captcha', `${what} did not come; a captcha did.`);
    return new Stopped('page-changed', `${what} is not on the page.`);
  }

  /** Of this step, of all of them, and of whoever asked for them: whichever is earliest. */
  #limit(seconds: number): number {
    const all = this.#beganMs + this.#route.recipe.seconds * 1000;
    return Math.min(this.#stepBeganMs + seconds * 1000, all, this.#walker.untilMs);
  }

  #isTimeUp(): boolean {
    return performance.now() >= this.#walker.untilMs;
  }

  /** No more than that, nor than is left of all. */
  #left(ms: number): number {
    return Math.min(ms, leftUntil(this.#walker.untilMs));
  }

  #visible(element: Element): Locator {
    return locatorOf(this.#page, element).filter({ visible: true });
  }

  #note(step: number, what: string): void {
    const nowMs = performance.now();
    this.steps.push({ step, what, ms: Math.round(nowMs - this.#stepBeganMs) });
    this.#stepBeganMs = nowMs;
  }
}

function locatorOf(page: Page, element: Element): Locator {
  if ('role' in element) return page.getByRole(element.role, { name: element.name, exact: true });
  if ('label' in element) return page.getByLabel(element.label, { exact: true });
  return page.getByText(element.text);
}

/** None while the page is going away: then Playwright waits for the next one, however long that takes. */
async function countOf(locator: Locator, withinMs = countMs): Promise<number> {
  return within(withinMs, locator.count(), 0);
}

/** For Playwright, to which 0 would be no limit. */
function leftUntil(untilMs: number): number {
  return Math.max(1, untilMs - performance.now());
}

/**
 * As many boxes as there are once no more come.
 * @throws {Stopped} where one of them is not there; accounts are not quoted, for they are somebody's
 */
async function chooseAccounts(
  among: Locator,
  accounts: 'all' | readonly string[],
  untilMs: number,
): Promise<void> {
  const boxes = among.getByRole('checkbox');
  const wanted =
    accounts === 'all'
      ? undefined
      : accounts.map((name) => among.getByRole('checkbox', { name, exact: true }));
  const countEach = () => Promise.all((wanted ?? []).map((box) => countOf(box)));
  const countAll = async () => [await countOf(boxes), ...(await countEach())];
  let counts = await countAll();
  for (let steadySinceMs = performance.now(); performance.now() < untilMs; await sleep(lookMs)) {
    const now = await countAll();
    if (now.join() !== counts.join()) steadySinceMs = performance.now();
    counts = now;
    if (now.every((count) => count > 0) && performance.now() >= steadySinceMs + settledMs) break;
  }
  const [all = 0, ...each] = counts;
  if (all === 0) throw new Stopped('page-changed', 'There is no account to choose.');
  const missing = each.filter((count) => count === 0).length;
  if (missing > 0)
    throw new Stopped('page-changed', `${missing} of ${each.length} accounts are not offered.`);
  if (each.some((count) => count > 1)) throw new Stopped('ambiguous', 'An account is offered twice.');
  const left = () => ({ timeout: leftUntil(untilMs) });
  for (let index = 0; index < all; index += 1) {
    const box = boxes.nth(index);
    if (wanted === undefined) await box.check(left());
    else await box.uncheck(left());
  }
  for (const box of wanted ?? []) await box.check(left());
}

/** Of the services that are asked by most. */
const captchaHosts =
  /^https:\/\/([^/]+\.)?(recaptcha\.net|google\.com\/recaptcha|hcaptcha\.com|challenges\.cloudflare\.com|arkoselabs\.com)/;

function hasCaptcha(page: Page): boolean {
  return page.frames().some((frame) => captchaHosts.test(frame.url()));
}
