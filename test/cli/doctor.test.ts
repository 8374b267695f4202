/** Everything that can be wrong with a deployment, made wrong in the embedded cloud. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { Finding } from '../../cli/doctor/finding.ts';
import { administrator } from '../../local/aws/service.ts';
import { putSecretValue } from '../../local/cloud.ts';
import type { ToolsServer } from '../../local/tools/server.ts';
import { startTools } from '../../local/tools/server.ts';
import { runCommand } from '../helpers/command.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { setInGrant } from '../helpers/story.ts';

let tools: ToolsServer;
let demo: TestDemo;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url });
  tools.show(demo.cloud);
  await demo.connect();
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

const run = (args: string) => runCommand(demo, tools, args.split(' '));

test('a healthy stack has each check ok, and no secret', async () => {
  const ran = await run('doctor --local');
  expect(ran).toMatchObject({ code: 0, err: '' });
  const lines = ran.out
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' | '));
  expect(lines).toEqual([
    'ok | demo-main | Last check: Mon 5 Jan, 07:00 GMT-5. Next check: Mon 5 Jan, 07:25 GMT-5.',
    'ok | Client demo | Its id and secret are stored.',
    'ok | Demo Brokerage | Both endpoints answer, and its clock agrees with this machine’s.',
    `ok | Callback URL | Register exactly this at every provider: ${demo.cloud.apiUrl}/callback`,
    'ok | Mail | grantkeeper@example.com is verified and can send to everybody.',
    'ok | Text messages | They reach +12125550123. The account’s spending limit is 1 USD a month.',
    'ok | Operators | Alerts go to operator@example.com.',
    'ok | Schedules | All are enabled.',
    'ok | Alarms | All 11 exist, and none is in state ALARM.',
    'ok | Lambda | The account can run 1000 functions at a time.',
    '',
    'No problems found.',
  ]);
  expect(ran.out).not.toContain(demo.demo.client.clientSecret);
});

test.each<[string, object, [what: string, remedy: string][]]>([
  [
    'an issuer with a slash too many',
    { issuer: 'ISSUER/' },
    [
      [
        'The configured issuer is ISSUER/, but its metadata names ISSUER.',
        'If that is the right issuer, put exactly that into the configuration and run npx pulumi up.',
      ],
    ],
  ],
  [
    'the same, where the endpoints are read from metadata',
    {
      issuer: 'ISSUER/',
      metadata: 'openid',
      authorizationEndpoint: undefined,
      tokenEndpoint: undefined,
    },
    [
      [
        'The configured issuer is ISSUER/, but its metadata names ISSUER.',
        'If that is the right issuer, put exactly that into the configuration and run npx pulumi up.',
      ],
    ],
  ],
  [
    'a promise of iss that nothing asks for',
    { authorizationResponseIss: false },
    [
      [
        'Its metadata promises iss in callbacks, but the configuration accepts callbacks without it.',
        'Set authorizationResponseIss: true for this provider in the configuration and run npx pulumi up.',
      ],
    ],
  ],
  [
    'a promise that metadata makes, which is read',
    { authorizationResponseIss: false, metadata: 'openid' },
    [],
  ],
  ['no issuer', { authorizationResponseIss: false, issuer: undefined, identity: undefined }, []],
  [
    'metadata that cannot be reached',
    { issuer: 'http://localhost:9', metadata: 'openid', tokenEndpoint: undefined },
    [
      [
        'Its endpoints were not found: metadata: not reached in time.',
        'Check its status page and your network.',
      ],
    ],
  ],
])('a provider is compared with its metadata: %s', async (_what, change, problems) => {
  const { issuer } = demo.brokerage;
  const key = { pk: { S: 'settings#demo-main' }, sk: { S: 'settings' } };
  const call = (operation: string, input: object) =>
    demo.cloud.dynamoDb.call(operation, { TableName: 'grantkeeper-local', ...input }, administrator);
  const { Item } = (await call('GetItem', { Key: key })) as { Item: { settings: { S: string } } };
  const settings = JSON.parse(Item.settings.S) as { provider: object };
  const changed = JSON.stringify({ ...settings, provider: { ...settings.provider, ...change } });
  await call('PutItem', { Item: { ...key, settings: { S: changed.replaceAll('ISSUER', issuer) } } });
  const findings = JSON.parse((await run('doctor --local --json')).out) as Finding[];
  await call('PutItem', { Item });

  const found = findings.filter(({ about, state }) => about === 'Demo Brokerage' && state === 'problem');
  expect(found.map(({ what, remedy }) => [what, remedy])).toEqual(
    problems.map((texts) => texts.map((text) => text.replaceAll('ISSUER', issuer))),
  );
});

test('of each thing that is not, it is said what is wrong, and what remedies it', async () => {
  const { cloud } = demo;
  cloud.ses.isInSandbox = true;
  cloud.ses.addIdentity('dana@example.com');
  cloud.sns.smsSandbox = [{ phoneNumber: '+12125550123', isVerified: false }];
  cloud.sns.originationNumbers = [];
  cloud.sns.optOut('+12125550123');
  cloud.sns.subscribe(String(cloud.outputs.operatorTopicArn), 'operator@example.com', false);
  cloud.scheduler.disable('grantkeeper-local-demo-main');
  cloud.cloudWatch.removeAlarm('grantkeeper-local-dead-letters');
  cloud.cloudWatch.disableActions('grantkeeper-local-functions-failing');
  cloud.lambda.concurrentExecutions = 5;
  await putSecretValue(cloud, 'grantkeeper/local/client/demo', '{"client_id": "grantkeeper-demo"}');
  // An hour without a check: the alarm of that goes off, too.
  await demo.advance(120 * minuteMs);
  await demo.brokerage.close();
  const ran = await run('doctor --local --json');
  expect(ran).toMatchObject({ code: 3, err: '' });
  const findings = JSON.parse(ran.out) as Finding[];
  const notified = findings.map(({ about, state, what }) => `${state} ${about}: ${what}`);
  const { authorizationEndpoint, tokenEndpoint } = demo.brokerage;
  expect(notified).toEqual([
    expect.stringMatching(/^problem demo-main: The access token ended /),
    expect.stringMatching(/^problem demo-main: No check since Mon 5 Jan, 07:00 GMT-5/),
    'problem Client demo: The client secret grantkeeper/local/client/demo lacks client_secret.',
    `problem Demo Brokerage: ${authorizationEndpoint} does not answer: ECONNREFUSED.`,
    `problem Demo Brokerage: ${tokenEndpoint} does not answer: ECONNREFUSED.`,
    `ok Callback URL: Register exactly this at every provider: ${cloud.apiUrl}/callback`,
    'problem Mail: SES is in its sandbox, so it sends to verified addresses only. Not verified: operator@example.com.',
    'problem Text messages: SNS is in its SMS sandbox, so it sends to verified numbers only. Not verified: +12125550123.',
    'problem Text messages: Text messages to North America need an origination number, and the account has none in this region. Not reached: +12125550123.',
    'problem Text messages: +12125550123 has opted out with STOP, so no text message reaches it.',
    'problem Operators: operator@example.com has not confirmed the subscription, so no alerts arrive there.',
    'problem Schedules: The schedule grantkeeper-local-demo-main is disabled, so demo-main is not checked.',
    'problem Alarms: The alarm grantkeeper-local-checks-stopped is in state ALARM.',
    'problem Alarms: The alarm grantkeeper-local-functions-failing notifies nobody.',
    'problem Alarms: The alarm grantkeeper-local-dead-letters is missing.',
    'problem Lambda: The account can run only 5 functions at a time beside reserved concurrency; Grantkeeper needs 10.',
  ]);
  for (const { state, remedy } of findings) {
    if (state === 'ok') expect(remedy).toBeUndefined();
    else expect(remedy).toMatch(/^\S.*\.$|^Store the right ones: /);
  }
});

test('it names what is wrong with a connection’s settings, and a pause', async () => {
  const about = async () => {
    const findings = JSON.parse((await run('doctor --local --json')).out) as Finding[];
    return findings
      .filter((finding) => finding.about === 'demo-main')
      .map(({ state, what }) => [state, what]);
  };
  const key = { pk: { S: 'settings#demo-main' }, sk: { S: 'settings' } };
  const table = { TableName: 'grantkeeper-local' };
  const call = (operation: string, input: object) =>
    demo.cloud.dynamoDb.call(operation, { ...table, ...input }, administrator);
  const { Item } = await call('GetItem', { Key: key });
  await call('PutItem', { Item: { ...key, settings: { S: 'not json' } } });
  expect(await about()).toEqual([['problem', 'The stored settings of demo-main are not valid at all.']]);
  expect(await run('status --local')).toMatchObject({
    code: 3,
    out: expect.stringContaining(
      'demo-main\n  The stored settings of demo-main are not valid at all. To have Pulumi write its settings again, run: npx pulumi up --refresh',
    ),
  });
  await call('DeleteItem', { Key: key });
  expect(await about()).toEqual([
    ['problem', 'Its settings are missing from the table, so it is not checked.'],
  ]);
  await call('PutItem', { Item });
  await setInGrant(demo, 'paused', { BOOL: true });
  expect(await about()).toEqual([['ok', 'Paused: nothing is refreshed.']]);
  await setInGrant(demo, 'paused', { BOOL: false });
});

test('it reports the sender as AWS has it, and what it has no permission to read', async () => {
  const { cloud } = demo;
  cloud.ses.addIdentity('grantkeeper@example.com', false);
  const before = cloud.lambda.call.bind(cloud.lambda);
  cloud.lambda.call = async (operation, ...rest) => {
    if (operation !== 'GetAccountSettings') return before(operation, ...rest);
    cloud.iam.authorize(
      { principalArn: 'arn:aws:iam::000000000000:role/nobody' },
      'lambda:GetAccountSettings',
      '*',
    );
    return {};
  };
  const { out } = await run('doctor --local --json');
  const findings = JSON.parse(out) as Finding[];
  expect(findings.find(({ about }) => about === 'Mail')).toEqual({
    about: 'Mail',
    state: 'problem',
    what: 'grantkeeper@example.com is not verified with SES, so no mail is sent.',
    remedy: 'Open the mail that AWS sent to this address, and follow its link. Check the spam folder, too.',
  });
  expect(findings.find(({ about }) => about === 'Lambda')).toMatchObject({
    state: 'unknown',
    what: expect.stringContaining('is not authorized to perform: lambda:GetAccountSettings'),
    remedy: 'Use a profile that has this permission: --profile.',
  });
});
