/** Chromium dies: where nothing was typed yet a fresh one is started, once, and nothing is ever typed twice. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { RecipeSchema } from '../../core/recipe.ts';
import { browserLogin } from '../../functions/browser-login/browser-login.ts';
import { Walk } from '../../functions/browser-login/walk.ts';
import { launchChromium } from '../helpers/chromium.ts';
import type { Pages } from '../helpers/site.ts';
import { linkAndCallback, loginForm, Site } from '../helpers/site.ts';

let site: Site;
beforeAll(async () => (site = await Site.start()));
afterAll(() => site.close());

/** Each step may take longer than a fresh browser is still started after. */
const recipe = RecipeSchema.parse({
  steps: [
    { do: 'fill', field: { label: 'Name' }, with: 'username', seconds: 30 },
    { do: 'fill', field: { label: 'Secret' }, with: 'password', seconds: 30 },
    { do: 'click', on: { role: 'button', name: 'Go' }, seconds: 30 },
    { do: 'tick', box: { label: 'I agree' }, optional: true },
  ],
});

/** Of one attempt. */
const opened: Browser[] = [];
afterEach(async () => {
  site.onRequest = () => Promise.resolve();
  await Promise.all(opened.splice(0).map((browser) => browser.close()));
});

async function attempt(openBrowser = launchChromium, pages: Pages = {}) {
  site.show({ ...linkAndCallback, 'GET /login': loginForm, 'POST /login': '/callback?code=1', ...pages });
  const { origin } = site;
  const { outcome, detail, steps } = await browserLogin(
    { connectionId: 'demo-main', link: `${origin}/link`, callbackUrl: `${origin}/callback`, recipe },
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
  );
  const logins = site.posted.filter(({ path }) => path === '/login').map(({ form }) => form);
  const ofLink = steps.filter(({ step }) => step === 0).map(({ what }) => what);
  const walked = steps.map(({ step }) => step).filter((step) => step > 0);
  return { outcome, detail, steps: [...ofLink, ...walked], browsers: opened.length, logins };
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
  steps: ['link', 1, 2, 3, 5],
  logins: ['u=dana&p=s3cret'],
};

test('one that lives is not started again', async () => {
  expect(await attempt()).toEqual({ ...loggedIn, browsers: 1 });
});

test.each([
  ['- [pid=7] <process did exit: exitCode=null, signal=SIGSEGV>', 'It did not start: SIGSEGV.'],
  ['- [pid=7] <process did exit: exitCode=127, signal=null>', 'It did not start: exit code 127.'],
  ['Timeout 10000ms exceeded.', 'It did not start.'],
])('one that does not start (%s) is started again, and why is told', async (log, detail) => {
  let starts = 0;
  const second = () => ((starts += 1) === 1 ? Promise.reject(new Error(log)) : launchChromium());
  const steps = [`first browser "${detail}"`, ...loggedIn.steps];
  expect(await attempt(second)).toEqual({ ...loggedIn, steps, browsers: 1 });
  expect(starts).toBe(2);
});

test('one that does not start twice is told as that', async () => {
  expect(await attempt(() => Promise.reject(new Error('exitCode=null, signal=SIGSEGV')))).toEqual({
    outcome: 'browser-failed',
    detail: 'It did not start: SIGSEGV.',
    steps: ['first browser "It did not start: SIGSEGV."'],
    browsers: 0,
    logins: [],
  });
});

test.each([['GET /link'], ['POST /link'], ['GET /login']])(
  'one that dies at %s has typed nothing: the next one logs in',
  async (what) => {
    dieAt(what);
    const steps = ['first browser "The browser broke on the way."', ...loggedIn.steps];
    expect(await attempt()).toEqual({ ...loggedIn, steps, browsers: 2 });
  },
);

test('a second one that dies is the last', async () => {
  dieAt('GET /login', 2);
  expect(await attempt()).toEqual({
    outcome: 'browser-failed',
    detail: 'The browser broke on the way.',
    steps: ['first browser "The browser broke on the way."', 'link'],
    browsers: 2,
    logins: [],
  });
});

test('one that dies after the password was sent is not started again', async () => {
  dieAt('POST /login');
  expect(await attempt()).toEqual({
    outcome: 'browser-failed',
    detail: 'The browser broke on the way.',
    steps: ['link', 1, 2, 3],
    browsers: 1,
    logins: ['u=dana&p=s3cret'],
  });
});

test('one that dies with its hands on something is not taken for a page that has changed', async () => {
  const terms = `<label><input type=checkbox disabled> I agree</label>
    <script>setTimeout(() => fetch('/poll'), 1000)</script>`;
  dieAt('GET /poll');
  expect(await attempt(launchChromium, { 'POST /login': terms })).toMatchObject({
    outcome: 'browser-failed',
    steps: ['link', 1, 2, 3],
    browsers: 1,
  });
});

test('one that dies while the callback is at it has not failed of itself: the login may be done', async () => {
  // The click has not ended yet by then.
  const busy = `<form><button onpointerdown="location = '/callback?code=1'"
    onclick="event.preventDefault(); const t = Date.now(); while (Date.now() < t + 2000);">Continue</button></form>`;
  site.show({ ...linkAndCallback, 'GET /link': busy });
  const { origin } = site;
  opened.push(await launchChromium());
  dieAt('GET /callback');
  const walk = new Walk(
    { link: `${origin}/link`, callbackUrl: `${origin}/callback`, recipe },
    {
      page: await opened[0]!.newPage(),
      credentials: { username: 'dana', password: 's3cret' },
      oneTimeCode: () => undefined,
      untilMs: performance.now() + 5_000,
    },
  );
  expect(await walk.toTheEnd()).toMatchObject({
    outcome: 'not-stored',
    detail: 'The callback did not answer.',
  });
});
