import { cut, filled, headline, labelOf } from './chat-text.ts';
import type { ChatNotice, PostedChannel } from './posted-channel.ts';
import { addressOf } from './posted-channel.ts';

/** @see https://discord.com/developers/docs/resources/webhook#execute-webhook */
export const discord: PostedChannel = {
  title: 'Discord',
  secretHolds: 'webhook URL of Discord',
  secretExample: 'https://discord.com/…',
  endpoint: "Discord's webhook",
  remedy: 'Make a new webhook and put its URL into',
  write(secret, notice) {
    const hosts = ['discord.com', 'discordapp.com', 'ptb.discord.com', 'canary.discord.com'];
    const url = addressOf(secret, hosts);
    // Makes Discord answer only after it has stored the message.
    url?.searchParams.set('wait', 'true');
    return url && { url: url.href, body: discordMessage(notice) };
  },
  isTaken: (status) => status === 200 || status === 204,
  reasonOf: (answer) => /"code":\s*(\d{1,6})\b/.exec(answer)?.[1],
};

/**
 * Discord allows 2,048 for the footer, but 6,000 for all texts together. The footer gets what title and description leave.
 * @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits
 */
const limits = { title: 256, description: 4096, footer: 1648, label: 80, url: 2048 };

/** The colour of the bar beside the message. */
const colors: Readonly<Record<ChatNotice['kind'], number>> = {
  invited: 0x1a56db,
  expiring: 0xd97706,
  expired: 0xdc2626,
  restored: 0x15803d,
  test: 0x64748b,
};

/**
 * The body of a POST to a Discord webhook: one embed. The link is the only markup in it.
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook
 */
export function discordMessage(notice: ChatNotice): Record<string, unknown> {
  const url = discordUrl(notice.button?.url);
  const link = notice.button && url ? `[${discordLabel(notice.button)}](${url})` : '';
  const sentences = cut(
    filled(notice.sentences).map(escapeMarkdown).join('\n\n'),
    limits.description - '\n\n'.length - link.length,
    halfAnEscape,
  );
  const description = filled([sentences, link]).join('\n\n');
  // A footer is plain text.
  const footer = cut(filled(notice.about).join('\n'), limits.footer);
  return {
    username: 'Grantkeeper',
    embeds: [
      {
        title: cut(escapeMarkdown(headline(notice)), limits.title, halfAnEscape),
        ...(url && { url }),
        ...(description && { description }),
        color: colors[notice.kind],
        ...(footer && { footer: { text: footer } }),
      },
    ],
    // No text can mention anybody.
    allowed_mentions: { parse: [] },
  };
}

/**
 * Discord's Markdown: emphasis, code, spoilers, links, mentions, `:emoji:`, and at the start of a line headings, lists,
 * quotes and `-#`. Mentions in an embed notify nobody, but would look as if they did.
 * @see https://support.discord.com/hc/en-us/articles/210298617
 */
const markup = /[\\`*_~|[\]<>@]|:(?=\/\/|[\w+-]+:)|(?<=^\s*)[#+-]|(?<=^\s*\d+)[.)]/gm;
const halfAnEscape = /(?<=(?<!\\)(?:\\\\)*)\\$/;

function escapeMarkdown(text: string): string {
  return text.replace(markup, '\\$&');
}

/**
 * Removes markup from a link's label. Discord shows the backslashes of escapes there, and does not link a label that
 * contains an address (https://github.com/discord/discord-api-docs/issues/6185).
 */
function discordLabel(button: { readonly label: string }): string {
  const label = labelOf(button)
    .replace(/[\s\\`*_~|[\]()<>@#:/]+/g, ' ')
    .trim();
  return cut(label || 'Open', limits.label);
}

/** Escapes characters that would end the link. Undefined if the URL is too long for a link. */
function discordUrl(url: string | undefined): string | undefined {
  const safe = url?.replace(/[\s()<>[\]\\]/g, (character) =>
    character === '(' ? '%28' : character === ')' ? '%29' : encodeURIComponent(character),
  );
  return safe && safe.length <= limits.url ? safe : undefined;
}
