import { hostname, userInfo } from 'node:os';

import type { Table } from '../adapters/table.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Clock, Panel } from '../core/ports.ts';
import type { ConfiguredConnection, PanelSettings } from '../core/panel.ts';
import type { Deployment } from '../core/deployment.ts';
import { DeploymentSchema } from '../core/deployment.ts';
import { CommandError } from './output.ts';

/** Options of every verb. */
export interface Options {
  readonly stack?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly local?: boolean;
  readonly json?: boolean;
}

/** The default addresses of `npm start`. */
const local = { aws: 'http://127.0.0.1:4566', clock: 'http://127.0.0.1:8181/clock' };

/** A connection of the configuration that cannot be shown. */
export interface Unreadable {
  readonly connectionId: string;
  readonly why: string;
}

export interface Connections {
  /** Connections with valid settings. */
  readonly shown: readonly ConfiguredConnection[];
  readonly unreadable: readonly Unreadable[];
}

/** The remedy for missing or invalid settings. */
export const settingsRemedy = 'To have Pulumi write its settings again, run: npx pulumi up --refresh';

/** A deployed stack. */
export interface Stack {
  readonly name: string;
  readonly table: Table;
  readonly clock: Clock;
  readonly panel: Panel;
  readonly panelSettings: PanelSettings;
  /** @throws {CommandError} an earlier release deployed the stack */
  readonly deployment: () => Promise<Deployment>;
  readonly nowMs: number;
  /** The person at this machine, for the timeline. */
  readonly by: string;
  /** Reads connections of the configuration, by default all of them, in one read of the table. */
  readonly connections: (connectionIds?: readonly string[]) => Promise<Connections>;
}

/**
 * Finds the stack that the options name.
 * @param use with a wrong clock, `reads` continues with a warning, and `writes` fails
 * @throws {CommandError} there is no stack, AWS cannot be reached, or the clock is wrong; its message has the remedy
 */
export async function openStack(options: Options, use: 'reads' | 'writes' = 'writes'): Promise<Stack> {
  prepareEnvironment(options);
  const name = options.stack ?? process.env['GRANTKEEPER_STACK'] ?? (options.local ? 'local' : undefined);
  if (name === undefined) {
    throw new CommandError(
      'Which stack? Give --stack <name>, or set GRANTKEEPER_STACK: the name of the Pulumi stack, such as prod. --local is for `npm start`.',
    );
  }
  // Import these after setting the environment, because their clients read it.
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
  // The clock of the embedded cloud stands still between steps.
  const clock = { nowMs: () => (options.local ? nowMs : Date.now()) };
  const offBy = compareWithAws(table.client, clock.nowMs);
  const panelSettings = await panel.readSettings().catch((error: Error) => {
    // A wrong clock makes invalid signatures.
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

/** Reads all connections at once. If one is invalid, reads each by itself, so that it does not hide the others. */
async function readAll(panel: Panel, connectionIds: readonly string[]): Promise<Connections> {
  try {
    const kept = await panel.readConnections(connectionIds);
    return {
      shown: kept.flatMap((each) =>
        each.settings === undefined ? [] : [{ ...each, settings: each.settings }],
      ),
      unreadable: kept.flatMap(({ connectionId, settings }) =>
        settings === undefined
          ? [{ connectionId, why: 'Its settings are missing from the table, so it is not checked.' }]
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

/** True if the connection has left the configuration and can still be disconnected. */
export async function isRemoved(stack: Stack, connectionId: string): Promise<boolean> {
  const { dynamoGrants } = await import('../adapters/grants.ts');
  const { settings, grant } = await dynamoGrants(stack.table).read(connectionId);
  const { status, disconnection } = grant;
  return (
    settings === undefined && (status === 'active' || status === 'rejected' || disconnection !== undefined)
  );
}

/** @throws {CommandError} names the connections that exist */
export async function connectionOf(stack: Stack, connectionId: string): Promise<ConfiguredConnection> {
  const { connectionIds } = stack.panelSettings;
  if (connectionIds.includes(connectionId)) {
    const { shown, unreadable } = await stack.connections([connectionId]);
    if (shown[0] !== undefined) return shown[0];
    throw new CommandError(`${connectionId}: ${unreadable[0]!.why} ${settingsRemedy}`);
  }
  if (await isRemoved(stack, connectionId)) {
    throw new CommandError(
      `${connectionId} has left the configuration of ${stack.name}, and its tokens are still stored. Add it again to use them, or disconnect it: grantkeeper disconnect ${connectionId}`,
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

/** Reads the clock of the embedded cloud. */
async function localTime(): Promise<number> {
  const url = process.env['GRANTKEEPER_CLOCK_URL'] ?? local.clock;
  const answer = await fetch(url).catch(() => undefined);
  if (!answer?.ok) {
    throw new CommandError(
      'The embedded cloud does not answer. Start it with `npm start` in another terminal; if you changed its ports, set AWS_ENDPOINT_URL and GRANTKEEPER_CLOCK_URL.',
    );
  }
  return Date.parse(((await answer.json()) as { now: string }).now);
}

/** With a wrong clock a lease would end at the wrong time, and a login would have a wrong time. */
function wrongClock(offBy: string | undefined, { local: isLocal }: Options): CommandError | undefined {
  if (offBy === undefined) return undefined;
  return new CommandError(
    isLocal
      ? `The clock of the embedded cloud is ${offBy} that of its AWS. Run the command again; if this stays, GRANTKEEPER_CLOCK_URL and AWS_ENDPOINT_URL are of two of them.`
      : `The clock of this machine is ${offBy} AWS's, and grants are kept by the second. Set it by the network, and run the command again: sudo timedatectl set-ntp true on Linux, sudo sntp -sS time.apple.com on macOS, w32tm /resync on Windows.`,
  );
}

/** Translates an error of AWS into one with a remedy. */
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
    return new CommandError(`${message}. Use a profile that has this permission: --profile.`);
  }
  return new CommandError(`${message}. Check the region and your network.`);
}
