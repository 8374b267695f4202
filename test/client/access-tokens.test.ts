/** The client against the embedded cloud: the ordinary SDK, the deployed functions, a real authorization server. */
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';

import type { AccessTokenRequest } from '../../client/index.ts';
import { AccessTokens } from '../../client/index.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { TestDemo, minuteMs } from '../helpers/demo.ts';
import { administratorKey, clients, trustLambda } from '../helpers/local-aws.ts';
import { press, operator, signIn } from '../helpers/panel.ts';
import { tokenCalls } from '../helpers/story.ts';
import { Wiretap } from '../helpers/wiretap.ts';

let demo: TestDemo;
let tap: Wiretap;
beforeAll(async () => {
  demo = await TestDemo.start();
  tap = new Wiretap(demo);
  await demo.connect();
});
afterAll(() => demo[Symbol.asyncDispose]());

const request: AccessTokenRequest = { connectionId: 'demo-main' };
const unavailable = { kind: 'status', status: 503, body: '' } as const;

/** A process that uses access tokens. */
class Consumer {
  readonly warnings: string[] = [];
  readonly tokens: AccessTokens;

  constructor({ stack = 'local', credentials = administratorKey, waitMs = 20_000 } = {}) {
    const { secrets, states } = clients(demo.cloud.awsUrl, credentials);
    this.tokens = new AccessTokens({
      stack,
      waitMs,
      secretsManager: secrets,
      stepFunctions: async () => states,
      onWarning: (warning) => this.warnings.push(warning),
      now: () => demo.cloud.clock.now(),
    });
  }
}

const calls = (action: string) => tap.calls.filter((call) => call.action === action).length;
/** What consumers have had asked for. */
const started = async () =>
  (await demo.executions()).map(({ name }) => name).filter((name) => name.includes('-consumer-'));

describe('a consumer', () => {
  test('gets what the secret holds, and from then on what is in memory', async () => {
    const { tokens, warnings } = new Consumer();
    const before = calls('secretsmanager:GetSecretValue');
    const token = await tokens.get(request);
    const stored = await demo.secret('access');
    expect(token.accessToken).toBe(stored.access_token);
    expect(token).toMatchObject({
      connectionId: 'demo-main',
      tokenType: 'Bearer',
      expiresAt: new Date('2026-01-05T12:30:00Z'),
      deadline: new Date('2026-01-12T12:00:00Z'),
      panelUrl: `${demo.cloud.apiUrl}/panel/connections/demo-main`,
      versionId: stored.versionId,
    });
    expect(token.authorization).toBe(`Bearer ${String(stored.access_token)}`);
    expect(await tokens.get(request)).toBe(token);
    // One of the test's own.
    expect(calls('secretsmanager:GetSecretValue')).toBe(before + 2);
    expect(warnings).toEqual([]);
    expect(await started()).toEqual([]);
  });

  test('can log what it has got', async () => {
    const token = await new Consumer().tokens.get(request);
    const shown = `${inspect(token, { showHidden: true, depth: 9 })} ${JSON.stringify(token)}`;
    expect(shown).toContain('demo-main');
    expect(shown).not.toContain(token.accessToken);
  });

  test('reads the secret again when the token in memory does not live long enough', async () => {
    const { tokens } = new Consumer();
    const first = await tokens.get(request);
    await demo.advance(25 * minuteMs);
    expect(await tokens.get({ ...request, minTtlSeconds: 4 * 60 })).toBe(first);
    const second = await tokens.get({ ...request, minTtlSeconds: 10 * 60 });
    expect(second.versionId).not.toBe(first.versionId);
    expect(second.expiresAt).toEqual(new Date('2026-01-05T12:55:00Z'));
    expect(await started()).toEqual([]);
  });

  test('asks for a refresh when the stored token does not live long enough: a hundred of them for one', async () => {
    await demo.advance(20 * minuteMs);
    await demo.brokerage.reset();
    const { versionId } = await demo.secret('access');
    const consumers = Array.from({ length: 100 }, () => new Consumer());
    const got = await Promise.all(
      consumers.map(({ tokens }) => tokens.get({ ...request, minTtlSeconds: 15 * 60 })),
    );
    expect(new Set(got.map(({ expiresAt }) => expiresAt.toISOString()))).toEqual(
      new Set(['2026-01-05T13:15:00.000Z']),
    );
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect(await started()).toEqual([`demo-main-consumer-${versionId}`]);
    expect(consumers.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  test('asks once for all that it does at once, and in one flight', async () => {
    await demo.advance(minuteMs);
    const { tokens } = new Consumer();
    const before = calls('secretsmanager:GetSecretValue');
    const got = await Promise.all(Array.from({ length: 50 }, () => tokens.get(request)));
    expect(new Set(got).size).toBe(1);
    expect(calls('secretsmanager:GetSecretValue')).toBe(before + 1);
  });

  test('that wishes for more than tokens live gets one that is a minute old at most', async () => {
    const { tokens } = new Consumer();
    await demo.brokerage.reset();
    const wish = { ...request, minTtlSeconds: 24 * 3600 };
    const token = await tokens.get(wish);
    expect(await tokens.get(wish)).toBe(token);
    expect((await tokenCalls(demo)).length).toBeLessThanOrEqual(1);
  });
});

test('what a consumer sends along is not looked at', async () => {
  await demo.advance(minuteMs);
  await demo.brokerage.reset();
  const mails = demo.mails().length;
  const before = await demo.grant();
  const { states } = clients(demo.cloud.awsUrl);
  const stateMachineArn = String(demo.cloud.outputs.stateMachineArn).replace(
    /keep-grant$/,
    'refresh-demo-main',
  );
  const input = JSON.stringify({ connectionId: 'demo-other', force: 'disconnect', report: { step: 'x' } });
  await states.send(new StartExecutionCommand({ stateMachineArn, name: 'of-my-own', input }));
  await demo.cloud.clock.idle();
  expect(await started()).toContain('demo-main-consumer-of-my-own');
  // It has another version than that, and one that lives: there is nothing to do.
  expect(await tokenCalls(demo)).toEqual([]);
  expect(await demo.grant()).toMatchObject({ status: 'active', accessVersionId: before.accessVersionId });
  expect(demo.mails()).toHaveLength(mails);
  expect(demo.alerts()).toEqual([]);
});

describe('while Grantkeeper cannot refresh', () => {
  test('a token that is valid for less is given, with a warning; nobody waits twice for it', async () => {
    await demo.advance(20 * minuteMs);
    const { tokens, warnings } = new Consumer({ waitMs: 300 });
    const { versionId, expires_at: expiry } = await demo.secret('access');
    await demo.brokerage.misbehave(unavailable, 50);
    const wish = { ...request, minTtlSeconds: 25 * 60 };
    expect((await tokens.get(wish)).versionId).toBe(versionId);
    expect(warnings).toEqual([
      `The access token of demo-main ends at ${expiry}, and a new one: none came within the wait (for all consumers together Grantkeeper makes 4 an hour and 20 a day while a token is valid). ${demo.cloud.apiUrl}/panel/connections/demo-main`,
    ]);
    const before = calls('secretsmanager:GetSecretValue');
    expect((await tokens.get(wish)).versionId).toBe(versionId);
    expect(calls('secretsmanager:GetSecretValue')).toBe(before + 1);
  });

  test('and when it has ended, the error says since when, by when, and where to look', async () => {
    await demo.advance(40 * minuteMs);
    const { tokens } = new Consumer({ waitMs: 300 });
    const refused = await tokens.get(request).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'ReauthorizationRequiredError',
      connectionId: 'demo-main',
      deadline: new Date('2026-01-12T12:00:00Z'),
      panelUrl: `${demo.cloud.apiUrl}/panel/connections/demo-main`,
      message: expect.stringMatching(
        /^demo-main: the access token ended at 2026-01-05T\S+, and a new one: none came within the wait \(for all consumers together Grantkeeper makes 4 an hour and 20 a day while a token is valid\)\. Either its owner has to log in, or Grantkeeper cannot reach the provider\. See http:.*\/panel\/connections\/demo-main$/,
      ),
    });
  });

  test('a hundred consumers whose token has ended cause exactly one call of the token endpoint when it is back', async () => {
    await demo.brokerage.reset();
    await demo.advance(25 * minuteMs);
    await demo.brokerage.misbehave(unavailable, 1000);
    await demo.advance(31 * minuteMs);
    await demo.brokerage.reset();
    const { versionId, expires_at: expiry } = await demo.secret('access');
    expect(Date.parse(String(expiry))).toBeLessThan(demo.cloud.clock.now());
    const consumers = Array.from({ length: 100 }, () => new Consumer());
    const got = await Promise.all(consumers.map(({ tokens }) => tokens.get(request)));
    expect(new Set(got.map((token) => token.versionId)).size).toBe(1);
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect(await started()).toContain(`demo-main-consumer-${versionId}`);
  });
});

describe('what cannot be had is said with its remedy', () => {
  const failureOf = (consumer: Consumer, connectionId = 'demo-main') =>
    consumer.tokens.get({ connectionId }).catch((error: unknown) => error);

  test('no such stack, and none named', async () => {
    expect(await failureOf(new Consumer({ stack: 'prod' }))).toMatchObject({
      name: 'AccessTokenError',
      message:
        "There is no secret grantkeeper/prod/demo-main/access in this region. Compare the connection's id, the stack's name and AWS_REGION with the deployment.",
    });
    expect(await failureOf(new Consumer({ stack: '' }))).toMatchObject({
      name: 'AccessTokenError',
      message: expect.stringMatching(/^Which stack keeps the grants\? Set GRANTKEEPER_STACK/),
    });
  });

  test('no permission; and with the policy of the deployment, all that is needed and no more', async () => {
    const arn = 'arn:aws:iam::000000000000:role/bot';
    const { iam, outputs, awsUrl } = demo.cloud;
    iam.addRole({ arn, name: 'bot', assumeRolePolicy: trustLambda });
    const credentials = iam.credentialsFor(arn);
    expect(await failureOf(new Consumer({ credentials }))).toMatchObject({
      name: 'AccessTokenError',
      message:
        'This role may not read grantkeeper/local/demo-main/access. Give it the policy consumerPolicies["demo-main"] of the deployment.',
    });
    const policies = outputs.consumerPolicies as Record<string, string>;
    iam.addRolePolicy(arn, policies['demo-main']!);
    const { tokens, warnings } = new Consumer({ credentials });
    await demo.advance(20 * minuteMs);
    const token = await tokens.get({ ...request, minTtlSeconds: 20 * 60 });
    expect(token.outlives(20 * 60, demo.cloud.clock.now())).toBe(true);
    expect(warnings).toEqual([]);
    const { secrets, states } = clients(awsUrl, credentials);
    const denied = { name: 'AccessDeniedException' };
    const grant = new GetSecretValueCommand({ SecretId: 'grantkeeper/local/demo-main/grant' });
    await expect(secrets.send(grant)).rejects.toMatchObject(denied);
    // The right to start that one would allow any request: a disconnection, another owner.
    const anything = new StartExecutionCommand({ stateMachineArn: String(outputs.stateMachineArn) });
    await expect(states.send(anything)).rejects.toMatchObject(denied);
  });

  test('a secret that was edited by hand, without a word of what is in it', async () => {
    const edited = async (value: string) => {
      await putSecretValue(demo.cloud, 'grantkeeper/local/demo-main/access', value);
      return failureOf(new Consumer());
    };
    const { access_token: token, ...rest } = await demo.secret('access');
    for (const [value, field] of [
      [`{"access_token": ${String(token)}`, 'JSON'],
      [JSON.stringify(rest), 'access_token'],
      [JSON.stringify({ ...rest, access_token: token, expires_at: 'soon' }), 'expires_at'],
      [JSON.stringify({ ...rest, access_token: `${String(token)}\r\n` }), 'access_token'],
      [JSON.stringify({ ...rest, access_token: `${String(token)}\0` }), 'access_token'],
      [JSON.stringify({ ...rest, access_token: token, token_type: `${String(token)}\n` }), 'token_type'],
    ] as const) {
      const error = await edited(value);
      expect(error).toMatchObject({
        name: 'AccessTokenError',
        message: expect.stringContaining(`is not Grantkeeper's: ${field} is missing or malformed.`),
      });
      expect(inspect(error)).not.toContain(String(token));
    }
    await demo.advance(25 * minuteMs);
    expect(await new Consumer().tokens.get(request)).toMatchObject({ connectionId: 'demo-main' });
  });

  test('a connection that an operator has ended, and one that was never made', async () => {
    const browser = await signIn(demo, operator);
    await press(demo, browser, 'disconnect', { sure: 'yes' });
    expect(await failureOf(new Consumer())).toMatchObject({
      name: 'ReauthorizationRequiredError',
      message: expect.stringMatching(/^demo-main: the connection was disconnected on 2026-01-0/),
    });
    await using fresh = await TestDemo.start();
    const { secrets } = clients(fresh.cloud.awsUrl);
    const tokens = new AccessTokens({ stack: 'local', secretsManager: secrets });
    expect(await tokens.get(request).catch((error: unknown) => error)).toMatchObject({
      name: 'ReauthorizationRequiredError',
      message: 'demo-main: it has never been connected; its owner has to log in.',
    });
  });
});
