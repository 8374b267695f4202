import { deadlineOf } from '../core/deadline.ts';
import { isPaused } from '../core/decide.ts';
import { countdownInWords } from '../core/duration.ts';
import { formatInstant } from '../core/notice.ts';
import { supersede } from '../functions/offer.ts';
import { readStored, storeLogin } from '../functions/store-login.ts';
import { isWell, request } from './act.ts';
import { CommandError, exitCodes, json } from './output.ts';
import type { Options, Shown, Stack } from './stack.ts';
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

/** Clocks of two machines differ. */
const toleranceMs = 5 * 60_000;

/** Takes over a grant that another program has kept. Without `--apply` it only says what it would do. */
export async function importGrant(file: string, options: ImportOptions): Promise<number> {
  const found = await readTokenFile(options.from, file);
  const stack = await openStack(options);
  const connection = await connectionOf(stack, options.connection);
  const authorizedAtMs = loginOf(found, options, stack.nowMs);
  const plan = planOf(connection, found, authorizedAtMs, options.from, stack.nowMs);
  refuse(connection, plan, options, stack.nowMs);
  const { connectionId } = connection;
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
  await store(stack, connection, found, authorizedAtMs, options);
  tell(`\nTaken over. Let nothing else refresh it or log in from now on: ${afterwards(connection, options)}`);
  if (isPaused(connection.settings, connection.grant)) {
    tell('It is paused: it is refreshed as soon as it is resumed.');
    if (options.json) console.log(json({ ...plan, applied: true }));
    return exitCodes.well;
  }
  tell('It is refreshed once, to see that it works:\n');
  const refresh = await request(stack, connectionId, 'refresh', tell);
  if (options.json) console.log(json({ ...plan, applied: true, refresh }));
  return isWell(refresh) ? exitCodes.well : exitCodes.failed;
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
    accessExpiresAt: iso(accessExpiresAtMs),
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
  if (atMs > nowMs + toleranceMs) {
    throw new CommandError(
      `Its owner would have logged in ${countdownInWords(atMs - nowMs)}: one of the clocks is wrong. Give the right time by --authorized-at.`,
    );
  }
  return atMs;
}

/** @throws {CommandError} where it would be of no use, or lose something */
function refuse({ settings, grant }: Shown, plan: Plan, { force }: ImportOptions, nowMs: number): void {
  const { connectionId } = settings;
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

/** As a login's callback does it: written down first, so that a check finishes what dies here. */
async function store(
  stack: Stack,
  { connectionId, settings }: Shown,
  found: Found,
  authorizedAtMs: number,
  { from }: ImportOptions,
): Promise<void> {
  const [
    { dynamoGrants },
    { dynamoAuthorizations },
    { secretsManager, secretsManagerClients, secretsManagerTokens, patientSecretsManager },
    { dynamoEvents },
    { systemRandom: random },
  ] = await Promise.all([
    import('../adapters/grants.ts'),
    import('../adapters/authorizations.ts'),
    import('../adapters/secrets.ts'),
    import('../adapters/timeline.ts'),
    import('../adapters/system.ts'),
  ]);
  const { table, clock } = stack;
  const grants = dynamoGrants(table);
  const client = secretsManager();
  const tokens = secretsManagerTokens(`grantkeeper/${stack.name}`, client, patientSecretsManager(client));
  // Without them nothing could be refreshed: that is said before anything is written.
  await secretsManagerClients(client).read(settings.clientSecretName);
  const versionId = random.uuid();
  const login = { versionId, authorizationId: 'import', atMs: stack.nowMs };
  const before = await readStored(connectionId, tokens);
  const taken = await grants.takeLeaseOver(connectionId, `import#${versionId}`, login);
  if (taken === undefined)
    throw new CommandError(
      `A login to ${connectionId} is being completed at this moment. Try again in a minute.`,
    );
  const { fencingNumber, identity = {} } = taken;
  const { accessExpiresAtMs = authorizedAtMs } = found;
  const tokenSet = { ...found, expiresInSeconds: Math.max(0, (accessExpiresAtMs - authorizedAtMs) / 1000) };
  const answered = { versionId, identity, tokenSet, askedAtMs: authorizedAtMs, before, fencingNumber };
  const recorded = await storeLogin(settings, answered, { grants, tokens, random });
  if (recorded === undefined)
    throw new CommandError(`The owner of ${connectionId} has logged in meanwhile: that grant stands.`);
  // Whoever waits for a login needs none any more.
  const { stepFunctionsWorkflow } = await import('../adapters/workflow.ts');
  const ports = { authorizations: dynamoAuthorizations(table), workflow: stepFunctionsWorkflow(''), clock };
  const { closed } = recorded.login ?? {};
  for (const wait of [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])]) {
    await supersede(connectionId, wait, ports);
  }
  await dynamoEvents(table, clock, random).record(connectionId, 'imported', { from, by: stack.by });
  await grants.endLogin(connectionId, versionId);
}
