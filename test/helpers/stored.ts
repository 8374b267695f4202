import { administrator } from '../../local/aws/service.ts';
import { putSecretValue } from '../../local/cloud.ts';
import type { CloudOptions } from '../../local/cloud.ts';
import type { TestDemo } from './demo.ts';
import { minuteMs, startMs } from './demo.ts';

/** What must stay as it was whenever something bad comes in. */
export interface Stored {
  /** Version ids of each token secret, with their staging labels. */
  readonly grant: unknown;
  readonly access: unknown;
  readonly status: unknown;
}

export async function stored(demo: TestDemo): Promise<Stored> {
  const versions = async (kind: string) => {
    const SecretId = `grantkeeper/local/demo-main/${kind}`;
    const described = await demo.cloud.secrets.call('DescribeSecret', { SecretId }, administrator);
    return described.VersionIdsToStages ?? {};
  };
  const { status } = await demo.grant();
  return { grant: await versions('grant'), access: await versions('access'), status };
}

/** Steps to the next scheduled check: every 25 minutes from the start. */
export async function toNextTick(demo: TestDemo): Promise<void> {
  const tickMs = 25 * minuteMs;
  await demo.advance(tickMs - ((demo.cloud.clock.now() - startMs) % tickMs));
}

/** Asks for a login though none is due, and answers the link that was mailed. */
export async function askForLogin(demo: TestDemo): Promise<string> {
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'reauthorize' });
  return demo.newestLink();
}

/** The client's credentials with some of them replaced; `undefined` puts the right ones back. */
export async function setClientSecret(demo: TestDemo, value?: string): Promise<void> {
  const { clientId, clientSecret } = demo.demo.client;
  const right = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
  await putSecretValue(demo.cloud, 'grantkeeper/local/client/demo', value ?? right);
}

/** Functions give up on the token endpoint after so many real milliseconds. */
export function tokenEndpointTimeout(ms: number): NonNullable<CloudOptions['change']> {
  return (resources) =>
    resources.map((resource) => {
      if (resource.type !== 'aws:lambda/function:Function') return resource;
      const { environment } = resource.inputs as { environment: { variables: Record<string, string> } };
      const variables = { ...environment.variables, TOKEN_ENDPOINT_TIMEOUT_MS: String(ms) };
      return { ...resource, inputs: { ...resource.inputs, environment: { variables } } };
    });
}

type Config = Record<string, unknown>;

/** Changes the data of the one provider there is. */
export function withProviderData(data: Config): (config: Config) => Config {
  return (config) => {
    const providers = config['grantkeeper:providers'] as Record<string, Config>;
    return {
      ...config,
      'grantkeeper:providers': { 'demo-brokerage': { ...providers['demo-brokerage'], ...data } },
    };
  };
}
