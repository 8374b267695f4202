/**
 * What an upgrade must not replace. Each release's configuration and what it made of it stand in test/fixtures/releases; the
 * present program is evaluated with the same. `RECORD_RELEASE=1 npm test -- test/infra/release` writes the one of this version.
 */
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import type { Config, Program } from '../helpers/program.ts';
import { configOf, program } from '../helpers/program.ts';

/** By type: the inputs whose change makes the engine delete the old one and make another. */
const replacedBy: Readonly<Record<string, readonly string[]>> = {
  'aws:apigatewayv2/api:Api': ['protocolType'],
  'aws:apigatewayv2/domainName:DomainName': ['domainName'],
  'aws:dynamodb/table:Table': ['name', 'hashKey', 'rangeKey', 'attributes'],
  // Made anew it would meet the old one, and be refused.
  'aws:dynamodb/tableItem:TableItem': ['tableName', 'hashKey', 'rangeKey'],
  'aws:s3/bucket:Bucket': ['bucket'],
  'aws:secretsmanager/secret:Secret': ['name'],
  // Executions wait in it, and operators have confirmed that they hear of the other.
  'aws:sfn/stateMachine:StateMachine': ['name', 'type'],
  'aws:sns/topic:Topic': ['name'],
};

type StackName = 'local' | 'prod';
type Graph = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type Release = Readonly<Record<StackName, { readonly config: Config; readonly graph: Graph }>>;

const folder = new URL('../fixtures/releases/', import.meta.url);
const stacks = ['local', 'prod'] as const;

/** What is to stay, by URN. */
function graphOf({ resources, options }: Program): Graph {
  const kept = resources.flatMap(({ type, name, inputs }) => {
    const keys = replacedBy[type];
    if (keys === undefined) return [];
    const values = Object.fromEntries(keys.flatMap((key) => (key in inputs ? [[key, inputs[key]]] : [])));
    return options.get(name)!.urns.map((urn) => [urn, values] as const);
  });
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

if (process.env['RECORD_RELEASE'] !== undefined) {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const release: Record<string, unknown> = {};
  for (const stack of stacks) {
    release[stack] = { config: configOf(stack), graph: graphOf(await program(stack)) };
  }
  writeFileSync(new URL(`${version}.json`, folder), `${JSON.stringify(release, undefined, 2)}\n`);
}

const releases = readdirSync(folder).map(
  (file) => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Release] as const,
);

describe.each(releases)('an upgrade from %s', (_file, release) => {
  test.each(stacks)('replaces and drops nothing of the stack %s that holds something', async (stack) => {
    const { config, graph } = release[stack];
    expect(Object.keys(graph).length).toBeGreaterThan(4);
    const now = graphOf(await program(stack, () => config));
    expect(now).toMatchObject(graph);
  });
});

test('another name, or another parent, is seen', async () => {
  const before = graphOf(await program('local'));
  const renamed = await program('local', (config) => {
    const { 'demo-main': connection } = config['grantkeeper:connections'] as Config;
    return { ...config, 'grantkeeper:connections': { 'demo-renamed': connection } };
  });
  const gone = Object.keys(before).filter((urn) => !(urn in graphOf(renamed)));
  expect(gone.map((urn) => urn.split('::').at(-1))).toEqual([
    'demo-main-settings',
    'demo-main-access',
    'demo-main-grant',
    'refresh-requests-demo-main',
  ]);
  expect(gone[1]).toBe(
    'urn:pulumi:local::grantkeeper::grantkeeper:index:Connection$aws:secretsmanager/secret:Secret::demo-main-access',
  );
});
