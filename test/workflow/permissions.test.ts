import { expect, test } from '@jest/globals';

import { administrator } from '../../local/aws/service.ts';
import type { Registered } from '../../local/aws/resources/resources.ts';
import { TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import { operator, press, signIn } from '../helpers/panel.ts';
import { askForLogin, setClientSecret, stored, toNextTick, withProviderData } from '../helpers/stored.ts';
import { Wiretap, accessDenied } from '../helpers/wiretap.ts';

interface PolicyStatement {
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const isRolePolicy = ({ type }: Registered) => type === 'aws:iam/rolePolicy:RolePolicy';

function statementsOf({ inputs }: Registered): PolicyStatement[] {
  return (JSON.parse(String(inputs.policy)) as { Statement: PolicyStatement[] }).Statement;
}

/** Takes one action away from one role. */
function without(role: string, action: string) {
  return (resources: readonly Registered[]): readonly Registered[] =>
    resources.map((resource) => {
      if (!isRolePolicy(resource) || resource.inputs.role !== role) return resource;
      const Statement = statementsOf(resource)
        .map((statement) => ({
          Effect: 'Allow',
          ...statement,
          Action: statement.Action.filter((name) => name !== action),
        }))
        .filter(({ Action }) => Action.length > 0);
      const policy = JSON.stringify({ Version: '2012-10-17', Statement });
      return { ...resource, inputs: { ...resource.inputs, policy } };
    });
}

test('without secretsmanager:PutSecretValue a refresh fails, the operator hears once who lacks what, and the tokens stay', async () => {
  await using demo = await TestDemo.start({
    change: without('grantkeeper-local-refresh-tokens', 'secretsmanager:PutSecretValue'),
  });
  await demo.connect();
  const before = await stored(demo);
  await toNextTick(demo);
  await toNextTick(demo);

  expect(await stored(demo)).toEqual(before);
  expect((await demo.executions())[0]).toMatchObject({ status: 'FAILED' });
  expect(demo.alerts()).toMatchObject([
    {
      subject: 'Grantkeeper: demo-main: ConfigurationError',
      text: expect.stringContaining(
        'User: arn:aws:sts::000000000000:assumed-role/grantkeeper-local-refresh-tokens/grantkeeper-local-refresh-tokens is not authorized to perform: secretsmanager:PutSecretValue',
      ),
    },
  ]);
});

test('without sns:Publish the execution ends as OperatorNotAlerted, and the rule on failed executions tells', async () => {
  await using demo = await TestDemo.start({
    clientSecret: () => '{}',
    change: without('grantkeeper-local-keep-grant-workflow', 'sns:Publish'),
  });
  await demo.advance(hourMs);

  expect((await demo.executions()).at(-1)).toMatchObject({ status: 'FAILED' });
  expect(demo.alerts()[0]!.text).toMatch(
    /^"Grantkeeper: an execution ended as FAILED and could not say why: arn:/,
  );
  expect(demo.mails()).toEqual([]);
});

test('without states:StartExecution no schedule starts anything, and what was not delivered is kept', async () => {
  await using demo = await TestDemo.start({
    change: without('grantkeeper-local-scheduler', 'states:StartExecution'),
  });
  await toNextTick(demo);

  expect(await demo.executions()).toEqual([]);
  expect(demo.cloud.scheduler.deadLetters[0]).toMatchObject({ error: 'AccessDeniedException' });
});

/** Played by nobody here: logs are written by Lambda and Step Functions themselves, dead letters by Scheduler; SNS asks for texts. */
const unsupported = /^(logs:|lambda:InvokeFunction|sqs:|sms-voice:)/;

/** A grant of six hours, whose owner is reminded three hours, two and one before its end: a walk of hours, not of days. */
function shortGrant(config: Record<string, unknown>): Record<string, unknown> {
  const connections = config['grantkeeper:connections'] as Record<string, Record<string, unknown>>;
  const reminders = [3, 2, 1].map((hours) => ({ secondsBefore: hours * 3600 }));
  return {
    ...withProviderData({ limits: { absoluteSeconds: 6 * 3600 } })(config),
    'grantkeeper:connections': { 'demo-main': { ...connections['demo-main'], reminders } },
  };
}

test('every permission of every role is used on a walk through first login, refresh, reminder, re-authorization and panel', async () => {
  await using demo = await TestDemo.start({ configure: shortGrant });
  const tap = new Wiretap(demo);
  demo.cloud.sns.smsSandbox = [{ phoneNumber: '+12125550123', isVerified: true }];
  const wrong = JSON.stringify({ client_id: 'grantkeeper-demo', client_secret: 'wrong' });
  await demo.connect();

  // A reminder whose notice fails at first, and then supersedes an authorization that somebody waits for.
  await askForLogin(demo);
  tap.refuse = (call) =>
    call.principal === 'notify-owner' && call.action === 'ses:SendEmail' ? accessDenied(call) : undefined;
  await demo.advance(3 * hourMs);
  await toNextTick(demo);
  tap.refuse = () => undefined;
  await toNextTick(demo);
  // The reminder's link, where nobody waits, starts an execution.
  await demo.logIn(demo.newestLink(), 'cancel');
  // Incidents of the check and of the refresh, and their ends.
  for (const value of ['not JSON', wrong, undefined]) {
    await setClientSecret(demo, value);
    await toNextTick(demo);
  }
  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();
  // An asking that fails, and is superseded by another after a rejection, whose exchange fails and then succeeds.
  tap.refuse = (call) => (call.action === 'ses:SendEmail' ? accessDenied(call) : undefined);
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  tap.refuse = () => undefined;
  await demo.brokerage.revokeAllGrants();
  await toNextTick(demo);
  const link = demo.newestLink();
  for (const value of [wrong, undefined]) {
    await setClientSecret(demo, value);
    await demo.logIn(link);
    await demo.cloud.clock.idle();
  }
  // A callback that dies before it resumes who waits: the next refresh does.
  await askForLogin(demo);
  tap.refuse = (call) =>
    call.principal === 'callback' && call.action === 'states:SendTaskSuccess'
      ? accessDenied(call)
      : undefined;
  await demo.logIn(demo.newestLink());
  tap.refuse = () => undefined;
  await toNextTick(demo);
  // The panel, a minute and more after signing in: the session was used.
  const browser = await signIn(demo, operator);
  await demo.advance(2 * minuteMs);
  await press(demo, browser, 'refresh');
  await press(demo, browser, 'pause', { reason: 'a walk' });
  await press(demo, browser, 'resume');
  await browser.open(`${demo.cloud.apiUrl}/panel`);
  const { stepFunctions, outputs } = demo.cloud;
  const stateMachineArn = String(outputs.stateMachineArn).replace(/keep-grant$/, 'refresh-demo-main');
  await stepFunctions.call('StartExecution', { stateMachineArn, name: 'a-version' }, administrator);
  await demo.cloud.clock.idle();
  // Ended while somebody is asked, after something failed; and begun again.
  await setClientSecret(demo, wrong);
  await toNextTick(demo);
  await setClientSecret(demo, undefined);
  await askForLogin(demo);
  await press(demo, browser, 'disconnect', { sure: 'yes' });
  await askForLogin(demo);
  await demo.logIn(demo.newestLink());
  await demo.cloud.clock.idle();

  const used = new Set(tap.calls.map(({ principal, action }) => `${principal} ${action}`));
  const granted = demo.cloud.resources.filter(isRolePolicy).flatMap((resource) => {
    const role = String(resource.inputs.role).replace('grantkeeper-local-', '');
    return statementsOf(resource).flatMap(({ Action }) => Action.map((action) => ({ role, action })));
  });
  const unused = granted.filter(
    ({ role, action }) => !unsupported.test(action) && !used.has(`${role} ${action}`),
  );
  expect(unused).toEqual([]);
  expect(granted.length).toBeGreaterThan(30);
  expect((await demo.grant()).status).toBe('active');
});
