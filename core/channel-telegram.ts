import { cut, filled, headline, labelOf } from './chat-text.ts';
import type { ChatNotice, PostedChannel } from './posted-channel.ts';
import { addressOf, textsIn } from './posted-channel.ts';

/** @see https://core.telegram.org/bots/api#sendmessage */
export const telegram: PostedChannel = {
  title: 'Telegram',
  secretHolds: 'Telegram bot and chat',
  secretExample: '{"bot_token": "123456:…", "chat_id": "123456789"}',
  endpoint: "Telegram's bot",
  remedy: 'Let the owner start the bot, or put another bot and chat into',
  write(secret, notice) {
    const { bot_token: token = '', chat_id: chat = '', api_url: api } = textsIn(secret);
    const origin = addressOf(api ?? 'https://api.telegram.org', ['api.telegram.org'])?.origin;
    // A public channel (`@name`) would show the link to everybody.
    if (!origin || !/^\d+:[\w-]{20,}$/.test(token) || !/^-?\d{1,20}$/.test(chat)) return undefined;
    return { url: `${origin}/bot${token}/sendMessage`, body: telegramMessage(notice, chat) };
  },
  isTaken: (status, answer) => status === 200 && /^\s*\{\s*"ok"\s*:\s*true\b/.test(answer),
  reasonOf: (answer) => reasons.find((reason) => answer.includes(reason)),
};

/** Descriptions of errors. Telegram documents no list; another description is not shown. */
const reasons = [
  'Unauthorized',
  'chat not found',
  'bot was blocked by the user',
  'user is deactivated',
  'bot was kicked',
  'group chat was upgraded to a supergroup chat',
  'Too Many Requests',
];

/** A message has 1 to 4,096 characters; the subject may have a quarter of them. */
const limits = { text: 4096, subject: 1024, label: 64 };

/** The arguments of `sendMessage`. Without `parse_mode` nothing in a text is markup, so nothing needs escaping. */
export function telegramMessage(notice: ChatNotice, chatId: string): Record<string, unknown> {
  const { button } = notice;
  const subject = cut(headline(notice), limits.subject);
  const text = [subject, ...filled(notice.sentences), ...filled(notice.about)].join('\n\n');
  return {
    chat_id: chatId,
    text: cut(text, limits.text),
    // Offsets and lengths are counted in UTF-16 code units: https://core.telegram.org/bots/api#messageentity
    entities: [{ type: 'bold', offset: 0, length: subject.length }],
    ...(button && {
      reply_markup: {
        inline_keyboard: [[{ text: cut(labelOf(button), limits.label), url: button.url }]],
      },
    }),
    // A preview would open the link.
    link_preview_options: { is_disabled: true },
    // The link is for this chat only.
    protect_content: true,
  };
}
