import jsonata from 'jsonata';

/** What a state machine has to agree with. */
export interface AslFacts {
  /** `${…}` that the program fills in. */
  readonly placeholders: readonly string[];
  /** Of the functions that the states call. */
  readonly functionTimeoutSeconds: number;
  /** Names of the errors that those functions throw. */
  readonly errorNames: readonly string[];
}

type Template = Readonly<Record<string, unknown>>;

interface Handler {
  readonly ErrorEquals: readonly string[];
  readonly Next?: string;
  readonly Assign?: Template;
}

interface Choice {
  readonly Condition: string;
  readonly Next: string;
  readonly Assign?: Template;
}

interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly TimeoutSeconds?: number | string;
  readonly HeartbeatSeconds?: number | string;
  readonly Assign?: Template;
  readonly Retry?: readonly Handler[];
  readonly Catch?: readonly Handler[];
  readonly Choices?: readonly Choice[];
  readonly Default?: string;
  readonly Next?: string;
}

interface Machine {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html */
const integrations = [
  'arn:aws:states:::lambda:invoke',
  'arn:aws:states:::lambda:invoke.waitForTaskToken',
  'arn:aws:states:::dynamodb:putItem',
  'arn:aws:states:::sns:publish',
];

/**
 * Errors that AWS itself raises, and nobody's but those in use: a new one is looked up before it stands here.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 * https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
 */
const awsErrors = [
  'States.ALL',
  'States.Timeout',
  'States.TaskFailed',
  'States.Permissions',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Runtime.ExitError',
  'Sandbox.Timedout',
  'DynamoDB.ConditionalCheckFailedException',
  'DynamoDB.ProvisionedThroughputExceededException',
  'DynamoDB.InternalServerErrorException',
  'DynamoDB.SdkClientException',
];

const isLambda = ({ Resource }: State) => Resource?.includes(':lambda:') ?? false;
const isCallback = ({ Resource }: State) => Resource?.endsWith('.waitForTaskToken') ?? false;

/**
 * What asl-validator misses of a state machine in JSONata, written against this house's rules.
 * @param source the definition with its placeholders
 * @returns one line a problem; none for a sound machine
 */
export function lintAsl(source: string, facts: AslFacts): string[] {
  const machine = JSON.parse(source) as Machine;
  const problems = [...lintPlaceholders(source, facts), ...lintMachine(machine)];
  for (const [name, state] of Object.entries(machine.States)) {
    const found = [
      ...(state.Comment ? [] : ['has no Comment']),
      ...(state.Type === 'Task' ? lintTask(state, facts) : []),
      ...lintReserved(state),
    ];
    problems.push(...found.map((problem) => `${name}: ${problem}`));
  }
  return [...problems, ...lintVariables(machine)];
}

function* lintPlaceholders(source: string, { placeholders }: AslFacts): Iterable<string> {
  const used = new Set([...source.matchAll(/\$\{(.*?)\}/g)].map((match) => match[1]!));
  for (const name of used) if (!placeholders.includes(name)) yield `nothing fills in \${${name}}`;
  for (const name of placeholders) if (!used.has(name)) yield `\${${name}} is not used`;
}

function* lintMachine({ Comment, TimeoutSeconds }: Machine): Iterable<string> {
  if (!Comment) yield 'the machine has no Comment';
  if (TimeoutSeconds === undefined) yield 'the machine has no TimeoutSeconds';
}

function* lintTask(state: State, facts: AslFacts): Iterable<string> {
  const { Resource = '', Retry = [], Catch = [] } = state;
  if (!integrations.includes(Resource)) yield `${Resource} is no integration known here`;
  yield* lintTimeouts(state, facts.functionTimeoutSeconds);

  const token = [...texts(state.Arguments)].includes('{% $states.context.Task.Token %}');
  if (isCallback(state) && !token) yield 'waits for a task token that it does not pass';
  if (!isCallback(state) && token) yield 'passes a task token and does not wait for it';

  const keys = Object.keys(state);
  if (Retry.length > 0 && Catch.length > 0 && keys.indexOf('Retry') > keys.indexOf('Catch')) {
    yield 'Catch stands before Retry, which comes first';
  }
  yield* lintErrorNames(state, facts.errorNames);
}

/** HTTP < function < state, and a heartbeat within. */
function* lintTimeouts(state: State, functionSeconds: number): Iterable<string> {
  const seconds = leastSeconds(state.TimeoutSeconds);
  if (state.TimeoutSeconds === undefined) {
    yield 'has no TimeoutSeconds';
  } else if (seconds === undefined) {
    yield 'has TimeoutSeconds without a least value';
  } else if (isLambda(state) && seconds <= functionSeconds) {
    yield `may end after ${seconds} s, before its function does (${functionSeconds} s)`;
  }
  const heartbeat = leastSeconds(state.HeartbeatSeconds);
  if (heartbeat !== undefined && seconds !== undefined && heartbeat >= seconds) {
    yield 'its heartbeat is not shorter than its time-out';
  }
}

/** A number, or that of an expression `$max([60, …])`. */
function leastSeconds(field: number | string | undefined): number | undefined {
  if (typeof field !== 'string') return field;
  const least = /^\{% \$max\(\[(\d+), .*\]\) %\}$/.exec(field)?.[1];
  return least === undefined ? undefined : Number(least);
}

function* lintErrorNames(state: State, errorNames: readonly string[]): Iterable<string> {
  const { Retry = [], Catch = [] } = state;
  const retried = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
  const caught = Catch.flatMap(({ ErrorEquals }) => ErrorEquals);
  for (const name of [...retried, ...caught]) {
    if (!awsErrors.includes(name) && !errorNames.includes(name)) yield `nothing throws ${name}`;
  }
  for (const [kind, names] of [
    ['Retry', retried],
    ['Catch', caught],
  ] as const) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) yield `its ${kind} has ${twice} twice: the second is never reached`;
  }
  if (retried.includes('States.ALL')) yield 'retries States.ALL';
  const all = Catch.findIndex(({ ErrorEquals }) => ErrorEquals.includes('States.ALL'));
  if (all >= 0 && all < Catch.length - 1) yield 'States.ALL is not its last Catch';
  if (all >= 0 && Catch[all]!.ErrorEquals.length > 1) yield 'catches States.ALL together with others';
  if (isLambda(state) && all < 0) {
    for (const name of errorNames) {
      if (!retried.includes(name) && !caught.includes(name)) yield `${name} is neither retried nor caught`;
    }
  }
  if (isCallback(state) && retried.includes('States.Timeout')) yield 'waits again for what did not come';
  if (isCallback(state) && !caught.includes('States.Timeout')) yield 'does not catch the end of its wait';
}

/**
 * `$states` has a result only where a task has succeeded, and an error only where it has failed.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-reserved-states-variable
 */
function* lintReserved(state: State): Iterable<string> {
  const { Catch, ...rest } = state;
  const { Assign, Output: _, ...before } = rest as State & { Output?: unknown };
  const mentions = (part: unknown, what: string) => [...texts(part)].some((text) => text.includes(what));
  if (mentions(rest, '$states.errorOutput')) yield 'reads $states.errorOutput outside Catch';
  const succeeds = state.Type === 'Task';
  if (mentions([before, Catch, succeeds ? undefined : Assign], '$states.result')) {
    yield 'reads $states.result where there is none';
  }
}

/** What is known of the variables on the way to a state: that they are assigned, and of flags, what to. */
type Scope = ReadonlyMap<string, boolean | 'something'>;

/**
 * Walks every path from the start and reports variables that are read before they are assigned, and states that no
 * path reaches. A choice by a flag (`{% $flag %}`) is followed only where the flag can have that value.
 */
function lintVariables({ StartAt, States }: Machine): string[] {
  const problems = new Set<string>();
  const seen = new Set<string>();
  const reached = new Set<string>();
  const queue: [name: string, scope: Scope][] = [[StartAt, new Map()]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [name, scope] = next;
    const known = [...scope].map(([variable, value]) => `${variable}=${value}`);
    const visit = `${name} ${known.sort().join(' ')}`;
    if (seen.has(visit)) continue;
    seen.add(visit);
    const state = States[name];
    if (state === undefined) {
      problems.add(`there is no state ${name}`);
      continue;
    }
    reached.add(name);
    for (const variable of variablesOf(state)) {
      if (!scope.has(variable)) problems.add(`${name}: $${variable} is not assigned on every path to it`);
    }
    queue.push(...waysOn(state, scope));
  }
  const unreached = Object.keys(States).filter((name) => !reached.has(name));
  return [...problems, ...unreached.map((name) => `${name}: no path leads to it`)];
}

function* waysOn(state: State, scope: Scope): Iterable<[name: string, scope: Scope]> {
  for (const { Next, Assign } of state.Catch ?? []) if (Next) yield [Next, assigned(scope, Assign)];
  for (const { Condition, Next, Assign } of state.Choices ?? []) {
    const flag = /^\{% \$(\w+) %\}$/.exec(Condition)?.[1];
    const value = flag === undefined ? undefined : scope.get(flag);
    if (value !== false) yield [Next, assigned(scope, Assign)];
    if (value === true) return;
  }
  const onward = state.Default ?? state.Next;
  if (onward !== undefined) yield [onward, assigned(scope, state.Assign)];
}

function assigned(scope: Scope, assign: Template = {}): Scope {
  const values = Object.entries(assign).map(
    ([name, value]) => [name, typeof value === 'boolean' ? value : 'something'] as const,
  );
  return new Map([...scope, ...values]);
}

function variablesOf(state: State): Set<string> {
  const names = new Set<string>();
  for (const text of texts(state)) {
    const expression = /^\{%(.*)%\}$/s.exec(text)?.[1];
    if (expression !== undefined) readVariables(jsonata(expression).ast(), new Set(['states']), names);
  }
  return names;
}

/** Adds to `names` what an expression reads and does not bind itself. */
function readVariables(node: unknown, bound: Set<string>, names: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, value, lhs, rhs, procedure, ...rest } = node as Record<string, unknown>;
  if (type === 'variable' && !bound.has(String(value))) names.add(String(value));
  if (type === 'bind') {
    readVariables(rhs, bound, names);
    bound.add((lhs as { readonly value: string }).value);
    return;
  }
  const scope = type === 'block' ? new Set(bound) : bound;
  // A function's name is no variable of the state machine: those hold data only.
  if (type !== 'function') readVariables(procedure, scope, names);
  for (const part of [lhs, rhs, ...Object.values(rest)]) readVariables(part, scope, names);
}

/** Every text within a template. */
function* texts(template: unknown): Iterable<string> {
  if (typeof template === 'string') yield template;
  if (typeof template !== 'object' || template === null) return;
  for (const part of Object.values(template)) yield* texts(part);
}
