/** The supported properties of each resource type; any other is refused. */
import type * as z from 'zod';

import { notSupported } from '../errors.ts';
import { accessSchemas } from './access.ts';
import { computeSchemas } from './compute.ts';
import { dataSchemas } from './data.ts';
import { notSupportedValue } from './parts.ts';
import { messageSchemas } from './messages.ts';
import { networkSchemas } from './network.ts';
import { webSchemas } from './web.ts';

const schemas = {
  ...accessSchemas,
  ...computeSchemas,
  ...dataSchemas,
  ...messageSchemas,
  ...networkSchemas,
  ...webSchemas,
};

export type ResourceType = keyof typeof schemas;
export type InputsOf<T extends ResourceType> = z.output<(typeof schemas)[T]>;

/** One resource as a Pulumi program registered it, inputs resolved. */
export interface Registered {
  /** Pulumi's type token, for example `aws:lambda/function:Function`. */
  readonly type: string;
  /** The logical name. */
  readonly name: string;
  /** As its provider would return it: an ARN, a name, or another identifier. */
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What AWS would return: the inputs, and for example an ARN. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** A registered resource whose inputs are known to be supported. */
export interface Resource<T extends ResourceType> {
  readonly type: T;
  readonly name: string;
  readonly id: string;
  readonly inputs: InputsOf<T>;
  readonly state: Readonly<Record<string, unknown>>;
}

export class Resources {
  readonly #all: readonly Resource<ResourceType>[];

  /** @throws {Error} for the first resource with a type, a property or a value that is not supported, or that AWS refuses */
  constructor(registered: readonly Registered[]) {
    this.#all = registered.map(checked);
  }

  ofType<T extends ResourceType>(type: T): readonly Resource<T>[] {
    return this.#all.filter((resource) => resource.type === type) as unknown as Resource<T>[];
  }
}

function checked(registered: Registered): Resource<ResourceType> {
  const { type, name } = registered;
  if (!isSupported(type)) throw notSupported(`the resource type ${type} (${name})`);
  const parsed = schemas[type].safeParse(registered.inputs, { reportInput: true });
  if (!parsed.success) throw refusalOf(parsed.error.issues, registered);
  return { ...registered, type, inputs: parsed.data };
}

function isSupported(type: string): type is ResourceType {
  return Object.hasOwn(schemas, type);
}

/** Unsupported properties come first: AWS might accept them, so the other problems may not be real. */
function refusalOf(issues: readonly z.core.$ZodIssue[], { type, name }: Registered): Error {
  const what = `${type} (${name})`;
  const unknown = issues.flatMap(({ code, path, ...issue }) =>
    code === 'unrecognized_keys'
      ? (issue as { keys: string[] }).keys.map((key) => pathOf([...path, key]))
      : [],
  );
  if (unknown.length > 0) return notSupported(`the property ${unknown.join(', ')} of ${what}`);
  const value = issues.find(({ message }) => message === notSupportedValue);
  if (value) return notSupported(`${pathOf(value.path)} ${shown(value.input)} of ${what}`);
  const problems = issues.map(({ path, input, message }) =>
    input === undefined ? `${pathOf(path)} is missing` : `${pathOf(path)} is ${shown(input)}: ${message}`,
  );
  return new Error(`AWS refuses ${what}: ${problems.join('; ')}.`);
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** Shortens definitions and policies. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
