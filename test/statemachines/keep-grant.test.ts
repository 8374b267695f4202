import { describe, expect, test } from '@jest/globals';
import validate from 'asl-validator';
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { remedies, errorNames } from '../../core/errors.ts';
import { claimMs } from '../../core/grant.ts';
import { RecipeSchema, recipes } from '../../core/recipe.ts';
import { limits } from '../../functions/browser-login/browser-login.ts';
import { channelRetries } from '../../app/notices/deliver.ts';
import { revocationRetries } from '../../app/login/revoke-stored.ts';
import * as timeLimits from '../../core/time-limits.ts';
import { tokenEndpointEnvironment } from '../../app/environment.ts';
import type { AslFacts } from '../helpers/asl-lint.ts';
import { withAddition } from '../../infra/definition.ts';
import type { Json } from '../../local/aws/step-functions/json.ts';
import { parseDefinition } from '../../local/aws/step-functions/parse-definition.ts';
import { compileTemplate } from '../../local/aws/step-functions/template.ts';
import { lintAsl } from '../helpers/asl-lint.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const source = read('statemachines/keep-grant.asl.json');

const lambdaArn = 'arn:aws:lambda:us-east-1:000000000000:function:grantkeeper-test-';
const values: Readonly<Record<string, string>> = {
  CheckGrantFunctionArn: `${lambdaArn}check-grant`,
  RefreshTokensFunctionArn: `${lambdaArn}refresh-tokens`,
  NotifyOwnerFunctionArn: `${lambdaArn}notify-owner`,
  RequestReauthorizationFunctionArn: `${lambdaArn}request-reauthorization`,
  DisconnectGrantFunctionArn: `${lambdaArn}disconnect-grant`,
  TableName: 'grantkeeper-test',
  OperatorTopicArn: 'arn:aws:sns:us-east-1:000000000000:grantkeeper-test-operators',
  ExecutionUrl:
    'https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/',
};
const facts: AslFacts = {
  placeholders: [...Object.keys(values), 'Remedies'],
  functionTimeoutSeconds: 30,
  errorNames,
};

describe('keep-grant.asl.json', () => {
  test('is valid States Language once its placeholders are filled in', () => {
    const filled = source
      .replaceAll('"${Remedies}"', JSON.stringify(remedies))
      .replace(/\$\{(\w+)\}/g, (_, name: string) => values[name]!);
    expect(filled).not.toContain('undefined');
    const validation = validate(JSON.parse(filled));
    expect(validation.errorsText()).toBe('');
    expect(validation.isValid).toBe(true);
  });

  test('has none of the faults that the validator misses', () => {
    expect(lintAsl(source, facts)).toEqual([]);
  });

  test('waits longer for a step (45 s, 75 s) than its function lives (30 s, 60 s), and that longer than a request (25 s)', () => {
    expect(z.parse(z.object(tokenEndpointEnvironment), {})).toEqual({ TOKEN_ENDPOINT_TIMEOUT_MS: 25_000 });
    expect({ ...timeLimits }).toEqual({
      tokenRequestMs: 25_000,
      tokenFunctionSeconds: 60,
      tokenStateSeconds: 75,
      leaseMs: 75_000,
      callbackGraceMs: 90_000,
    });
    expect(read('infra/functions.ts')).toMatch(/^const stepTimeoutSeconds = 30;$/m);
    const { States } = JSON.parse(source) as { States: Record<string, { TimeoutSeconds?: number | string }> };
    const timeouts = Object.entries(States).map(([name, { TimeoutSeconds }]) => [name, TimeoutSeconds]);
    expect(Object.fromEntries(timeouts.filter(([, seconds]) => seconds !== undefined))).toEqual({
      CheckGrant: 45,
      RefreshTokens: 75,
      NotifyOwner: 45,
      RequestReauthorization: expect.stringContaining('$max([60, '),
      DisconnectGrant: 75,
      RecordIncident: 30,
      AlertOperator: 30,
      RecordFailure: 30,
      TellRecovery: 30,
    });
  });

  test.each(['RefreshTokens', 'DisconnectGrant'])(
    '%s asks for a lease for longer than one runs (75 s)',
    (name) => {
      const { States } = JSON.parse(source) as {
        States: Record<
          string,
          { Retry: { ErrorEquals: string[]; IntervalSeconds: number; MaxAttempts: number }[] }
        >;
      };
      const retry = States[name]!.Retry.find(({ ErrorEquals }) => ErrorEquals.includes('LeaseHeldError'))!;
      expect([retry.IntervalSeconds, retry.MaxAttempts]).toEqual([15, 7]);
    },
  );

  test('retries errors that may pass, and alerts operators of every other error', () => {
    const { States } = JSON.parse(source) as {
      States: Record<
        string,
        { Retry?: { ErrorEquals: string[] }[]; Catch?: { ErrorEquals: string[]; Next: string }[] }
      >;
    };
    const steps = ['CheckGrant', 'RefreshTokens', 'NotifyOwner', 'RequestReauthorization', 'DisconnectGrant'];
    const retried = (name: string) => States[name]!.Retry!.flatMap(({ ErrorEquals }) => ErrorEquals);
    for (const step of steps) {
      expect(retried(step)).toContain('StoreUnavailableError');
      expect(States[step]!.Catch!.at(-1)).toMatchObject({
        ErrorEquals: ['States.ALL'],
        Next: 'RecordIncident',
      });
      for (const name of [
        'ClientRejectedError',
        'ProviderContractError',
        'ConfigurationError',
        'StoreQuotaExceededError',
      ]) {
        expect(retried(step)).not.toContain(name);
      }
    }
    for (const step of ['RefreshTokens', 'DisconnectGrant']) {
      expect(retried(step)).toEqual(
        expect.arrayContaining(['LeaseHeldError', 'TokenEndpointUnavailableError']),
      );
    }
  });
});

describe('keep-grant.asl.json with browser-login.asl.json', () => {
  const merged = withAddition(source, read('statemachines/browser-login.asl.json'));
  type Machine = { States: Record<string, { Choices?: { Next: string }[]; TimeoutSeconds?: number }> };
  const { States } = JSON.parse(merged) as Machine;

  test('is valid States Language once its placeholders are filled in', () => {
    const more: typeof values = {
      ...values,
      RequestBrowserLoginFunctionArn: `${lambdaArn}request-browser-login`,
      BrowserLoginConnections: "['one', 'two']",
    };
    const filled = merged
      .replaceAll('"${Remedies}"', JSON.stringify(remedies))
      .replace(/\$\{(\w+)\}/g, (_, name: string) => more[name]!);
    expect(filled).not.toContain('undefined');
    const validation = validate(JSON.parse(filled));
    expect(validation.errorsText()).toBe('');
  });

  test('is taken by the embedded cloud, which refuses what AWS refuses', () => {
    const filled = (text: string) =>
      text
        .replaceAll('"${Remedies}"', JSON.stringify(remedies))
        .replace('${BrowserLoginConnections}', "['one', 'two']")
        .replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? `${lambdaArn}${name}`);
    for (const text of [source, merged, read('statemachines/ask-refresh.asl.json')]) {
      expect(() => parseDefinition(filled(text))).not.toThrow();
    }
    expect(() => parseDefinition(filled(source).replace('$alerted', 'alerted'))).toThrow(
      "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'alerted' at the top level is not supported. at /States/Choose/Choices[5]/Condition",
    );
  });

  test('has none of the faults that the validator misses', () => {
    const placeholders = [...facts.placeholders, 'RequestBrowserLoginFunctionArn'];
    // Within an expression, which is none before.
    const known = merged.replace('${BrowserLoginConnections}', "['one', 'two']");
    expect(lintAsl(known, { ...facts, placeholders })).toEqual([]);
  });

  test('has all that it has without, and states and first choices more', () => {
    const own = (JSON.parse(source) as Machine).States;
    for (const [name, state] of Object.entries(own)) {
      const { Choices: choices = [], ...rest } = States[name]!;
      const { Choices: before = [], ...same } = state;
      expect(rest).toEqual(same);
      expect(choices.slice(choices.length - before.length)).toEqual(before);
    }
    expect(Object.keys(States).filter((name) => !Object.hasOwn(own, name))).toEqual([
      'BrowserLogin',
      'AfterBrowserLogin',
      'AskOwner',
    ]);
    expect(States.Choose!.Choices![0]!.Next).toBe('BrowserLogin');
    expect(States.AfterAlert!.Choices![0]!.Next).toBe('AskOwner');
  });

  test('nests its time-outs: recipe (75 s) < walks (80 s) < browser (100 s) < answer (102 s) < sender (110 s) < state (115 s) < claim', () => {
    expect(RecipeSchema.safeParse({ ...recipes['schwab'], seconds: 75 }).success).toBe(true);
    expect(RecipeSchema.safeParse({ ...recipes['schwab'], seconds: 76 }).success).toBe(false);
    // After it a last look, a picture and the closing take up to 14 s.
    expect(limits.wholeMs).toBe(80_000);
    expect(read('infra/browser-login/component.ts')).toMatch(/^const timeoutSeconds = 100;$/m);
    expect(read('functions/request-browser-login/handler.ts')).toMatch(/^const answerMs = 102_000;$/m);
    expect(read('infra/browser-login/index.ts')).toMatch(/^const browserTimeoutSeconds = 110;$/m);
    expect(States.BrowserLogin!.TimeoutSeconds).toBe(115);
    expect(claimMs).toBe(120_000);
  });
});

test.each(['NotifyOwner', 'RequestReauthorization'])(
  '%s is tried again for a channel as often as its function counts on, and tells it how often it was',
  (name) => {
    const { States } = JSON.parse(source) as {
      States: Record<string, { Retry: Record<string, unknown>[]; Arguments: { Payload: object } }>;
    };
    const { Retry, Arguments } = States[name]!;
    expect(Retry.find(({ ErrorEquals }) => String(ErrorEquals) === 'ChannelUnavailableError')).toEqual({
      ErrorEquals: ['ChannelUnavailableError'],
      IntervalSeconds: 10,
      BackoffRate: 2,
      MaxDelaySeconds: 300,
      MaxAttempts: channelRetries.noneReached,
      JitterStrategy: 'NONE',
    });
    expect(channelRetries).toEqual({ othersReached: 3, noneReached: 8 });
    expect(Arguments.Payload).toMatchObject({ retryCount: '{% $states.context.State.RetryCount %}' });
  },
);

test('DisconnectGrant is tried again for its provider as often as its function counts on', () => {
  const { States } = JSON.parse(source) as { States: Record<string, { Retry: Record<string, unknown>[] }> };
  const { Retry } = States.DisconnectGrant!;
  expect(Retry.find(({ ErrorEquals }) => String(ErrorEquals) === 'TokenEndpointUnavailableError')).toEqual({
    ErrorEquals: ['TokenEndpointUnavailableError'],
    IntervalSeconds: 2,
    BackoffRate: 2,
    MaxAttempts: revocationRetries,
    JitterStrategy: 'FULL',
  });
  expect(revocationRetries).toBe(4);
});

test('that an alert is written to the timeline comes after it, and whatever becomes of that', () => {
  const { States } = JSON.parse(source) as {
    States: Record<string, { Next: string; Catch: { ErrorEquals: string[]; Next: string }[] }>;
  };
  expect(States.RecordIncident).toMatchObject({ Next: 'AlertOperator' });
  expect(States.AlertOperator).toMatchObject({ Next: 'RecordFailure', Catch: [{ Next: 'RecordFailure' }] });
  expect(States.RecordFailure).toMatchObject({
    Next: 'AfterAlert',
    Catch: [{ ErrorEquals: ['States.ALL'], Next: 'AfterAlert' }],
  });
});

describe('the reason in the operators’ alert', () => {
  const merged = withAddition(source, read('statemachines/browser-login.asl.json'));
  type Catcher = { ErrorEquals: string[]; Assign?: { incident?: { error: string; reason: string } } };
  const { States } = JSON.parse(merged) as { States: Record<string, { Catch?: Catcher[] }> };
  const steps = [
    'CheckGrant',
    'RefreshTokens',
    'NotifyOwner',
    'RequestReauthorization',
    'DisconnectGrant',
    'BrowserLogin',
  ];

  /** The incident that `Catch` makes of an error, as the state machine evaluates it. */
  async function incident(step: string, errorOutput: Record<string, Json>) {
    const { error, reason } = States[step]!.Catch!.at(-1)!.Assign!.incident!;
    const refuse = (code: string, message: string) => {
      throw new Error(`${code}: ${message}`);
    };
    const template = compileTemplate({ error, reason }, { errorOutput: true }, refuse);
    const context = { State: { EnteredTime: '2026-01-05T12:00:00.000Z' } };
    const scope = { states: { input: {}, context, errorOutput }, variables: {}, nowMs: 0 };
    return template(scope, 'Catch[0]/Assign/incident');
  }

  test.each<[what: string, errorOutput: Record<string, Json>, reason: string]>([
    ['an empty cause, as of a time-out', { Error: 'States.Timeout', Cause: '' }, 'No cause was given.'],
    ['no cause', { Error: 'Held' }, 'No cause was given.'],
    ['a cause that is null', { Error: 'Held', Cause: null }, 'No cause was given.'],
    ['a text', { Error: 'Lambda.TooManyRequestsException', Cause: 'Rate Exceeded.' }, 'Rate Exceeded.'],
    ['a text in braces', { Error: 'Held', Cause: '{not JSON}' }, '{not JSON}'],
    ['a report', { Error: 'Held', Cause: '{"errorType":"Held","errorMessage":"Held by x."}' }, 'Held by x.'],
    [
      'an empty report',
      { Error: 'Held', Cause: '{"errorType":"Held","errorMessage":""}' },
      'No cause was given.',
    ],
  ])('is never blank: %s', async (_what, errorOutput, reason) => {
    for (const step of steps) {
      expect(await incident(step, errorOutput)).toEqual({ error: errorOutput['Error'], reason });
    }
  });

  test('has an error’s name even where a task token came back as failed without one', async () => {
    expect(await incident('RequestReauthorization', { Error: null, Cause: null })).toEqual({
      error: 'States.TaskFailed',
      reason: 'No cause was given.',
    });
  });
});

/** Any part of the definition, to be broken. */
type Loose = { [key: string]: Loose } & { [index: number]: Loose };

function broken(breakIt: (states: Record<string, Loose>, machine: Loose) => void): string[] {
  const machine = JSON.parse(source) as Loose;
  breakIt(machine.States as Record<string, Loose>, machine);
  return lintAsl(JSON.stringify(machine), facts);
}
const set = (part: Loose | undefined, change: object) => Object.assign(part as object, change);

describe('the lint reports', () => {
  test.each<[fault: string, problem: string | string[], breakIt: Parameters<typeof broken>[0]]>([
    ['a state without Comment', 'Done: has no Comment', ({ Done }) => delete Done!.Comment],
    ['a machine without Comment', 'the machine has no Comment', (_, machine) => delete machine.Comment],
    [
      'a machine without end',
      'the machine has no TimeoutSeconds',
      (_, machine) => delete machine.TimeoutSeconds,
    ],
    [
      'a task without time-out',
      'RecordIncident: has no TimeoutSeconds',
      ({ RecordIncident }) => delete RecordIncident!.TimeoutSeconds,
    ],
    [
      'a time-out within that of the function',
      'NotifyOwner: may end after 30 s, before its function does (30 s)',
      ({ NotifyOwner }) => set(NotifyOwner, { TimeoutSeconds: 30 }),
    ],
    [
      'a computed time-out that can be too short',
      'RequestReauthorization: may end after 15 s, before its function does (30 s)',
      ({ RequestReauthorization }) => set(RequestReauthorization, { TimeoutSeconds: '{% $max([15, 1]) %}' }),
    ],
    [
      'a computed time-out that can be anything',
      'RequestReauthorization: has TimeoutSeconds without a least value',
      ({ RequestReauthorization }) => set(RequestReauthorization, { TimeoutSeconds: '{% $millis() %}' }),
    ],
    [
      'a heartbeat as long as the time-out',
      'CheckGrant: its heartbeat is not shorter than its time-out',
      ({ CheckGrant }) => set(CheckGrant, { HeartbeatSeconds: 45 }),
    ],
    [
      'a callback without its token',
      'RequestReauthorization: waits for a task token that it does not pass',
      ({ RequestReauthorization }) => delete RequestReauthorization!.Arguments!.Payload!.taskToken,
    ],
    [
      'a token that nobody waits for',
      'NotifyOwner: passes a task token and does not wait for it',
      ({ NotifyOwner }) =>
        set(NotifyOwner!.Arguments!.Payload, { taskToken: '{% $states.context.Task.Token %}' }),
    ],
    [
      'a wait that is repeated when it has ended',
      'RequestReauthorization: waits again for what did not come',
      ({ RequestReauthorization }) =>
        set(RequestReauthorization!.Retry![0], { ErrorEquals: ['States.Timeout'] }),
    ],
    [
      'a wait whose end is an incident',
      'RequestReauthorization: does not catch the end of its wait',
      ({ RequestReauthorization }) =>
        set(RequestReauthorization!.Catch![0], { ErrorEquals: ['LeaseHeldError'] }),
    ],
    [
      'a misspelt integration',
      'AlertOperator: arn:aws:states:::sns:publsh is no integration known here',
      ({ AlertOperator }) => set(AlertOperator, { Resource: 'arn:aws:states:::sns:publsh' }),
    ],
    [
      'an error that nothing throws, retried',
      'RefreshTokens: nothing throws LeaseHeldErorr',
      ({ RefreshTokens }) => set(RefreshTokens!.Retry![0], { ErrorEquals: ['LeaseHeldErorr'] }),
    ],
    [
      'an error that nothing throws, caught',
      'RecordIncident: nothing throws DynamoDB.ConditionalCheckFailed',
      ({ RecordIncident }) =>
        set(RecordIncident!.Catch![0], { ErrorEquals: ['DynamoDB.ConditionalCheckFailed'] }),
    ],
    [
      'an error that is neither retried nor caught',
      [
        'CheckGrant: LeaseHeldError is neither retried nor caught',
        'CheckGrant: TokenEndpointUnavailableError is neither retried nor caught',
        'CheckGrant: ProviderContractError is neither retried nor caught',
        'CheckGrant: ConfigurationError is neither retried nor caught',
      ],
      ({ CheckGrant }) => set(CheckGrant!.Catch![0], { ErrorEquals: ['ClientRejectedError'] }),
    ],
    [
      'Retry on States.ALL',
      'AlertOperator: retries States.ALL',
      ({ AlertOperator }) => set(AlertOperator!.Retry![0], { ErrorEquals: ['States.ALL'] }),
    ],
    [
      'a second Retry of the same error',
      'RefreshTokens: its Retry has StoreUnavailableError twice: the second is never reached',
      ({ RefreshTokens }) => set(RefreshTokens!.Retry![1], { ErrorEquals: ['StoreUnavailableError'] }),
    ],
    [
      'a Catch behind States.ALL',
      'RecordIncident: States.ALL is not its last Catch',
      ({ RecordIncident }) =>
        set(RecordIncident, { Catch: (RecordIncident!.Catch as unknown as Loose[]).toReversed() }),
    ],
    [
      'States.ALL among others',
      'NotifyOwner: catches States.ALL together with others',
      ({ NotifyOwner }) => set(NotifyOwner!.Catch![0], { ErrorEquals: ['States.ALL', 'States.Timeout'] }),
    ],
    [
      'Catch before Retry',
      'CheckGrant: Catch stands before Retry, which comes first',
      ({ CheckGrant }) => {
        const { Retry } = CheckGrant!;
        delete CheckGrant!.Retry;
        set(CheckGrant, { Retry });
      },
    ],
    [
      'a variable that is not assigned on one path',
      'RecordIncident: $incident is not assigned on every path to it',
      ({ NotifyOwner }) => delete NotifyOwner!.Catch![0]!.Assign,
    ],
    [
      'a variable that is never assigned',
      'Done: $decison is not assigned on every path to it',
      ({ Done }) => set(Done!.Output, { decision: '{% $decison %}' }),
    ],
    [
      'a variable that is bound in one expression and read in another',
      'AlertOperator: $cause is not assigned on every path to it',
      ({ AlertOperator }) => set(AlertOperator!.Arguments, { Message: '{% ($text := 1; $text & $cause) %}' }),
    ],
    [
      'a state that no path reaches',
      'Done: no path leads to it',
      ({ Choose }) => set(Choose, { Default: 'CheckGrant' }),
    ],
    [
      'a state that is not there',
      'there is no state Refresh',
      ({ Choose }) => set(Choose!.Choices![1], { Next: 'Refresh' }),
    ],
    [
      'an error output outside Catch',
      'Failed: reads $states.errorOutput outside Catch',
      ({ Failed }) => set(Failed, { Cause: '{% $states.errorOutput.Cause %}' }),
    ],
    [
      'a result before there is one',
      'CheckGrant: reads $states.result where there is none',
      ({ CheckGrant }) => set(CheckGrant!.Arguments!.Payload, { done: '{% $states.result.done %}' }),
    ],
    [
      'a placeholder that nothing fills in',
      ['nothing fills in ${Table}', '${TableName} is not used'],
      ({ RecordIncident, RecordFailure }) => {
        for (const state of [RecordIncident, RecordFailure]) set(state!.Arguments, { TableName: '${Table}' });
      },
    ],
  ])('%s', (_, problem, breakIt) => {
    expect(broken(breakIt)).toEqual(expect.arrayContaining([problem].flat()));
  });

  test('nothing of a state that only a flag’s value leads to', () => {
    // Failed reads $incident, which is assigned wherever $alerted is true.
    const always = broken(({ Choose }) => set(Choose!.Choices![5], { Condition: '{% $exists($alerted) %}' }));
    expect(always).toEqual(['Failed: $incident is not assigned on every path to it']);
  });
});
