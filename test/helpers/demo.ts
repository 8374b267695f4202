import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';

import { administrator } from '../../local/aws/service.ts';
import type { Demo, DemoOptions } from '../../local/demo.ts';
import { startDemo } from '../../local/demo.ts';
import type { Message } from '../../local/aws/inbox.ts';

/** A Monday, 12:00 UTC. */
export const startMs = Date.UTC(2026, 0, 5, 12);
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

const everyPort = { aws: 0, api: 0, brokerage: 0, hop: 0, webhooks: 0 };

/** What the operators' topic got: an alert, that one is over, or an alarm of CloudWatch's. */
export const isAlarm = ({ channel, subject, text }: Message) =>
  channel === 'topic' && (subject.startsWith('ALARM: ') || text.startsWith('"Grantkeeper: the alarm '));
export const isRecovery = ({ channel, subject }: Message) =>
  channel === 'topic' && subject.endsWith(': works again');
export const isAlert = (message: Message) =>
  message.channel === 'topic' && !isAlarm(message) && !isRecovery(message);

/** A configuration whose owner has every channel. */
export function everyChannel(config: Record<string, unknown>): Record<string, unknown> {
  const connections = config['grantkeeper:connections'] as Record<string, { readonly owner: object }>;
  const connection = connections['demo-main']!;
  const owner = { ...connection.owner, telegram: 'dana-telegram', webhook: 'dana-webhook' };
  return {
    ...config,
    'grantkeeper:connections': { ...connections, 'demo-main': { ...connection, owner } },
  };
}

/** A configuration whose owner has no channel but mail. */
export function mailOnly(config: Record<string, unknown>): Record<string, unknown> {
  const connections = config['grantkeeper:connections'] as Record<string, Record<string, unknown>>;
  const {
    phone: _phone,
    slack: _slack,
    discord: _discord,
    ...owner
  } = connections['demo-main']!.owner as Record<string, unknown>;
  return {
    ...config,
    'grantkeeper:connections': { ...connections, 'demo-main': { ...connections['demo-main'], owner } },
  };
}

/** The demo on free ports, with what tests ask of it. */
export class TestDemo implements AsyncDisposable {
  readonly demo: Demo;

  private constructor(demo: Demo) {
    this.demo = demo;
  }

  static async start(options: Partial<DemoOptions> = {}): Promise<TestDemo> {
    return new TestDemo(await startDemo({ ports: everyPort, startMs, ...options }));
  }

  get cloud() {
    return this.demo.cloud;
  }

  get brokerage() {
    return this.demo.brokerage;
  }

  /** Steps to the first tick, whose mail invites the owner, and logs in. */
  async connect(): Promise<void> {
    await this.cloud.clock.advance(0);
    const done = await this.logIn(this.newestLink());
    if (done.status !== 200) throw new Error(`The first login ended with ${done.status}: ${done.title}`);
    await this.cloud.clock.idle();
  }

  async advance(durationMs: number): Promise<void> {
    await this.cloud.clock.advance(durationMs);
  }

  mails(): Message[] {
    return this.cloud.inbox.list().filter(({ channel }) => channel === 'email');
  }

  alerts(): Message[] {
    return this.cloud.inbox.list().filter(isAlert);
  }

  newestLink(): string {
    const link = this.cloud.inbox
      .list()
      .filter(({ channel }) => channel !== 'topic')
      .map(linkIn)
      .findLast((found) => found !== undefined);
    if (link === undefined) throw new Error('No notice has a link.');
    return link;
  }

  /** The whole ceremony, as a browser without script walks it. */
  async logIn(link: string, choice: 'allow' | 'cancel' = 'allow', browser = new Browser()): Promise<Page> {
    const callback = await this.logInUpToCallback(link, choice, browser);
    return browser.open(callback);
  }

  /** Answers the callback's address instead of opening it. */
  async logInUpToCallback(
    link: string,
    choice: 'allow' | 'cancel' = 'allow',
    browser = new Browser(),
    person: Person = { loginId: 'demo' },
  ): Promise<string> {
    const stopAt = `${this.cloud.apiUrl}/callback`;
    await browser.open(link);
    const login = await browser.post(link, {}, stopAt);
    return this.logInAt(login, choice, browser, person);
  }

  /** From the provider's own page up to the callback's address. */
  async logInAt(
    login: Page,
    choice: 'allow' | 'cancel' = 'allow',
    browser = new Browser(),
    person: Person = { loginId: 'demo' },
  ): Promise<string> {
    const stopAt = `${this.cloud.apiUrl}/callback`;
    const { loginId, accounts = [] } = person;
    const consent = await browser.post(login.url, { login_id: loginId, password: loginId }, stopAt);
    const ticked = accounts.map((account) => ['account', account] as const);
    const back = await browser.post(consent.url, [['decision', choice], ...ticked], stopAt);
    if (!back.url.startsWith(stopAt)) throw new Error(`The login stopped at ${back.title}: ${back.status}`);
    return back.url;
  }

  async grant(connectionId = 'demo-main'): Promise<Record<string, unknown>> {
    return (await this.item('grant', connectionId)) ?? {};
  }

  async item(sk: string, connectionId = 'demo-main'): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.cloud.dynamoDb.call(
      'GetItem',
      {
        TableName: this.cloud.outputs.tableName,
        Key: { pk: { S: `connection#${connectionId}` }, sk: { S: sk } },
        ConsistentRead: true,
      },
      administrator,
    );
    return Item === undefined ? undefined : (plain({ M: Item }) as Record<string, unknown>);
  }

  /** Current value of a token secret, parsed. */
  secret(kind: 'grant' | 'access', connectionId = 'demo-main'): Promise<SecretValue> {
    return this.secretVersion(kind, 'AWSCURRENT', connectionId);
  }

  async secretVersion(
    kind: 'grant' | 'access',
    stage: string,
    connectionId = 'demo-main',
  ): Promise<SecretValue> {
    const answer = await this.cloud.secrets.call(
      'GetSecretValue',
      { SecretId: `grantkeeper/local/${connectionId}/${kind}`, VersionStage: stage },
      administrator,
    );
    return {
      ...(JSON.parse(String(answer.SecretString)) as SecretValue),
      versionId: String(answer.VersionId),
    };
  }

  /** Newest first: name, status and the states that it went through. */
  async executions(): Promise<Execution[]> {
    const listed = (await this.cloud.stepFunctions.call(
      'ListExecutions',
      { stateMachineArn: this.cloud.outputs.stateMachineArn },
      administrator,
    )) as { executions: { executionArn: string; name: string; status: string }[] };
    return Promise.all(
      listed.executions.map(async ({ executionArn, name, status }) => {
        const history = (await this.cloud.stepFunctions.call(
          'GetExecutionHistory',
          { executionArn, maxResults: 1000 },
          administrator,
        )) as { events: { type: string; stateEnteredEventDetails?: { name: string } }[] };
        const states = history.events.flatMap(({ stateEnteredEventDetails: entered }) => entered?.name ?? []);
        return { executionArn, name, status, states };
      }),
    );
  }

  async start(input: Record<string, unknown>): Promise<void> {
    await this.cloud.stepFunctions.call(
      'StartExecution',
      { stateMachineArn: this.cloud.outputs.stateMachineArn, input: JSON.stringify(input) },
      administrator,
    );
    await this.cloud.clock.advance(0);
  }

  sdk() {
    const config = {
      endpoint: this.cloud.awsUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    return { secrets: new SecretsManagerClient(config), states: new SFNClient(config) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.demo.close();
  }
}

/** Who logs in at Demo Brokerage, with a password like their login ID. */
export interface Person {
  readonly loginId: 'demo' | 'friend';
  /** That they tick; all of theirs without it. */
  readonly accounts?: readonly string[];
}

export interface Execution {
  readonly executionArn: string;
  readonly name: string;
  readonly status: string;
  readonly states: readonly string[];
}

export type SecretValue = Readonly<Record<string, string>>;

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly title: string;
  readonly body: string;
}

export function linkIn({ text }: { readonly text: string }): string | undefined {
  return /https?:\/\/\S+\/reauthorize\/\S+/.exec(text)?.[0];
}

type Form = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** As much of a browser as a login without script needs: cookies by origin, and redirects. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers that go with every request */
  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.#headers = headers;
  }

  /** The same browser on a page of its own, whose requests have these headers. */
  with(headers: Readonly<Record<string, string>>): Browser {
    const same = new Browser({ ...this.#headers, ...headers });
    for (const [host, jar] of this.#cookies) same.#cookies.set(host, jar);
    return same;
  }

  /** As they are sent to that address. */
  cookiesOf(url: string): string {
    return [...this.#jar(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  open(url: string, stopAt?: string): Promise<Page> {
    return this.#go('GET', url, undefined, stopAt);
  }

  post(url: string, form: Form, stopAt?: string): Promise<Page> {
    return this.#go('POST', url, new URLSearchParams(form as Record<string, string>), stopAt);
  }

  async #go(method: string, url: string, body: URLSearchParams | undefined, stopAt?: string): Promise<Page> {
    if (stopAt !== undefined && url.startsWith(stopAt)) return { url, status: 0, title: '', body: '' };
    const jar = this.#jar(url);
    const cookie = this.cookiesOf(url);
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...this.#headers, ...(cookie !== '' && { cookie }) },
      ...(body && { body }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      if (set.includes('Max-Age=0')) jar.delete(name!);
      else jar.set(name!, value!);
    }
    const text = await response.text();
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      return this.#go('GET', new URL(location, url).href, undefined, stopAt);
    }
    const title = /<title>([^<]*)<\/title>/.exec(text)?.[1]?.replace(' · Grantkeeper', '') ?? '';
    return { url, status: response.status, title, body: text };
  }

  #jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, jar);
    return jar;
  }
}

/** A DynamoDB value as plain data. */
function plain(value: unknown): unknown {
  const [[type, inner]] = Object.entries(value as Record<string, unknown>) as [[string, unknown]];
  if (type === 'N') return Number(inner);
  if (type === 'L') return (inner as unknown[]).map(plain);
  if (type === 'M') {
    return Object.fromEntries(
      Object.entries(inner as Record<string, unknown>).map(([k, v]) => [k, plain(v)]),
    );
  }
  return inner;
}
