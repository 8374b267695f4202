import { describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import type { GrantkeeperConfig } from '../../infra/config.ts';
import { readConfig } from '../../infra/config.ts';
import type { Config } from '../helpers/program.ts';
import { configOf } from '../helpers/program.ts';

/** The texts that the engine hands over: structured values and numbers as JSON. */
const texts = (config: Config) =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );

async function read(config: Config, stack = 'test'): Promise<GrantkeeperConfig> {
  await pulumi.runtime.setMocks(
    { newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }), call: () => ({}) },
    'grantkeeper',
    stack,
    false,
  );
  pulumi.runtime.setAllConfig(texts(config));
  return readConfig();
}

/** The lines of what is wrong, without the first, which says so. */
async function problems(config: Config, stack?: string): Promise<string[]> {
  const error: unknown = await read(config, stack).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!pulumi.RunError.isInstance(error)) throw new Error('The configuration was accepted.');
  const [first, ...lines] = error.message.split('\n');
  expect(first).toBe('The configuration of this stack is not valid:');
  return lines.map((line) => line.replace(/^ {2}- /, ''));
}

const connection = { provider: 'schwab', client: 'schwab', owner: { email: 'alex@example.com' } };
const valid = {
  'grantkeeper:mail': { from: 'grantkeeper@example.com' },
  'grantkeeper:operators': { emails: ['ops@example.com'] },
  'grantkeeper:connections': { 'schwab-main': connection },
};
const endpoint =
  'must be an https: URL without user, password and fragment (http: is allowed for localhost and 127.0.0.1 only)';
const provider = {
  displayName: 'Corp',
  authorizationEndpoint: 'https://corp.example.com/authorize',
  tokenEndpoint: 'https://corp.example.com/token',
  accessTokenLifetimeSeconds: 3600,
  limits: {},
};
const withProvider = (change: Config) => ({
  ...valid,
  'grantkeeper:providers': { corp: { ...provider, ...change } },
});
const withConnection = (change: Config) => ({
  ...valid,
  'grantkeeper:connections': { 'schwab-main': { ...connection, ...change } },
});

test('what is left out has its default', async () => {
  expect(await read(valid)).toEqual({
    mail: { from: 'grantkeeper@example.com' },
    operators: { emails: ['ops@example.com'] },
    viewers: { emails: [] },
    browserLogin: { network: 'none' },
    cloudTrail: 'none',
    logRetentionDays: 90,
    connections: [
      {
        connectionId: 'schwab-main',
        provider: 'schwab',
        providerData: expect.objectContaining({ displayName: 'Charles Schwab' }),
        client: 'schwab',
        owner: { email: 'alex@example.com', timeZone: 'UTC' },
        paused: false,
      },
    ],
  });
});

test('a plain number is read as the engine hands it over', async () => {
  const { logRetentionDays } = await read({ ...valid, 'grantkeeper:logRetentionDays': '14' });
  expect(logRetentionDays).toBe(14);
});

test.each(['local', 'prod'] as const)('Pulumi.%s.yaml is valid', async (stack) => {
  const { connections } = await read(configOf(stack), stack);
  expect(connections).toHaveLength(1);
});

test('what Pulumi.prod.yaml shows in comments is valid too', async () => {
  const text = readFileSync('Pulumi.prod.yaml', 'utf8')
    .replace(/^ {2}# (?=grantkeeper:| {2})/gm, '  ')
    .replace(/^ {6}# (?=browserLogin| {2})/gm, '      ');
  const { config } = parse(text) as { config: Record<string, unknown> };
  expect(config).toHaveProperty(['grantkeeper:providers', 'example', 'limits']);
  const connections = config['grantkeeper:connections'] as Record<string, Record<string, unknown>>;
  const example = { ...connections['schwab-main'], provider: 'example', client: 'example' };
  const shown = await read({ ...config, 'grantkeeper:connections': { example } });

  expect(shown.connections[0]?.providerData).toMatchObject({
    displayName: 'Example Broker',
    identity: 'id_token',
  });
  expect(shown.browserLogin).toEqual({
    network: 'create',
    availabilityZones: ['us-east-1a', 'us-east-1b'],
  });
  expect(shown.connections[0]?.browserLogin?.recipe.steps[0]).toMatchObject({ do: 'fill', with: 'username' });
});

test('every problem is told at once: key, value, what is allowed', async () => {
  const broken = {
    'aws:region': 'us-east-1',
    'grantkeeper:conections': {},
    'grantkeeper:domain': '{oops',
    'grantkeeper:logRetentionDays': 91,
    'grantkeeper:mail': { from: 'nobody', reply: 'x' },
    'grantkeeper:operators': { emails: ['ops@example.com', 'ops', 'ops@example.com'] },
    'grantkeeper:providers': {
      corp: {
        displayName: '',
        authorizationEndpoint: 'http://corp.example.com/authorize',
        tokenEndpoint: 'corp.example.com/token',
        clientAuthentication: 'basic',
        accessTokenLifetimeSeconds: 600,
        limits: { absoluteSeconds: '604800', slidingSecond: 1 },
        authorizationResponseIss: true,
      },
    },
    'grantkeeper:connections': {
      'Schwab.Main': { provider: 'fidelity', client: 'schwab', owner: { email: 'alex' } },
      other: {
        provider: 'corp',
        client: { client_id: 'id', client_secret: 'marked-secret' },
        owner: { email: 'alex@example.com', timeZone: 'Mars/Base', phone: '1', pager: '2' },
        neededHours: { from: '07:00', to: '07:00', timeZone: 'UTC' },
        quietHours: { days: ['Monday'], from: '7', to: '08:00', timeZone: 'UTC' },
        reminders: [],
        paused: 'no',
      },
      none: null,
    },
  };
  expect(await problems(broken, 'my.stack')).toEqual([
    `The stack's name is "my.stack": must be at most 19 letters, digits, dashes and underscores`,
    'grantkeeper:conections is not a known key: must be one of connections, providers, recipes, browserLogin, mail, operators, viewers, executionUrl, domain, cloudTrail, logRetentionDays',
    'grantkeeper:domain is "{oops": must be structured (edit the YAML, or use `config set --path`)',
    'grantkeeper:connections["Schwab.Main"].owner.email is "alex": must be an e-mail address',
    'grantkeeper:connections.other.client is a block of client_id, client_secret: must be text',
    'grantkeeper:connections.other.owner.phone is "1": must be a telephone number with its country code (E.164), such as +12125550123',
    'grantkeeper:connections.other.owner.timeZone is "Mars/Base": must be an IANA time zone such as America/New_York',
    'grantkeeper:connections.other.owner.pager is not a known key: must be one of name, email, phone, slack, discord, telegram, webhook, timeZone',
    'grantkeeper:connections.other.reminders is a list of 0: must not be empty',
    'grantkeeper:connections.other.neededHours is a block of from, to, timeZone: never opens: from and to are the same',
    'grantkeeper:connections.other.quietHours.days[0] is "Monday": must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun',
    'grantkeeper:connections.other.quietHours.from is "7": must be a local time such as 07:00',
    'grantkeeper:connections.other.paused is "no": must be true or false',
    'grantkeeper:connections.none is null: must be a block of keys',
    'grantkeeper:providers.corp.displayName is "": must not be empty',
    `grantkeeper:providers.corp.authorizationEndpoint is "http://corp.example.com/authorize": ${endpoint}`,
    `grantkeeper:providers.corp.tokenEndpoint is "corp.example.com/token": ${endpoint}`,
    'grantkeeper:providers.corp.clientAuthentication is "basic": must be one of client_secret_basic, client_secret_post',
    'grantkeeper:providers.corp.accessTokenLifetimeSeconds is 600: must be at least 1500 seconds (25 minutes)',
    'grantkeeper:providers.corp.limits.absoluteSeconds is "604800": must be a number',
    'grantkeeper:providers.corp.limits.slidingSecond is not a known key: must be one of absoluteSeconds, slidingSeconds',
    'grantkeeper:mail.from is "nobody": must be an e-mail address',
    'grantkeeper:mail.reply is not a known key: must be one of from, identity',
    'grantkeeper:operators.emails[1] is "ops": must be an e-mail address',
    'grantkeeper:logRetentionDays is 91: must be one of 7, 14, 30, 60, 90, 180, 365, 400',
    'grantkeeper:connections["Schwab.Main"]: the name must be lower-case letters, digits and single dashes, beginning with a letter',
    'grantkeeper:connections["Schwab.Main"].provider is "fidelity": must be one of schwab, corp',
    'grantkeeper:providers.corp.issuer is missing: must be the issuer that authorization responses name, for authorizationResponseIss is true',
    'grantkeeper:operators.emails[2] is "ops@example.com": must be listed once only',
  ]);
});

test('an empty configuration lacks three keys', async () => {
  expect(await problems({})).toEqual([
    'grantkeeper:connections is missing: must be a block of keys',
    'grantkeeper:mail is missing: must be a block of keys',
    'grantkeeper:operators is missing: must be a block of keys',
  ]);
});

describe('a value that somebody may have taken for the place of a credential', () => {
  test('is never shown, where it is a block or an unknown key', async () => {
    const notified = await problems(
      withConnection({ client: { client_secret: 'marked-secret' }, clientSecret: 'marked-secret' }),
    );
    expect(notified).toHaveLength(2);
    expect(notified.join()).not.toContain('marked-secret');
  });

  test('is not shown of a URL', async () => {
    expect(
      await problems(withProvider({ tokenEndpoint: 'https://me:marked-secret@corp.example.com/t' })),
    ).toEqual([`grantkeeper:providers.corp.tokenEndpoint is "https://…@corp.example.com/t": ${endpoint}`]);
  });

  test('may not be a parameter of the authorization request', async () => {
    expect(
      await problems(withProvider({ authorizationParameters: { client_secret: 'marked-secret' } })),
    ).toEqual([
      "grantkeeper:providers.corp.authorizationParameters.client_secret: must be left out; it is Grantkeeper's to set, or a secret",
    ]);
  });
});

describe('names that roles would confuse', () => {
  test('no connection is called client', async () => {
    expect(await problems({ ...valid, 'grantkeeper:connections': { client: connection } })).toEqual([
      'grantkeeper:connections.client: must be another name; secrets of clients are under this one',
    ]);
  });

  test.each(['grant', 'access'])('no client is called %s', async (client) => {
    expect(await problems(withConnection({ client }))).toEqual([
      `grantkeeper:connections.schwab-main.client is "${client}": must be another name; secrets of connections end in this one`,
    ]);
  });

  test('no connection is called webhook, and no webhook grant', async () => {
    const notified = await problems({
      ...valid,
      'grantkeeper:connections': {
        webhook: { ...connection, owner: { email: 'alex@example.com', slack: 'grant' } },
      },
    });
    expect(notified).toEqual([
      'grantkeeper:connections.webhook: must be another name; secrets of webhooks are under this one',
      'grantkeeper:connections.webhook.owner.slack is "grant": must be another name; secrets of connections end in this one',
    ]);
  });

  test('no provider is found that is a property of every object', async () => {
    expect(await problems(withConnection({ provider: 'constructor' }))).toEqual([
      'grantkeeper:connections.schwab-main.provider is "constructor": must be schwab',
    ]);
  });
});

test('a name is one line, and no limit is beyond a calendar', async () => {
  const of = 'grantkeeper:providers.corp';
  expect(
    await problems(withProvider({ displayName: 'Demo\nBcc: x', limits: { absoluteSeconds: 1e15 } })),
  ).toEqual([
    `${of}.displayName is "Demo\\nBcc: x": must be one line, without control characters`,
    `${of}.limits.absoluteSeconds is 1000000000000000: must be at most 316224000`,
  ]);
});

describe('keys that depend on each other', () => {
  test.each(['example.org', 'else@example.com'])(
    'mail from example.com cannot be of %s',
    async (identity) => {
      expect(
        await problems({ ...valid, 'grantkeeper:mail': { from: 'grantkeeper@example.com', identity } }),
      ).toEqual([
        `grantkeeper:mail.identity is "${identity}": must be grantkeeper@example.com or a domain of that address`,
      ]);
    },
  );

  test('a reminder names channels that the owner has, and has a time of its own', async () => {
    const reminders = [
      { secondsBefore: 7200, channels: ['email', 'sms'] },
      { secondsBefore: 7200, channels: ['slack', 'pigeon'] },
      { secondsBefore: 60, minutes: 1 },
    ];
    const owner = { email: 'alex@example.com', discord: 'alex' };
    const of = 'grantkeeper:connections.schwab-main.reminders';
    expect(await problems(withConnection({ owner, reminders }))).toEqual([
      `${of}[1].channels[1] is "pigeon": must be one of email, sms, slack, discord, telegram, webhook`,
      `${of}[2].secondsBefore is 60: must be at least 3600 seconds, the longest time between two checks`,
      `${of}[2].minutes is not a known key: must be one of secondsBefore, channels`,
      `${of}[0].channels is a list of 2: must not have sms: the owner has no phone`,
      `${of}[1].secondsBefore is 7200: must be listed once only`,
      `${of}[1].channels is a list of 2: must not have slack: the owner has no slack`,
    ]);
    const all = { ...owner, phone: '+12125550123', slack: 'alex-slack' };
    const { connections } = await read(
      withConnection({
        owner: all,
        reminders: [{ secondsBefore: 7200, channels: ['sms', 'slack', 'discord'] }],
      }),
    );
    expect(connections[0]!.reminders).toEqual([
      { secondsBefore: 7200, channels: ['sms', 'slack', 'discord'] },
    ]);
  });

  test('Slack and Discord have webhooks of their own', async () => {
    const owner = { email: 'alex@example.com', slack: 'alex', discord: 'alex' };
    expect(await problems(withConnection({ owner }))).toEqual([
      'grantkeeper:connections.schwab-main.owner.discord is "alex": must not be that of slack',
    ]);
  });

  test('a certificate is of the stack’s region', async () => {
    const certificateArn = 'arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000';
    const domain = { name: 'grants.example.com', certificateArn };
    const notified = await problems({ ...valid, 'aws:region': 'us-east-1', 'grantkeeper:domain': domain });
    expect(notified).toEqual([
      `grantkeeper:domain.certificateArn is "${certificateArn}": must be a certificate in us-east-1`,
    ]);
  });

  test('an endpoint on this very machine may be http', async () => {
    const { connections } = await read({
      ...withProvider({ tokenEndpoint: 'http://127.0.0.1:8183/token' }),
      'grantkeeper:connections': { corp: { ...connection, provider: 'corp' } },
    });
    expect(connections[0]!.providerData.tokenEndpoint).toBe('http://127.0.0.1:8183/token');
  });
});

test('names of 64 characters are the longest that schedules and roles may have', async () => {
  const longest = 's'.repeat(19);
  expect(`grantkeeper-${longest}-${'c'.repeat(32)}`).toHaveLength(64);
  await expect(read(valid, longest)).resolves.toBeDefined();
  expect(await problems(valid, `${longest}s`)).toHaveLength(1);
  const id = 'c'.repeat(33);
  expect(await problems({ ...valid, 'grantkeeper:connections': { [id]: connection } })).toEqual([
    `grantkeeper:connections.${id}: the name must have at most 32 characters`,
  ]);
});

describe('a browser that logs in', () => {
  const optedIn = (own: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
    ...withConnection({ browserLoginWithStoredPassword: own }),
    ...more,
  });

  test('has the recipe of its provider’s name, and a reminder after 90 days', async () => {
    const { connections } = await read(optedIn({}));
    expect(connections[0]).toMatchObject({
      browserLogin: {
        credentialsMaxAgeDays: 90,
        recipe: {
          steps: expect.arrayContaining([expect.objectContaining({ do: 'fill', with: 'password' })]),
        },
      },
    });
  });

  test('follows a recipe of the configuration', async () => {
    const steps = [{ do: 'click', on: { role: 'button', name: 'Go' } }];
    const { connections } = await read(
      optedIn({ recipe: 'own' }, { 'grantkeeper:recipes': { own: { steps } } }),
    );
    expect(connections[0]!.browserLogin!.recipe).toEqual({
      steps: [{ do: 'click', on: { role: 'button', name: 'Go' }, optional: false, seconds: 15 }],
      refusals: [],
      seconds: 60,
    });
  });

  test('needs a recipe that is there', async () => {
    expect(await problems(optedIn({ recipe: 'other' }))).toEqual([
      'grantkeeper:connections.schwab-main.browserLoginWithStoredPassword.recipe is "other": must be one of demo-brokerage, schwab',
    ]);
    expect(
      await problems({
        ...withProvider({}),
        'grantkeeper:connections': {
          corp: { ...connection, provider: 'corp', browserLoginWithStoredPassword: {} },
        },
      }),
    ).toEqual([
      "grantkeeper:connections.corp.browserLoginWithStoredPassword.recipe is missing: must be one of demo-brokerage, schwab; there is none of the provider's name",
    ]);
  });

  test('is told by the step what is wrong with a recipe', async () => {
    const go = { do: 'click', on: { role: 'button', name: 'Go' } };
    const recipes = {
      own: {
        steps: [go, { do: 'wave' }, { ...go, twice: true }, { do: 'click', on: { css: '#go' } }],
        refusals: [{ see: { text: 'No' }, means: 'no' }],
        seconds: 600,
      },
    };
    expect(await problems({ ...valid, 'grantkeeper:recipes': recipes })).toEqual([
      'grantkeeper:recipes.own.steps[1].do is "wave": must be one of fill, click, tick, one-time-code, choose-accounts, expect (step 2)',
      'grantkeeper:recipes.own.steps[2].twice is not a known key: must be one of do, on, optional, seconds (step 3)',
      'grantkeeper:recipes.own.steps[3].on is a block of css: must be a role and a name, or a label (step 4)',
      'grantkeeper:recipes.own.refusals[0].means is "no": must be one of password-refused, code-refused, account-locked, captcha, declined',
      'grantkeeper:recipes.own.seconds is 600: must be at most 75',
    ]);
  });

  test('needs its subnets and groups where its network exists, and only there', async () => {
    expect(await problems(optedIn({}, { 'grantkeeper:browserLogin': { network: 'existing' } }))).toEqual([
      'grantkeeper:browserLogin.subnetIds is missing: must be given where network is existing',
      'grantkeeper:browserLogin.securityGroupIds is missing: must be given where network is existing',
    ]);
    expect(
      await problems(
        optedIn({}, { 'grantkeeper:browserLogin': { subnetIds: ['subnet-0123456789abcdef0'] } }),
      ),
    ).toEqual([
      'grantkeeper:browserLogin.subnetIds is a list of 1: must be left out where network is not existing',
    ]);
    expect(
      await problems(optedIn({}, { 'grantkeeper:browserLogin': { network: 'vpc', subnetIds: ['mine'] } })),
    ).toEqual([
      'grantkeeper:browserLogin.network is "vpc": must be one of none, create, existing',
      'grantkeeper:browserLogin.subnetIds[0] is "mine": must be the id of a subnet',
      'grantkeeper:browserLogin.subnetIds is a list of 1: must be left out where network is not existing',
    ]);
  });

  test('has zones of its own where its network is made, and only there', async () => {
    const zones = (network: string, availabilityZones: string[]) =>
      problems(optedIn({}, { 'grantkeeper:browserLogin': { network, availabilityZones } }));
    expect(await zones('create', ['use1-az3'])).toEqual([
      'grantkeeper:browserLogin.availabilityZones[0] is "use1-az3": must be the name of an availability zone',
      'grantkeeper:browserLogin.availabilityZones is a list of 1: must have at least 2 entries',
    ]);
    expect(await zones('none', ['us-east-1a', 'us-east-1b'])).toEqual([
      'grantkeeper:browserLogin.availabilityZones is a list of 2: must be left out where network is not create',
    ]);
  });

  test('has a name that its function can have', async () => {
    const long = 'a-connection-with-a-long-name-12';
    const notified = await problems(
      {
        ...valid,
        'grantkeeper:connections': { [long]: { ...connection, browserLoginWithStoredPassword: {} } },
      },
      'a-stack-of-19-letters'.slice(0, 19),
    );
    expect(notified).toEqual([
      `grantkeeper:connections.${long}.browserLoginWithStoredPassword: the name ${long} must have at most 18 characters for this, in the stack a-stack-of-19-lette`,
    ]);
  });
});
