import { DynamoDBClient, UpdateTableCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import {
  DeleteSecretCommand,
  paginateListSecrets,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stringify } from 'yaml';

import type { Observed } from './walk.ts';
import { configOf, walking } from './walking.ts';

export interface Place {
  readonly region: string;
  readonly profile: string | undefined;
}

export interface AwsOptions extends Place {
  readonly account: string;
  readonly email: string;
  readonly keep: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const providerFolder = fileURLToPath(new URL('fake-provider', import.meta.url));

/** @throws {Error} where there are no credentials, as the SDK says it */
export async function accountOf({ region, profile }: Place): Promise<string> {
  const client = new STSClient({ region, ...(profile !== undefined && { profile }) });
  return (await client.send(new GetCallerIdentityCommand({}))).Account!;
}

/** Deploys a stack, walks through it and destroys it. Names the resources that it could not destroy, with the remedy. */
export async function onAws(options: AwsOptions): Promise<readonly Observed[]> {
  const { email, region, keep } = options;
  const stack = `verify-${randomBytes(3).toString('hex')}`;
  const folder = join(root, '.verify-aws', stack);
  mkdirSync(folder, { recursive: true });
  const environment = environmentOf(options, folder);
  const pulumi = pulumiIn(environment);
  const settings = join(root, `Pulumi.${stack}.yaml`);
  const providerSettings = join(providerFolder, `Pulumi.${stack}.yaml`);
  let isGone = false;
  // Pulumi gets the signal, too, and ends. Then its resources are destroyed.
  const onInterrupt = () => console.error('\nInterrupted: what was made is destroyed.');
  for (const signal of signals) process.on(signal, onInterrupt);
  try {
    console.error(`\nOn AWS, in ${region}, as the stack ${stack}, whose state is in ${folder}:`);
    writeFileSync(providerSettings, stringify({ config: { 'aws:region': region } }));
    pulumi(providerFolder, 'stack', 'init', stack);
    pulumi(providerFolder, 'up', '--yes', '--stack', stack);
    const { url } = JSON.parse(pulumi(providerFolder, 'stack', 'output', '--json', '--stack', stack)) as {
      url: string;
    };
    writeFileSync(settings, stringify({ config: { 'aws:region': region, ...configOf(email, url) } }));
    pulumi(root, 'stack', 'init', stack);
    pulumi(root, 'up', '--yes', '--stack', stack);
    return await walking(stack, environment);
  } finally {
    if (!keep) isGone = await destroyed(stack, pulumi, options);
    for (const signal of signals) process.off(signal, onInterrupt);
    if (isGone)
      for (const each of [folder, settings, providerSettings]) rmSync(each, { recursive: true, force: true });
    else console.error(howToDestroy(stack, folder, options));
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Pulumi = (cwd: string, ...args: string[]) => string;

/** Runs Pulumi's command. Returns its `--json` output and shows everything else. */
function pulumiIn(environment: NodeJS.ProcessEnv): Pulumi {
  return (cwd, ...args) => {
    const { status, stdout } = spawnSync('pulumi', [...args, '--non-interactive'], {
      cwd,
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', args.includes('--json') ? 'pipe' : 2, 2],
    });
    if (status !== 0) throw new Error(`pulumi ${args.join(' ')} failed: see above.`);
    return stdout ?? '';
  };
}

/** Keeps Pulumi's state in the folder. The passphrase is fixed, because the state holds no secret. */
function environmentOf({ region, profile }: Place, folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PULUMI_BACKEND_URL: pathToFileURL(folder).href,
    PULUMI_CONFIG_PASSPHRASE: 'verify',
    AWS_REGION: region,
    ...(profile !== undefined && { AWS_PROFILE: profile }),
  };
}

async function destroyed(stack: string, pulumi: Pulumi, place: Place): Promise<boolean> {
  const failures: unknown[] = [];
  const attempt = async (work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
      console.error((error as Error).message);
    }
  };
  // Destroy each for itself, so that one failure does not keep the others.
  for (const cwd of [root, providerFolder]) {
    await attempt(async () => {
      if (!pulumi(cwd, 'stack', 'ls', '--json').includes(`"${stack}"`)) return;
      if (cwd === root) {
        await attempt(() => pulumi(cwd, 'state', 'unprotect', '--all', '--yes', '--stack', stack));
        await attempt(() => allowDeletion(stack, place));
      }
      pulumi(cwd, 'destroy', '--yes', '--stack', stack);
    });
  }
  await attempt(() => deleteSecrets(stack, place));
  return failures.length === 0;
}

/** DynamoDB's own protection of the table, beside Pulumi's. */
async function allowDeletion(stack: string, { region, profile }: Place): Promise<void> {
  const client = new DynamoDBClient({ region, ...(profile !== undefined && { profile }) });
  const TableName = `grantkeeper-${stack}`;
  await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
  await waitUntilTableExists({ client, maxWaitTime: 120 }, { TableName });
}

/** Deletes the secrets that the program leaves in place on purpose. */
async function deleteSecrets(stack: string, { region, profile }: Place): Promise<void> {
  const client = new SecretsManagerClient({ region, ...(profile !== undefined && { profile }) });
  const filters = [{ Key: 'name' as const, Values: [`grantkeeper/${stack}/`] }];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, { Filters: filters })) {
    for (const { Name } of SecretList) {
      await client.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
    }
  }
}

const howToDestroy = (stack: string, folder: string, { region, profile }: Place) => `
The stacks ${stack} of grantkeeper and grantkeeper-fake-provider stand still, at some 9 dollars a month. To destroy them, in this
repository and in tools/verify-aws/fake-provider:

  export PULUMI_BACKEND_URL=${pathToFileURL(folder).href} PULUMI_CONFIG_PASSPHRASE=verify AWS_REGION=${region}${profile === undefined ? '' : ` AWS_PROFILE=${profile}`}
  aws dynamodb update-table --table-name grantkeeper-${stack} --no-deletion-protection-enabled
  npx pulumi state unprotect --all --yes --stack ${stack}
  npx pulumi destroy --yes --stack ${stack}

and then the secrets grantkeeper/${stack}/… (docs/lifecycle.md).`;
