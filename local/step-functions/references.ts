/** What a field may use of `$states`, beside `input` and most of `context`. */
export interface Available {
  readonly result?: boolean;
  readonly errorOutput?: boolean;
  /** `$states.context.Task.Token` */
  readonly taskToken?: boolean;
}

/** The context object's members that are played. */
const contextMembers: Record<string, readonly string[]> = {
  Execution: ['Id', 'Input', 'Name', 'RoleArn', 'StartTime'],
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
 * What an expression names and no evaluation could give: `$eval`, members of `$states` that are not there in this
 * field, members of the context object that are not played.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-reserved-variable
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
 */
export function findUnknownReferences(ast: unknown, available: Available): string[] {
  const found: string[] = [];
  for (const node of nodesOf(ast)) {
    // "JSONata's $eval function is not supported in Step Functions. You can use $parse instead."
    if (node.type === 'variable' && node.value === 'eval') found.push('The function $eval is not supported');
    const [root, ...names] = node.type === 'path' ? (node.steps ?? []) : [];
    if (root?.type !== 'variable' || root.value !== 'states') continue;
    const problem = checkPath(names.map(nameOf), available);
    if (problem) found.push(problem);
  }
  return found;
}

function checkPath([member, group, name]: (string | undefined)[], available: Available): string | undefined {
  if (member === undefined || member === 'input') return undefined;
  if (member === 'result' || member === 'errorOutput') {
    return available[member] ? undefined : `$states.${member} is not available in this field`;
  }
  if (member !== 'context') return `$states.${member} does not exist`;
  if (group === undefined) return undefined;
  if (group === 'Task' && !available.taskToken) {
    return '$states.context.Task is there only in the Arguments of a .waitForTaskToken task';
  }
  const members = contextMembers[group];
  if (!members) return `$states.context.${group} is not played by the embedded cloud`;
  if (name === undefined || members.includes(name)) return undefined;
  return `$states.context.${group}.${name} is not played by the embedded cloud`;
}

/** A step's name; a computed step (a wildcard, a function) has none and is left to the evaluation. */
function nameOf(step: Node): string | undefined {
  return step.type === 'name' && typeof step.value === 'string' ? step.value : undefined;
}

function* nodesOf(value: unknown, seen = new Set<object>()): Generator<Node> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (!Array.isArray(value)) yield value;
  for (const child of Object.values(value)) yield* nodesOf(child, seen);
}
