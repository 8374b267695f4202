import { cut, filled, gathered, headline, labelOf } from './chat-text.ts';
import type { ChatNotice, PostedChannel } from './posted-channel.ts';
import { addressOf } from './posted-channel.ts';

/** @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/ */
export const slack: PostedChannel = {
  title: 'Slack',
  secretHolds: 'webhook URL of Slack',
  secretExample: 'https://hooks.slack.com/…',
  endpoint: "Slack's webhook",
  remedy: 'Make a new webhook and put its URL into',
  write(secret, notice) {
    const url = addressOf(secret, ['hooks.slack.com', 'hooks.slack-gov.com']);
    return url && { url: url.href, body: slackMessage(notice) };
  },
  isTaken: (status, answer) => status === 200 && answer.trim() === 'ok',
  reasonOf: (answer) => /^[a-z_]{1,40}$/.exec(answer.trim())?.[0],
};

/**
 * @see https://docs.slack.dev/reference/block-kit/blocks/ (header, section, actions, context, blocks of a message)
 * @see https://docs.slack.dev/reference/block-kit/block-elements/button-element (label, url)
 * @see https://docs.slack.dev/reference/methods/chat.postMessage#truncating (fallback)
 */
const limits = {
  fallback: 4000,
  header: 150,
  text: 3000,
  label: 75,
  url: 3000,
  /** Slack allows 50 blocks. The other three are header, actions and context. */
  sections: 47,
  contextElements: 10,
};

/**
 * The body of a POST to a Slack incoming webhook: Block Kit, all in `plain_text`, so nothing in it is markup.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
export function slackMessage(notice: ChatNotice): Record<string, unknown> {
  const { kind, button } = notice;
  const subject = headline(notice);
  const sentences = filled(notice.sentences);
  const about = gathered(filled(notice.about), limits.contextElements);
  return {
    // Notifications show this text. It is the only one in which Slack reads markup.
    text: cut(escapeMrkdwn([subject, ...sentences].join('\n')), limits.fallback, /&[a-z]*$/),
    blocks: [
      { type: 'header', text: plainText(subject, limits.header) },
      ...gathered(sentences, limits.sections).map((sentence) => ({
        type: 'section',
        text: plainText(sentence, limits.text),
      })),
      ...(button && button.url.length <= limits.url
        ? [
            {
              type: 'actions',
              elements: [
                {
                  type: 'button',
                  text: plainText(labelOf(button), limits.label),
                  url: button.url,
                  // A green button, except when the owner has nothing to do.
                  ...(kind !== 'restored' && { style: 'primary' }),
                },
              ],
            },
          ]
        : []),
      ...(about.length > 0
        ? [{ type: 'context', elements: about.map((text) => plainText(text, limits.text)) }]
        : []),
    ],
    // A preview would open the link and show its page to the whole channel.
    unfurl_links: false,
    unfurl_media: false,
  };
}

function plainText(text: string, limit: number): Record<string, unknown> {
  // Without `emoji: false` `:+1:` would become a picture.
  return { type: 'plain_text', text: cut(text, limit), emoji: false };
}

/** @see https://docs.slack.dev/messaging/formatting-message-text/#escaping */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
