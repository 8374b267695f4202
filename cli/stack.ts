import { hostname, userInfo } from 'node:os';

import type { Table } from '../adapters/table.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Clock, Panel } from '../core/ports.ts';
import type { KeptConnection, PanelSettings } from '../core/panel.ts';
import type { Deployment } from '../core/deployment.ts';
import { DeploymentSchema } from '../core/deployment.ts';
import type { Settings } from '../core/settings.ts';
import { CommandError } from './output.ts';

/** What every verb takes. */
export interface Options {
  readonly stack?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly local?: boolean;
  readonly json?: boolean;
}

/** Of `npm start`: the ports that it has by default. */
const local = { aws: 'http://127.0.0.1:4566', clock: 'http://127.0.0.1:8181/clock' };

export type Shown = KeptConnection & { readonly settings: Settings };

/** A connection of the configuration that cannot be shown. */
export interface Unreadable {
  readonly connectionId: string;
  readonly why: string;
}

export interface Connections {
  /** Those whose settings are there and can be read. */
  readonly shown: readonly Shown[];
  readonly unreadable: readonly Unreadable[];
}

/** What puts a connection's stored settings back. */
export const settingsRemedy = 'Its settings are written by Pulumi: npx pulumi up --refresh puts them back.';

/** A deployed stack, as its operator sees it. */
export interface Stack {
  readonly name: string;
  readonly table: Table;
  readonly clock: Clock;
  readonly panel: Panel;
  readonly panelSettings: PanelSettings;
  /** @throws {CommandError} where an earlier release has deployed it */
  readonly deployment: () => Promise<Deployment>;
  readonly nowMs: number;
  /** Who does what is done here, for the timeline. */
  readonly by: string;
  /** Of the configuration, all by default: one read of the table. */
  readonly connections: (connectionIds?: readonly string[]) => Promise<Connections>;
}

/**
 * Finds the stack that the options name.
 * @param use with a wrong clock, `reads` goes on with a warning, and `writes` fails
 * @throws {CommandError} with what to do, if there is no stack, no way to it, or the clock is wrong
 */
export async function openStack(options: Options, use: 'reads' | 'writes' = 'writes'): Promise<Stack> {
  prepareEnvironment(options);
  const name = options.stack ?? process.env['GRANTKEEPER_STACK'] ?? (options.local ? 'local' : undefined);
  if (name === undefined) {
    throw new CommandError(
      'Which stack? Give --stack <name>, or set GRANTKEEPER_STACK: the name of the Pulumi stack, such as prod. --local is for `npm start`.',
    );
  }
  // After the environment is set: their clients read it when they are made.
  const [{ dynamoPanel }, { Table }, { compareWithAws }] = await Promise.all([
    import('../adapters/panel.ts'),
    import('../adapters/table.ts'),
    import('./aws-time.ts'),
  ]);
  const table = new Table(`grantkeeper-${name}`);
  const region = await table.client.config.region().catch(() => undefined);
  if (region === undefined) throw new CommandError('Which AWS region? Give --region, or set AWS_REGION.');
  const panel = dynamoPanel(table);
  const nowMs = options.local ? await localTime() : Date.now();
  // The embedded cloud's stands still, unless it is stepped.
  const clock = { nowMs: () => (options.local ? nowMs : Date.now()) };
  const offBy = compareWithAws(table.client, clock.nowMs);
  const panelSettings = await panel.readSettings().catch((error: Error) => {
    // AWS takes no signature of another time.
    throw wrongClock(offBy(), options) ?? remedyOf(error, name);
  });
  const problem = wrongClock(offBy(), options);
  if (problem !== undefined && use === 'writes') throw problem;
  if (problem !== undefined) console.error(`Warning: ${problem.message}`);
  return {
    name,
    table,
    clock,
    panel,
    panelSettings,
    nowMs,
    deployment: async () => {
      const { settings = '{}' } = (await table.read('deployment', 'settings')) ?? {};
      const { data } = DeploymentSchema.safeParse(JSON.parse(String(settings)));
      if (data !== undefined) return data;
      throw new CommandError(`The stack ${name} was deployed by an earlier release. Deploy again.`);
    },
    by: `${userInfo().username} at ${hostname()}`,
    connections: (connectionIds = panelSettings.connectionIds) => readAll(panel, connectionIds),
  };
}

/** All at once; each by itself where one cannot be read, for it hides nothing of the others. */
async function readAll(panel: Panel, connectionIds: readonly string[]): Promise<Connections> {
  try {
    const kept = await panel.readConnections(connectionIds);
    return {
      shown: kept.flatMap((each) =>
        each.settings === undefined ? [] : [{ ...each, settings: each.settings }],
      ),
      unreadable: kept.flatMap(({ connectionId, settings }) =>
        settings === undefined
          ? [{ connectionId, why: 'Its settings are not in the table: it is not kept.' }]
          : [],
      ),
    };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const [only, ...others] = connectionIds;
    if (others.length === 0) return { shown: [], unreadable: [{ connectionId: only!, why: error.message }] };
    const each = await Promise.all(connectionIds.map((connectionId) => readAll(panel, [connectionId])));
    return {
      shown: each.flatMap(({ shown }) => shown),
      unreadable: each.flatMap(({ unreadable }) => unreadable),
    };
  }
}

/** One that has left the configuration, and has something still that can be ended. */
export async function isRemoved(stack: Stack, connectionId: string): Promise<boolean> {
  const { dynamoGrants } = await import('../adapters/grants.ts');
  const { settings, grant } = await dynamoGrants(stack.table).read(connectionId);
  const { status, disconnection } = grant;
  return (
    settings === undefined && (status === 'active' || status === 'rejected' || disconnection !== undefined)
  );
}

/** @throws {CommandError} naming those that there are */
export async function connectionOf(stack: Stack, connectionId: string): Promise<Shown> {
  const { connectionIds } = stack.panelSettings;
  if (connectionIds.includes(connectionId)) {
    const { shown, unreadable } = await stack.connections([connectionId]);
    if (shown[0] !== undefined) return shown[0];
    throw new CommandError(`${connectionId}: ${unreadable[0]!.why} ${settingsRemedy}`);
  }
  if (await isRemoved(stack, connectionId)) {
    throw new CommandError(
      `${connectionId} has left the configuration of ${stack.name}; its tokens are kept. Add it again to go on with them, or end it: grantkeeper disconnect ${connectionId}`,
    );
  }
  throw new CommandError(
    `There is no connection ${connectionId} in the stack ${stack.name}. There ${connectionIds.length === 1 ? 'is' : 'are'}: ${connectionIds.join(', ')}.`,
  );
}

function prepareEnvironment({ region, profile, local: isLocal }: Options): void {
  const { env } = process;
  if (isLocal) {
    env['AWS_ENDPOINT_URL'] ??= local.aws;
    env['AWS_REGION'] = 'us-east-1';
    env['AWS_ACCESS_KEY_ID'] = 'test';
    env['AWS_SECRET_ACCESS_KEY'] = 'test';
    delete env['AWS_PROFILE'];
  }
  if (region !== undefined) env['AWS_REGION'] = region;
  if (profile !== undefined) env['AWS_PROFILE'] = profile;
}

/** Time stands still there, and is stepped. */
async function localTime(): Promise<number> {
  const url = process.env['GRANTKEEPER_CLOCK_URL'] ?? local.clock;
  const answer = await fetch(url).catch(() => undefined);
  if (!answer?.ok) {
    throw new CommandError(
      'The embedded cloud does not answer. Start it with `npm start` in another terminal; with ports of your own set AWS_ENDPOINT_URL and GRANTKEEPER_CLOCK_URL.',
    );
  }
  return Date.parse(((await answer.json()) as { now: string }).now);
}

/** With a wrong clock a lease would end too late or too early, and a login have a wrong time. */
function wrongClock(offBy: string | undefined, { local: isLocal }: Options): CommandError | undefined {
  if (offBy === undefined) return undefined;
  return new CommandError(
    isLocal
      ? `The clock of the embedded cloud is ${offBy} that of its AWS. Run the command again; if this stays, GRANTKEEPER_CLOCK_URL and AWS_ENDPOINT_URL are of two of them.`
      : `The clock of this machine is ${offBy} AWS's, and grants are kept by the second. Set it by the network, and run the command again: sudo timedatectl set-ntp true on Linux, sudo sntp -sS time.apple.com on macOS, w32tm /resync on Windows.`,
  );
}

/** What an error of AWS's comes from, as far as it tells. */
function remedyOf(error: Error, stack: string): Error {
  const { message } = error;
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const where = region === undefined ? '' : ` in ${region}`;
  if (message.endsWith('ResourceNotFoundException') || message.startsWith("The panel's stored settings")) {
    return new CommandError(
      `There is no stack ${stack}${where}. Compare --stack with \`npx pulumi stack ls\`, and --region and --profile with where it was deployed.`,
    );
  }
  if (message.endsWith('CredentialsProviderError')) {
    const profile = process.env['AWS_PROFILE'];
    return new CommandError(
      profile === undefined
        ? 'There are no AWS credentials. Run aws sso login or aws configure, or give --profile.'
        : `There are no AWS credentials for the profile ${profile}. Run aws sso login --profile ${profile}, or compare its name with ~/.aws/config.`,
    );
  }
  if (
    /not authorized to perform|AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature/.test(message)
  ) {
    return new CommandError(`${message}. Use a profile that may, by --profile.`);
  }
  return new CommandError(`${message}. Is the region right, and the network there?`);
}
