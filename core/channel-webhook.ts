import type { ChatNotice, Delivery, PostedChannel } from './posted-channel.ts';
import { addressOf, textsIn } from './posted-channel.ts';

/**
 * The owner's own endpoint, signed by Standard Webhooks.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const webhook: PostedChannel = {
  title: 'Webhook',
  secretHolds: 'address and signing secret of a webhook',
  secretExample: '{"url": "https://…", "secret": "whsec_…"}',
  endpoint: "The owner's webhook",
  remedy: 'Fix the endpoint, or put another address and signing secret into',
  write(secret, notice, delivery) {
    const { url: address = '', secret: signingSecret = '' } = textsIn(secret);
    const url = addressOf(address);
    const key = keyOf(signingSecret);
    if (url === undefined || key === undefined) return undefined;
    const { noticeId, nowMs, hmacSha256 } = delivery;
    const timestamp = String(Math.floor(nowMs / 1000));
    // The signature covers these exact bytes.
    const body = JSON.stringify(webhookPayload(notice, delivery));
    return {
      url: url.href,
      headers: {
        'webhook-id': noticeId,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${hmacSha256(key, `${noticeId}.${timestamp}.${body}`)}`,
      },
      body,
    };
  },
  isTaken: (status) => status >= 200 && status < 300,
  reasonOf: () => undefined,
};

/** The key in base64: 24 to 64 bytes. */
function keyOf(signingSecret: string): string | undefined {
  const key = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(
    signingSecret,
  )?.[1];
  if (key === undefined) return undefined;
  const bytes = atob(key).length;
  return bytes >= 24 && bytes <= 64 ? key : undefined;
}

export function webhookPayload(
  { kind, subject, sentences, button, about }: ChatNotice,
  { connectionId, nowMs }: Pick<Delivery, 'connectionId' | 'nowMs'>,
): Record<string, unknown> {
  return {
    type: `notice.${kind}`,
    timestamp: new Date(nowMs).toISOString(),
    data: {
      connection_id: connectionId,
      subject,
      sentences,
      ...(button && { link: { label: button.label, url: button.url } }),
      about,
    },
  };
}
