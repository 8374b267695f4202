/** A recipe, step by step, on pages that Demo Brokerage does not have. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type * as z from 'zod/mini';

import { RecipeSchema } from '../../core/recipe.ts';
import { Walk } from '../../app/browser-login/walk.ts';
import { launchChromium } from '../helpers/chromium.ts';
import type { Pages } from '../helpers/site.ts';
import { linkAndCallback, loginForm, Site } from '../helpers/site.ts';

type RecipeInput = z.input<typeof RecipeSchema>;
type StepInput = RecipeInput['steps'][number];

let browser: Browser;
let site: Site;
beforeAll(async () => {
  browser = await launchChromium();
  site = await Site.start();
});
afterAll(async () => {
  await browser.close();
  site.close();
});

const typing: StepInput[] = [
  { do: 'fill', field: { label: 'Name' }, with: 'username', seconds: 3 },
  { do: 'fill', field: { label: 'Secret' }, with: 'password', seconds: 3 },
  { do: 'click', on: { role: 'button', name: 'Go' }, seconds: 3 },
];

async function walk(
  pages: Pages,
  recipe: RecipeInput,
  oneTimeCode = () => ({ code: '123456', leftMs: 20_000 }),
  wholeMs = 60_000,
) {
  site.show({ ...linkAndCallback, ...pages });
  const { origin } = site;
  const page = await browser.newPage();
  const walked = new Walk(
    { link: `${origin}/link`, callbackUrl: `${origin}/callback`, recipe: RecipeSchema.parse(recipe) },
    {
      page,
      credentials: { username: 'dana', password: 's3cret' },
      oneTimeCode,
      untilMs: performance.now() + wholeMs,
    },
  );
  const { outcome, detail } = await walked.toTheEnd();
  await page.close();
  return { outcome, detail, steps: walked.steps.map(({ step }) => step) };
}

const click = (name: string, more = {}): StepInput => ({
  do: 'click',
  on: { role: 'button', name },
  seconds: 3,
  ...more,
});

test('a password that is asked for again was refused, also where the recipe knows no words for it', async () => {
  const pages = { 'GET /login': loginForm, 'POST /login': loginForm };
  expect(await walk(pages, { steps: [...typing, click('Allow')] })).toEqual({
    outcome: 'password-refused',
    detail: 'Step 4 (click button "Allow") did not come; the login is asked for again.',
    steps: [0, 1, 2, 3],
  });
});

test('boxes are ticked, the accounts that are listed and no others, and what is expected is waited for', async () => {
  const pages = {
    'GET /login': loginForm,
    'POST /login': '/terms',
    'GET /terms': `<h1>Terms</h1><form method=post><label><input type=checkbox name=t> I agree</label>
      <fieldset><legend>Accounts</legend>
        <label><input type=checkbox name=a value=1 checked> One</label>
        <label><input type=checkbox name=a value=2> Two</label>
        <label><input type=checkbox name=a value=3> Three</label>
      </fieldset><button>Allow</button></form>`,
    'POST /terms': '/callback?code=1',
  };
  const steps: StepInput[] = [
    ...typing,
    { do: 'expect', see: { role: 'heading', name: 'Terms' } },
    { do: 'tick', box: { label: 'I agree' } },
    {
      do: 'choose-accounts',
      among: { role: 'group', name: 'Accounts' },
      accounts: ['Two', 'Three'],
      seconds: 3,
    },
    click('Allow'),
  ];
  expect(await walk(pages, { steps })).toMatchObject({
    outcome: 'logged-in',
    steps: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  });
  expect(site.posted.at(-1)).toEqual({ path: '/terms', form: 't=on&a=2&a=3' });

  const missing = steps.map((step) => ('accounts' in step ? { ...step, accounts: ['Two', 'Four'] } : step));
  expect(await walk(pages, { steps: missing })).toMatchObject({
    outcome: 'page-changed',
    detail: '1 of 2 accounts are not offered.',
  });
});

test('steps that may be left out are, at the end as well, and where a page builds itself up as it goes', async () => {
  const pages = {
    'GET /login': loginForm,
    // The code's field comes after its button.
    'POST /login': `<form method=post action=/code><span id=here></span><button>Confirm</button></form>
      <script>setTimeout(() => { here.innerHTML = '<label>Code <input name=c></label>'; }, 150)</script>`,
    'POST /code': '/callback?code=1',
  };
  const code = { do: 'one-time-code', field: { label: 'Code' }, optional: true, seconds: 3 } as const;
  const steps: StepInput[] = [
    ...typing,
    code,
    click('Confirm', { optional: true }),
    click('Allow', { optional: true }),
  ];
  expect(await walk(pages, { steps })).toMatchObject({ outcome: 'logged-in', steps: [0, 1, 2, 3, 4, 5, 7] });
  expect(site.posted.at(-1)).toEqual({ path: '/code', form: 'c=123456' });

  expect(await walk({ 'GET /login': loginForm, 'POST /login': '/callback?code=1' }, { steps })).toMatchObject(
    {
      outcome: 'logged-in',
      steps: [0, 1, 2, 3, 7],
    },
  );
});

test('a login that the callback does not accept ends by its status', async () => {
  const pages = {
    'GET /login': loginForm,
    'POST /login': '/callback?error=access_denied',
    'GET /callback': { status: 403, body: '<h1>No</h1>' },
  };
  expect(await walk(pages, { steps: [...typing] })).toMatchObject({
    outcome: 'not-stored',
    detail: 'The callback answered 403.',
  });
});

test('a link that has no button, and a provider that is not there, end it', async () => {
  expect(await walk({ 'GET /link': 'This link is not valid' }, { steps: [...typing] })).toMatchObject({
    outcome: 'browser-failed',
    detail: 'The page of the link has no button.',
  });
  expect(await walk({ 'POST /link': { status: 500, body: 'broken' } }, { steps: [...typing] })).toMatchObject(
    {
      outcome: 'page-changed',
      detail: 'Step 1 (fill "Name") is not on the page.',
    },
  );
});

test('a button is not taken for the next step’s that has the same name, until its page has gone', async () => {
  const slowly = (label: string, to: string) =>
    `<h1>${label}</h1><form method=post action=${to}><label>${label} <input name=x></label><button>Continue</button></form>`;
  const steps: StepInput[] = [
    ...typing,
    { do: 'one-time-code', field: { label: 'Code' }, optional: true, seconds: 5 },
    click('Continue', { optional: true, seconds: 5 }),
    { do: 'tick', box: { label: 'I agree' }, optional: true, seconds: 5 },
    click('Continue', { optional: true, seconds: 5 }),
    click('Done', { seconds: 5 }),
  ];
  const pages = {
    'GET /login': loginForm,
    'POST /login': slowly('Code', '/code'),
    'POST /code': `<form method=post action=/terms><label><input type=checkbox name=t> I agree</label><button>Continue</button></form>`,
    'POST /terms': `<form method=post action=/done><button>Done</button></form>`,
    'POST /done': '/callback?code=1',
  };
  // Each answer takes a while, in which the old page is there.
  site.slowMs = 600;
  expect(await walk(pages, { steps })).toMatchObject({
    outcome: 'logged-in',
    steps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  });
  expect(site.posted.map(({ path, form }) => `${path} ${form}`)).toEqual([
    '/link ',
    '/login u=dana&p=s3cret',
    '/code x=123456',
    '/terms t=on',
    '/done ',
  ]);
  site.slowMs = 0;

  // The same by script: nothing is under way that could be seen, and the button stays.
  const scripted = {
    ...pages,
    'POST /login': `<form onsubmit="event.preventDefault(); fetch('/code', { method: 'POST', body: new URLSearchParams(new FormData(this)) }).then(() => setTimeout(() => location.href = '/terms', 800))">
      <label>Code <input name=x></label><button>Continue</button></form>`,
    'GET /terms': pages['POST /code'],
  };
  expect(await walk(scripted, { steps })).toMatchObject({ outcome: 'logged-in' });
  expect(site.posted.filter(({ path }) => path === '/code')).toEqual([{ path: '/code', form: 'x=123456' }]);
});

test('accounts that come late are waited for', async () => {
  const late = `<form method=post action=/terms><fieldset><legend>Accounts</legend></fieldset><button>Allow</button></form>
    <script>setTimeout(() => document.querySelector('fieldset').insertAdjacentHTML('beforeend',
      '<label><input type=checkbox name=a value=1> One</label><label><input type=checkbox name=a value=2> Two</label>'), 700)</script>`;
  const pages = { 'GET /login': loginForm, 'POST /login': late, 'POST /terms': '/callback?code=1' };
  const among = { role: 'group', name: 'Accounts' } as const;
  const steps: StepInput[] = [
    ...typing,
    { do: 'choose-accounts', among, accounts: 'all', seconds: 5 },
    click('Allow'),
  ];
  expect(await walk(pages, { steps })).toMatchObject({ outcome: 'logged-in' });
  expect(site.posted.at(-1)).toEqual({ path: '/terms', form: 'a=1&a=2' });
});

test.each([
  ['beside a captcha', loginForm + '<iframe srcdoc="<p>captcha"></iframe>', loginForm],
  [
    'and led back to the name alone',
    '/again',
    '<form method=post><label>Name <input name=u></label><button>Next</button></form>',
  ],
  ['on a page with something to tick', loginForm + '<label><input type=checkbox> Stay</label>', loginForm],
])('a password that is asked for again, %s, was refused', async (_, answer, again) => {
  const pages = { 'GET /login': loginForm, 'POST /login': answer, 'GET /again': again };
  const stay = { do: 'tick', box: { label: 'Stay' }, optional: true, seconds: 2 } as const;
  const { outcome } = await walk(pages, { steps: [...typing, stay, click('Allow', { seconds: 2 })] });
  expect(outcome).toBe('password-refused');
});

test('a code that is about to end is waited out', async () => {
  const codes = [
    { code: '111111', leftMs: 1_500 },
    { code: '222222', leftMs: 30_000 },
  ];
  const page = '<form method=post action=/code><label>Code <input name=c></label><button>Go</button></form>';
  const pages = { 'POST /link': '/code', 'GET /code': page, 'POST /code': '/callback?code=1' };
  // It is waited for longer than the step itself may take.
  const steps: StepInput[] = [{ do: 'one-time-code', field: { label: 'Code' }, seconds: 1 }, click('Go')];
  expect(await walk(pages, { steps }, () => codes.shift()!)).toMatchObject({ outcome: 'logged-in' });
  expect(site.posted.at(-1)).toEqual({ path: '/code', form: 'c=222222' });
});

test('the last of many refusals is seen on a page that is slow to search', async () => {
  const rows = '<div><span>one</span><a href="#">two</a></div>'.repeat(3_000);
  const pages = { 'GET /login': loginForm, 'POST /login': `<h1>Your account is locked</h1>${rows}` };
  const others = Array.from({ length: 39 }, (_, index) => ({
    see: { text: `reason ${index}` },
    means: 'declined' as const,
  }));
  const refusals = [...others, { see: { text: 'is locked' }, means: 'account-locked' as const }];
  expect(await walk(pages, { steps: [...typing, click('Allow', { seconds: 20 })], refusals })).toMatchObject({
    outcome: 'account-locked',
    detail: 'The page has the text "is locked".',
  });
});

test('a code that nobody can wait for is not typed', async () => {
  const page = '<form method=post action=/code><label>Code <input name=c></label><button>Go</button></form>';
  const steps: StepInput[] = [{ do: 'one-time-code', field: { label: 'Code' } }, click('Go')];
  const dying = () => ({ code: '111111', leftMs: 2_900 });
  const { outcome, detail } = await walk(
    { 'POST /link': '/code', 'GET /code': page },
    { steps },
    dying,
    2_900,
  );
  expect({ outcome, detail }).toEqual({
    outcome: 'too-slow',
    detail: 'No time was left for the next one-time code.',
  });
});
