import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';

import { discordMessage, slackMessage } from '../../core/chat-message.ts';
import { ChannelRejectedError, ChannelUnavailableError, ConfigurationError } from '../../core/errors.ts';
import type { Notice } from '../../core/notice.ts';
import { isLoopback } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { callAws } from '../aws.ts';
import { fetchBounded } from '../bounded-fetch.ts';
import { secretsManager } from '../secrets.ts';

interface Service {
  readonly name: string;
  /** Nothing is posted anywhere else but to this very machine, where the embedded cloud plays both. */
  readonly hosts: readonly string[];
  readonly write: (notice: Notice) => unknown;
  /** Why it refused, in a word that is safe to show. */
  readonly reasonOf: (body: string) => string | undefined;
  readonly isTaken: (status: number, body: string) => boolean;
}

const services: Readonly<Record<'slack' | 'discord', Service>> = {
  // https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
  slack: {
    name: 'Slack',
    hosts: ['hooks.slack.com', 'hooks.slack-gov.com'],
    write: slackMessage,
    reasonOf: (body) => /^[a-z_]{1,40}$/.exec(body.trim())?.[0],
    isTaken: (status, body) => status === 200 && body.trim() === 'ok',
  },
  // https://discord.com/developers/docs/resources/webhook#execute-webhook
  discord: {
    name: 'Discord',
    hosts: ['discord.com', 'discordapp.com', 'ptb.discord.com', 'canary.discord.com'],
    write: discordMessage,
    reasonOf: (body) => /"code":\s*(\d{1,6})\b/.exec(body)?.[1],
    isTaken: (status) => status === 200 || status === 204,
  },
};

const timeoutMs = 8_000;
const client = secretsManager();

/** Posts a notice to an incoming webhook. Its URL is a credential: it is in its secret, and in no error or log. */
export async function postToWebhook(
  channel: 'slack' | 'discord',
  { connectionId, owner }: Settings,
  notice: Notice,
): Promise<void> {
  const service = services[channel];
  const url = new URL(await readUrl(owner[channel]!, service));
  // Discord then answers when the message is there, and not before.
  if (channel === 'discord') url.searchParams.set('wait', 'true');
  const about = `${service.name}'s webhook of ${connectionId}`;
  const answer = await fetchBounded(url.href, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(service.write(notice)),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => {
    throw new ChannelUnavailableError(`${about} gave no answer.`);
  });
  const { status } = answer;
  const body = await answer.text();
  if (service.isTaken(status, body)) return;
  const reason = service.reasonOf(body);
  const what = `${about} answered ${status}${reason === undefined ? '' : ` (${reason})`}`;
  // What is neither taken nor refused in the service's own way comes from something in between.
  if (status === 408 || status === 429 || status >= 500 || status < 300) {
    throw new ChannelUnavailableError(`${what}.`);
  }
  throw new ChannelRejectedError(`${what}. Make a new webhook and put its URL into ${owner[channel]}.`);
}

/** @throws {ConfigurationError} when the secret is absent or holds no URL of that service */
async function readUrl(secretName: string, { name, hosts }: Service): Promise<string> {
  const command = new GetSecretValueCommand({ SecretId: secretName });
  const answer = await callAws(`reading ${secretName}`, () => client.send(command), {
    ResourceNotFoundException: () => undefined,
  });
  const url = answer && URL.parse((answer.SecretString ?? '').trim());
  const isItsOwn = url?.protocol === 'https:' && hosts.includes(url.host);
  if (url && (isItsOwn || (url.protocol === 'http:' && isLoopback(url.hostname)))) return url.href;
  throw new ConfigurationError(
    `The secret ${secretName} holds no webhook URL of ${name} (https://${hosts[0]}/…). Put one into it.`,
  );
}
