/** The Pulumi program as the tests of infra/ see it: what it registers, and the options that mocks do not show. */
import { jest } from '@jest/globals';
import { MockMonitor } from '@pulumi/pulumi/runtime/mocks.js';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import type { Registered } from '../../local/aws/resources/resources.ts';
import { evaluate } from '../../local/program/evaluate.ts';

export type Config = Record<string, unknown>;

export interface Options {
  /** Pulumi's type of the parent, for example `grantkeeper:index:Storage`. */
  readonly parent: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Logical names of what is made first: by `dependsOn`, or because an input needs it. */
  readonly dependencies: readonly string[];
  /** What the engine knows it by, and what it was known by before (`aliases`). */
  readonly urns: readonly string[];
  readonly importId: string;
  readonly ignoreChanges: readonly string[];
}

export interface Program {
  readonly resources: readonly Registered[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** By logical name; of resources of AWS only. */
  readonly options: ReadonlyMap<string, Options>;
}

/** `config` of `Pulumi.<stack>.yaml`. */
export function configOf(stack: 'local' | 'prod'): Config {
  const source = readFileSync(new URL(`../../Pulumi.${stack}.yaml`, import.meta.url), 'utf8');
  return (parse(source) as { config: Config }).config;
}

/** Evaluates a stack, with its configuration changed first if asked. */
export async function program(
  stack: 'local' | 'prod',
  change: (config: Config) => Config = (config) => config,
): Promise<Program> {
  const { watched, options } = await watchingOptions(() =>
    evaluate({ stack, config: change(configOf(stack)), apiEndpoint: 'https://api.example.net' }),
  );
  return { ...watched, options };
}

/** What Pulumi's monitor is asked for while something runs. */
export async function watchingOptions<T>(
  run: () => Promise<T>,
): Promise<{ watched: T; options: ReadonlyMap<string, Options> }> {
  const options = new Map<string, Options>();
  const registering = jest.spyOn(MockMonitor.prototype, 'registerResource');
  try {
    const watched = await run();
    for (const [request] of registering.mock.calls as unknown as [Registration][]) {
      if (request.getType().startsWith('aws:')) options.set(request.getName(), optionsOf(request));
    }
    return { watched, options };
  } finally {
    registering.mockRestore();
  }
}

/** The one resource of that logical name. */
export function resource({ resources }: Program, name: string): Registered {
  const found = resources.filter((candidate) => candidate.name === name);
  if (found.length !== 1) throw new Error(`There are ${found.length} resources called ${name}.`);
  return found[0]!;
}

/** Every resource of that type, for example `aws:sqs/queue:Queue`. */
export function ofType({ resources }: Program, type: string): readonly Registered[] {
  return resources.filter((candidate) => candidate.type === type);
}

/** A JSON text among the inputs, parsed. */
export function json({ inputs }: Registered, key: string): unknown {
  return JSON.parse(String(inputs[key]));
}

/** Of Pulumi's RegisterResourceRequest, what is read here. */
interface Registration {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDependenciesList(): string[];
  getAliasurnsList(): string[];
  getAliasesList(): { getUrn(): string }[];
  getImportid(): string;
  getIgnorechangesList(): string[];
}

/** As the engine makes it of stack, project, the types of its parents, type and name. */
function urnOf(request: Registration): string {
  const [stack, parentType = ''] =
    /^(urn:pulumi:[^:]+::[^:]+)::(.+)::/.exec(request.getParent())?.slice(1) ?? [];
  const isRoot = parentType === '' || parentType === 'pulumi:pulumi:Stack';
  return `${stack}::${isRoot ? '' : `${parentType}$`}${request.getType()}::${request.getName()}`;
}

function optionsOf(request: Registration): Options {
  return {
    parent: request.getParent().split('::').at(-2)?.split('$').at(-1) ?? '',
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    dependencies: request.getDependenciesList().map((urn) => urn.split('::').at(-1)!),
    urns: [
      urnOf(request),
      ...request.getAliasurnsList(),
      ...request.getAliasesList().map((alias) => alias.getUrn()),
    ],
    importId: request.getImportid(),
    ignoreChanges: request.getIgnorechangesList(),
  };
}
