/** Stands for `@jest/globals` in a mutation run: tests are collected, so that each can run alone and many times. */
import { format } from 'node:util';

export { expect } from 'expect';

type Run = () => unknown;

/** Hooks of a file, or of a `describe`, around its tests. */
interface Block {
  readonly name: string;
  readonly beforeAll: Run[];
  readonly afterAll: Run[];
  readonly beforeEach: Run[];
  readonly afterEach: Run[];
}

export interface Collected {
  /** The file and the test's place in it: the same after the file was loaded again. */
  readonly id: string;
  readonly name: string;
  readonly run: Run;
  /** From the file inwards. */
  readonly blocks: readonly Block[];
}

let blocks: Block[] = [];
let collected: Collected[] = [];

const blockOf = (name: string): Block => ({
  name,
  beforeAll: [],
  afterAll: [],
  beforeEach: [],
  afterEach: [],
});

/** The file in a test's id. */
export function fileOf(id: string): string {
  return id.split('#')[0]!;
}

/** The tests that a file has, in order. */
export async function collect(file: string, load: () => Promise<unknown>): Promise<Collected[]> {
  blocks = [blockOf(file)];
  collected = [];
  await load();
  return collected;
}

export function describe(name: string, body: Run): void {
  blocks = [...blocks, blockOf(name)];
  body();
  blocks = blocks.slice(0, -1);
}

export function test(title: string, run: Run): void {
  const [file, ...inside] = blocks.map(({ name }) => name);
  collected.push({ id: `${file}#${collected.length}`, name: [...inside, title].join(' '), run, blocks });
}

test.each =
  (rows: readonly unknown[]) =>
  (title: string, run: (...row: unknown[]) => unknown): void => {
    for (const row of rows) {
      const values: unknown[] = Array.isArray(row) ? row : [row];
      test(format(title, ...values), () => run(...values));
    }
  };

const hook = (kind: Exclude<keyof Block, 'name'>) => (run: Run) => {
  blocks.at(-1)![kind].push(run);
};
export const beforeAll = hook('beforeAll');
export const afterAll = hook('afterAll');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');
