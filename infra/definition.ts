import * as pulumi from '@pulumi/pulumi';
import { readFileSync } from 'node:fs';

/** A state machine's definition as far as it is put together here. */
interface Machine {
  readonly States: Readonly<Record<string, { readonly Choices?: readonly unknown[] }>>;
}

/** What a machine has more where something is opted in to. */
interface Addition {
  /** By state: choices that come before its own. */
  readonly Choices: Readonly<Record<string, readonly unknown[]>>;
  readonly States: Machine['States'];
}

/**
 * `statemachines/<name>.asl.json` with its placeholders filled in, and its integrations' ARNs in the partition
 * (`arn:aws-us-gov:states:::…`).
 * @param addition name of a file beside it, of what the machine is to have more
 * @throws {Error} naming a placeholder that nothing is known for
 */
export function definitionOf(
  name: string,
  partition: pulumi.Input<string>,
  values: Readonly<Record<string, pulumi.Input<unknown>>>,
  addition?: string,
): pulumi.Output<string> {
  const source = addition === undefined ? read(name) : withAddition(read(name), read(addition));
  return pulumi
    .all([partition, values])
    .apply(([own, known]) =>
      fillIn(`${name}.asl.json`, source.replaceAll('"arn:aws:states:::', `"arn:${own}:states:::`), known),
    );
}

function read(name: string): string {
  return readFileSync(new URL(`../statemachines/${name}.asl.json`, import.meta.url), 'utf8');
}

/** Both as texts, for their placeholders are not filled in yet. */
export function withAddition(source: string, addition: string): string {
  const machine = JSON.parse(source) as Machine;
  const { Choices, States } = JSON.parse(addition) as Addition;
  const own = Object.entries(machine.States).map(([name, state]) => {
    const more = Choices[name];
    return [name, more ? { ...state, Choices: [...more, ...(state.Choices ?? [])] } : state] as const;
  });
  return JSON.stringify({ ...machine, States: { ...Object.fromEntries(own), ...States } }, null, 2);
}

/** A string that is one placeholder and nothing else may stand for any JSON. */
function fillIn(file: string, source: string, values: Readonly<Record<string, unknown>>): string {
  return source.replace(/"\$\{(\w+)\}"|\$\{(\w+)\}/g, (placeholder, whole?: string, part?: string) => {
    const value = values[whole ?? part!];
    if (value === undefined) throw new Error(`${file} has a placeholder ${placeholder} too many.`);
    return whole === undefined && typeof value === 'string' ? value : JSON.stringify(value);
  });
}
