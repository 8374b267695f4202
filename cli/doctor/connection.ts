import { isPaused } from '../../core/decide.ts';
import { problemOfCredentials } from '../../core/client-credentials.ts';
import { ConfigurationError } from '../../core/errors.ts';
import { formatInstant } from '../../core/notice.ts';
import { forecastOf } from '../../core/forecast.ts';
import type { BrowserLogins, Clients } from '../../core/ports.ts';
import type { Problem } from '../../core/health.ts';
import { problemsOf, needsSomebody } from '../../core/health.ts';
import { sentence } from '../../app/panel/problems.ts';
import type { SecretDescription } from '../describe-secret.ts';
import type { Shown } from '../stack.ts';
import type { Finding } from './finding.ts';
import { problem, well } from './finding.ts';

/** When it was checked last, and what needs somebody. */
export function lookAtGrant(
  { connectionId: about, settings, grant, incidents }: Shown,
  nowMs: number,
  executionUrl: string,
): readonly Finding[] {
  const problems = problemsOf(settings, grant, incidents, nowMs).filter(needsSomebody);
  if (problems.length > 0) {
    const notified = { settings, grant, nowMs, executionUrl };
    return problems.map((concern) =>
      problem(about, sentence(concern, notified).toText(), remedyOf(concern.kind, about)),
    );
  }
  if (isPaused(settings, grant)) return [well(about, 'It is paused: nothing is checked or refreshed.')];
  const { lastTick } = grant;
  if (lastTick === undefined) {
    return [
      problem(
        about,
        'It was never checked.',
        'Look whether its schedule is enabled, and at the dead-letter queue.',
      ),
    ];
  }
  const { nextCheckMs } = forecastOf(settings, grant, nowMs);
  const when = (epochMs: number) => formatInstant(epochMs, settings.owner.timeZone);
  const next = nextCheckMs === undefined ? '' : `, and is again at ${when(nextCheckMs)}`;
  return [well(about, `It was checked at ${when(Date.parse(lastTick.scheduledTime))}${next}.`)];
}

function remedyOf(kind: Problem['kind'], connectionId: string): string {
  if (kind === 'set-up') return `Run grantkeeper connect ${connectionId}.`;
  if (['incident', 'silent', 'access-ended'].includes(kind))
    return `What failed stands in grantkeeper history ${connectionId}, and on the panel.`;
  return `Its owner is to use the link that they were sent. Another one: grantkeeper reauthorize ${connectionId}.`;
}

/** Whether the client's credentials are there, and look like those of its provider. */
export async function lookAtClient(
  { settings: { provider, clientSecretName: name }, connectionId }: Shown,
  clients: Clients,
): Promise<readonly Finding[]> {
  const about = `Client ${name.split('/').at(-1)}`;
  const remedy = `Put the right ones there: grantkeeper connect ${connectionId} --replace`;
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
  return [well(about, `Its id and secret are in place${shape}.`)];
}

/** Of a connection that opts in: whether its browser has a password, and how old that is. Does not read it. */
export async function lookAtBrowser(
  { connectionId }: Shown,
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
    return [problem(about, 'The provider has refused its password, and no browser is sent.', rotate)];
  }
  const days = Math.floor((nowMs - changedAtMs) / (24 * 3600 * 1000));
  return days >= own.credentialsMaxAgeDays
    ? [problem(about, `Its password is ${days} days old.`, rotate)]
    : [well(about, 'Its password is in place.')];
}
