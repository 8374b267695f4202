/** The provider's login comes back without a usable code: who hears of it, and what the owner can do. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { Browser, isRecovery, TestDemo } from '../helpers/demo.ts';
import { askForLogin, stored, withProviderData } from '../helpers/stored.ts';
import { events as allEvents } from '../helpers/story.ts';

const done = { status: 200, title: 'Done: you are connected' };

let demo: TestDemo;
let alertsBefore: number;
beforeEach(() => {
  alertsBefore = demo.alerts().length;
});
const newAlerts = () => demo.alerts().slice(alertsBefore);

/** The details of the timeline's events of a type, oldest first, without what tells one login from another. */
async function events(type: string): Promise<Record<string, unknown>[]> {
  const found = (await allEvents(demo)).filter((event) => event.type === type);
  return found.map(({ details: { authorizationId: _id, executionId: _execution, ...details } }) => details);
}

/** A login that is allowed, and on its way back is changed to what the provider is to have answered. */
async function answered(change: (query: URLSearchParams) => void) {
  // Events of one millisecond have no order.
  await demo.advance(1000);
  const link = await askForLogin(demo);
  const browser = new Browser();
  const callback = await demo.logInUpToCallback(link, 'allow', browser);
  const changed = new URL(callback);
  change(changed.searchParams);
  const open = async (url: string, by = browser) => {
    const { status, title, body } = await by.open(url);
    await demo.cloud.clock.idle();
    return { status, title, body };
  };
  return { link, browser, callback, changed: changed.href, open };
}

const refusal = (error: string, description?: string) => (query: URLSearchParams) => {
  query.delete('code');
  query.set('error', error);
  if (description !== undefined) query.set('error_description', description);
};

async function logsIn(link: string): Promise<void> {
  // Later than what went wrong, or that is not over.
  await demo.advance(1000);
  expect(await demo.logIn(link)).toMatchObject(done);
  await demo.cloud.clock.idle();
}

describe('with iss promised by metadata alone', () => {
  beforeAll(async () => {
    demo = await TestDemo.start({
      configure: withProviderData({
        metadata: 'openid',
        authorizationEndpoint: undefined,
        tokenEndpoint: undefined,
        authorizationResponseIss: undefined,
      }),
    });
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test('a callback without iss stores nothing, and alerts the operators', async () => {
    const { link, changed, open } = await answered((query) => query.delete('iss'));
    const before = await stored(demo);
    expect(await open(changed)).toMatchObject({ status: 400, title: 'Your login could not be verified' });
    expect(await stored(demo)).toEqual(before);
    expect(newAlerts()).toMatchObject([
      {
        subject: 'Grantkeeper: demo-main: IssuerMismatchError',
        text: expect.stringMatching(
          /came back with the issuer "none"; configured is "http:\/\/localhost:\d+"/,
        ),
      },
    ]);
    await logsIn(link);
  });
});

describe('with the data of Demo Brokerage', () => {
  beforeAll(async () => {
    demo = await TestDemo.start();
    await demo.connect();
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  describe('an issuer that is not the configured one', () => {
    test('is alerted once, with both names, and stands in the timeline once a start, however often it comes', async () => {
      const { callback, changed, open } = await answered((query) => query.set('iss', `${query.get('iss')}/`));
      const { issuer } = demo.brokerage;
      const before = await stored(demo);
      const seen = (await events('issuer-refused')).length;

      for (let count = 0; count < 3; count += 1) {
        const page = await open(changed);
        expect(page).toMatchObject({ status: 400, title: 'Your login could not be verified' });
        expect(page.body).toMatch(/Your\s+Grantkeeper\s+operator\s+has\s+been\s+notified/);
      }
      expect(await stored(demo)).toEqual(before);
      expect((await events('issuer-refused')).slice(seen)).toEqual([
        { received: `${issuer}/`, configured: issuer },
      ]);
      expect(newAlerts()).toMatchObject([
        {
          subject: 'Grantkeeper: demo-main: IssuerMismatchError',
          text: expect.stringMatching(/Step: Callback[^]*What to do: Run grantkeeper doctor\./),
        },
      ]);
      expect(newAlerts()[0]!.text).toContain(
        `A login at Demo Brokerage came back with the issuer "${issuer}/"; configured is "${issuer}". Nothing was stored.`,
      );

      // The provider's own answer is as good as before.
      await demo.advance(1000);
      expect(await open(callback)).toMatchObject(done);
    });

    test('is alerted although an answer that decides nothing came before it', async () => {
      const { link, changed, open } = await answered((query) => query.set('iss', 'https://other.example'));
      const unavailable = new URL(changed);
      unavailable.searchParams.set('iss', demo.brokerage.issuer);
      refusal('temporarily_unavailable')(unavailable.searchParams);
      const failed = (await events('authorization-failed')).length;
      const refused = (await events('issuer-refused')).length;
      for (const url of [unavailable.href, changed, unavailable.href, changed]) await open(url);
      expect((await events('authorization-failed')).slice(failed)).toEqual([
        { error: 'temporarily_unavailable' },
      ]);
      expect((await events('issuer-refused')).slice(refused)).toMatchObject([
        { received: 'https://other.example' },
      ]);
      expect(newAlerts()).toMatchObject([{ subject: 'Grantkeeper: demo-main: IssuerMismatchError' }]);
      await logsIn(link);
    });

    test('is alerted again, and over, as every incident is', async () => {
      const { link, changed, open } = await answered((query) => query.set('iss', 'https://other.example'));
      const recoveries = () => demo.cloud.inbox.list().filter(isRecovery).length;
      const recoveriesBefore = recoveries();
      await open(changed);
      expect(newAlerts()).toHaveLength(1);
      await logsIn(link);
      await demo.advance(25 * 60_000);
      expect(recoveries()).toBe(recoveriesBefore + 1);
    });

    test('with what is no text for a mail, and with the code in it, is shown without both', async () => {
      const { changed, open } = await answered((query) =>
        query.set('iss', `https://other.example/\r\n<b>${'x'.repeat(300)}`),
      );
      await open(changed);
      expect((await events('issuer-refused')).at(-1)).toMatchObject({
        received: `https://other.example/???b?${'x'.repeat(173)}…`,
      });
      const second = await answered((query) =>
        query.set('iss', `https://other.example/${query.get('code')}`),
      );
      await second.open(second.changed);
      expect((await events('issuer-refused')).at(-1)).toMatchObject({ received: '[redacted]' });
      await logsIn(second.link);
    });

    test('that somebody forges, without the cookie, a start or the state of one, alerts nobody', async () => {
      const { link, changed, open } = await answered((query) => query.set('iss', 'https://other.example'));
      const seen = (await events('issuer-refused')).length;
      const executions = (await demo.executions()).length;
      const withoutStart = new URL(changed);
      withoutStart.searchParams.set('state', `${withoutStart.searchParams.get('state')!.slice(0, -3)}AAA`);

      expect(await open(changed, new Browser())).toMatchObject({
        title: 'This login began in another browser',
      });
      expect(await open(withoutStart.href)).toMatchObject({ title: 'This login is not known' });
      expect(await open(withoutStart.href, new Browser())).toMatchObject({
        title: 'This login is not known',
      });
      expect(newAlerts()).toEqual([]);
      expect(await demo.executions()).toHaveLength(executions);
      expect(await events('issuer-refused')).toHaveLength(seen);
      await logsIn(link);
    });
  });

  describe('an error that is the operator’s to mend', () => {
    test.each([
      'invalid_scope',
      'unauthorized_client',
      'invalid_request',
      'unsupported_response_type',
      'new_code',
    ])(
      '%s: the alert has what the provider said, the owner’s page that there is one, and the link goes on working',
      async (error) => {
        const { link, changed, open } = await answered(
          refusal(error, 'Invalid scopes: offline_access\r\nBcc: x'),
        );
        const before = await stored(demo);
        const declined = (await events('declined')).length;
        const page = await open(changed);

        expect(page).toMatchObject({ status: 502, title: 'Demo Brokerage refused this installation' });
        expect(page.body).toContain('Your Grantkeeper operator has been notified');
        expect(page.body).not.toContain('offline_access');
        expect(await stored(demo)).toEqual(before);
        expect(newAlerts()).toMatchObject([
          {
            subject: 'Grantkeeper: demo-main: AuthorizationRejectedError',
            text: expect.stringContaining(
              `Demo Brokerage refused the request for a login (${error}: “Invalid scopes: offline_access Bcc: x”).`,
            ),
          },
        ]);
        expect((await events('authorization-failed')).at(-1)).toEqual({
          error,
          description: 'Invalid scopes: offline_access Bcc: x',
        });
        expect(await events('declined')).toHaveLength(declined);
        // Once is enough, and the start is used.
        expect(await open(changed)).toMatchObject({ title: 'This login was used already' });
        expect(newAlerts()).toHaveLength(1);
        await logsIn(link);
      },
    );
  });

  describe('an error that decides nothing', () => {
    test.each([
      ['temporarily_unavailable', 502, 'Demo Brokerage could not log you in'],
      ['server_error', 502, 'Demo Brokerage could not log you in'],
      ['login_required', 400, 'Your login was not finished'],
      ['interaction_required', 400, 'Your login was not finished'],
      ['consent_required', 400, 'Your login was not finished'],
      ['account_selection_required', 400, 'Your login was not finished'],
    ])('%s: the same start still brings a code, and nobody is alerted', async (error, status, title) => {
      const { callback, changed, open } = await answered(refusal(error, 'authentication_expired'));
      const before = await stored(demo);
      const seen = (await events('authorization-failed')).length;

      for (let count = 0; count < 3; count += 1) expect(await open(changed)).toMatchObject({ status, title });
      expect(await stored(demo)).toEqual(before);
      expect((await events('authorization-failed')).slice(seen)).toEqual([
        { error, description: 'authentication_expired' },
      ]);
      expect(newAlerts()).toEqual([]);
      expect(await open(callback)).toMatchObject(done);
    });
  });

  test('access_denied alone is a decline', async () => {
    const { link, changed, open } = await answered(refusal('access_denied', 'The owner cancelled.'));
    expect(await open(changed)).toMatchObject({ status: 200, title: 'Nothing was changed' });
    expect((await events('declined')).at(-1)).toEqual({
      error: 'access_denied',
      description: 'The owner cancelled.',
    });
    expect(newAlerts()).toEqual([]);
    await logsIn(link);
  });
});
