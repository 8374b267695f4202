import type { z } from 'zod';
import { AwsError } from '../errors.ts';
import { stateMachine, type Definition, type State } from './definition.ts';
import type { ReportCode } from './template.ts';

/** "Maximum state machine definition size: 1 MB". https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html */
const maximumCharacters = 1_048_576;

/**
 * Reads a machine's definition and compiles its expressions.
 * @throws {AwsError} `InvalidDefinition`, with all problems and their places
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
 */
export function parseDefinition(text: string): Definition {
  if (text.length > maximumCharacters) {
    throw invalid([`INVALID_JSON_DESCRIPTION: longer than ${maximumCharacters} characters`]);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid([`INVALID_JSON_DESCRIPTION: ${(error as Error).message}`]);
  }
  const parsed = stateMachine.safeParse(json);
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap(describe));
  const problems = checkTransitions(parsed.data);
  if (problems.length > 0) throw invalid(problems);
  return parsed.data;
}

function invalid(problems: readonly string[]): AwsError {
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${problems.join(', ')}'`);
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = `at ${placeOf(issue.path)}`;
  const failed = (message: string, code = 'SCHEMA_VALIDATION_FAILED') => `${code}: ${message} ${at}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => failed(`The field ${key} is not supported by the embedded cloud`));
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => failed(message));
  if (issue.code === 'invalid_union' && issue.discriminator === 'Type') {
    return [failed('This state type is not supported by the embedded cloud')];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // For a literal or an expression: show the expression's problem if there is one, otherwise the literal's bounds.
    const found = issue.errors.flat();
    const ofExpression = found.filter((inner) => awsCodeOf(inner) !== undefined);
    if (ofExpression.length > 0) return ofExpression.map((inner) => failed(inner.message, awsCodeOf(inner)));
    return [failed([...new Set(found.map(({ message }) => message))].join(' or '))];
  }
  return [failed(issue.message, awsCodeOf(issue))];
}

/** The error for an expression that AWS refuses. */
function awsCodeOf(issue: z.core.$ZodIssue): ReportCode | undefined {
  return issue.code === 'custom' ? (issue.params?.['awsCode'] as ReportCode | undefined) : undefined;
}

/** As AWS writes it: `/States/E/Choices[0]/Condition`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `/${String(step)}`)).join('') || '/';
}

const isEnd = (state: State) =>
  state.Type === 'Succeed' || state.Type === 'Fail' || ('End' in state && state.End === true);

/** Checks that each target exists, each state is reachable, and one ends the execution. */
function checkTransitions({ StartAt, States }: Definition): string[] {
  const problems: string[] = [];
  const reached = new Set<string>();
  const targets: [name: string, at: string][] = [[StartAt, '/StartAt']];
  for (let target = targets.pop(); target; target = targets.pop()) {
    const [name, at] = target;
    const state = States[name];
    if (!state) problems.push(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${name} at ${at}`);
    if (!state || reached.has(name)) continue;
    reached.add(name);
    for (const [next, place] of targetsOf(state)) targets.push([next, `/States/${name}/${place}`]);
  }
  for (const name of Object.keys(States)) {
    if (reached.has(name)) continue;
    problems.push(`MISSING_TRANSITION_TARGET: State "${name}" is not reachable. at /States/${name}`);
  }
  // https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
  if (!Object.values(States).some(isEnd)) {
    problems.push('MISSING_END_STATE: The workflow does not have a terminal state.');
  }
  return problems;
}

/** Where a state can lead, and by which of its fields: `Next`, `Catch[0]/Next`, `Choices[0]/Next` or `Default`. */
function targetsOf(state: State): [name: string, place: string][] {
  const targets: [string, string][] = [];
  if ('Next' in state && state.Next !== undefined) targets.push([state.Next, 'Next']);
  if (state.Type === 'Task') {
    for (const [at, { Next }] of state.Catch.entries()) targets.push([Next, `Catch[${at}]/Next`]);
  }
  if (state.Type === 'Choice') {
    for (const [at, { Next }] of state.Choices.entries()) targets.push([Next, `Choices[${at}]/Next`]);
    if (state.Default !== undefined) targets.push([state.Default, 'Default']);
  }
  return targets;
}
