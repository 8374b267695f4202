/** Chromium dies: where nothing was typed yet a fresh one is started, once, and nothing is ever typed twice. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import type { Recipe } from '../../core/recipe.ts';
import { RecipeSchema } from '../../core/recipe.ts';
import type { BrowserLimits } from '../../functions/browser-login/browser-login.ts';
import { browserLogin } from '../../functions/browser-login/browser-login.ts';
import { Walk } from '../../app/browser-login/walk.ts';
import { launchChromium } from '../helpers/chromium.ts';
import type { Pages } from '../helpers/site.ts';
import { linkAndCallback, loginForm, Site } from '../helpers/site.ts';

let site: Site;
beforeAll(async () => (site = await Site.start()));
afterAll(() => site.close());

const recipe = RecipeSchema.parse({
  steps: [
    { do: 'fill', field: { label: 'Name' }, with: 'username', seconds: 60 },
    { do: 'fill', field: { label: 'Secret' }, with: 'password', seconds: 60 },
    { do: 'click', on: { role: 'button', name: 'Go' }, seconds: 60 },
    { do: 'tick', box: { label: 'I agree' }, optional: true },
  ],
});

/** Of one attempt. */
const opened: Browser[] = [];
afterEach(async () => {
  site.onRequest = () => Promise.resolve();
  await Promise.all(opened.splice(0).map((browser) => browser.close()));
});

interface Attempted {
  readonly pages?: Pages;
  readonly openBrowser?: () => Promise<Browser>;
  readonly limits?: Partial<BrowserLimits>;
  readonly ofRecipe?: Partial<Recipe>;
}

async function attempt({ pages, openBrowser = launchChromium, limits, ofRecipe }: Attempted = {}) {
  site.show({ ...linkAndCallback, 'GET /login': loginForm, 'POST /login': '/callback?code=1', ...pages });
  const { origin } = site;
  const { outcome, detail, steps, died, credentials } = await browserLogin(
    {
      connectionId: 'demo-main',
      link: `${origin}/link`,
      callbackUrl: `${origin}/callback`,
      recipe: { ...recipe, ...ofRecipe },
    },
    {
      readCredentials: () =>
        Promise.resolve({
          kind: 'found',
          value: { username: 'dana', password: 's3cret' },
          versionId: 'v1',
          createdAt: '2026-01-05T12:00:00.000Z',
        }),
      openBrowser: async () => {
        const browser = await openBrowser();
        opened.push(browser);
        return browser;
      },
      oneTimeCode: () => undefined,
      clock: { nowMs: () => 0 },
    },
    // However slow this machine is.
    { againMs: 50_000, wholeMs: 120_000, ...limits },
  );
  return {
    outcome,
    detail,
    ...(died && { died: died.detail }),
    ...(credentials === undefined && { isUnheard: true }),
    steps: steps.map(({ step }) => step),
    browsers: opened.length,
    logins: site.posted.filter(({ path }) => path === '/login').map(({ form }) => form),
  };
}

/** Without a second one, and with five seconds for all of it. */
async function walkAlone(pages: Pages): Promise<Walk> {
  site.show({ ...linkAndCallback, ...pages });
  const { origin } = site;
  const browser = await launchChromium();
  opened.push(browser);
  return new Walk(
    { link: `${origin}/link`, callbackUrl: `${origin}/callback`, recipe },
    {
      page: await browser.newPage(),
      credentials: { username: 'dana', password: 's3cret' },
      oneTimeCode: () => undefined,
      untilMs: performance.now() + 5_000,
    },
  );
}

/** The browser that asks for it crashes, and never sees the answer. */
function dieAt(what: string, times = 1): void {
  let left = times;
  site.onRequest = async (asked) => {
    if (asked !== what || left === 0) return;
    left -= 1;
    const devTools = await opened.at(-1)!.newBrowserCDPSession();
    await devTools.send('Browser.crash').catch(() => undefined);
  };
}

const loggedIn = {
  outcome: 'logged-in',
  detail: 'The callback says that all is done.',
  steps: [0, 1, 2, 3, 5],
  logins: ['u=dana&p=s3cret'],
};

test('one that lives is not started again', async () => {
  expect(await attempt()).toEqual({ ...loggedIn, browsers: 1 });
});

test.each([
  ['- [pid=7] <process did exit: exitCode=null, signal=SIGSEGV>', 'It did not start: SIGSEGV.'],
  ['- [pid=7] <process did exit: exitCode=127, signal=null>', 'It did not start: exit code 127.'],
  ['Timeout 10000ms exceeded.', 'It did not start.'],
])('one that does not start (%s) is started again, and the alert says why', async (log, detail) => {
  let starts = 0;
  const second = () => ((starts += 1) === 1 ? Promise.reject(new Error(log)) : launchChromium());
  expect(await attempt({ openBrowser: second })).toEqual({ ...loggedIn, died: detail, browsers: 1 });
  expect(starts).toBe(2);
});

test('one that does not start twice is alerted as that', async () => {
  const never = () => Promise.reject(new Error('process did exit: exitCode=null, signal=SIGSEGV'));
  expect(await attempt({ openBrowser: never })).toEqual({
    outcome: 'browser-failed',
    detail: 'It did not start: SIGSEGV.',
    died: 'It did not start: SIGSEGV.',
    steps: [],
    browsers: 0,
    logins: [],
  });
});

test.each([['GET /link'], ['POST /link'], ['GET /login']])(
  'one that dies at %s has typed nothing: the next one logs in',
  async (what) => {
    dieAt(what);
    expect(await attempt()).toEqual({ ...loggedIn, died: 'The browser broke on the way.', browsers: 2 });
  },
);

test('a second one that dies is the last', async () => {
  dieAt('GET /login', 2);
  expect(await attempt()).toEqual({
    outcome: 'browser-failed',
    detail: 'The browser broke on the way.',
    died: 'The browser broke on the way.',
    steps: [0],
    browsers: 2,
    logins: [],
  });
});

test('one that dies after the password was sent is not started again', async () => {
  dieAt('POST /login');
  expect(await attempt()).toEqual({
    outcome: 'browser-failed',
    detail: 'The browser broke on the way.',
    isUnheard: true,
    steps: [0, 1, 2, 3],
    browsers: 1,
    logins: ['u=dana&p=s3cret'],
  });
});

test('one that dies with its hands on something is not taken for a page that has changed', async () => {
  const terms = `<label><input type=checkbox disabled> I agree</label>
    <script>setTimeout(() => fetch('/poll'), 1000)</script>`;
  dieAt('GET /poll');
  expect(await attempt({ pages: { 'POST /login': terms } })).toMatchObject({
    outcome: 'browser-failed',
    steps: [0, 1, 2, 3],
    browsers: 1,
  });
});

test('one that dies while the callback is at it is not started again: the login may be done', async () => {
  // The click has not ended yet by then.
  const busy = `<form><button onpointerdown="location = '/callback?code=1'"
    onclick="event.preventDefault(); const t = Date.now(); while (Date.now() < t + 2000);">Continue</button></form>`;
  const walk = await walkAlone({ 'GET /link': busy });
  dieAt('GET /callback');
  const { outcome } = await walk.toTheEnd();
  const { death, steps } = walk;
  expect({ outcome, death, last: steps.at(-1)!.what }).toEqual({
    outcome: 'browser-failed',
    death: undefined,
    last: 'callback',
  });
});

test('one that dies as it types is not started again, for a page may send what is typed as it comes', async () => {
  const eager = `<label>Name <input oninput="const r = new XMLHttpRequest(); r.open('POST', '/login', false); r.send(this.value)"></label>`;
  dieAt('POST /login');
  expect(await attempt({ pages: { 'GET /login': eager } })).toEqual({
    outcome: 'browser-failed',
    detail: 'The browser broke on the way.',
    isUnheard: true,
    steps: [0],
    browsers: 1,
    logins: ['dana'],
  });
});

test('a page that dies alone is noticed as well', async () => {
  const building = `<script>fetch('/poll').then(() => { document.body.innerHTML = ${JSON.stringify(loginForm)}; })</script>`;
  site.onRequest = async (asked) => {
    if (asked !== 'GET /poll' || opened.length > 1) return;
    const [page] = opened[0]!.contexts()[0]!.pages();
    const devTools = await page!.context().newCDPSession(page!);
    await devTools.send('Page.crash').catch(() => undefined);
  };
  expect(await attempt({ pages: { 'GET /login': building } })).toEqual({
    ...loggedIn,
    died: 'The browser broke on the way.',
    browsers: 2,
  });
});

test.each([
  [
    'refused',
    { 'GET /login': '<h1>Your account is locked' },
    { outcome: 'account-locked', detail: 'The page has the text "locked".', steps: [0] },
  ],
  [
    'led to a page without a button',
    { 'GET /link': 'This link is not valid' },
    { outcome: 'browser-failed', detail: 'The page of the link has no button.', steps: [] },
  ],
] as const)('one that lives and is %s is not started again', async (_, pages, expected) => {
  const refusals = [{ see: { text: 'locked' }, means: 'account-locked' as const }];
  expect(await attempt({ pages, ofRecipe: { refusals } })).toEqual({ ...expected, browsers: 1, logins: [] });
});

test('one that dies when there is no time for another is not started again', async () => {
  dieAt('GET /login');
  expect(await attempt({ limits: { againMs: 0 } })).toMatchObject({ outcome: 'browser-failed', browsers: 1 });
});

test('what a login may take as a whole ends it, whatever its steps may take', async () => {
  const late = `<div id=here></div><script>setTimeout(() => { here.innerHTML = ${JSON.stringify(loginForm)}; }, 20000)</script>`;
  expect(await attempt({ pages: { 'GET /login': late }, limits: { wholeMs: 6_000 } })).toMatchObject({
    outcome: 'page-changed',
    detail: 'Step 1 (fill "Name") is not on the page.',
  });
});

test('a link whose page hangs as it is drawn ends by itself', async () => {
  const hang = 'const t = Date.now(); while (Date.now() < t + 120000);';
  const hung = `<form method=post><button>Continue</button></form>
    <script>document.addEventListener('DOMContentLoaded', () => setTimeout(() => { ${hang} }))</script>`;
  const walk = await walkAlone({ 'GET /link': hung });
  expect(await walk.toTheEnd()).toMatchObject({
    outcome: 'browser-failed',
    detail: expect.stringMatching(/^The page of the link has (no button|a button that cannot be pressed)\.$/),
  });
});
