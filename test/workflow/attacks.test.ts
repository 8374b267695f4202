import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { Browser, TestDemo, minuteMs } from '../helpers/demo.ts';
import { isExhaustive } from '../helpers/exhaustive.ts';
import { clients, refusal } from '../helpers/local-aws.ts';
import { askForLogin, stored } from '../helpers/stored.ts';
import { refreshDirectly, tokenCalls, forgetWrites } from '../helpers/story.ts';
import { TokenServer } from '../helpers/token-server.ts';

let demo: TestDemo;
let link: string;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());
beforeEach(async () => {
  await demo.cloud.clock.idle();
  // Every count starts again, and no access token needs a refresh in between.
  await demo.advance(11 * minuteMs);
  await demo.brokerage.reset();
});

const done = { status: 200, title: 'Done: you are connected' };
const tooOften = { status: 429, title: 'Too many attempts' };
const otherBrowser = { status: 400, title: 'This login began in another browser' };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly title: string;
}

interface Raw {
  readonly method?: string;
  /** As it goes over the wire, well-formed or not. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A loopback address: another one is another source. */
  readonly from?: string;
}

/** One request as an attacker writes it, without what a browser would mend. */
function send({ method = 'GET', path, headers = {}, body = '', from = '127.0.0.1' }: Raw): Promise<Answer> {
  const { hostname, port } = new URL(demo.cloud.apiUrl);
  const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  const options = { hostname, port, method, path, headers: { ...headers, ...length }, localAddress: from };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const title = /<title>([^<]*) · Grantkeeper<\/title>/.exec(text)?.[1] ?? '';
        resolve({ status: response.statusCode!, headers: response.headers, body: text, title });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const pathOf = (url: string) => new URL(url).pathname;
const wrong = (url: string) => `${pathOf(url).slice(0, -43)}${'A'.repeat(43)}`;

describe('guessing', () => {
  test('after 20 wrong links in ten minutes a source is answered no more, right link or wrong; others are', async () => {
    link = await askForLogin(demo);
    for (let guess = 0; guess < 20; guess += 1) {
      expect(await send({ path: wrong(link), from: '127.0.0.9' })).toMatchObject({ status: 404 });
    }
    const refused = await send({ path: wrong(link), from: '127.0.0.9' });
    expect(refused).toMatchObject(tooOften);
    expect(refused.headers['retry-after']).toBe('600');
    expect(await send({ path: pathOf(link), from: '127.0.0.9' })).toMatchObject(tooOften);
    expect(await send({ path: pathOf(link), from: '127.0.0.10' })).toMatchObject({ status: 200 });

    await demo.advance(10 * minuteMs);
    expect(await send({ path: pathOf(link), from: '127.0.0.9' })).toMatchObject({ status: 200 });
  });

  test('the callback is answered all the same: a login that is under way never waits for a guesser', async () => {
    link = await askForLogin(demo);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    for (let guess = 0; guess < 21; guess += 1) await send({ path: wrong(link) });
    expect(await new Browser().open(link)).toMatchObject(tooOften);
    expect(await browser.open(callback)).toMatchObject(done);
  });
});

describe('starts', () => {
  test('of one link are at most 15 in a quarter of an hour, and a flood of them ends no login under way', async () => {
    link = await askForLogin(demo);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    for (let press = 1; press < 15; press += 1) {
      expect(await send({ method: 'POST', path: pathOf(link) })).toMatchObject({ status: 303 });
    }
    for (let press = 0; press < 10; press += 1) {
      expect(await send({ method: 'POST', path: pathOf(link), from: `127.0.1.${press + 1}` })).toMatchObject(
        tooOften,
      );
    }
    expect(await browser.open(callback)).toMatchObject(done);
  });

  test('across the ends of two quarters are at most those that are kept', async () => {
    const quarterMs = 15 * minuteMs;
    link = await askForLogin(demo);
    await demo.advance(quarterMs - (demo.cloud.clock.now() % quarterMs) - 10_000);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    const press = async () => (await send({ method: 'POST', path: pathOf(link) })).status;
    for (let times = 1; times < 15; times += 1) expect(await press()).toBe(303);
    expect(await press()).toBe(429);
    await demo.advance(20_000);
    for (let times = 0; times < 15; times += 1) expect(await press()).toBe(303);
    expect(await press()).toBe(429);
    expect(await browser.open(callback)).toMatchObject(done);
  });

  test('at the same time, of one browser: each is good', async () => {
    link = await askForLogin(demo);
    const headers = { cookie: `__Host-grantkeeper=${'c'.repeat(43)}` };
    const post = () => send({ method: 'POST', path: pathOf(link), headers });
    const [one, two] = await Promise.all([post(), post()]);
    const stateOf = ({ headers: { location } }: Answer) => new URL(location!).searchParams.get('state')!;
    expect(stateOf(one)).not.toBe(stateOf(two));
    for (const answer of [one, two]) {
      const path = `/callback?error=access_denied&state=${stateOf(answer)}&iss=${demo.brokerage.issuer}`;
      expect(await send({ path, headers })).toMatchObject({ status: 200, title: 'Nothing was changed' });
    }
  });
});

describe('a page of another site', () => {
  const foreign = { status: 403, title: 'Another site sent you here' };

  const own = () => demo.cloud.apiUrl;
  const press = (headers: Readonly<Record<string, string>>) =>
    send({ method: 'POST', path: pathOf(link), headers });

  test.each<[string, () => Record<string, string>]>([
    ['Sec-Fetch-Site: cross-site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['Sec-Fetch-Site: same-site', () => ({ 'sec-fetch-site': 'same-site' })],
    ['Sec-Fetch-Site: none', () => ({ 'sec-fetch-site': 'none' })],
    ['Sec-Fetch-Site: cross-site, our Origin', () => ({ 'sec-fetch-site': 'cross-site', origin: own() })],
    ['another Origin alone', () => ({ origin: 'https://evil.example' })],
    ['Origin: null alone', () => ({ origin: 'null' })],
  ])('does not press a link: nothing begins (%s)', async (_, headers) => {
    link = await askForLogin(demo);
    const before = await stored(demo);
    const answer = await press(headers());
    expect(answer).toMatchObject(foreign);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await stored(demo)).toEqual(before);
  });

  test.each<[string, () => Record<string, string>]>([
    ['Sec-Fetch-Site: same-origin', () => ({ 'sec-fetch-site': 'same-origin', origin: 'null' })],
    ['our Origin alone', () => ({ origin: own() })],
    ['neither', () => ({})],
  ])('is not what sent this: the link is pressed (%s)', async (_, headers) => {
    link = await askForLogin(demo);
    expect(await press(headers())).toMatchObject({ status: 303 });
  });

  test('leads to the page of a link, as a mail program in the browser does', async () => {
    link = await askForLogin(demo);
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect(await send({ path: pathOf(link), headers })).toMatchObject({ status: 200 });
  });

  test('does not use up the attempts of its visitor’s network by images, frames and forms', async () => {
    link = await askForLogin(demo);
    const from = '127.0.0.11';
    for (const destination of ['image', 'iframe', 'empty', 'script']) {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': destination };
      for (let times = 0; times < 3; times += 1) {
        expect(await send({ path: wrong(link), headers, from })).toMatchObject(foreign);
        expect(await send({ method: 'POST', path: wrong(link), headers, from })).toMatchObject(foreign);
      }
    }
    expect(await send({ path: pathOf(link), from })).toMatchObject({ status: 200 });
  });
});

describe('fixation', () => {
  test('what an attacker began, a victim cannot finish: nothing of theirs is stored', async () => {
    link = await askForLogin(demo);
    const [attacker, victim] = [new Browser(), new Browser()];
    const callback = await demo.logInUpToCallback(link, 'allow', attacker);
    const before = await stored(demo);
    expect(await victim.open(callback)).toMatchObject(otherBrowser);
    expect(await stored(demo)).toEqual(before);
    expect(await tokenCalls(demo)).not.toContain('authorization_code 200');
    expect(await attacker.open(callback)).toMatchObject(done);
  });

  test("an attacker's code in a victim's callback is not accepted: it belongs to another start", async () => {
    link = await askForLogin(demo);
    const [attacker, victim] = [new Browser(), new Browser()];
    const theirs = new URL(await demo.logInUpToCallback(link, 'allow', attacker));
    const own = new URL(await demo.logInUpToCallback(link, 'allow', victim));
    own.searchParams.set('code', theirs.searchParams.get('code')!);
    const before = await stored(demo);
    expect(await victim.open(own.href)).toMatchObject({ status: 400, title: 'That took a little too long' });
    expect(await stored(demo)).toEqual(before);
  });

  test('two logins mixed up: the state of one with the cookie of the other is neither', async () => {
    link = await askForLogin(demo);
    const [one, two] = [new Browser(), new Browser()];
    const first = await demo.logInUpToCallback(link, 'allow', one);
    const second = await demo.logInUpToCallback(link, 'allow', two);
    expect(await one.open(second)).toMatchObject(otherBrowser);
    expect(await two.open(first)).toMatchObject(otherBrowser);
  });

  test('a replayed callback spends nothing, and the tokens stay', async () => {
    link = await askForLogin(demo);
    const browser = new Browser();
    const callback = await demo.logInUpToCallback(link, 'allow', browser);
    await demo.brokerage.reset();
    expect(await browser.open(callback)).toMatchObject(done);
    const grant = await demo.secret('grant');
    expect(await browser.open(callback)).toMatchObject(done);
    expect(await new Browser().open(callback)).toMatchObject(otherBrowser);
    expect(await tokenCalls(demo)).toEqual(['authorization_code 200']);
    expect(await demo.secret('grant')).toEqual(grant);
    expect((await refreshDirectly(demo, grant.refresh_token!)).status).toBe(200);
  });
});

describe('injection', () => {
  const evil = 'evil.example';

  test.each([
    ['Host', { host: evil }],
    ['X-Forwarded-Host', { 'x-forwarded-host': evil }],
    ['Forwarded', { forwarded: `host=${evil};proto=http` }],
    ['X-Original-URL', { 'x-original-url': `https://${evil}/` }],
    ['Referer', { referer: `https://${evil}/x` }],
  ])('%s decides nothing: the provider gets the registered callback URL', async (_, headers) => {
    link = await askForLogin(demo);
    const { status, headers: answered } = await send({ method: 'POST', path: pathOf(link), headers });
    expect(status).toBe(303);
    expect(JSON.stringify(answered)).not.toContain(evil);
    const url = new URL(answered.location!);
    expect(url.origin + url.pathname).toBe(demo.brokerage.authorizationEndpoint);
    expect(url.searchParams.get('redirect_uri')).toBe(`${demo.cloud.apiUrl}/callback`);
  });

  test.each([
    '?redirect_uri=https://evil.example/',
    '?next=//evil.example&return_to=//evil.example',
    '?authorization_endpoint=https://evil.example/&client_id=evil.example',
    '?%0d%0aLocation:%20https://evil.example',
  ])('a start with %s leads to the provider and nowhere else', async (query) => {
    link = await askForLogin(demo);
    const { headers } = await send({
      method: 'POST',
      path: pathOf(link) + query,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'redirect_uri=https://evil.example/&state=evil.example',
    });
    expect(JSON.stringify(headers)).not.toContain(evil);
    expect(headers.location).toMatch(new RegExp(`^${demo.brokerage.authorizationEndpoint}\\?`));
  });

  test('a cookie that is not one of ours is not taken over', async () => {
    link = await askForLogin(demo);
    for (const cookie of [
      '__Host-grantkeeper=short',
      `grantkeeper=${'c'.repeat(43)}`,
      '__Host-grantkeeper=',
    ]) {
      const { headers } = await send({ method: 'POST', path: pathOf(link), headers: { cookie } });
      expect(headers['set-cookie']?.[0]).toMatch(
        /^__Host-grantkeeper=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600$/,
      );
    }
  });
});

describe('every page', () => {
  const pages: [string, (link: string) => Raw][] = [
    ['an invitation', (url) => ({ path: pathOf(url) })],
    ['a link that is not valid', (url) => ({ path: wrong(url) })],
    ['a callback that is not ours', () => ({ path: '/callback?state=x' })],
  ];

  test.each(pages)(
    'is kept by nobody, framed by nobody, tells nobody where it was and runs nothing but a file of ours (%s)',
    async (_, raw) => {
      const { headers, body } = await send(raw(await askForLogin(demo)));
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
        'x-content-type-options': 'nosniff',
      });
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; frame-ancestors 'none'$/,
      );
      const own = '<script type="module" src="/panel/assets/owner.js"></script>';
      expect(body.replace(own, '')).not.toMatch(/<script|<iframe|<img|javascript:|\son\w+=/i);
    },
  );

  test('a start leads on by 303, which turns the form into a GET, and tells the provider not where from', async () => {
    const { status, headers } = await send({ method: 'POST', path: pathOf(await askForLogin(demo)) });
    expect(status).toBe(303);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  });

  test('a start has a challenge and a state of its own: S256 of 32 random bytes, and 32 more', async () => {
    link = await askForLogin(demo);
    const starts = await Promise.all([1, 2, 3].map(() => send({ method: 'POST', path: pathOf(link) })));
    const asked = starts.map(({ headers }) => new URL(headers.location!).searchParams);
    for (const query of asked) {
      expect(query.get('response_type')).toBe('code');
      expect(query.get('code_challenge_method')).toBe('S256');
      expect(query.get('code_challenge')).toMatch(/^[\w-]{43}$/);
      expect(query.get('state')).toMatch(/^demo-main\.[a-z0-9]{20}\.[\w-]{43}$/);
    }
    for (const name of ['code_challenge', 'state']) {
      expect(new Set(asked.map((query) => query.get(name))).size).toBe(3);
    }
  });
});

describe('a function that is taken over', () => {
  test.each(['take-action', 'reauthorize', 'callback', 'check-grant'])(
    '%s cannot lead tokens and the client secret to another server: settings are not its to write',
    async (functionName) => {
      await using theirs = await TokenServer.start();
      const { iam, awsUrl, outputs } = demo.cloud;
      const role = `arn:aws:iam::000000000000:role/grantkeeper-local-${functionName}`;
      const { dynamoDb } = clients(awsUrl, iam.credentialsFor(role));
      const TableName = String(outputs.tableName);
      const settingsOf = (pk: string) => ({ pk: { S: pk }, sk: { S: 'settings' } });
      const Key = settingsOf('settings#demo-main');
      const { Item } = await dynamoDb.send(new GetItemCommand({ TableName, Key }));
      const settings = JSON.parse(Item!.settings!.S!) as { provider: object };
      const changed = { ...settings, provider: { ...settings.provider, tokenEndpoint: theirs.url } };
      const value = { S: JSON.stringify(changed) };
      const put = (key: Record<string, AttributeValue>) =>
        dynamoDb.send(new PutItemCommand({ TableName, Item: { ...key, settings: value } }));
      const update = new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: 'SET settings = :settings',
        ExpressionAttributeValues: { ':settings': value },
      });

      const denied = { name: 'AccessDeniedException' };
      expect(await refusal(dynamoDb.send(update))).toMatchObject(denied);
      expect(await refusal(put(Key))).toMatchObject(denied);
      // Where it may write nobody reads settings.
      await put(settingsOf('connection#demo-main'));
      await forgetWrites(demo);
      await demo.start({ connectionId: 'demo-main', trigger: 'panel', force: 'refresh' });
      expect(theirs.requests).toEqual([]);
      expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    },
  );
});

describe('the gateway', () => {
  const exactly = (bytes: number) => {
    const { host } = new URL(demo.cloud.apiUrl);
    const fixed = `GET /callback?state= HTTP/1.1${host}close`.length;
    return { path: `/callback?state=${'x'.repeat(bytes - fixed)}`, headers: { connection: 'close' } };
  };

  test('takes request line and header values of 10,240 bytes together, and none larger', async () => {
    expect(await send(exactly(10_240))).toMatchObject({ status: 400, title: 'This login is not known' });
    expect(await send(exactly(10_241))).toMatchObject({ status: 431 });
  });

  test('takes a body of 10 MB, and none larger', async () => {
    link = await askForLogin(demo);
    const post = (bytes: number) => send({ method: 'POST', path: pathOf(link), body: 'x'.repeat(bytes) });
    expect(await post(10 * 1024 * 1024 + 1)).toMatchObject({ status: 413 });
    expect(await post(1024 * 1024)).toMatchObject({ status: 303 });
  });
});

describe('anything at all', () => {
  const random = fc.string({ unit: 'binary-ascii', maxLength: 60 });
  const words = fc.constantFrom(
    'demo-main',
    'nobody',
    '__proto__',
    '<b>r3flect',
    'a'.repeat(20),
    'A'.repeat(43),
    '..',
    '%2e%2e',
    '%00',
    '%',
  );
  const segment = fc.oneof(random, words, fc.string({ minLength: 200, maxLength: 4000 }));
  const path = fc.oneof(
    fc.array(segment, { maxLength: 5 }).map((parts) => `/reauthorize/${parts.join('/')}`),
    fc
      .array(fc.tuple(fc.constantFrom('state', 'code', 'iss', 'error', 'id_token', 'x'), segment), {
        maxLength: 6,
      })
      .map((pairs) => `/callback?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
    // The right link, with a little wrong.
    fc.tuple(fc.nat(120), fc.string({ maxLength: 3 })).map(([at, put]) => {
      const right = pathOf(link);
      const changed = right.slice(0, at) + put + right.slice(at + 1);
      return changed.startsWith(right) ? wrong(link) : changed;
    }),
    fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
  );
  // What cannot stand in a request line or header is refused by the client already.
  const writable = (text: string) =>
    text.replace(/[^\x21-\x7e]/g, encodeURIComponent).replace(/[^\x21-\x7e]/g, '_');
  const anyRequest = fc.record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE'),
    path: path.map((text) => writable(text.toWellFormed())),
    headers: fc.record({ cookie: random.map(writable), 'x-forwarded-host': random.map(writable) }),
    body: fc.oneof(fc.constant(''), random),
  });

  const rounds = isExhaustive ? 1000 : 100;
  test('random requests change nothing, end in no fault, lead nowhere and come back in no page', async () => {
    link = await askForLogin(demo);
    const before = await stored(demo);
    const authorization = (await demo.grant()).authorization;
    const seen = new Map<number, number>();
    let sourceNumber = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest, { minLength: 10, maxLength: 10 }), async (requests) => {
        const answers = await Promise.all(
          requests.map((each) => {
            sourceNumber += 1;
            return send({
              ...each,
              from: `127.${1 + ((sourceNumber >> 12) & 63)}.${(sourceNumber >> 4) & 255}.7`,
            });
          }),
        );
        for (const { status, headers, body } of answers) {
          seen.set(status, (seen.get(status) ?? 0) + 1);
          expect([200, 400, 404, 410, 413, 414, 429, 431]).toContain(status);
          expect(headers.location).toBeUndefined();
          expect(headers['set-cookie']).toBeUndefined();
          expect(body).not.toContain('r3flect');
        }
      }),
      { numRuns: rounds, endOnFailure: true },
    );
    expect([...seen.values()].reduce((sum, each) => sum + each)).toBe(10 * rounds);
    expect(await stored(demo)).toEqual(before);
    expect((await demo.grant()).authorization).toEqual(authorization);
    expect(demo.alerts()).toEqual([]);
    expect(await demo.logIn(link)).toMatchObject(done);
  });
});
