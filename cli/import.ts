import { deadlineOf } from '../core/deadline.ts';
import { isPaused } from '../core/decide.ts';
import { countdownInWords } from '../core/duration.ts';
import { formatInstant } from '../core/notice.ts';
import { holdsValue } from './describe-secret.ts';
import { CommandError, exitCodes, json } from './output.ts';
import type { Options, Shown } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';
import type { Found, Source } from './token-file.ts';
import { readTokenFile } from './token-file.ts';

export interface ImportOptions extends Options {
  readonly from: Source;
  readonly connection: string;
  /** ISO 8601; for files that do not tell when their owner logged in. */
  readonly authorizedAt?: string;
  readonly apply?: boolean;
  readonly force?: boolean;
}

/** The last instant that a time can be of: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const latestMs = 8.64e15;
/** Clocks of two machines differ. */
const toleranceMs = 5 * 60_000;

/** Takes over a grant that another program has kept. Without `--apply` it only says what it would do. */
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
      `${settings.clientSecretName} holds no credentials yet, without which nothing can be refreshed: grantkeeper connect ${connectionId} first.`,
    );
  }
  if (!options.apply) {
    if (options.json) console.log(json({ ...plan, applied: false }));
    else
      console.log(
        `${inWords(plan, connection, options, stack.nowMs)}\n\nNothing was written. To do it: the same command with --apply.`,
      );
    return exitCodes.well;
  }
  const tell = (line: string) => {
    if (!options.json) console.log(line);
  };
  tell(inWords(plan, connection, options, stack.nowMs));
  const { applyImport } = await import('./import-grant.ts');
  const accessExpiresAt = await applyImport(stack, connection, found, authorizedAtMs, options.from);
  tell(`
Refreshed, and so taken over: the new access token ends ${formatInstant(Date.parse(accessExpiresAt), connection.settings.owner.timeZone)}.
Let nothing else refresh it or log in from now on: ${afterwards(connection, options)}`);
  if (isPaused(settings, connection.grant))
    tell(`It is paused: nothing refreshes it before it is resumed (grantkeeper resume ${connectionId}).`);
  if (options.json) console.log(json({ ...plan, accessExpiresAt, applied: true }));
  return exitCodes.well;
}

interface Plan {
  readonly connectionId: string;
  readonly from: Source;
  /** ISO 8601. */
  readonly authorizedAt: string;
  readonly deadline: string | undefined;
  readonly accessExpiresAt: string | undefined;
  /** Of the grant that is there, if its owner has logged in. */
  readonly replaces: string | undefined;
}

function planOf(
  { connectionId, settings, grant }: Shown,
  { accessExpiresAtMs }: Found,
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

/** @throws {CommandError} where the file does not tell, or tells what cannot be */
function loginOf({ authorizedAtMs }: Found, { from, authorizedAt }: ImportOptions, nowMs: number): number {
  const given = authorizedAt === undefined ? undefined : Date.parse(authorizedAt);
  if (given !== undefined && Number.isNaN(given))
    throw new CommandError('--authorized-at is a time such as 2026-11-28T09:30:00Z.');
  const atMs = given ?? authorizedAtMs;
  if (atMs === undefined || Number.isNaN(atMs)) {
    throw new CommandError(
      `A file of ${from} does not tell when its owner logged in, and the deadline counts from then. Give --authorized-at, such as 2026-11-28T09:30:00Z.`,
    );
  }
  if (atMs < 0 || atMs > latestMs)
    throw new CommandError(
      'The time of its login makes no sense: is it in seconds? Give the right one by --authorized-at.',
    );
  if (atMs > nowMs + toleranceMs) {
    throw new CommandError(
      `Its owner would have logged in ${countdownInWords(atMs - nowMs)}: one of the clocks is wrong. Give the right time by --authorized-at.`,
    );
  }
  return atMs;
}

/** @throws {CommandError} where it would be of no use, or lose something */
function refuse({ settings, grant }: Shown, plan: Plan, { force }: ImportOptions, nowMs: number): void {
  const { connectionId, provider } = settings;
  const latestEndMs = nowMs + provider.accessTokenLifetimeSeconds * 1000 + toleranceMs;
  if (plan.accessExpiresAt !== undefined && Date.parse(plan.accessExpiresAt) > latestEndMs) {
    throw new CommandError(
      `Its access token would end later than any of ${provider.displayName} can (${plan.accessExpiresAt}): one of the clocks is wrong, or the file is of another provider. If not, take expires_at out of a copy of it.`,
    );
  }
  if (plan.deadline !== undefined && Date.parse(plan.deadline) <= nowMs) {
    throw new CommandError(
      `That grant ended ${countdownInWords(Date.parse(plan.deadline) - nowMs)}: its owner has to log in. \`grantkeeper reauthorize ${connectionId}\` sends them a link.`,
    );
  }
  if (grant.disconnection !== undefined || grant.status === 'disconnected') {
    throw new CommandError(
      `${connectionId} was disconnected by an operator. \`grantkeeper reauthorize ${connectionId}\` begins it anew, by a login.`,
    );
  }
  if (plan.replaces !== undefined && plan.replaces >= plan.authorizedAt && !force) {
    if (plan.replaces === plan.authorizedAt) {
      throw new CommandError(
        `${connectionId} has the grant of that login already. If this copy of it is the newer one, give --force.`,
      );
    }
    throw new CommandError(
      `${connectionId} has a newer grant, of a login on ${plan.replaces}. If the older one is meant all the same, give --force.`,
    );
  }
}

function inWords(plan: Plan, { settings }: Shown, { from }: ImportOptions, nowMs: number): string {
  const { provider, owner } = settings;
  const when = (iso: string | undefined) =>
    iso === undefined
      ? 'not known'
      : `${formatInstant(Date.parse(iso), owner.timeZone)} (${countdownInWords(Date.parse(iso) - nowMs)})`;
  return [
    `Found a grant of ${from}, for ${plan.connectionId} at ${provider.displayName}:`,
    `  its owner logged in   ${when(plan.authorizedAt)}`,
    `  it ends               ${plan.deadline === undefined ? 'the provider sets no end' : when(plan.deadline)}`,
    `  its access token ends ${when(plan.accessExpiresAt)}`,
    ...(plan.replaces === undefined ? [] : [`It replaces the grant of a login on ${when(plan.replaces)}.`]),
  ].join('\n');
}

function afterwards({ settings }: Shown, { from }: ImportOptions): string {
  const old = from === 'oauth' ? 'whatever kept it before' : from;
  const login = settings.provider.loginEndsPreviousGrant ? ' A login elsewhere ends this grant at once.' : '';
  return `stop ${old} now, or have it take its tokens from Grantkeeper (see client/README.md).${login}`;
}
