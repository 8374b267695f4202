import { recipes } from '../../core/recipe.ts';
import type { DemoOptions } from '../../local/demo.ts';
import { putSecretValue } from '../../local/cloud.ts';
import { browserSecret as demoSecret, withBrowserLogin } from '../../local/browser-login.ts';
import { administrator } from '../../local/aws/service.ts';
import { mailOnly, TestDemo } from './demo.ts';

type Config = Record<string, unknown>;

export { demoTotpSeed as totpSeed } from '../../local/browser-login.ts';

export const browserSecret = demoSecret.name;

/** `demo-main` opted in; its owner has no channel but mail. */
const optedIn = (config: Config, options?: Config): Config => withBrowserLogin(mailOnly(config), options);

export interface BrowserLoginOptions extends Partial<DemoOptions> {
  /** What is put into the secret; nothing where it is `undefined`. */
  readonly credentials?: Readonly<Record<string, unknown>> | string | undefined;
  /** Of `browserLoginWithStoredPassword`. */
  readonly own?: Config;
}

/** The demo with a browser that logs in for `demo-main`. */
export async function startWithBrowserLogin({
  own,
  credentials = { username: 'demo', password: 'demo' },
  ...options
}: BrowserLoginOptions = {}): Promise<TestDemo> {
  const demo = await TestDemo.start({
    ...options,
    configure: (config) => {
      const changed = optedIn(config, own);
      return options.configure?.(changed) ?? changed;
    },
  });
  if (credentials !== 'none') {
    const value = typeof credentials === 'string' ? credentials : JSON.stringify(credentials);
    await putSecretValue(demo.cloud, browserSecret, value);
  }
  return demo;
}

/**
 * A configuration with the recipe `impatient`: that of Demo Brokerage, which waits for six seconds where a test lets it
 * wait in vain, and as ever where it does not.
 */
export function impatient(config: Config): Config {
  const { steps, ...recipe } = recipes['demo-brokerage']!;
  const hasty = steps.map((step, index) => ([0, 3, 4, 5].includes(index) ? { ...step, seconds: 6 } : step));
  return { ...config, 'grantkeeper:recipes': { impatient: { ...recipe, steps: hasty } } };
}

/** What `pulumi up` does to the table where a connection has opted out. */
export async function withoutBrowser({ cloud }: TestDemo): Promise<void> {
  const pk = { S: 'settings#demo-main' };
  const TableName = cloud.outputs.tableName;
  const call = (operation: string, input: object) =>
    cloud.dynamoDb.call(operation, { TableName, ...input }, administrator);
  await call('DeleteItem', { Key: { pk, sk: { S: 'browser-login-settings' } } });
  const { Item } = (await call('GetItem', { Key: { pk, sk: { S: 'settings' } } })) as {
    Item: { settings: { S: string } };
  };
  const { hasBrowser: _, ...settings } = JSON.parse(Item.settings.S) as Config;
  await call('PutItem', { Item: { ...Item, settings: { S: JSON.stringify(settings) } } });
}
