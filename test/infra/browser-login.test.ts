/** What a stack has more where a browser logs in, side by side with one where none does. */
import { createReadStream, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';

import { layerFolders } from '../../infra/browser-login/layer.ts';
import { bundleOf, functionNames } from '../../infra/bundle.ts';
import type { Config, Program } from '../helpers/program.ts';
import { configOf, json, ofType, program, resource } from '../helpers/program.ts';

const optIn =
  (browserLogin?: Config) =>
  (config: Config): Config => {
    const connections = config['grantkeeper:connections'] as Record<string, Config>;
    return {
      ...config,
      ...(browserLogin && { 'grantkeeper:browserLogin': browserLogin }),
      'grantkeeper:connections': Object.fromEntries(
        Object.entries(connections).map(([id, each]) => [
          id,
          { ...each, browserLoginWithStoredPassword: {} },
        ]),
      ),
    };
  };

const existing = { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] };

const without = await program('local');
const withOne = await program('local', optIn());
const created = await program('local', optIn({ network: 'create' }));
const within = await program('local', optIn({ network: 'existing', ...existing }));

const namesOf = ({ resources }: Program) =>
  resources.map(({ type, name }) => `${type.split(':').at(-1)} ${name}`);
const more = (program: Program, than: Program) =>
  namesOf(program)
    .filter((name) => !namesOf(than).includes(name))
    .sort();

describe('without the option', () => {
  test('no resource is of a browser', () => {
    expect(without.resources).toHaveLength(111);
    expect(namesOf(without).filter((name) => /browser|layer|vpc/i.test(name))).toEqual([]);
    expect(JSON.stringify(without.resources.map(({ inputs }) => inputs))).not.toMatch(
      /BrowserLogin\W|grantkeeper-browser-login/,
    );
  });

  test('a network that nobody runs in is not made', async () => {
    const idle = await program('local', (config) => ({
      ...config,
      'grantkeeper:browserLogin': { network: 'create' },
    }));
    expect(more(idle, without)).toEqual([]);
  });
});

test('with it there is a function for that connection, with one password, and what all share', () => {
  expect(more(withOne, without)).toEqual([
    'Bucket browser-bucket',
    'BucketLifecycleConfiguration browser-lifecycle',
    'BucketObjectv2 browser-archive',
    'BucketPolicy browser-policy',
    'BucketPublicAccessBlock browser-private',
    'BucketServerSideEncryptionConfiguration browser-encryption',
    'Function browser-login-demo-main-function',
    'Function request-browser-login-function',
    'LayerVersion browser-layer',
    'LogGroup browser-login-demo-main-logs',
    'LogGroup request-browser-login-logs',
    'Role browser-login-demo-main-role',
    'Role request-browser-login-role',
    'RolePolicy browser-login-demo-main-policy',
    'RolePolicy request-browser-login-policy',
    'Secret browser-login-demo-main-credentials',
    'TableItem browser-login-demo-main-settings',
  ]);
  expect(more(without, withOne)).toEqual([]);
});

test('a network of its own has private subnets, lets nothing in and HTTPS out, and has an endpoint for its secret', () => {
  expect(more(created, withOne)).toEqual([
    'DefaultSecurityGroup browser-network-default',
    'Eip browser-network-address',
    'InternetGateway browser-network-gateway',
    'NatGateway browser-network-nat',
    'Route browser-network-private-way-out',
    'Route browser-network-public-way-out',
    'RouteTable browser-network-private-routes',
    'RouteTable browser-network-public-routes',
    'RouteTableAssociation browser-network-private-0',
    'RouteTableAssociation browser-network-private-1',
    'RouteTableAssociation browser-network-public-0',
    'SecurityGroup browser-network-browsers',
    'SecurityGroup browser-network-secrets',
    'Subnet browser-network-private-a',
    'Subnet browser-network-private-b',
    'Subnet browser-network-public',
    'Vpc browser-network-vpc',
    'VpcEndpoint browser-network-secrets-endpoint',
  ]);
  const idOf = (name: string) => resource(created, name).id;
  expect(resource(created, 'browser-network-browsers').inputs).toMatchObject({
    ingress: [],
    egress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: ['0.0.0.0/0'] }],
  });
  expect(resource(created, 'browser-network-default').inputs).toMatchObject({ ingress: [], egress: [] });
  expect(resource(created, 'browser-network-secrets').inputs).toMatchObject({
    ingress: [
      { protocol: 'tcp', fromPort: 443, toPort: 443, securityGroups: [idOf('browser-network-browsers')] },
    ],
    egress: [],
  });
  expect(json(resource(created, 'browser-network-secrets-endpoint'), 'policy')).toMatchObject({
    Statement: [
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: [
          'arn:aws:secretsmanager:us-east-1:000000000000:secret:grantkeeper-browser-login/local/demo-main-??????',
        ],
        Condition: { StringEquals: { 'aws:PrincipalAccount': '000000000000' } },
      },
    ],
  });
  expect(resource(created, 'browser-network-private-way-out').inputs).toMatchObject({
    natGatewayId: idOf('browser-network-nat'),
  });
  expect(resource(created, 'browser-login-demo-main-function').inputs).toMatchObject({
    vpcConfig: {
      subnetIds: [idOf('browser-network-private-a'), idOf('browser-network-private-b')],
      securityGroupIds: [idOf('browser-network-browsers')],
    },
  });
});

test('a network of its own is in zones that offer its endpoint, or in those that are named', async () => {
  const zonesOf = (stack: Program) =>
    ['public', 'private-a', 'private-b'].map((subnet) => {
      const name = `browser-network-${subnet}`;
      return [
        resource(stack, name).inputs['availabilityZone'],
        stack.options.get(name)!.ignoreChanges.includes('availabilityZone'),
      ];
    });
  // The first of three zones offers none.
  expect(zonesOf(created)).toEqual([
    ['us-east-1b', true],
    ['us-east-1b', true],
    ['us-east-1c', true],
  ]);
  const named = await program(
    'local',
    optIn({ network: 'create', availabilityZones: ['us-east-1d', 'us-east-1f'] }),
  );
  expect(zonesOf(named)).toEqual([
    ['us-east-1d', false],
    ['us-east-1d', false],
    ['us-east-1f', false],
  ]);
});

test('in the operator’s network nothing is made but what is made without one', () => {
  expect(more(within, withOne)).toEqual([]);
  expect(resource(within, 'browser-login-demo-main-function').inputs).toMatchObject({ vpcConfig: existing });
});

describe('the function with the browser', () => {
  const statementsOf = (of: Program, name: string) =>
    (json(resource(of, `${name}-policy`), 'policy') as { Statement: Record<string, unknown>[] }).Statement;
  const logs = {
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: [
      'arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/grantkeeper-local-browser-login-demo-main:*',
    ],
  };
  const password = {
    Effect: 'Allow',
    Action: ['secretsmanager:GetSecretValue'],
    Resource: [
      'arn:aws:secretsmanager:us-east-1:000000000000:secret:grantkeeper-browser-login/local/demo-main-??????',
    ],
  };

  test('may read one secret, its own password, and nothing else', () => {
    expect(statementsOf(withOne, 'browser-login-demo-main')).toEqual([logs, password]);
  });

  test('may, in a network, not use what Lambda needs to bring it there', () => {
    const [allowed, denied] = statementsOf(created, 'browser-login-demo-main').slice(2);
    expect(allowed).toMatchObject({ Effect: 'Allow', Resource: ['*'] });
    expect(denied).toEqual({
      ...allowed,
      Effect: 'Deny',
      Condition: {
        ArnEquals: {
          'lambda:SourceFunctionArn':
            'arn:aws:lambda:us-east-1:000000000000:function:grantkeeper-local-browser-login-demo-main',
        },
      },
    });
  });

  test('is invoked by one function alone, which may read no secret', () => {
    const sender = statementsOf(withOne, 'request-browser-login');
    expect(sender.flatMap(({ Action }) => Action)).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'sns:Publish',
      'lambda:InvokeFunction',
      's3:PutObject',
    ]);
    const invoking = ofType(withOne, 'aws:iam/rolePolicy:RolePolicy').filter(({ inputs }) =>
      String(inputs.policy).includes('browser-login-demo-main"'),
    );
    expect(invoking.map(({ name }) => name)).toEqual(['request-browser-login-policy']);
  });

  test('reads of its password by anybody else are told, where the account has a trail', async () => {
    const watched = await program('local', (config) => ({
      ...optIn()(config),
      'grantkeeper:cloudTrail': 'existing',
    }));
    const rule = ofType(watched, 'aws:cloudwatch/eventRule:EventRule').find(({ name }) =>
      name.includes('passwords-read'),
    )!;
    const pattern = JSON.stringify(json(rule, 'eventPattern'));
    expect(pattern).toContain('{"prefix":"grantkeeper-browser-login/local/"}');
    expect(pattern).toContain(
      '{"prefix":"arn:aws:secretsmanager:us-east-1:000000000000:secret:grantkeeper-browser-login/local/"}',
    );
    expect(pattern).toContain(
      '{"anything-but":{"prefix":"arn:aws:iam::000000000000:role/grantkeeper-local-browser-login-"}}',
    );
    expect(pattern).not.toContain('role/grantkeeper-local-check-grant');
  });

  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html: 2,048 characters
  test('any number of browsers makes the event patterns no longer', async () => {
    const connections = (each: readonly string[]) => (config: Config) => {
      const opted = optIn()(config);
      const connection = (opted['grantkeeper:connections'] as Record<string, unknown>)['demo-main'];
      return {
        ...opted,
        'grantkeeper:cloudTrail': 'existing',
        'grantkeeper:connections': Object.fromEntries(each.map((id) => [id, connection])),
      };
    };
    const lengths = async (each: readonly string[]) =>
      ofType(await program('local', connections(each)), 'aws:cloudwatch/eventRule:EventRule').map(
        ({ name, inputs }) => [name, String(inputs.eventPattern).length],
      );
    const forty = Array.from({ length: 40 }, (_, index) => `demo-${index}`);
    expect(await lengths(forty)).toEqual(await lengths(['demo-main']));
  });
});

describe('Lambda’s limits, with a fifth to spare', () => {
  const mb = 1024 * 1024;
  const sizeOf = (folder: string) =>
    globSync('**/*', { cwd: folder })
      .map((path) => statSync(join(folder, path)))
      .filter((found) => found.isFile())
      .reduce((sum, { size }) => sum + size, 0);
  const layerBytes = Object.values(layerFolders).map(sizeOf);

  // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#function-configuration-deployment-and-execution
  test('layer and function have 250 MB at most, unzipped', () => {
    const codeBytes = Object.values(bundleOf('browser-login').files).join('').length;
    const all = layerBytes.reduce((sum, bytes) => sum + bytes, codeBytes);
    expect(all).toBeGreaterThan(50 * mb);
    expect(all).toBeLessThanOrEqual(0.8 * 250 * mb);
  });

  test('Chromium, unpacked, leaves room in /tmp', async () => {
    const { ephemeralStorage } = resource(withOne, 'browser-login-demo-main-function').inputs as {
      ephemeralStorage: { size: number };
    };
    let bytes = 0;
    for (const file of globSync('*.br', { cwd: layerFolders.chromium })) {
      const unpacked = createReadStream(join(layerFolders.chromium, file)).pipe(createBrotliDecompress());
      await pipeline(unpacked, async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) bytes += chunk.length;
      });
    }
    expect(bytes).toBeLessThanOrEqual(0.8 * ephemeralStorage.size * mb);
  });
});

describe('no other bundle grows by a byte', () => {
  /** Of the release before, in bytes. */
  const before = {
    'check-grant': 281_738,
    'refresh-tokens': 324_832,
    'notify-owner': 360_325,
    'request-reauthorization': 359_017,
    'disconnect-grant': 306_404,
    reauthorize: 301_380,
    callback: 331_358,
    'show-panel': 315_135,
    'take-action': 295_637,
    'sign-in': 303_008,
  };

  test.each(Object.entries(before))('%s has %i at most', (name, bytes) => {
    const { files } = bundleOf(name as keyof typeof before);
    expect(Buffer.byteLength(Object.values(files).join(''))).toBeLessThanOrEqual(bytes);
  });

  test('they have nothing of it but words', () => {
    const others = functionNames.filter((name) => !name.includes('browser-login'));
    expect(others.filter((name) => !Object.hasOwn(before, name))).toEqual([]);
    const ofBrowsers = /recipe|chromium|one-time-code|browser-(login|function|outcome)|screenshot/;
    const found = others.flatMap((name) =>
      bundleOf(name)
        .modules.filter((path) => ofBrowsers.test(path))
        .map((path) => `${name}: ${path}`),
    );
    // Whose login it was, in words, and a name's beginning.
    expect(found).toEqual(['show-panel: core/browser-outcome.ts']);
    for (const name of others) {
      expect(Object.values(bundleOf(name).files).join('')).not.toMatch(/playwright|otpauth|HeadlessChrome/);
    }
  });
});

test('the settings of the browser are beside the connection’s own', () => {
  const item = json(resource(withOne, 'browser-login-demo-main-settings'), 'item') as Record<
    string,
    { S: string }
  >;
  expect([item.pk!.S, item.sk!.S]).toEqual(['settings#demo-main', 'browser-login-settings']);
  expect(JSON.parse(item.settings!.S)).toMatchObject({
    functionName: 'grantkeeper-local-browser-login-demo-main',
    secretName: 'grantkeeper-browser-login/local/demo-main',
    credentialsMaxAgeDays: 90,
    recipe: { seconds: 60 },
  });
  expect(configOf('local')).not.toHaveProperty([
    'grantkeeper:connections',
    'demo-main',
    'browserLoginWithStoredPassword',
  ]);
});
