import { deadlineOf } from '../core/deadline.ts';
import { isPaused } from '../core/decide.ts';
import { countdownText } from '../core/duration.ts';
import { formatInstant } from '../core/notice-text.ts';
import { holdsValue } from './describe-secret.ts';
import { CommandError, exitCodes, json } from './output.ts';
import type { ConfiguredConnection } from '../core/panel.ts';
import type { Options } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';
import type { TokenFile, Source } from './token-file.ts';
import { readTokenFile } from './token-file.ts';

export interface ImportOptions extends Options {
  readonly from: Source;
  readonly connection: string;
  /** When the owner logged in, ISO 8601. For files that do not say it. */
  readonly authorizedAt?: string;
  readonly apply?: boolean;
  readonly force?: boolean;
}

/** The latest time of a `Date`: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const latestMs = 8.64e15;
/** Clocks of two machines differ. */
const toleranceMs = 5 * 60_000;

/** Imports a grant of another program. Without `--apply` it only prints what it would do. */
export async function importGrant(file: string, options: ImportOptions): Promise<number> {
  const found = await readTokenFile(options.from, file);
  const stack = await openStack(options, options.apply ? 'writes' : 'reads');
  const connection = await connectionOf(stack, options.connection);
  const authorizedAtMs = loginOf(found, options, stack.nowMs);
  const plan = planOf(connection, found, authorizedAtMs, options.from, stack.nowMs);
  refuse(connection, plan, options, stack.nowMs);
  const { connectionId, settings } = connection;
  if (!(await holdsValue(settings.clientSecretName))) {
    throw new CommandError(
      `${settings.clientSecretName} holds no credentials yet. Run first: grantkeeper connect ${connectionId}`,
    );
  }
  if (!options.apply) {
    if (options.json) console.log(json({ ...plan, applied: false }));
    else
      console.log(
        `${planText(plan, connection, options, stack.nowMs)}\n\nNothing was written. To import it, run the same command with --apply.`,
      );
    return exitCodes.ok;
  }
  const print = (line: string) => {
    if (!options.json) console.log(line);
  };
  print(planText(plan, connection, options, stack.nowMs));
  const { applyImport } = await import('./import-grant.ts');
  const accessExpiresAt = await applyImport(stack, connection, found, authorizedAtMs, options.from);
  print(`
Imported and refreshed. The new access token ends ${formatInstant(Date.parse(accessExpiresAt), connection.settings.owner.timeZone)}.
Nothing else may refresh it from now on: ${afterwards(connection, options)}`);
  if (isPaused(settings, connection.grant))
    print(`It is paused. Resume it to have it refreshed: grantkeeper resume ${connectionId}`);
  if (options.json) console.log(json({ ...plan, accessExpiresAt, applied: true }));
  return exitCodes.ok;
}

interface Plan {
  readonly connectionId: string;
  readonly from: Source;
  /** ISO 8601. */
  readonly authorizedAt: string;
  readonly deadline: string | undefined;
  readonly accessExpiresAt: string | undefined;
  /** When the owner logged in for the grant that it replaces, if there is one. */
  readonly replaces: string | undefined;
}

function planOf(
  { connectionId, settings, grant }: ConfiguredConnection,
  { accessExpiresAtMs }: TokenFile,
  authorizedAtMs: number,
  from: Source,
  nowMs: number,
): Plan {
  const iso = (epochMs: number | undefined) =>
    epochMs === undefined ? undefined : new Date(epochMs).toISOString();
  const { limits } = settings.provider;
  return {
    connectionId,
    from,
    authorizedAt: iso(authorizedAtMs)!,
    deadline: iso(deadlineOf(limits, { authorizedAtMs, refreshedAtMs: nowMs })),
    accessExpiresAt: iso(
      accessExpiresAtMs === undefined
        ? undefined
        : Math.max(-latestMs, Math.min(accessExpiresAtMs, latestMs)),
    ),
    replaces: grant.status === 'active' ? iso(grant.authorizedAtMs) : undefined,
  };
}

/** @throws {CommandError} the file does not say when its owner logged in, or says an impossible time */
function loginOf(
  { authorizedAtMs }: TokenFile,
  { from, authorizedAt }: ImportOptions,
  nowMs: number,
): number {
  const given = authorizedAt === undefined ? undefined : Date.parse(authorizedAt);
  if (given !== undefined && Number.isNaN(given))
    throw new CommandError('--authorized-at must be a time such as 2026-11-28T09:30:00Z.');
  const atMs = given ?? authorizedAtMs;
  if (atMs === undefined || Number.isNaN(atMs)) {
    throw new CommandError(
      `A file of ${from} does not say when its owner logged in, from which the deadline counts. Give --authorized-at, such as 2026-11-28T09:30:00Z.`,
    );
  }
  if (atMs < 0 || atMs > latestMs)
    throw new CommandError(
      'The time of its login is impossible. Is it in seconds? Give the right one with --authorized-at.',
    );
  if (atMs > nowMs + toleranceMs) {
    throw new CommandError(
      `Its owner would have logged in ${countdownText(atMs - nowMs)}: one of the clocks is wrong. Give the right time with --authorized-at.`,
    );
  }
  return atMs;
}

/** @throws {CommandError} the import would be useless, or would lose a grant */
function refuse(
  { settings, grant }: ConfiguredConnection,
  plan: Plan,
  { force }: ImportOptions,
  nowMs: number,
): void {
  const { connectionId, provider } = settings;
  const latestEndMs = nowMs + provider.accessTokenLifetimeSeconds * 1000 + toleranceMs;
  if (plan.accessExpiresAt !== undefined && Date.parse(plan.accessExpiresAt) > latestEndMs) {
    throw new CommandError(
      `Its access token would end later than any of ${provider.displayName} can (${plan.accessExpiresAt}): one of the clocks is wrong, or the file is of another provider. Otherwise import a copy without expires_at.`,
    );
  }
  if (plan.deadline !== undefined && Date.parse(plan.deadline) <= nowMs) {
    throw new CommandError(
      `That grant ended ${countdownText(Date.parse(plan.deadline) - nowMs)}: its owner has to log in. To send them a link, run: grantkeeper reauthorize ${connectionId}`,
    );
  }
  if (grant.disconnection !== undefined || grant.status === 'disconnected') {
    throw new CommandError(
      `${connectionId} was disconnected by an operator. To restore it by a login, run: grantkeeper reauthorize ${connectionId}`,
    );
  }
  if (plan.replaces !== undefined && plan.replaces >= plan.authorizedAt && !force) {
    if (plan.replaces === plan.authorizedAt) {
      throw new CommandError(
        `${connectionId} has the grant of that login already. If this copy is newer, use --force.`,
      );
    }
    throw new CommandError(
      `${connectionId} has a newer grant, of a login on ${plan.replaces}. To import the older one anyway, use --force.`,
    );
  }
}

function planText(
  plan: Plan,
  { settings }: ConfiguredConnection,
  { from }: ImportOptions,
  nowMs: number,
): string {
  const { provider, owner } = settings;
  const when = (iso: string | undefined) =>
    iso === undefined
      ? 'not known'
      : `${formatInstant(Date.parse(iso), owner.timeZone)} (${countdownText(Date.parse(iso) - nowMs)})`;
  return [
    `Found a grant of ${from}, for ${plan.connectionId} at ${provider.displayName}:`,
    `  its owner logged in   ${when(plan.authorizedAt)}`,
    `  it ends               ${plan.deadline === undefined ? 'the provider sets no end' : when(plan.deadline)}`,
    `  its access token ends ${when(plan.accessExpiresAt)}`,
    ...(plan.replaces === undefined ? [] : [`It replaces the grant of a login on ${when(plan.replaces)}.`]),
  ].join('\n');
}

function afterwards({ settings }: ConfiguredConnection, { from }: ImportOptions): string {
  const old = from === 'oauth' ? 'the program that used it before' : from;
  const login = settings.provider.loginEndsPreviousGrant ? ' A login elsewhere ends this grant at once.' : '';
  return `stop ${old} now, or let it read its tokens from Grantkeeper (see client/README.md).${login}`;
}
