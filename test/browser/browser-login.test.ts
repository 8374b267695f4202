import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { BrowserLoginOutcome } from '../../core/browser-outcome.ts';
import { browserOutcomeLabels } from '../../app/labels.ts';
import type { LoginBehaviour } from '../../local/brokerage/control.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { minuteMs, type TestDemo } from '../helpers/demo.ts';
import type { Canary, Document } from '../helpers/canary.ts';
import { leaks } from '../helpers/canary.ts';
import { impatient, browserSecret, startWithBrowserLogin, totpSeed } from '../helpers/browser-login.ts';
import { operator, signIn } from '../helpers/panel.ts';
import { events, watch } from '../helpers/story.ts';
import { histories, itemsOf, withoutVerifier } from '../helpers/written.ts';

let demo: TestDemo;
beforeAll(async () => {
  demo = await startWithBrowserLogin({ own: { recipe: 'impatient' }, configure: impatient });
  const { lambda } = demo.cloud;
  const invoke = lambda.invoke.bind(lambda);
  lambda.invoke = async (functionArn, payload) => {
    const { link } = payload as { link?: string };
    if (link === undefined) return invoke(functionArn, payload);
    links.push(link);
    const answer = await invoke(functionArn, payload);
    return died === undefined ? answer : { ...answer, payload: { ...(answer.payload as object), died } };
  };
});
afterAll(() => demo.demo.close());

/** Long enough to be no accident where they turn up. */
const right = { username: 'demo', password: 'password-canary-3b1f9c' };
const wrong = { username: 'username-canary-77d2a1', password: 'wrong-password-canary-c04e' };
const otherSeed = 'KRUGS4ZANFZSAYJAONSWGZLEEBUXG4ZA';
/** Links that were handed to a browser. */
const links: string[] = [];
/** What the next one says of a browser before it. */
let died: { detail: string; ms: number } | undefined;

/** An operator asks for a login, and a browser is sent first. */
async function attempt(
  behaviour: LoginBehaviour,
  credentials: Readonly<Record<string, unknown>> | string = right,
) {
  const { cloud, brokerage } = demo;
  // Longer than an owner who was asked is left alone.
  await demo.advance(16 * minuteMs);
  await brokerage.setLogin({ password: right.password, ...behaviour });
  await putSecretValue(
    cloud,
    browserSecret,
    typeof credentials === 'string' ? credentials : JSON.stringify(credentials),
  );
  const inbox = watch(demo);
  const pictures = cloud.s3.objects().size;
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  const [execution] = await demo.executions();
  const notified = (await events(demo)).filter(
    ({ type, details }) => type.startsWith('browser-') && details.executionId === execution!.executionArn,
  );
  return {
    event: notified.at(-1)!,
    alerts: inbox.alerts().map(({ subject, text }) => ({ subject, text })),
    links: inbox.mails().length,
    states: execution!.states.filter(
      (state) => !['Begin', 'CheckGrant', 'Choose', 'RefreshTokens'].includes(state),
    ),
    pictures: [...cloud.s3.objects()].slice(pictures),
  };
}

const browserAlone = ['BrowserLogin', 'AfterBrowserLogin', 'Done'];
const thenThePerson = [
  'BrowserLogin',
  'RecordIncident',
  'AlertOperator',
  'RecordFailure',
  'AfterAlert',
  'AskOwner',
  'RequestReauthorization',
];

test('logs in by itself, and nobody is asked', async () => {
  const { event, alerts, links, states } = await attempt({});
  expect(states).toEqual(browserAlone);
  expect([alerts, links]).toEqual([[], 0]);
  expect(event.type).toBe('browser-logged-in');
  expect(event.details.steps).toMatch(
    /^(first browser "[^"]+" \d\.\d s, )?link \d\.\d s, 1 fill "Login ID" \d\.\d s, 2 fill "Password" \d\.\d s, 3 click button "Log in" \d\.\d s, 6 choose-accounts group "Accounts to share" \d\.\d s, 8 click button "Allow" \d\.\d s, 9 callback \d\.\d s$/,
  );
  expect(await demo.grant()).toMatchObject({
    status: 'active',
    identity: { accounts: [expect.any(String), expect.any(String), expect.any(String)] },
  });
});

test('what it took is measured, as a whole and step by step', () => {
  const measured = demo.cloud.cloudWatch.metrics().map(({ name }) => name);
  expect(new Set(measured.filter((name) => name.startsWith('BrowserLogin')))).toEqual(
    new Set(['BrowserLoginSeconds', 'BrowserLoginStepSeconds', 'BrowserLoginsSucceeded']),
  );
});

test('the browser says what it is', async () => {
  expect(await demo.brokerage.userAgents()).toEqual([expect.stringMatching(/ HeadlessChrome\/\d+/)]);
});

test('a one-time code is worked out from its seed, and accounts are chosen on a page of their own', async () => {
  const { event, states } = await attempt(
    { totpSeed, accountPicker: true },
    { ...right, totp_seed: totpSeed },
  );

  expect(states).toEqual(browserAlone);
  expect(event.details.steps).toMatch(
    /4 one-time-code "One-time code" .* 5 click button "Confirm" .* 6 choose-accounts .* 7 click button "Continue" .* 8 click button "Allow"/,
  );
});

test('that a second browser was needed is in the timeline', async () => {
  died = { detail: 'It did not start: SIGSEGV.', ms: 640 };
  const { event, states } = await attempt({});
  died = undefined;

  expect(states).toEqual(browserAlone);
  expect(event.details.steps).toMatch(/^first browser "It did not start: SIGSEGV\." 0\.6 s, link \d/);
});

const ofAlerts = ['AlertOperator', 'RecordFailure'];

test('a session that is still logged in leads back without a page', async () => {
  const { event, states } = await attempt({ stillLoggedIn: true });

  expect(states).toEqual(browserAlone);
  expect(event.details.steps).toMatch(
    /^(first browser "[^"]+" \d\.\d s, )?link \d\.\d s, 9 callback \d\.\d s$/,
  );
});

test.each([
  [
    'a changed page',
    { changed: true },
    right,
    'LoginPageError',
    true,
    'a page differs from the recipe. Step 1 (fill "Login ID") is not on the page.',
  ],
  [
    'a button that is there twice',
    { doubled: true },
    right,
    'LoginPageError',
    false,
    'a step of the recipe fits more than one element. Step 3 (click button "Log in") fits 2 elements.',
  ],
  [
    'a captcha',
    { captcha: true },
    right,
    'LoginPageError',
    false,
    'the provider asked for a captcha. The page has the text "confirm that you are a person".',
  ],
  [
    'a page that takes too long',
    { slowMs: 9_000 },
    right,
    'LoginPageError',
    false,
    'a page took too long. Step 6 (choose-accounts group "Accounts to share"): the provider has not answered yet.',
  ],
  [
    'a one-time code that is asked for and has no seed',
    { totpSeed },
    right,
    'ConfigurationError',
    true,
    'its credentials are malformed. A one-time code is asked for, and totp_seed is missing or not usable.',
  ],
  [
    'a wrong password',
    {},
    wrong,
    'LoginRefusedError',
    true,
    'the provider refused the password. The page has the text "login ID and password do not match".',
  ],
  [
    'a wrong one-time code',
    { totpSeed },
    { ...right, totp_seed: otherSeed },
    'LoginRefusedError',
    false,
    'the provider refused the one-time code. The page has the text "code is not right".',
  ],
  [
    'a locked account',
    { lockAfter: 1 },
    wrong,
    'LoginRefusedError',
    false,
    'the account is locked. The page has the text "account is locked".',
  ],
] as const)(
  '%s: the operator hears why, once, and the owner has the link',
  async (_, behaviour, credentials, error, isNews, why) => {
    const { event, alerts, links, states, pictures } = await attempt(behaviour, credentials);

    expect(states).toEqual(
      isNews ? thenThePerson : thenThePerson.filter((state) => !ofAlerts.includes(state)),
    );
    expect(links).toBe(1);
    expect(event.type).toBe('browser-failed');
    expect(
      `${browserOutcomeLabels[event.details.why as BrowserLoginOutcome]}. ${event.details.detail as string}`,
    ).toBe(why);
    // A picture of the last page for the operator who has to find out; in the alert and in the timeline.
    const [[path, picture]] = pictures as [[string, { contentType: string; body: Buffer }]];
    expect(path).toMatch(
      /^grantkeeper-local-browser-000000000000\/screenshots\/demo-main\/2026-.*-browser[a-z0-9]{13}\.jpg$/,
    );
    expect(picture).toMatchObject({ contentType: 'image/jpeg' });
    // What fails again in such a way is no news.
    expect(alerts.map(({ subject }) => subject)).toEqual(isNews ? [`Grantkeeper: demo-main: ${error}`] : []);
    if (!isNews) return;
    expect(alerts[0]!.text).toContain(
      `The browser login failed: ${why} How the page looked: ${event.details.screenshot as string}`,
    );
  },
);

test('the panel leads to the pictures, and says what works again once a browser has logged in', async () => {
  const pageOf = async () =>
    (await (await signIn(demo, operator)).open(`${demo.cloud.apiUrl}/panel/connections/demo-main`)).body;
  const href = [...(await pageOf()).matchAll(/<a href="([^"]+)">[Ss]creenshot<\/a>/g)];
  expect(href.length).toBeGreaterThanOrEqual(3);
  expect(href[0]![1]).toMatch(
    /^https:\/\/us-east-1\.console\.aws\.amazon\.com\/s3\/object\/grantkeeper-local-browser-/,
  );

  const inbox = watch(demo);
  const { event } = await attempt({});
  expect(event.type).toBe('browser-logged-in');
  expect(inbox.mails()).toHaveLength(0);
  const recovered = inbox.recoveries().map(({ text }) => text.match(/BrowserLogin: \w+/g));
  expect(recovered).toEqual([
    ['BrowserLogin: ConfigurationError', 'BrowserLogin: LoginPageError', 'BrowserLogin: LoginRefusedError'],
  ]);
  expect(await pageOf()).not.toContain('>Screenshot</a>');
});

test('credentials that were refused are not tried again before they change', async () => {
  const mistyped = { username: 'demo', password: wrong.password };
  expect((await attempt({}, mistyped)).event.details).toMatchObject({ why: 'password-refused' });
  const tried = await demo.brokerage.passwordsTried();

  // Not even if it would be right by now.
  await demo.advance(16 * minuteMs);
  const { inbox } = demo.cloud;
  const before = inbox.list().length;
  await demo.brokerage.setLogin({ password: mistyped.password });
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });

  expect(await demo.brokerage.passwordsTried()).toBe(tried);
  expect((await events(demo)).findLast(({ type }) => type === 'browser-skipped')!.details).toMatchObject({
    why: 'refused-before',
  });
  expect(
    inbox
      .list()
      .slice(before)
      .map(({ channel }) => channel),
  ).toEqual(['email']);
});

test.each([
  ['missing', undefined, 'grantkeeper-browser-login/local/demo-main holds no value yet.'],
  ['malformed', { username: 'demo' }, 'password is missing or not usable.'],
])('credentials that are %s are one alert, and no browser is started', async (_, credentials, why) => {
  await using other = await startWithBrowserLogin({ credentials: credentials ?? 'none' });
  await other.advance(0);
  await other.advance(30 * minuteMs);

  expect(other.alerts().map(({ subject }) => subject)).toEqual([
    'Grantkeeper: demo-main: ConfigurationError',
  ]);
  expect(other.alerts()[0]!.text).toContain(why);
  expect(other.mails()).toHaveLength(1);
  expect(await other.brokerage.passwordsTried()).toBe(0);
});

test('of what was typed a screenshot shows nothing: it is the same whatever it was', async () => {
  const pictureOf = async (credentials: typeof wrong) => {
    const { pictures } = await attempt({}, credentials);
    return pictures[0]![1].body;
  };
  const first = await pictureOf(wrong);
  const second = await pictureOf({ username: 'somebody-else', password: 'a-longer-password-than-the-other' });

  expect(first.length).toBeGreaterThan(5_000);
  expect(second.equals(first)).toBe(true);
});

test('no password, seed, code, link or login ID is in any log, history, item, metric, message or resource', async () => {
  const { cloud, brokerage } = demo;
  const canaries: Canary[] = [
    ...(await brokerage.issued()).map((value) => ({ kind: 'issued by the provider', value })),
    ...links.map((link) => ({ kind: 'link', value: link.split('/').at(-1)! })),
    ...[right, wrong].map(({ password }) => ({ kind: 'password', value: password })),
    ...[totpSeed, otherSeed].map((value) => ({ kind: 'seed', value })),
    { kind: 'login ID', value: wrong.username },
  ];
  const of = (where: string, texts: readonly unknown[]): Document[] =>
    texts.map((text) => ({ where, text: JSON.stringify(text) }));
  const documents: Document[] = [
    ...of('log', cloud.lambda.logs),
    ...of('history', await histories(demo)),
    ...of('item', (await itemsOf(demo, 'connection#demo-main')).map(withoutVerifier)),
    ...of('item', await itemsOf(demo, 'settings#demo-main')),
    ...of('metric', cloud.cloudWatch.metrics()),
    ...of('message', cloud.inbox.list()),
    ...of('access log', cloud.httpApi.accessLog),
    ...of(
      'resource',
      cloud.resources.map(({ inputs, state }) => [inputs, state]),
    ),
    ...of(
      'picture',
      [...cloud.s3.objects()].map(([path, { body }]) => path + body.toString('latin1')),
    ),
  ];

  expect(links.length).toBeGreaterThan(12);
  expect(new Set(documents.map(({ where }) => where)).size).toBe(8);
  expect(leaks(canaries, documents)).toEqual([]);
  // One-time codes are too short to differ from other numbers, except where they stand alone.
  const codes = await brokerage.codesTyped();
  expect(codes.length).toBeGreaterThanOrEqual(2);
  const written = documents.filter(({ where }) => where !== 'picture');
  for (const code of codes) {
    expect(written.filter(({ text }) => new RegExp(`(?<![\\d.])${code}(?!\\d)`).test(text))).toEqual([]);
  }
});
