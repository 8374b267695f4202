/** The members of `$states` that a field may use, beside `input` and most of `context`. */
export interface Available {
  readonly result?: boolean;
  readonly errorOutput?: boolean;
  /** `$states.context.Task.Token` */
  readonly taskToken?: boolean;
}

/** The supported members of the context object. */
const contextMembers: Record<string, readonly string[]> = {
  Execution: ['Id', 'Input', 'Name', 'RedriveCount', 'RoleArn', 'StartTime'],
  State: ['EnteredTime', 'Name', 'RetryCount'],
  StateMachine: ['Id', 'Name'],
  Task: ['Token'],
};

interface Node {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly steps?: readonly Node[];
}

/**
 * Problems for which AWS refuses a machine's definition, in its words where they are known: names at the top level,
 * members of `$states` that this field doesn't have, and unsupported functions.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-reserved-variable
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
 * @see https://states-language.net/spec.html: "a JSONata expression MUST NOT reference "$" or unqualified field names at the top level"
 */
export function findUnsupportedReferences(ast: unknown, available: Available): string[] {
  const found = new Set<string>();
  for (const name of topLevelNames(ast))
    found.add(`Reference to '${name}' at the top level is not supported.`);
  for (const node of nodesOf(ast)) {
    if (node.type === 'variable' && node.value === '$') found.add("Reference to '$$' is not supported.");
    // "JSONata's $eval function is not supported in Step Functions. You can use $parse instead."
    if (node.type === 'variable' && node.value === 'eval') found.add('The function $eval is not supported');
    const [root, ...names] = node.type === 'path' ? (node.steps ?? []) : [];
    if (root?.type !== 'variable' || root.value !== 'states') continue;
    const problem = checkPath(names.map(nameOf), available);
    if (problem) found.add(problem);
  }
  return [...found];
}

/** Members of a node whose context is the node's own result. */
const innerMembers = new Set(['stages', 'predicate', 'group', 'pattern', 'update', 'delete']);

/** Names, and `$`, that refer to the context of the whole expression. A function's body has the context around it. */
function* topLevelNames(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) yield* topLevelNames(item);
    return;
  }
  const { type, value, steps } = node as Node;
  if (type === 'name') yield String(value);
  if (type === 'variable' && value === '') yield '$';
  if (type === 'path') {
    yield* topLevelNames(steps?.[0]);
    return;
  }
  for (const [member, child] of Object.entries(node)) {
    if (!innerMembers.has(member)) yield* topLevelNames(child);
  }
}

function checkPath([member, group, name]: (string | undefined)[], available: Available): string | undefined {
  if (member === undefined || member === 'input') return undefined;
  if (member === 'result' || member === 'errorOutput') {
    return available[member] ? undefined : `Field '$states.${member}' does not exist.`;
  }
  if (member !== 'context') return `Field '$states.${member}' does not exist.`;
  if (group === undefined) return undefined;
  if (group === 'Task' && !available.taskToken) {
    return '$states.context.Task is there only in the Arguments of a .waitForTaskToken task';
  }
  const members = contextMembers[group];
  if (!members) return `$states.context.${group} is not supported by the embedded cloud`;
  if (name === undefined || members.includes(name)) return undefined;
  return `$states.context.${group}.${name} is not supported by the embedded cloud`;
}

/** A step's name. A computed step (a wildcard, a function) has none; evaluation checks it. */
function nameOf(step: Node): string | undefined {
  return step.type === 'name' && typeof step.value === 'string' ? step.value : undefined;
}

function* nodesOf(value: unknown, seen = new Set<object>()): Generator<Node> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (!Array.isArray(value)) yield value;
  for (const child of Object.values(value)) yield* nodesOf(child, seen);
}
