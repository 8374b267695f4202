import type { Notice } from './notice.ts';

/** How a notice looks in Slack and in Discord: the bodies of the POSTs to their incoming webhooks. */

/** What a chat message says; made from a notice. All texts are plain text, nothing in them is markup. */
export type ChatNotice = Pick<Notice, 'kind' | 'subject' | 'sentences' | 'button' | 'about'>;

// A service refuses the whole message for one text that is too long or empty, so texts are cut and left out here.
// Lengths are counted in UTF-16 code units: no service is known to count more for a character.

/**
 * @see https://docs.slack.dev/reference/block-kit/blocks/ (header, section, actions, context, blocks of a message)
 * @see https://docs.slack.dev/reference/block-kit/block-elements/button-element (label, url)
 * @see https://docs.slack.dev/reference/methods/chat.postMessage#truncating (fallback)
 */
const slack = {
  fallback: 4000,
  header: 150,
  text: 3000,
  label: 75,
  url: 3000,
  /** Of 50 blocks; the other three are header, actions and context. */
  sections: 47,
  contextElements: 10,
};

/**
 * The footer may have 2,048, but all texts together 6,000: it gets what title and description leave.
 * @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits
 */
const discord = { title: 256, description: 4096, footer: 1648, label: 80, url: 2048 };

/** Of the bar beside the message. */
const discordColors: Readonly<Record<ChatNotice['kind'], number>> = {
  invited: 0x1a56db,
  expiring: 0xd97706,
  expired: 0xdc2626,
  restored: 0x15803d,
  test: 0x64748b,
};

/**
 * The body of a POST to a Slack incoming webhook: Block Kit, all in `plain_text`, in which nothing is markup.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
export function slackMessage(notice: ChatNotice): Record<string, unknown> {
  const { kind, button } = notice;
  const subject = headline(notice);
  const sentences = filled(notice.sentences);
  const about = gathered(filled(notice.about), slack.contextElements);
  return {
    // What a notification shows, and the one text that Slack reads as its markup.
    text: cut(escapeMrkdwn([subject, ...sentences].join('\n')), slack.fallback, /&[a-z]*$/),
    blocks: [
      { type: 'header', text: plainText(subject, slack.header) },
      ...gathered(sentences, slack.sections).map((sentence) => ({
        type: 'section',
        text: plainText(sentence, slack.text),
      })),
      ...(button && button.url.length <= slack.url
        ? [
            {
              type: 'actions',
              elements: [
                {
                  type: 'button',
                  text: plainText(labelOf(button), slack.label),
                  url: button.url,
                  // Green. Where all is well again nobody has to press anything.
                  ...(kind !== 'restored' && { style: 'primary' }),
                },
              ],
            },
          ]
        : []),
      ...(about.length > 0
        ? [{ type: 'context', elements: about.map((text) => plainText(text, slack.text)) }]
        : []),
    ],
    // A preview would open the link, and show whatever is behind it to the whole channel.
    unfurl_links: false,
    unfurl_media: false,
  };
}

/**
 * The body of a POST to a Discord webhook: one embed, in whose title and description there is no markup but the link.
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook
 */
export function discordMessage(notice: ChatNotice): Record<string, unknown> {
  const url = discordUrl(notice.button?.url);
  const link = notice.button && url ? `[${discordLabel(notice.button)}](${url})` : '';
  const sentences = cut(
    filled(notice.sentences).map(escapeMarkdown).join('\n\n'),
    discord.description - '\n\n'.length - link.length,
    halfAnEscape,
  );
  const description = filled([sentences, link]).join('\n\n');
  // A footer is plain text.
  const footer = cut(filled(notice.about).join('\n'), discord.footer);
  return {
    username: 'Grantkeeper',
    embeds: [
      {
        title: cut(escapeMarkdown(headline(notice)), discord.title, halfAnEscape),
        ...(url && { url }),
        ...(description && { description }),
        color: discordColors[notice.kind],
        ...(footer && { footer: { text: footer } }),
      },
    ],
    // Nobody is called, whatever the texts say.
    allowed_mentions: { parse: [] },
  };
}

function headline({ subject }: ChatNotice): string {
  return clean(subject).replaceAll('\n', ' ') || 'Grantkeeper';
}

function labelOf({ label }: { readonly label: string }): string {
  return clean(label).replaceAll('\n', ' ') || 'Open';
}

/** Without what a service would strip and then find empty, or cannot store. */
function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/(?!\n)\p{Cc}/gu, ' ')
    .trim();
}

function filled(texts: readonly string[]): string[] {
  return texts.map(clean).filter((text) => text !== '');
}

/** At most `count` texts: those that are too many go into the last one. */
function gathered(texts: readonly string[], count: number): string[] {
  return filled([...texts.slice(0, count - 1), texts.slice(count - 1).join('\n')]);
}

/** Shortens at the end of a whole character. `unfinished` matches the half of an escape that a cut has left. */
function cut(text: string, limit: number, unfinished = /$^/): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit - 1);
  return `${(kept.isWellFormed() ? kept : kept.slice(0, -1)).replace(unfinished, '')}…`;
}

function plainText(text: string, limit: number): Record<string, unknown> {
  // Without `emoji: false` `:+1:` would become a picture.
  return { type: 'plain_text', text: cut(text, limit), emoji: false };
}

/** @see https://docs.slack.dev/messaging/formatting-message-text/#escaping */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * What Discord's Markdown has: emphasis, code, spoilers, links and their previews, mentions, `:emoji:`; and at the
 * start of a line headings, lists, quotes and `-#`. Mentions of an embed call nobody, but would look as if they did.
 * @see https://support.discord.com/hc/en-us/articles/210298617
 */
const markup = /[\\`*_~|[\]<>@]|:(?=\/\/|[\w+-]+:)|(?<=^\s*)[#+-]|(?<=^\s*\d+)[.)]/gm;
const halfAnEscape = /(?<=(?<!\\)(?:\\\\)*)\\$/;

function escapeMarkdown(text: string): string {
  return text.replace(markup, '\\$&');
}

/**
 * Discord shows the backslashes of escapes in a link's label, and makes no link of a label that has an address in
 * it (https://github.com/discord/discord-api-docs/issues/6185): what could be markup there is left out instead.
 */
function discordLabel(button: { readonly label: string }): string {
  const label = labelOf(button)
    .replace(/[\s\\`*_~|[\]()<>@#:/]+/g, ' ')
    .trim();
  return cut(label || 'Open', discord.label);
}

/** Without what would end the link; undefined where it is too long to be one. */
function discordUrl(url: string | undefined): string | undefined {
  const safe = url?.replace(/[\s()<>[\]\\]/g, (character) =>
    character === '(' ? '%28' : character === ')' ? '%29' : encodeURIComponent(character),
  );
  return safe && safe.length <= discord.url ? safe : undefined;
}
