/** The documents: nothing that has a name is without its entry, links lead somewhere, and code is right by its types. */
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { errorNames } from '../../core/errors.ts';
import { alarmsOf } from '../../infra/alarms.ts';
import { keysOf, meanings, reference } from '../../tools/config-reference.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'client/*.md'], { cwd: root }).sort();

describe('docs/configuration.md', () => {
  test('is what `npm run docs` makes of the schema', async () => {
    expect(read('docs/configuration.md')).toBe(await reference());
  });

  test('has a meaning for each key of the schema, and for no other', () => {
    expect(Object.keys(meanings).sort()).toEqual(
      keysOf()
        .map(({ path }) => path)
        .sort(),
    );
  });
});

describe('docs/runbook.md', () => {
  const headings = [...read('docs/runbook.md').matchAll(/^### `([^`]+)`$/gm)].map(([, name]) => name!);

  test.each(errorNames)('says what to do about %s', (name) => {
    expect(headings).toContain(name);
  });

  test.each(alarmsOf(1500, 1500).map(({ name }) => name))('says what to do about the alarm %s', (name) => {
    expect(headings).toContain(name);
  });
});

test('every link of every document leads to a file of this repository, or elsewhere', () => {
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|<img src="([^"]+)"/g)]
      .map(([, link, image]) => (link ?? image)!)
      .filter((link) => !/^(https?:|mailto:)/.test(link))
      .filter((link) => !existsSync(join(root, dirname(document), link)))
      .map((link) => `${document}: ${link}`),
  );
  expect(documents.length).toBeGreaterThan(25);
  expect(broken).toEqual([]);
});

test('code in documents is right by its types', () => {
  const folder = mkdtempSync(join(root, '.build-docs-'));
  try {
    const blocks = documents.flatMap((document) =>
      [...read(document).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => [document, code!] as const),
    );
    expect(blocks.length).toBeGreaterThanOrEqual(6);
    blocks.forEach(([document, code], index) => {
      // As if it stood in infra/index.ts, where that is what it is for.
      const inPlace = document === 'examples/bot/README.md' ? `${programBefore}${code}` : code;
      writeFileSync(join(folder, `block-${index}.ts`), `// ${document}\n${inPlace}\nexport {};\n`);
    });
    const options = {
      extends: '../tsconfig.json',
      compilerOptions: {
        noUnusedLocals: false,
        noUnusedParameters: false,
        paths: {
          '@grantkeeper/client': ['../client/index.ts'],
          '@grantkeeper/client/middy': ['../client/middy.ts'],
        },
      },
      include: ['block-*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
    const checked = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
      {
        encoding: 'utf8',
      },
    );
    expect(checked.stdout).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const programBefore = `import * as pulumi from '@pulumi/pulumi';
import { readConfig } from '../infra/config.ts';
import { findSecrets } from '../infra/secrets.ts';
import { grantkeeper } from '../infra/stack.ts';
const config = readConfig();
`;
