import { isPaused } from '../../core/decide.ts';
import { problemOfCredentials } from '../../core/client-credentials.ts';
import { ConfigurationError } from '../../core/errors.ts';
import { formatInstant } from '../../core/notice-text.ts';
import { forecastOf } from '../../core/forecast.ts';
import type { BrowserLogins, Clients } from '../../core/ports.ts';
import type { Problem } from '../../core/health.ts';
import { problemsOf, needsSomebody } from '../../core/health.ts';
import { sentence } from '../../app/panel/problems.ts';
import type { SecretDescription } from '../describe-secret.ts';
import type { ConfiguredConnection } from '../../core/panel.ts';
import type { Finding } from './finding.ts';
import { ok, problem } from './finding.ts';

/** Finds the connection's problems, or when it was last checked. */
export function lookAtGrant(
  { connectionId: about, settings, grant, incidents }: ConfiguredConnection,
  nowMs: number,
  executionUrl: string,
): readonly Finding[] {
  const problems = problemsOf(settings, grant, incidents, nowMs).filter(needsSomebody);
  if (problems.length > 0) {
    const context = { settings, grant, nowMs, executionUrl };
    return problems.map((found) =>
      problem(about, sentence(found, context).toText(), remedyOf(found.kind, about)),
    );
  }
  if (isPaused(settings, grant)) return [ok(about, 'Paused: nothing is refreshed.')];
  const { lastTick } = grant;
  if (lastTick === undefined) {
    return [
      problem(
        about,
        'It was never checked.',
        'Check that its schedule is enabled, and look into the dead-letter queue.',
      ),
    ];
  }
  const { nextCheckMs } = forecastOf(settings, grant, nowMs);
  const when = (epochMs: number) => formatInstant(epochMs, settings.owner.timeZone);
  const next = nextCheckMs === undefined ? '' : ` Next check: ${when(nextCheckMs)}.`;
  return [ok(about, `Last check: ${when(Date.parse(lastTick.scheduledTime))}.${next}`)];
}

function remedyOf(kind: Problem['kind'], connectionId: string): string {
  if (kind === 'set-up') return `Run grantkeeper connect ${connectionId}.`;
  if (['incident', 'silent', 'access-ended'].includes(kind))
    return `To see what failed, run grantkeeper history ${connectionId}.`;
  return `Ask the owner to use the link in their newest message. To send another one, run grantkeeper reauthorize ${connectionId}.`;
}

/** Checks that the client's credentials exist and look like those of its provider. */
export async function lookAtClient(
  { settings: { provider, clientSecretName: name }, connectionId }: ConfiguredConnection,
  clients: Clients,
): Promise<readonly Finding[]> {
  const about = `Client ${name.split('/').at(-1)}`;
  const remedy = `Store the right ones: grantkeeper connect ${connectionId} --replace`;
  if (!(await clients.isThere(name))) {
    return [problem(about, `${name} is empty.`, `Run grantkeeper connect ${connectionId}.`)];
  }
  try {
    const { clientId, clientSecret } = await clients.read(name);
    const odd = problemOfCredentials(provider, clientId, clientSecret.reveal());
    if (odd !== undefined) return [problem(about, odd, remedy)];
  } catch (error) {
    if (error instanceof ConfigurationError) return [problem(about, error.message, remedy)];
    throw error;
  }
  const isShaped = provider.clientIdPattern !== undefined || provider.clientSecretPattern !== undefined;
  const shape = isShaped ? ` and look like those of ${provider.displayName}` : '';
  return [ok(about, `Its id and secret are stored${shape}.`)];
}

/** Checks the age of the password of the browser login, without reading it. */
export async function lookAtBrowser(
  { connectionId }: ConfiguredConnection,
  browserLogins: Pick<BrowserLogins, 'readSettings' | 'read'>,
  describe: (secretName: string) => Promise<SecretDescription>,
  nowMs: number,
): Promise<readonly Finding[]> {
  const own = await browserLogins.readSettings(connectionId);
  if (own === undefined) return [];
  const about = `Browser of ${connectionId}`;
  const [{ currentVersionId, changedAtMs }, { refusedVersionId }] = await Promise.all([
    describe(own.secretName),
    browserLogins.read(connectionId),
  ]);
  if (currentVersionId === undefined) {
    return [
      problem(about, `${own.secretName} is empty.`, `Run grantkeeper browser-login connect ${connectionId}.`),
    ];
  }
  const rotate = `Change the password at the provider, then run grantkeeper browser-login rotate ${connectionId}.`;
  if (currentVersionId === refusedVersionId) {
    return [problem(about, 'The provider refused its password, so no browser logs in.', rotate)];
  }
  const days = Math.floor((nowMs - changedAtMs) / (24 * 3600 * 1000));
  return days >= own.credentialsMaxAgeDays
    ? [problem(about, `Its password is ${days} days old.`, rotate)]
    : [ok(about, 'Its password is stored.')];
}
