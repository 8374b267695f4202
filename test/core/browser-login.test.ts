import { describe, expect, test } from '@jest/globals';

import { oneTimeCode } from '../../adapters/one-time-code.ts';
import {
  BrowserLoginSettingsSchema,
  DoneStepSchema,
  endsCredentials,
  errorOf,
  isUnderWay,
  occasionOf,
  ReportSchema,
  wasTried,
  stepsText,
} from '../../core/browser-login.ts';
import { browserAuthorizationId, isBrowsers, browserLoginOutcomes } from '../../core/browser-outcome.ts';
import { linkPath, parseLinkPath } from '../../core/link.ts';
import { elementOf, RecipeSchema, recipes, stepLabel } from '../../core/recipe.ts';
import { isSeed, problemOfBrowserCredentials } from '../../core/browser-credentials.ts';
import { dayMs, hourMs, loggedIn, minuteMs, ms, schwab } from '../helpers/core-samples.ts';

const monday = ms('2026-01-05T12:00:00Z');
const grant = loggedIn(monday);
const expiresAt = '2026-01-12T12:00:00.000Z';

describe('the reason of an attempt', () => {
  const reminder = '2026-01-10T12:00:00.000Z';

  test('is the reminder that is sent, or the last one that passed', () => {
    const notified = {
      decision: 'notify',
      kind: 'expiring',
      reason: 'reminder-due',
      reminder,
      expiresAt,
    } as const;
    expect(occasionOf(schwab, grant, notified, monday + 5 * dayMs)).toBe(reminder);
    const asked = { decision: 'reauthorize', reason: 'expiring', expiresAt } as const;
    expect(occasionOf(schwab, grant, asked, monday + 7 * dayMs - 30 * minuteMs)).toBe(
      '2026-01-12T11:00:00.000Z',
    );
  });

  test.each(['first-login', 'expired', 'rejected', 'requested'] as const)(
    'is otherwise why the owner is needed: %s',
    (reason) => {
      expect(occasionOf(schwab, grant, { decision: 'reauthorize', reason, expiresAt }, monday)).toBe(reason);
    },
  );

  test.each([
    ['a new owner', { decision: 'reauthorize', reason: 'change-owner', expiresAt }],
    [
      'a link that somebody has clicked',
      { decision: 'reauthorize', reason: 'reminder', expiresAt, authorizationId: 'a' },
    ],
    ['a test of the channels', { decision: 'notify', kind: 'test', reason: 'asked-for' }],
    ['a grant that is back', { decision: 'notify', kind: 'restored', reason: 'grant-restored' }],
    ['a refresh', { decision: 'refresh', reason: 'asked-for' }],
  ] as const)('and for %s none is made', (_, decision) => {
    expect(occasionOf(schwab, grant, decision, monday)).toBeUndefined();
    // A notice that names a reminder and tells of none.
    const restored = { decision: 'notify', kind: 'restored', reason: 'grant-restored', reminder } as const;
    expect(occasionOf(schwab, grant, restored, monday)).toBeUndefined();
  });
});

describe('there is', () => {
  const after = (occasion: string, passedMs: number) =>
    wasTried(occasion, { attempt: { occasion, authorizationId: 'a', atMs: monday } }, monday + passedMs);

  test('one attempt a reminder, however long that is', () => {
    expect(after('2026-01-10T12:00:00.000Z', 30 * dayMs)).toBe(true);
  });

  test('one a day for a grant that has none any more', () => {
    expect(after('rejected', 22 * hourMs)).toBe(true);
    expect(after('rejected', 24 * hourMs)).toBe(false);
  });

  test('one for each request of an operator', () => {
    expect(after('requested', minuteMs)).toBe(false);
  });

  test('none beside one that may be under way still, whatever either is for', () => {
    const attempt = { occasion: 'expired', authorizationId: 'a', atMs: monday };
    expect(isUnderWay({ attempt }, monday + minuteMs)).toBe(true);
    expect(isUnderWay({ attempt }, monday + 2 * minuteMs)).toBe(false);
    const ended = { outcome: 'captcha', detail: 'why' } as const;
    expect(isUnderWay({ attempt: { ...attempt, ended } }, monday + minuteMs)).toBe(false);
    expect(isUnderWay({}, monday)).toBe(false);
  });

  test('another one for another occasion, and a first one', () => {
    expect(
      wasTried('rejected', { attempt: { occasion: 'expired', authorizationId: 'a', atMs: monday } }, monday),
    ).toBe(false);
    expect(wasTried('rejected', {}, monday)).toBe(false);
  });
});

test('each outcome has its error, and only what was refused ends the credentials', () => {
  const names = Object.fromEntries(
    browserLoginOutcomes.map((outcome) => [outcome, errorOf(outcome, 'why').name]),
  );
  expect(names).toEqual({
    'logged-in': 'LoginPageError',
    'credentials-missing': 'ConfigurationError',
    'credentials-malformed': 'ConfigurationError',
    'refused-before': 'LoginRefusedError',
    'unheard-before': 'LoginRefusedError',
    'password-refused': 'LoginRefusedError',
    'code-refused': 'LoginRefusedError',
    'account-locked': 'LoginRefusedError',
    captcha: 'LoginPageError',
    declined: 'LoginPageError',
    'page-changed': 'LoginPageError',
    ambiguous: 'LoginPageError',
    'too-slow': 'LoginPageError',
    'not-stored': 'LoginPageError',
    'browser-failed': 'BrowserUnavailableError',
  });
  expect(browserLoginOutcomes.filter(endsCredentials)).toEqual([
    'password-refused',
    'code-refused',
    'account-locked',
  ]);
});

test('an authorization of a browser is known by its id, which a link may have', () => {
  const authorizationId = browserAuthorizationId('aB3-_x');
  expect(authorizationId).toBe('browserab3x000000000');
  expect(browserAuthorizationId('0123456789abcdefg')).toBe('browser0123456789abc');
  expect(isBrowsers(authorizationId)).toBe(true);
  expect(['v3ue5fsaih85qwt6iyby', undefined, 7].map(isBrowsers)).toEqual([false, false, false]);
  const name = { connectionId: 'demo-main', authorizationId, random: 'x'.repeat(43) };
  expect(parseLinkPath(linkPath(name))).toEqual(name);
});

test('steps are listed with how long each took', () => {
  const steps = [
    { step: 0, what: 'link', ms: 349 },
    { step: 2, what: 'fill "Password"', ms: 1250 },
  ];
  expect(stepsText({ steps })).toBe('link 0.3 s, 2 fill "Password" 1.3 s');
  expect(stepsText({ steps, died: { detail: 'It did not start: SIGSEGV.', ms: 640 } })).toBe(
    'first browser "It did not start: SIGSEGV." 0.6 s, link 0.3 s, 2 fill "Password" 1.3 s',
  );
  expect(stepsText({ steps: [] })).toBe('');
});

test('a report that is none of ours is refused', () => {
  expect(ReportSchema.safeParse({ outcome: 'logged-in', detail: '', steps: [] }).success).toBe(true);
  expect(ReportSchema.safeParse({ outcome: 'well', detail: '', steps: [] }).success).toBe(false);
});

describe('a recipe', () => {
  const recipe = (step: unknown, more = {}) => RecipeSchema.safeParse({ steps: [step], ...more });

  test.each(Object.keys(recipes))('%s is valid, and each of its steps has words', (name) => {
    const { steps } = RecipeSchema.parse(recipes[name]);
    expect(steps.map(stepLabel).every((words) => /^[a-z-]+ .*"[^"]+"$/.test(words))).toBe(true);
  });

  test('has a step of each kind', () => {
    const label = { label: 'One' };
    const steps = [
      { do: 'fill', field: label, with: 'username' },
      { do: 'click', on: { role: 'button', name: 'Go' } },
      { do: 'tick', box: label },
      { do: 'one-time-code', field: label },
      { do: 'choose-accounts', among: label, accounts: ['1', '2'] },
      { do: 'expect', see: { text: 'Welcome' } },
    ];
    const parsed = RecipeSchema.parse({ steps });
    expect(parsed.steps.map(stepLabel)).toEqual([
      'fill "One"',
      'click button "Go"',
      'tick "One"',
      'one-time-code "One"',
      'choose-accounts "One"',
      'expect the text "Welcome"',
    ]);
    expect(parsed.steps.map(elementOf)[1]).toEqual({ role: 'button', name: 'Go' });
    expect(parsed).toMatchObject({
      seconds: 60,
      refusals: [],
      steps: steps.map(() => ({ optional: false, seconds: 15 })),
    });
  });

  test.each([
    ['an unknown step', { do: 'wave', at: { label: 'One' } }],
    ['a field too many', { do: 'click', on: { label: 'One' }, twice: true }],
    ['a selector of another kind', { do: 'click', on: { css: '#go' } }],
    ['a role that is none', { do: 'click', on: { role: 'knob', name: 'Go' } }],
    ['a text that is to be clicked', { do: 'click', on: { text: 'Go' } }],
    ['a credential of another name', { do: 'fill', field: { label: 'One' }, with: 'pin' }],
    ['no time', { do: 'click', on: { label: 'One' }, seconds: 0 }],
    ['a name over two lines', { do: 'click', on: { label: 'One\nTwo' } }],
  ])('with %s is refused', (_, step) => {
    const { success, error } = recipe(step);
    expect(success).toBe(false);
    expect(error!.issues[0]!.path.slice(0, 2)).toEqual(['steps', 0]);
  });

  test('with more time than its function has, or without a step, is refused', () => {
    const step = { do: 'click', on: { label: 'One' } };
    expect(recipe(step, { seconds: 75 }).success).toBe(true);
    expect(recipe(step, { seconds: 76 }).success).toBe(false);
    expect(RecipeSchema.safeParse({ steps: [] }).success).toBe(false);
  });
});

describe('credentials', () => {
  const right = { username: 'dana', password: 'p' };

  test.each([
    [right, undefined],
    [{ ...right, totp_seed: 'JBSW Y3DP EHPK 3PXP' }, undefined],
    [{ ...right, totp_seed: 'otpauth://totp/Demo:dana?secret=JBSWY3DPEHPK3PXP' }, undefined],
    ['text', 'they are not an object'],
    [{ username: 'dana' }, 'password is missing or not usable'],
    [{ ...right, username: 'two\nlines' }, 'username is missing or not usable'],
    [{ ...right, password: '' }, 'password is missing or not usable'],
    [{ ...right, totp_seed: '1234' }, 'totp_seed is missing or not usable'],
    [
      { ...right, totp_seed: 'otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP' },
      'totp_seed is missing or not usable',
    ],
    [{ ...right, pin: '1' }, 'they have fields that are not known'],
  ])('%j: %s', (value, problem) => {
    expect(problemOfBrowserCredentials(value)).toBe(problem);
  });
});

describe('a one-time code', () => {
  // RFC 6238 appendix B, SHA-1; the seed is "12345678901234567890".
  const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_234_567_890, '89005924'],
    [20_000_000_000, '65353130'],
  ])('at second %i is %s, as in RFC 6238', (seconds, code) => {
    expect(oneTimeCode(`otpauth://totp/Test?secret=${seed}&digits=8`, seconds * 1000)!.code).toBe(code);
    expect(oneTimeCode(seed, seconds * 1000)!.code).toBe(code.slice(2));
  });

  test('ignores spaces in the seed', () => {
    expect(oneTimeCode('GEZD GNBV GY3T QOJQ gezd gnbv gy3t qojq', 59_000)).toEqual({
      code: '287082',
      leftMs: 1000,
    });
  });

  test.each(['not base32: 1', 'otpauth://totp/x?secret=1', 'otpauth://hotp/x?secret=GEZDGNBV&counter=1'])(
    'of %s there is none',
    (none) => {
      expect(oneTimeCode(none, 59_000)).toBeUndefined();
    },
  );
});

test('only a reminder is tried once for ever: after 23 hours each other occasion may be tried again', () => {
  const tried = (occasion: string) => ({
    attempt: { occasion, atMs: monday, authorizationId: 'browser0000000000000' },
  });
  const later = monday + 23 * hourMs;
  expect(wasTried('expired', tried('expired') as Parameters<typeof wasTried>[1], later - 1)).toBe(true);
  expect(wasTried('expired', tried('expired') as Parameters<typeof wasTried>[1], later)).toBe(false);
});

test('where a reminder has passed, a grant that has ended is tried for its end', () => {
  const asked = { decision: 'reauthorize', reason: 'expired', expiresAt } as const;
  expect(occasionOf(schwab, grant, asked, monday + 7 * dayMs)).toBe('expired');
});

test('the request to a browser and its answer are checked completely', () => {
  expect(BrowserLoginSettingsSchema.safeParse({}).success).toBe(false);
  expect(DoneStepSchema.parse({ step: 1, what: 'click', ms: 7 })).toEqual({ step: 1, what: 'click', ms: 7 });
  const report = {
    outcome: 'completed',
    detail: 'd',
    steps: [],
    died: { detail: 'closed', ms: 5 },
    credentials: { versionId: 'v', createdAt: '2026-01-05T12:00:00.000Z' },
  };
  const outcome = browserLoginOutcomes[0];
  expect(ReportSchema.parse({ ...report, outcome })).toEqual({ ...report, outcome });
});

test.each([
  ['GEZD GNBV GY3T QOJQ', true],
  ['GEZDGNBVGY3TQOJQ====', true],
  ['GEZDGNBVGY3TQOJQ=======', false],
  ['GEZDGNBVGY3TQOJQ!', false],
  ['otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ', true],
  ['otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ and more', false],
  ['see otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ', false],
])('%j is a seed: %s', (text, is) => {
  expect(isSeed(text)).toBe(is);
});
