import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import { Browser, TestDemo, minuteMs } from '../helpers/demo.ts';
import { askForLogin, stored, toNextTick } from '../helpers/stored.ts';

let demo: TestDemo;
/** Of the first login. */
let firstLink: string;

beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.advance(0);
  firstLink = demo.newestLink();
});
afterAll(() => demo[Symbol.asyncDispose]());

const notOurs = { status: 400, title: 'This login is not known' };
const notVerified = { status: 400, title: 'Your login could not be verified' };
const otherBrowser = { status: 400, title: 'This login began in another browser' };
const done = { status: 200, title: 'Done: you are connected' };

/** What a browser sees at a callback that must change nothing. */
async function answerTo(url: string, browser: Browser) {
  const before = await stored(demo);
  const { status, title, body } = await browser.open(url);
  expect(await stored(demo)).toEqual(before);
  expect(withoutOwnScript(body)).not.toContain('<script');
  return { status, title };
}

/** The one that tells local times. */
const withoutOwnScript = (body: string) =>
  body.replace('<script type="module" src="/panel/assets/owner.js"></script>', '');

/** What opening a link shows, and what pressing its button would: both must agree. */
async function opened(url: string) {
  const before = await stored(demo);
  const { status, title } = await new Browser().open(url);
  const pressed = await new Browser().post(url, {});
  expect({ status: pressed.status, title: pressed.title }).toEqual({ status, title });
  expect(await stored(demo)).toEqual(before);
  return { status, title };
}

const notValid = { status: 404, title: 'This link is not valid' };
const newerSent = { status: 410, title: 'A newer link was sent' };

describe('a link that is not one of ours', () => {
  const otherRandom = 'A'.repeat(43);
  const changed: readonly (readonly [string, (path: string[]) => string[]])[] = [
    ['cut at its end', ([connection, id, random]) => [connection!, id!, random!.slice(0, -1)]],
    ['with a letter more', ([connection, id, random]) => [connection!, id!, `${random!}A`]],
    ['with another secret', ([connection, id]) => [connection!, id!, otherRandom]],
    ['of an unknown authorization', ([connection, , random]) => [connection!, 'a'.repeat(20), random!]],
    ['of an unknown connection', ([, id, random]) => ['nobody', id!, random!]],
    ['of a malformed connection', ([, id, random]) => ['Demo--Main', id!, random!]],
    ['with an escaped slash', ([connection, id, random]) => [connection!, id!, `%2F${random!.slice(3)}`]],
    ['with a key of every object', ([connection, , random]) => [connection!, '__proto__', random!]],
  ];

  test.each(changed)('%s is not valid', async (_name, change) => {
    const { origin, pathname } = new URL(firstLink);
    const [, , ...path] = pathname.split('/');
    expect(await opened(`${origin}/reauthorize/${change(path).join('/')}`)).toEqual(notValid);
  });

  test('a link with a query works all the same: mail programs add them', async () => {
    expect(await new Browser().open(`${firstLink}?utm_source=mail`)).toMatchObject({ status: 200 });
  });
});

test('a link opens whatever a scanner did before: it opened it, and pressed its button ten times', async () => {
  for (let count = 0; count < 10; count += 1) await new Browser().post(firstLink, {});

  expect(await new Browser().open(firstLink)).toMatchObject({
    status: 200,
    title: 'Log in to Demo Brokerage',
  });
  expect(await demo.logIn(firstLink)).toMatchObject({ status: 200, title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
});

test('a completed link says so, until a newer one was sent', async () => {
  expect(await opened(firstLink)).toEqual({ status: 410, title: 'You have logged in already' });
});

test('a superseded link points to the newer one, which works', async () => {
  const older = await askForLogin(demo);
  await demo.brokerage.revokeAllGrants();
  await toNextTick(demo);
  const newer = demo.newestLink();

  expect(newer).not.toBe(older);
  expect(await opened(older)).toEqual(newerSent);
  expect(await demo.logIn(newer)).toMatchObject({ title: 'Done: you are connected' });
  await demo.cloud.clock.idle();
});

async function setPaused({ cloud: { dynamoDb, outputs } }: TestDemo, paused: boolean): Promise<void> {
  const update = {
    TableName: outputs.tableName,
    Key: { pk: { S: 'connection#demo-main' }, sk: { S: 'grant' } },
    UpdateExpression: 'SET paused = :paused',
    ExpressionAttributeValues: { ':paused': { BOOL: paused } },
  };
  await dynamoDb.call('UpdateItem', update, administrator);
}

describe('a callback that was changed on its way', () => {
  let link: string;
  const browser = new Browser();
  let callback: URL;

  beforeAll(async () => {
    link = await askForLogin(demo);
    callback = new URL(await demo.logInUpToCallback(link, 'allow', browser));
  });

  const changes: readonly (readonly [string, (query: URLSearchParams) => void])[] = [
    ['without state', (query) => query.delete('state')],
    ['with an empty state', (query) => query.set('state', '')],
    ['with a state of another form', (query) => query.set('state', 'xyz')],
    [
      'with the state of nobody',
      (query) => query.set('state', `demo-main.${'a'.repeat(20)}.${'A'.repeat(43)}`),
    ],
    [
      'with another secret in its state',
      (query) => query.set('state', query.get('state')!.slice(0, -43) + 'A'.repeat(43)),
    ],
    [
      'with the state of another connection',
      (query) => query.set('state', query.get('state')!.replace('demo-main', 'nobody')),
    ],
    ['with the state twice', (query) => query.append('state', query.get('state')!)],
    ['without code', (query) => query.delete('code')],
    ['with an empty code', (query) => query.set('code', '')],
    ['with the code twice', (query) => query.append('code', query.get('code')!)],
    ['with an implicit answer', (query) => query.set('id_token', 'x')],
    [
      'with a state of 9,000 characters',
      (query) => query.set('state', query.get('state')! + 'A'.repeat(9000)),
    ],
    ['with an escape that is none', (query) => query.set('state', '%ff%')],
  ];

  test.each(changes)('%s it is not one of ours', async (_name, change) => {
    const changed = new URL(callback);
    change(changed.searchParams);
    expect(await answerTo(changed.href, browser)).toEqual(notOurs);
  });

  const issuers: typeof changes = [
    ['without iss', (query) => query.delete('iss')],
    ['with the iss of another server', (query) => query.set('iss', 'https://other.example')],
    ['with iss twice', (query) => query.append('iss', query.get('iss')!)],
    ['with an error and without iss', (query) => query.set('error', 'access_denied') ?? query.delete('iss')],
  ];

  test.each(issuers)('%s it cannot be verified', async (_name, change) => {
    const changed = new URL(callback);
    change(changed.searchParams);
    expect(await answerTo(changed.href, browser)).toEqual(notVerified);
    expect(await answerTo(changed.href, new Browser())).toEqual(otherBrowser);
  });

  test('without its cookie, or with another browser’s, it belongs to another browser', async () => {
    expect(await answerTo(callback.href, new Browser())).toEqual(otherBrowser);
    const foreign = new Browser();
    await demo.logInUpToCallback(link, 'cancel', foreign);
    expect(await answerTo(callback.href, foreign)).toEqual(otherBrowser);
  });

  test('with 9,000 characters more than it needs it works, and twice it says that it is done', async () => {
    const long = new URL(callback);
    long.searchParams.set('session', 'x'.repeat(9000));
    const { status, title } = await browser.open(long.href);
    await demo.cloud.clock.idle();
    expect({ status, title }).toEqual(done);
    expect(await answerTo(callback.href, browser)).toEqual(done);
  });
});

describe('a login that the provider refuses', () => {
  test('access_denied changes nothing, and the link goes on working', async () => {
    const link = await askForLogin(demo);
    const browser = new Browser();
    const cancelled = await demo.logInUpToCallback(link, 'cancel', browser);

    expect(await answerTo(cancelled, browser)).toEqual({ status: 200, title: 'Nothing was changed' });
    expect(await answerTo(cancelled, browser)).toEqual({ status: 409, title: 'This login was used already' });
    expect(await demo.logIn(link)).toMatchObject(done);
    await demo.cloud.clock.idle();
  });

  test.each([
    ['server_error', 'server_error', 502, 'Demo Brokerage could not log you in'],
    ['login_required', 'login_required', 400, 'Your login was not finished'],
    ['<img src=x>', undefined, 502, 'Demo Brokerage refused this installation'],
    ['x'.repeat(61), undefined, 502, 'Demo Brokerage refused this installation'],
  ])('%s is shown as %s, and a description never', async (error, shown, status, title) => {
    const link = await askForLogin(demo);
    const browser = new Browser();
    const callback = new URL(await demo.logInUpToCallback(link, 'cancel', browser));
    callback.searchParams.set('error', error);
    callback.searchParams.set('error_description', '<script>alert(1)</script><h1>Call 555-0100</h1>');
    const before = await stored(demo);
    const page = await browser.open(callback.href);

    expect(page).toMatchObject({ status, title });
    if (shown !== undefined) expect(page.body).toContain(`t answered <code>${shown}</code>.`);
    expect(withoutOwnScript(page.body)).not.toMatch(/<script|<img|555-0100/);
    expect(await stored(demo)).toEqual(before);
    expect(await demo.logIn(link)).toMatchObject(done);
    await demo.cloud.clock.idle();
  });
});

describe('a login that comes late', () => {
  test('a code older than 30 seconds is not accepted, and the link goes on working', async () => {
    const link = await askForLogin(demo);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    await demo.advance(31_000);

    expect(await answerTo(callback, browser)).toEqual({ status: 400, title: 'That took a little too long' });
    expect(await demo.logIn(link)).toMatchObject(done);
    await demo.cloud.clock.idle();
  });

  test('an expired link says so; a login begun by it is honoured until 15 minutes after its start', async () => {
    const link = await askForLogin(demo);
    // Or the next check would send another link.
    await setPaused(demo, true);
    const { expiresAtMs } = (await demo.grant()).authorization as { expiresAtMs: number };
    await demo.advance(expiresAtMs - demo.cloud.clock.now() - 5 * minuteMs);
    const late = new Browser();
    const tooLate = await demo.logInUpToCallback(link, 'cancel', late);
    await demo.advance(4 * minuteMs);
    const honoured = new Browser();
    await honoured.open(link);
    const login = await honoured.post(link, {});
    await demo.advance(13 * minuteMs);

    expect(await opened(link)).toEqual({ status: 410, title: 'This link has expired' });
    expect(await answerTo(tooLate, late)).toEqual({ status: 410, title: 'This login came too late' });
    const consent = await honoured.post(login.url, { login_id: 'demo', password: 'demo' });
    expect(await honoured.post(consent.url, { decision: 'allow' })).toMatchObject(done);
    await demo.cloud.clock.idle();
    await setPaused(demo, false);
  });

  test('once the connection is removed its links and logins say so', async () => {
    const link = await askForLogin(demo);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    const Key = { pk: { S: 'settings#demo-main' }, sk: { S: 'settings' } };
    const TableName = demo.cloud.outputs.tableName;
    await demo.cloud.dynamoDb.call('DeleteItem', { TableName, Key }, administrator);

    const removed = { status: 410, title: 'This connection was removed' };
    expect(await opened(link)).toEqual(removed);
    expect(await answerTo(callback, browser)).toEqual(removed);
  });
});
