import { describe, expect, test } from '@jest/globals';
import { transformSync } from 'esbuild';
import { readFileSync } from 'node:fs';
import * as errors from '../../core/errors.ts';

type Classes = Record<string, (new (message: string) => Error) | undefined>;

/** The module as it is deployed: class names are letters there. */
async function minified(): Promise<Classes & typeof errors> {
  const source = readFileSync(new URL('../../core/errors.ts', import.meta.url), 'utf8');
  const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'node24', minify: true });
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  return (await import(url)) as Classes & typeof errors;
}

describe('errors', () => {
  test('reach the state machine under these names', () => {
    expect(errors.errorNames).toEqual([
      'LeaseHeldError',
      'TokenEndpointUnavailableError',
      'StoreUnavailableError',
      'StoreQuotaExceededError',
      'ChannelUnavailableError',
      'ChannelRejectedError',
      'ClientRejectedError',
      'ProviderContractError',
      'ConfigurationError',
      'IdentityError',
      'IdentityUnknownError',
      'AuthorizationRejectedError',
      'IssuerMismatchError',
      'EarlyRejectionError',
      'LoginRefusedError',
      'LoginPageError',
      'BrowserUnavailableError',
      'UnexpectedError',
    ]);
    const classes = Object.entries(errors).filter(
      ([name]) => name.endsWith('Error') && name !== 'GrantkeeperError',
    );
    expect(classes.map(([name]) => name).sort()).toEqual([...errors.errorNames].sort());
  });

  test.each(errors.errorNames)('%s has its literal name, also where the class has lost it', async (name) => {
    const deployed = await minified();
    for (const module of [errors as unknown as Classes, deployed]) {
      const thrown = new module[name]!('what failed');
      expect(thrown.name).toBe(name);
      expect(thrown.message).toBe('what failed');
      expect(String(thrown)).toBe(`${name}: what failed`);
    }
    expect(deployed[name].name).not.toBe(name);
  });

  test.each(errors.errorNames)('%s holds nothing but its name', (name) => {
    const thrown = new (errors as unknown as Classes)[name]!('what failed');
    expect(thrown).toBeInstanceOf(errors.GrantkeeperError);
    expect(Object.entries(thrown)).toEqual([['name', name]]);
    expect(thrown.cause).toBeUndefined();
  });
});

test('the ports are promises only: at run time there is nothing', async () => {
  expect(Object.keys(await import('../../core/ports.ts'))).toEqual([]);
});

describe('a thrown value', () => {
  test('is kept as it is where it is ours', () => {
    const ours = new errors.ClientRejectedError('what failed');
    expect(errors.asOurs(ours)).toBe(ours);
  });

  test('is otherwise described by its kind and place alone, because its message may quote a credential', () => {
    const theirs = errors.asOurs(new TypeError('marked-token is not a function'));
    expect(theirs.name).toBe('UnexpectedError');
    expect(theirs.message).toMatch(/^TypeError at .*errors\.test\.ts/);
    expect(JSON.stringify(theirs) + theirs.message).not.toContain('marked-token');
    expect(errors.asOurs('marked-token').message).toBe('Error somewhere');
  });

  test('has a remedy for the operator, by its name', () => {
    for (const name of errors.errorNames) expect(errors.remedies[name]).toMatch(/^[A-Z].*\.$/);
  });
});
