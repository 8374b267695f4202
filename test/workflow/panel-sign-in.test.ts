import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { Browser, TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import { accessDenied, Wiretap } from '../helpers/wiretap.ts';
import { askForLink, csrfOf, operator, signIn, signInLink, viewer } from '../helpers/panel.ts';

let demo: TestDemo;
let panel: string;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
  panel = `${demo.cloud.apiUrl}/panel`;
});
afterAll(() => demo[Symbol.asyncDispose]());

const notSignedIn = { status: 401, title: 'You are not signed in' };

/** What a connection's page says to a browser. */
const look = (browser: Browser) => browser.open(`${panel}/connections/demo-main`);

/** A browser that has asked for a link of its own. */
async function askedBy(email: string): Promise<Browser> {
  const browser = new Browser();
  await askForLink(demo, email, browser);
  return browser;
}

describe('signing in', () => {
  test('takes a mailed link and one press, and gives a cookie of this origin alone', async () => {
    const browser = new Browser();
    const asked = await askForLink(demo, operator, browser);
    expect(asked).toMatchObject({ status: 200, title: 'Check your email' });
    const mail = demo.mails().at(-1)!;
    expect(mail).toMatchObject({ to: operator, subject: 'Sign in to Grantkeeper' });
    const link = signInLink(demo)!;
    expect(await browser.open(link)).toMatchObject({ status: 200, title: 'Sign in' });

    const response = await fetch(link, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: browser.cookiesOf(link) },
    });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/panel');
    const [session, asking] = response.headers.getSetCookie();
    expect(session).toMatch(
      /^__Host-grantkeeper-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200$/,
    );
    expect(asking).toMatch(/^__Host-grantkeeper-sign-in=; .*Max-Age=0$/);
  });

  test('an open panel is there at once; each link signs in once', async () => {
    const browser = await signIn(demo, operator);
    expect(await browser.open(`${panel}/sign-in`)).toMatchObject({ url: panel, title: 'Connections' });
    expect(await look(browser)).toMatchObject({ status: 200, title: 'demo-main' });
    const usedAlready = { status: 410, title: 'This link was used already' };
    expect(await browser.open(signInLink(demo)!)).toMatchObject(usedAlready);
    expect(await browser.post(signInLink(demo)!, {})).toMatchObject(usedAlready);
  });

  test('leads to the page that somebody came for, and to no other place', async () => {
    const browser = new Browser();
    const refused = await look(browser);
    expect(refused).toMatchObject(notSignedIn);
    const [, href] = /href="([^"]+)">Sign in</.exec(refused.body)!;
    const form = await browser.open(`${demo.cloud.apiUrl}${href}`);
    const to = /name="to" value="([^"]+)"/.exec(form.body)?.[1];
    expect(to).toBe('/panel/connections/demo-main');
    const signInTo = async (where: string) => {
      await browser.post(`${panel}/sign-in`, { email: operator, to: where });
      return browser.post(signInLink(demo, operator)!, {});
    };
    expect(await signInTo(to!)).toMatchObject({ status: 200, title: 'demo-main' });
    for (const elsewhere of [
      'https://evil.example',
      '//evil.example/panel',
      '/panel/sign-out',
      '/reauthorize',
    ]) {
      expect(await signInTo(elsewhere)).toMatchObject({ url: panel, title: 'Connections' });
    }
  });

  test('a press whose answer is lost can be repeated for two minutes, in the browser that asked and in no other', async () => {
    const browser = await askedBy(viewer);
    const link = signInLink(demo)!;
    const usedAlready = { status: 410, title: 'This link was used already' };
    // Its cookies are those from before: no answer has come.
    const lost = await fetch(link, { method: 'POST', headers: { cookie: browser.cookiesOf(link) } });
    expect(lost.status).toBe(200);
    await demo.advance(2 * minuteMs - 1);
    for (const other of [new Browser(), await askedBy(viewer)]) {
      expect(await other.open(link)).toMatchObject(usedAlready);
      expect(await other.post(link, {})).toMatchObject(usedAlready);
      expect(await look(other)).toMatchObject(notSignedIn);
    }
    const late = new Browser({ cookie: browser.cookiesOf(link) });
    expect(await browser.open(link)).toMatchObject({ status: 200, title: 'Sign in' });
    expect(await browser.post(link, {})).toMatchObject({ url: panel, title: 'Connections' });
    // The answer has come: from now on it was used.
    expect(await browser.post(link, {})).toMatchObject(usedAlready);
    await demo.advance(1);
    expect(await late.open(link)).toMatchObject(usedAlready);
    expect(await late.post(link, {})).toMatchObject(usedAlready);
  });

  test('two presses of one browser at once sign it in', async () => {
    const browser = new Browser();
    await askForLink(demo, operator, browser);
    const link = signInLink(demo)!;
    const presses = await Promise.all([browser.with({}).post(link, {}), browser.with({}).post(link, {})]);
    expect(presses.map(({ title }) => title)).toEqual(['Connections', 'Connections']);
  });

  test('a mail scanner that opens the link and submits its form signs nobody in, and spoils nothing', async () => {
    const browser = new Browser();
    await askForLink(demo, operator, browser);
    const link = signInLink(demo)!;
    const scanner = new Browser();
    const elsewhere = { status: 403, title: 'This link belongs to another browser' };
    expect(await scanner.open(link)).toMatchObject(elsewhere);
    expect(await scanner.post(link, {})).toMatchObject(elsewhere);
    expect(await look(scanner)).toMatchObject(notSignedIn);
    expect(await browser.post(link, {})).toMatchObject({ title: 'Connections' });
  });

  test('an unknown address gets the same answer, and no mail', async () => {
    const before = demo.mails().length;
    const known = await askForLink(demo, operator);
    expect(demo.mails()).toHaveLength(before + 1);
    const unknown = await askForLink(demo, 'nobody@example.com');
    expect(demo.mails()).toHaveLength(before + 1);
    const anonymous = (body: string) => body.replaceAll(/\w+@example\.com/g, '…');
    expect(anonymous(unknown.body)).toBe(anonymous(known.body));
    expect(unknown.status).toBe(known.status);
  });

  test('the log says that a mail cannot be sent, and the page does not', async () => {
    await demo.advance(hourMs);
    const tap = new Wiretap(demo);
    tap.refuse = (call) => (call.action === 'ses:SendEmail' ? accessDenied(call) : undefined);
    const asked = await askForLink(demo, operator);
    tap.refuse = () => undefined;
    expect(asked).toMatchObject({ status: 200, title: 'Check your email' });
    const line = demo.cloud.lambda.logs.findLast(({ text }) => text.includes('mail-failed'));
    expect(line?.text).toContain('is not authorized to perform: ses:SendEmail');
  });

  test('an address is known in capitals and among spaces; what other alphabets fold to it is another one', async () => {
    await demo.advance(hourMs);
    const before = demo.mails().length;
    const same = ['OPERATOR@Example.COM', '  operator@example.com '];
    // Long s and dotless i, which are capitals' small letters; full width; a space that nobody sees; two at once.
    const others = [
      'operator@example.com\u0000',
      'operator\u200b@example.com',
      '\uff4fperator@example.com',
      'oper\u0131tor@example.com',
      'operator@examp\u017fe.com',
      'operator@example.com,nobody@example.com',
    ];
    await Promise.all([...same, ...others].map((typed) => askForLink(demo, typed)));
    const mails = demo.mails().slice(before);
    expect(mails.map(({ to }) => to)).toEqual([operator, operator]);
  });

  test.each([
    '',
    'operator',
    'a b@example.com',
    `${'x'.repeat(250)}@example.com`,
    '<script>alert(1)</script>',
  ])('what is no address (%j) is said to be none, and is kept in the form', async (typed) => {
    const refused = await askForLink(demo, typed);
    expect(refused).toMatchObject({ status: 400, title: 'Sign in' });
    expect(refused.body).toContain('This is not an email address.');
    expect(refused.body).not.toContain('<script>');
  });

  test('a link works for ten minutes', async () => {
    const browser = new Browser();
    await askForLink(demo, operator, browser);
    await demo.advance(10 * minuteMs - 1);
    expect(await browser.open(signInLink(demo)!)).toMatchObject({ status: 200, title: 'Sign in' });
    await demo.advance(1);
    expect(await browser.post(signInLink(demo)!, {})).toMatchObject({
      status: 410,
      title: 'This link has expired',
    });
  });

  test('a form of another site is not taken', async () => {
    const before = demo.mails().length;
    const refused = { status: 403, title: 'Request refused' };
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      expect(await askForLink(demo, operator, new Browser(headers))).toMatchObject(refused);
    }
    expect(demo.mails()).toHaveLength(before);
  });
});

describe('a session', () => {
  test('ends an hour after the last click; a page that keeps itself current is none', async () => {
    const browser = await signIn(demo, operator);
    await demo.advance(59 * minuteMs);
    expect(await look(browser)).toMatchObject({ status: 200 });
    await demo.advance(59 * minuteMs);
    const live = browser.with({ 'x-grantkeeper-auto-refresh': '1' });
    expect(await look(live)).toMatchObject({ status: 200 });
    await demo.advance(minuteMs);
    expect(await look(live)).toMatchObject(notSignedIn);
    expect(await look(browser)).toMatchObject(notSignedIn);
    expect(await browser.open(panel)).toMatchObject({ url: `${panel}/sign-in`, title: 'Sign in' });
  });

  test('ends twelve hours after it began, whatever is clicked', async () => {
    const browser = await signIn(demo, operator);
    for (let half = 1; half < 24; half += 1) {
      await demo.advance(30 * minuteMs);
      expect(await look(browser)).toMatchObject({ status: 200 });
    }
    await demo.advance(30 * minuteMs);
    expect(await look(browser)).toMatchObject(notSignedIn);
  });

  test('ends by signing out, and by signing out everywhere in other browsers too; not without its token', async () => {
    const [here, there, others] = [
      await signIn(demo, operator),
      await signIn(demo, operator),
      await signIn(demo, viewer),
    ];
    const csrf = csrfOf(await here.open(panel));
    expect(await here.post(`${panel}/sign-out`, {})).toMatchObject({ status: 403 });
    expect(await here.post(`${panel}/sign-out`, { csrf: csrfOf(await there.open(panel)) })).toMatchObject({
      status: 403,
    });
    const stolen = here.with({});
    expect(await here.post(`${panel}/sign-out`, { csrf })).toMatchObject({ title: 'You are signed out' });
    expect(await look(stolen)).toMatchObject(notSignedIn);
    expect(await look(there)).toMatchObject({ status: 200 });

    const again = await signIn(demo, operator);
    const everywhere = { csrf: csrfOf(await again.open(panel)), everywhere: 'yes' };
    await again.post(`${panel}/sign-out`, everywhere);
    expect(await look(there)).toMatchObject(notSignedIn);
    expect(await look(others)).toMatchObject({ status: 200 });
    // In the same millisecond, for time stands still here.
    const next = await signIn(demo, operator);
    expect(await look(next)).toMatchObject({ status: 200 });
    // The tab that is left open elsewhere can end nothing, and says so.
    expect(await again.post(`${panel}/sign-out`, everywhere)).toMatchObject({
      status: 401,
      title: 'Other browsers may still be signed in',
    });
    expect(await look(next)).toMatchObject({ status: 200 });
  });

  test('cannot be forged, and none is begun by a cookie that somebody chose', async () => {
    const forged = 'A'.repeat(43);
    for (const cookie of [forged, `${forged}; __Host-grantkeeper-session=${forged}`, '../session', '']) {
      const browser = new Browser({ cookie: `__Host-grantkeeper-session=${cookie}` });
      expect(await look(browser)).toMatchObject(notSignedIn);
    }
  });

  test('ends when its address is taken out of the configuration', async () => {
    const browser = await signIn(demo, viewer);
    const settings = await setPeople((people) => people.filter(({ email }) => email !== viewer));
    expect(await look(browser)).toMatchObject(notSignedIn);
    await setPeople(() => settings);
    expect(await look(browser)).toMatchObject({ status: 200 });
  });
});

describe('limits', () => {
  test('of one address come ten mails an hour at most, and the answer stays the same', async () => {
    await demo.advance(hourMs);
    const before = demo.mails().length;
    const asked = await Promise.all(Array.from({ length: 12 }, () => askForLink(demo, viewer)));
    expect(new Set(asked.map(({ title }) => title))).toEqual(new Set(['Check your email']));
    expect(demo.mails()).toHaveLength(before + 10);
  });

  test('one source is held back after twenty asks and guesses in ten minutes', async () => {
    await demo.advance(10 * minuteMs);
    const guess = (letter: string) => new Browser().open(`${panel}/sign-in/${letter.repeat(43)}`);
    for (let tried = 0; tried < 20; tried += 1) {
      expect(await guess('A')).toMatchObject({ status: 404, title: 'This link is not valid' });
    }
    expect(await guess('B')).toMatchObject({ status: 429, title: 'Too many attempts' });
    expect(await askForLink(demo, operator)).toMatchObject({ status: 429 });
    await demo.advance(10 * minuteMs);
    expect(await askForLink(demo, operator)).toMatchObject({ status: 200 });
  });
});

interface Someone {
  readonly email: string;
  readonly role: string;
}

/** Deploys again with other people. @returns those before */
async function setPeople(change: (people: Someone[]) => Someone[]): Promise<Someone[]> {
  const { dynamoDb, outputs } = demo.cloud;
  const where = { TableName: outputs.tableName, Key: { pk: { S: 'panel' }, sk: { S: 'settings' } } };
  const found = (await dynamoDb.call('GetItem', where, administrator)) as {
    Item: { settings: { S: string } };
  };
  const settings = JSON.parse(found.Item.settings.S) as { people: Someone[] };
  const changed = JSON.stringify({ ...settings, people: change(settings.people) });
  const update = {
    UpdateExpression: 'SET settings = :settings',
    ExpressionAttributeValues: { ':settings': { S: changed } },
  };
  await dynamoDb.call('UpdateItem', { ...where, ...update }, administrator);
  return settings.people;
}
