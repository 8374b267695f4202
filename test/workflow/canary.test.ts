import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';

import { postedChannelNames } from '../../core/channel.ts';
import { AwsError } from '../../local/aws/errors.ts';
import { administrator } from '../../local/aws/service.ts';
import { putSecretValue } from '../../local/cloud.ts';
import type { Message } from '../../local/aws/inbox.ts';
import type { Canary, Document } from '../helpers/canary.ts';
import { formsOf, leaks } from '../helpers/canary.ts';
import { Browser, TestDemo, everyChannel, hourMs, linkIn, minuteMs } from '../helpers/demo.ts';
import { askForLink, csrfOf, operator, press, signIn, signInLink, viewer } from '../helpers/panel.ts';
import {
  askForLogin,
  setClientSecret,
  toNextTick,
  tokenEndpointTimeout,
  withProviderData,
} from '../helpers/stored.ts';
import {
  contractBreaking,
  errorResponse,
  foreignIdToken,
  tokenResponse,
  unavailable,
} from '../helpers/token-answers.ts';
import { forgetWrites } from '../helpers/story.ts';
import { histories, itemsOf, withoutVerifier } from '../helpers/written.ts';
import type { AwsCall } from '../helpers/wiretap.ts';
import { Wiretap, accessDenied } from '../helpers/wiretap.ts';

let demo: TestDemo;
let tap: Wiretap;
let canaries: Canary[] = [];
let documents: Document[];
const answers: { url: string; headers: [string, string][]; body: string }[] = [];
const plantedCanaries: Canary[] = [];
const usualFetch = globalThis.fetch;

/** A credential of the test's own making. */
function planted(kind: string): string {
  const value = `${kind.replaceAll(' ', '-')}-${randomUUID()}`;
  plantedCanaries.push({ kind, value });
  return value;
}

beforeAll(async () => {
  demo = await TestDemo.start({
    change: tokenEndpointTimeout(1500),
    configure: (config) =>
      everyChannel(withProviderData({ rejectedGrantTexts: ['refresh_token_authentication_error'] })(config)),
  });
  globalThis.fetch = noting(usualFetch);
  tap = new Wiretap(demo);
  await walk();
  await demo.cloud.clock.idle();
  canaries = await everyCanary();
  documents = await everyDocument();
});
afterAll(async () => {
  globalThis.fetch = usualFetch;
  await demo[Symbol.asyncDispose]();
});

test('the search finds a planted leak in every form', () => {
  const probe: Canary[] = [{ kind: 'token', value: 'tok_9+/=&é-Zq81xXw3Lm0PvRt5' }];
  for (const [form, text] of formsOf(probe[0]!)) {
    expect({ form, found: leaks(probe, [{ where: 'a log', text: `before ${text} after` }]).length }).toEqual({
      form,
      found: 1,
    });
  }
  for (const before of ['', 'a', 'ab', 'abc']) {
    const text = Buffer.from(`${before}${probe[0]!.value}after`).toString('base64');
    expect(leaks(probe, [{ where: 'a header', text }])).toHaveLength(1);
  }
  expect(leaks(probe, [{ where: 'a log', text: 'nothing of it' }])).toEqual([]);
});

test('every kind of place is found to leak when every canary is planted there', () => {
  for (const place of new Set(documents.map(({ where }) => where))) {
    const text = canaries.map(({ value }) => value).join('\n');
    expect(leaks(canaries, [{ where: place, text }])).toHaveLength(canaries.length);
  }
});

test('a canary in its own place is found: link in its mail, verifier in its start, tokens in their secrets', async () => {
  const kept = await demo.secret('grant');
  const place = (where: string, text: string) => leaks(canaries, [{ where, text }]).map(({ kind }) => kind);

  expect(place('a mail', demo.mails().at(-1)!.text + demo.newestLink())).toContain('link');
  expect(place('the table', JSON.stringify(await items()))).toContain('PKCE verifier');
  expect(place('a secret', JSON.stringify(kept))).toContain('issued by the provider');
});

test('no credential is anywhere else', () => {
  const places = new Map<string, { texts: number; characters: number }>();
  for (const { where, text } of documents) {
    const { texts, characters } = places.get(where) ?? { texts: 0, characters: 0 };
    places.set(where, { texts: texts + 1, characters: characters + text.length });
  }
  const kinds = Map.groupBy(canaries, ({ kind }) => kind);
  const forms = formsOf(canaries[0]!).size;
  const searchedFor = [...kinds].map(([kind, { length }]) => `${length} × ${kind}`).join(', ');
  const searchedIn = [...places].map(
    ([where, { texts, characters }]) => `${where} ${texts} (${characters} characters)`,
  );
  process.stdout.write(
    `canary: searched for ${canaries.length} credentials (${searchedFor}) in ${forms} forms each in: ${searchedIn.join(', ')}\n`,
  );

  expect([...places.keys()].toSorted()).toEqual([
    'HTTP answers',
    'Pulumi resources and outputs',
    'access log',
    'dead letters',
    'execution histories',
    'function logs',
    'items and events',
    'metrics',
    'notices',
    'operator topic',
  ]);
  expect([...kinds.keys()].toSorted()).toEqual([
    'PKCE verifier',
    'access token',
    'bot token',
    'client secret',
    'code',
    'cookie',
    'id token',
    'issued by the provider',
    'link',
    'link to sign in',
    'refresh token',
    'signing secret',
    'state',
    'token of a form',
    'webhook',
  ]);
  expect(leaks(canaries, documents)).toEqual([]);
});

// ---- the walk: every path on which a credential is in some function's hands ----

async function walk(): Promise<void> {
  const { brokerage } = demo;
  await demo.connect();
  await toNextTick(demo);
  await misbehavingExchanges();
  await misbehavingRefreshes();
  await failingAws();
  await strandedVersion();

  // Callbacks that were tampered with, a login declined, a client secret that is wrong, one that is not JSON.
  const link = await askForLogin(demo);
  const browser = new Browser();
  const callback = await demo.logInUpToCallback(link, 'allow', browser);
  for (const name of ['state', 'code', 'iss']) {
    const changed = new URL(callback);
    changed.searchParams.delete(name);
    await browser.open(changed.href);
    changed.searchParams.append(name, planted('code'));
    await browser.open(changed.href);
  }
  await new Browser().open(callback);
  await browser.open(`${callback}&error=${planted('code')}&error_description=${planted('code')}`);
  await demo.logIn(link, 'cancel');
  await setClientSecret(
    demo,
    JSON.stringify({ client_id: 'grantkeeper-demo', client_secret: planted('client secret') }),
  );
  await demo.logIn(link);
  await demo.cloud.clock.idle();
  await toNextTick(demo);
  await setClientSecret(demo, `grantkeeper-demo:${planted('client secret')}`);
  await browser.post(demo.newestLink(), {});
  await toNextTick(demo);
  await setClientSecret(demo, JSON.stringify({ client_secret: planted('client secret') }));
  await toNextTick(demo);
  await setClientSecret(demo);
  await toNextTick(demo);

  // Somebody else's login, one that leaves accounts out, and one whose callback dies.
  const friend = new Browser();
  const another = await askForLogin(demo);
  await friend.open(await demo.logInUpToCallback(another, 'allow', friend, { loginId: 'friend' }));
  const fewer = { loginId: 'demo', accounts: ['1001'] } as const;
  await browser.open(await demo.logInUpToCallback(another, 'allow', browser, fewer));
  await demo.cloud.faults.plan({
    call: 'secretsmanager:UpdateSecretVersionStage',
    by: 'callback',
    kind: 'kill',
  });
  await demo.logIn(await askForLogin(demo));
  await toNextTick(demo);

  // A refresh token that is rejected, then the reminder schedule to the grant's end.
  await brokerage.revokeAllGrants();
  await toNextTick(demo);
  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();
  demo.cloud.scheduler.removeSchedule('grantkeeper-local-demo-main');
  for (const hours of [120, 24, 12, 8, 4]) {
    await demo.advance(hours * hourMs);
    await demo.start({ connectionId: 'demo-main', trigger: 'operator' });
  }
  await demo.logIn(demo.newestLink());
  await throughThePanel();
  await misbehavingChannels();
  await demo.start({ connectionId: 'demo-main', trigger: 'panel', force: 'test' });
  await endings();
}

/** An operator ends the connection: the provider takes the tokens back, refuses them with words of its own, or is silent. */
async function endings(): Promise<void> {
  const { brokerage } = demo;
  const ask = { connectionId: 'demo-main', trigger: 'panel', force: 'disconnect' };
  const description = planted('access token');
  const refusal = { kind: 'status', status: 400, body: `{"error":"${description}"}` } as const;
  for (const plan of [
    async () => undefined,
    () => brokerage.misbehave(refusal, 2, 'revocation'),
    () => brokerage.misbehave({ kind: 'close' }, 20, 'revocation'),
    () =>
      demo.cloud.faults.plan({ call: 'secretsmanager:*', by: 'disconnect-grant', kind: 'fail', times: 9 }),
  ]) {
    await forgetWrites(demo);
    await demo.logIn(await askForLogin(demo));
    await demo.cloud.clock.idle();
    await plan();
    await demo.start(ask);
    await demo.advance(2 * minuteMs);
    await brokerage.reset();
    demo.cloud.faults.clear();
  }
  expect(await demo.grant()).toMatchObject({ status: 'disconnected' });
  await forgetWrites(demo);
  await demo.logIn(await askForLogin(demo));
  await demo.cloud.clock.idle();
}

/** The panel: a link of another browser and one that signs in, each button, what is refused, and AWS that quotes. */
async function throughThePanel(): Promise<void> {
  const browser = await signIn(demo, operator);
  await new Browser().post(signInLink(demo)!, {});
  await browser.open(`${demo.cloud.apiUrl}/panel`);
  for (const action of ['refresh', 'reauthorize', 'test', 'resume', 'continue', 'nothing']) {
    await press(demo, browser, action);
  }
  await press(demo, browser, 'pause', { reason: 'canary' });
  await press(demo, browser, 'resume');
  await browser.post(`${demo.cloud.apiUrl}/panel/connections/demo-main/refresh`, {
    csrf: planted('token of a form'),
  });
  const owner = await signIn(demo, viewer);
  await press(demo, owner, 'continue');
  for (const [principal, action] of [
    ['show-panel', 'dynamodb:BatchGetItem'],
    ['take-action', 'states:StartExecution'],
    ['sign-in', 'dynamodb:UpdateItem'],
    ['sign-in', 'ses:SendEmail'],
  ]) {
    tap.refuse = (call) =>
      call.principal === principal && call.action === action
        ? new AwsError('ValidationException', `Bad request: ${JSON.stringify(call.input)}`)
        : undefined;
    await browser.open(`${demo.cloud.apiUrl}/panel`);
    await press(demo, browser, 'refresh');
    await askForLink(demo, operator, browser);
  }
  tap.refuse = () => undefined;
  await browser.post(`${demo.cloud.apiUrl}/panel/sign-out`, {
    csrf: csrfOf(await browser.open(`${demo.cloud.apiUrl}/panel`)),
    everywhere: 'yes',
  });
}

/** Chats that refuse, answer nonsense or nothing, a webhook that leads elsewhere, and an owner whom nothing reaches. */
async function misbehavingChannels(): Promise<void> {
  const { webhooks, sns } = demo.cloud;
  const ask = { connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' };
  for (const answer of ['404', '429', '500', 'html'] as const) {
    for (const service of postedChannelNames) webhooks.misbehave({ service, answer });
    await demo.start(ask);
    await demo.advance(3 * minuteMs);
    webhooks.reset();
  }
  const elsewhere = `https://hooks.example.com/services/${planted('webhook')}`;
  await putSecretValue(demo.cloud, 'grantkeeper/local/webhook/dana-slack', elsewhere);
  await putSecretValue(demo.cloud, 'grantkeeper/local/webhook/dana-discord', planted('webhook'));
  const bot = { bot_token: planted('bot token'), chat_id: '1', api_url: 'https://bots.example.com' };
  await putSecretValue(demo.cloud, 'grantkeeper/local/webhook/dana-telegram', JSON.stringify(bot));
  const endpoint = { url: `ftp://example.com/${planted('webhook')}`, secret: planted('signing secret') };
  await putSecretValue(demo.cloud, 'grantkeeper/local/webhook/dana-webhook', JSON.stringify(endpoint));
  sns.optOut('+12125550123');
  tap.refuse = (call) => (call.action === 'ses:SendEmail' ? accessDenied(call) : undefined);
  await demo.start(ask);
  tap.refuse = () => undefined;
}

/** A token response that is wrong somewhere, with credentials in it all the same. */
function malformed() {
  const tokens = () => ({
    access_token: planted('access token'),
    refresh_token: planted('refresh token'),
    id_token: planted('id token'),
  });
  return [
    tokenResponse({ ...tokens(), access_token: '', token_type: 5 }),
    tokenResponse({ ...tokens(), token_type: 'Bearer', refresh_token: [planted('refresh token')] }),
    tokenResponse({ ...tokens(), access_token: { value: planted('access token') } }),
    tokenResponse({ data: tokens() }),
    errorResponse(200, `${JSON.stringify(tokens())}<`),
    errorResponse(200, `access_token=${planted('access token')}&refresh_token=${planted('refresh token')}`),
    errorResponse(
      400,
      JSON.stringify({ error: 'invalid_request', error_description: planted('refresh token') }),
    ),
    errorResponse(
      401,
      JSON.stringify({ error: 'invalid_client', error_description: planted('client secret') }),
    ),
    errorResponse(500, JSON.stringify({ error: planted('access token') })),
    errorResponse(302, planted('access token')),
  ];
}

const misbehaviours = () => [...unavailable, ...contractBreaking].map(([, answer]) => answer);

async function misbehavingExchanges(): Promise<void> {
  const link = await askForLogin(demo);
  for (const answer of [...misbehaviours(), ...malformed()]) {
    await demo.brokerage.misbehave(answer);
    await demo.logIn(link);
    await demo.advance(minuteMs);
  }
  await demo.brokerage.misbehave({ kind: 'hang', processed: true });
  await demo.logIn(link);
  const idToken = { access_token: planted('access token'), token_type: 'Bearer', id_token: foreignIdToken };
  await demo.brokerage.misbehave(tokenResponse({ ...idToken, refresh_token: planted('refresh token') }));
  await demo.logIn(link);
  await demo.cloud.clock.idle();
  // A new login, for the provider does not know those tokens.
  await demo.logIn(await askForLogin(demo));
  await demo.cloud.clock.idle();
}

async function misbehavingRefreshes(): Promise<void> {
  for (const answer of [...misbehaviours(), ...malformed()]) {
    await demo.brokerage.misbehave(answer);
    await toNextTick(demo);
  }
  await demo.advance(20 * 60_000);
}

/** AWS refuses, in the words that it has, or in words that quote what it was sent. */
async function failingAws(): Promise<void> {
  const quoting = ({ input }: AwsCall) =>
    new AwsError('ValidationException', `Bad request: ${JSON.stringify(input)}`);
  const acting: readonly [string, string][] = [
    ['refresh-tokens', 'secretsmanager:PutSecretValue'],
    ['refresh-tokens', 'secretsmanager:UpdateSecretVersionStage'],
    ['refresh-tokens', 'dynamodb:UpdateItem'],
  ];
  const pages: readonly [string, string][] = [
    ['callback', 'secretsmanager:PutSecretValue'],
    ['callback', 'secretsmanager:UpdateSecretVersionStage'],
    ['callback', 'secretsmanager:GetSecretValue'],
    ['callback', 'dynamodb:UpdateItem'],
    ['callback', 'states:SendTaskSuccess'],
    ['reauthorize', 'dynamodb:UpdateItem'],
    ['reauthorize', 'dynamodb:GetItem'],
  ];
  for (const refusal of [accessDenied, quoting]) {
    for (const [principal, action] of acting) {
      tap.refuse = (call) =>
        call.principal === principal && call.action === action ? refusal(call) : undefined;
      await toNextTick(demo);
    }
    for (const [principal, action] of pages) {
      tap.refuse = () => undefined;
      const link = await askForLogin(demo);
      tap.refuse = (call) =>
        call.principal === principal && call.action === action ? refusal(call) : undefined;
      await demo.logIn(link).catch(() => undefined);
      await demo.cloud.clock.idle();
    }
    tap.refuse = () => undefined;
    await demo.logIn(demo.newestLink());
    await demo.cloud.clock.idle();
    tap.refuse = (call) => (call.action === 'ses:SendEmail' ? refusal(call) : undefined);
    await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
    tap.refuse = () => undefined;
    await demo.brokerage.revokeAllGrants();
    await toNextTick(demo);
    await demo.logIn(demo.newestLink());
    await demo.cloud.clock.idle();
  }
}

/** What a refresh leaves that died between storing and making current. */
async function strandedVersion(): Promise<void> {
  const { versionId, ...grant } = await demo.secret('grant');
  const pending = {
    ...grant,
    obtained_at: new Date(demo.cloud.clock.now()).toISOString(),
    derived_from: versionId,
  };
  await demo.cloud.secrets.call(
    'PutSecretValue',
    {
      SecretId: 'grantkeeper/local/demo-main/grant',
      ClientRequestToken: randomUUID(),
      SecretString: JSON.stringify(pending),
      VersionStages: ['AWSPENDING'],
    },
    administrator,
  );
  await toNextTick(demo);
  expect(await demo.secret('grant')).toMatchObject({ derived_from: versionId });
}

// ---- what is searched for, and where ----

/** Keeps every answer of the HTTP API: not those of the provider, which the browser passes on the way. */
function noting(through: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await through(input, init);
    const url = input instanceof Request ? input.url : String(input);
    if (url.startsWith(demo.cloud.apiUrl)) {
      const body = await response.clone().text();
      answers.push({ url, headers: [...response.headers], body });
    }
    return response;
  };
}

async function everyCanary(): Promise<Canary[]> {
  const found = new Map<string, Canary>();
  const add = (kind: string, value: string | undefined | null) => {
    if (value) found.set(value, { kind, value });
  };
  for (const value of await demo.brokerage.issued()) add('issued by the provider', value);
  for (const { kind, value } of plantedCanaries) add(kind, value);
  add('client secret', demo.demo.client.clientSecret);
  for (const message of demo.cloud.inbox.list()) add('link', linkIn(message)?.split('/').at(-1));
  for (const { text } of demo.mails())
    add('link to sign in', /\/panel\/sign-in\/([\w-]{43})/.exec(text)?.[1]);
  const { webhooks } = demo.cloud;
  for (const name of ['slack', 'discord'] as const) add('webhook', webhooks.secretOf(name).split('/').at(-1));
  add('bot token', (JSON.parse(webhooks.secretOf('telegram')) as { bot_token: string }).bot_token);
  const { url: endpoint, secret } = JSON.parse(webhooks.secretOf('webhook')) as {
    url: string;
    secret: string;
  };
  add('webhook', endpoint.split('/').at(-1));
  add('signing secret', secret.slice('whsec_'.length));
  for (const { url, headers, body } of answers) {
    for (const [name, value] of headers) {
      if (name === 'set-cookie') add('cookie', /^[^=]+=([^;]+)/.exec(value)?.[1]);
      if (name !== 'location') continue;
      const { pathname, searchParams } = new URL(value, url);
      add('state', searchParams.get('state')?.split('.').at(-1));
      if (pathname.startsWith('/reauthorize/')) add('link', pathname.split('/').at(-1));
    }
    for (const [, token] of body.matchAll(csrfToken)) add('token of a form', token);
  }
  for (const item of await items()) {
    for (const verifier of JSON.stringify(item).matchAll(/"codeVerifier":\{"S":"([^"]+)"\}/g))
      add('PKCE verifier', verifier[1]);
  }
  return [...found.values()];
}

/** In the forms of a signed-in visitor, and nowhere else. */
const csrfToken = /name="csrf" value="([\w-]+)"/g;

/** Of the connection, and of every session and link to sign in, which are known by hashes. */
async function items(): Promise<unknown[]> {
  const hash = (value: string) => createHash('sha256').update(value).digest('base64url');
  const secrets = canaries.map(({ value }) => value);
  const partitions = [
    'connection#demo-main',
    'settings#demo-main',
    'panel',
    'sign-in#panel',
    ...secrets.flatMap((secret) => [`session#${hash(secret)}`, `sign-in#${hash(secret)}`]),
  ];
  return (await Promise.all(partitions.map((pk) => itemsOf(demo, pk)))).flat();
}

/** Everything that was written anywhere but into the secrets, without what belongs where it stands. */
async function everyDocument(): Promise<Document[]> {
  const { cloud } = demo;
  const inbox = cloud.inbox.list();
  const of = (where: string, texts: readonly unknown[]): Document[] =>
    texts.map((text) => ({ where, text: typeof text === 'string' ? text : JSON.stringify(text) }));
  return [
    ...of('function logs', cloud.lambda.logs),
    ...of('execution histories', await histories(demo)),
    ...of('items and events', (await items()).map(withoutVerifier)),
    // The link that the operators are to pass on belongs there, as in every notice.
    ...of('operator topic', inbox.filter(({ channel }) => channel === 'topic').map(withoutItsLink)),
    ...of('notices', inbox.filter(({ channel }) => channel !== 'topic').map(withoutItsLink)),
    ...of('metrics', cloud.cloudWatch.metrics()),
    ...of('access log', cloud.httpApi.accessLog),
    ...of('dead letters', [cloud.scheduler.deadLetters]),
    ...of('HTTP answers', answers.map(answered)),
    ...of('Pulumi resources and outputs', [
      ...cloud.resources.map(({ inputs, state }) => [inputs, state]),
      cloud.outputs,
    ]),
  ];
}

function withoutItsLink(message: Message): string {
  const link = linkIn(message) ?? /\S+\/panel\/sign-in\/[\w-]{43}/.exec(message.text)?.[0];
  const isMeant = message.channel !== 'topic' || message.subject.endsWith('the owner could not be reached');
  const text = JSON.stringify(message);
  return link === undefined || !isMeant ? text : text.replaceAll(link, '');
}

/**
 * Body and headers, without the cookie that is set, the state that is sent to the provider, the link that a signed-in owner is
 * led to, and the tokens of forms.
 */
function answered({ url, headers, body }: (typeof answers)[number]): string {
  const kept = headers
    .filter(([name]) => name !== 'set-cookie')
    .map(([name, value]) => {
      if (name !== 'location') return `${name}: ${value}`;
      const location = new URL(value, url);
      location.searchParams.delete('state');
      return `${name}: ${location.pathname.startsWith('/reauthorize/') ? '' : location.href}`;
    });
  return [...kept, body.replaceAll(csrfToken, '')].join('\n');
}
