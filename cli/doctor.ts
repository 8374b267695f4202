import type { Finding } from './doctor/finding.ts';
import { looked, problem } from './doctor/finding.ts';
import { exitCodes, json, table } from './output.ts';
import type { ConfiguredConnection } from '../core/panel.ts';
import type { Options, Stack } from './stack.ts';
import { openStack, settingsRemedy } from './stack.ts';

const stateLabels = { ok: 'ok', problem: 'PROBLEM', unknown: 'unknown' } as const;

/** Checks everything the grants depend on and prints how to fix each problem. */
export async function doctor(options: Options): Promise<number> {
  const findings = await examine(await openStack(options, 'reads'));
  const others = findings.filter(({ state }) => state !== 'ok');
  if (options.json) console.log(json(findings));
  else {
    const rows = findings.flatMap(({ about, state, what, remedy }) => [
      [stateLabels[state], about, what],
      ...(remedy === undefined ? [] : [['', '', `→ ${remedy}`]]),
    ]);
    console.log(table(rows));
    console.log(
      others.length === 0
        ? '\nNo problems found.'
        : `\n${others.length} of ${findings.length} checks ${others.length === 1 ? 'needs' : 'need'} attention.`,
    );
  }
  return others.length === 0 ? exitCodes.ok : exitCodes.needsSomebody;
}

async function examine(stack: Stack): Promise<readonly Finding[]> {
  const [provider, connection, messages, aws, secrets, secret, browsers] = await Promise.all([
    import('./doctor/provider.ts'),
    import('./doctor/connection.ts'),
    import('./doctor/messages.ts'),
    import('./doctor/aws.ts'),
    import('../adapters/secrets.ts'),
    import('./describe-secret.ts'),
    import('../adapters/browser-logins.ts'),
  ]);
  const browserLogins = browsers.dynamoBrowserLogins(stack.table);
  const [{ shown: connections, unreadable }, deployment] = await Promise.all([
    stack.connections(),
    stack.deployment(),
  ]);
  const clients = secrets.secretsManagerClients(secrets.secretsManager());
  const { nowMs, clock, panelSettings } = stack;
  const owners = connections.map(({ settings: { owner } }) => owner);
  const addresses = [...owners, ...panelSettings.people].map(({ email }) => email);
  const found = await Promise.all([
    Promise.resolve(unreadable.map(({ connectionId, why }) => problem(connectionId, why, settingsRemedy))),
    ...connections.map((each) =>
      looked(each.connectionId, async () => connection.lookAtGrant(each, nowMs, panelSettings.executionUrl)),
    ),
    ...firsts(connections, ({ settings }) => settings.clientSecretName).map((each) =>
      looked('Client', () => connection.lookAtClient(each, clients)),
    ),
    ...firsts(connections, ({ settings }) => JSON.stringify(settings.provider)).map(({ settings }) =>
      looked(settings.provider.displayName, () => provider.lookAtProvider(settings.provider, clock)),
    ),
    ...connections.map((each) =>
      looked(`Browser of ${each.connectionId}`, () =>
        connection.lookAtBrowser(each, browserLogins, secret.describeSecret, nowMs),
      ),
    ),
    looked('Callback URL', async () => provider.lookAtCallbackUrls(connections)),
    looked('Mail', () => messages.lookAtMail(deployment, [...new Set(addresses)])),
    looked('Text messages', () =>
      messages.lookAtTexts([...new Set(owners.flatMap(({ phone }) => phone ?? []))]),
    ),
    looked('Operators', () => messages.lookAtSubscriptions(deployment)),
    looked('Schedules', () => aws.lookAtSchedules(deployment)),
    looked('Alarms', () => aws.lookAtAlarms(deployment)),
    looked('Lambda', () => aws.lookAtConcurrency()),
  ]);
  return found.flat();
}

/** The first of the connections that share a key. */
function firsts(
  connections: readonly ConfiguredConnection[],
  keyOf: (connection: ConfiguredConnection) => string,
): ConfiguredConnection[] {
  return [...new Map(connections.toReversed().map((each) => [keyOf(each), each])).values()].toReversed();
}
