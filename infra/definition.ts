import * as pulumi from '@pulumi/pulumi';
import { readFileSync } from 'node:fs';

/**
 * `statemachines/<name>.asl.json` with its placeholders filled in.
 * @throws {Error} naming a placeholder that nothing is known for
 */
export function definitionOf(
  name: string,
  values: Readonly<Record<string, pulumi.Input<unknown>>>,
): pulumi.Output<string> {
  const file = `${name}.asl.json`;
  const source = readFileSync(new URL(`../statemachines/${file}`, import.meta.url), 'utf8');
  return pulumi.output(values).apply((known) => fillIn(file, source, known));
}

/** A string that is one placeholder and nothing else may stand for any JSON. */
function fillIn(file: string, source: string, values: Readonly<Record<string, unknown>>): string {
  return source.replace(/"\$\{(\w+)\}"|\$\{(\w+)\}/g, (placeholder, whole?: string, part?: string) => {
    const value = values[whole ?? part!];
    if (value === undefined) throw new Error(`${file} has a placeholder ${placeholder} too many.`);
    return whole === undefined && typeof value === 'string' ? value : JSON.stringify(value);
  });
}
