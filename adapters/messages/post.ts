import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { createHmac } from 'node:crypto';

import type { PostedChannelName } from '../../core/channel.ts';
import { postedChannels } from '../../core/channel.ts';
import { ChannelRejectedError, ChannelUnavailableError, ConfigurationError } from '../../core/errors.ts';
import type { Notice } from '../../core/notice-text.ts';
import type { PostRequest } from '../../core/posted-channel.ts';
import type { Settings } from '../../core/settings.ts';
import { callAws } from '../aws.ts';
import { fetchBounded } from '../bounded-fetch.ts';
import { secretsManager } from '../secrets.ts';

const timeoutMs = 8_000;
const client = secretsManager();

/** Posts a notice to a service. No error or log has the address and credentials from the channel's secret. */
export async function postNotice(
  name: PostedChannelName,
  { connectionId, owner }: Settings,
  notice: Notice,
  noticeId: string,
): Promise<void> {
  const channel = postedChannels[name];
  const secretName = owner[name]!;
  const delivery = { connectionId, noticeId, nowMs: Date.now(), hmacSha256 };
  const request = channel.write(await readSecret(secretName), notice, delivery);
  if (request === undefined) {
    throw new ConfigurationError(
      `The secret ${secretName} holds no ${channel.secretHolds} (${channel.secretExample}). Put one into it.`,
    );
  }
  const about = `${channel.endpoint} of ${connectionId}`;
  const { status, answer } = await post(request).catch(() => {
    throw new ChannelUnavailableError(`${about} gave no answer.`);
  });
  if (channel.isTaken(status, answer)) return;
  const reason = channel.reasonOf(answer);
  const what = `${about} answered ${status}${reason === undefined ? '' : ` (${reason})`}`;
  // A success that is not in the service's own form comes from a proxy.
  if (status === 408 || status === 429 || status >= 500 || status < 300) {
    throw new ChannelUnavailableError(`${what}.`);
  }
  throw new ChannelRejectedError(`${what}. ${channel.remedy} ${secretName}.`);
}

async function post({ url, headers, body }: PostRequest) {
  const response = await fetchBounded(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { status: response.status, answer: await response.text() };
}

function hmacSha256(key: string, text: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
}

/** @returns an empty text if the secret or its value is missing */
async function readSecret(secretName: string): Promise<string> {
  const command = new GetSecretValueCommand({ SecretId: secretName });
  const answer = await callAws(`reading ${secretName}`, () => client.send(command), {
    ResourceNotFoundException: () => undefined,
  });
  return answer?.SecretString ?? '';
}
