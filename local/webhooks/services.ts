/**
 * The documented limits of the services that channels post to: sizes, counts and required fields. A field that is not
 * listed here is refused.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';

/** A request that reached the service's own path. */
export interface PostedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly nowMs: number;
}

/** An accepted message, for the inbox. */
export interface Captured {
  readonly subject: string;
  /** Every text and link, in order. */
  readonly text: string;
  /** An id by which the service recognises a repeat. */
  readonly id?: string;
}

/** Names what is wrong with a request. */
export class Refused extends Error {}

export interface Service {
  /** Ends in a credential. */
  readonly path: string;
  /** The recipient that the inbox shows. */
  readonly to: string;
  /** The value for the channel's secret. */
  secret(origin: string): string;
  /** @throws {Refused} */
  read(request: PostedRequest): Captured;
  readonly answers: Readonly<Record<'taken' | 'refused' | '404' | '429' | '500', ServiceAnswer>>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly body: string;
}

/** Chat clients open no other schemes. */
const Link = z.string().regex(/^https?:\/\/[^\s<>"]+$/, 'not an address');

// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
const plainText = (maximum = 3000) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(maximum),
    emoji: z.boolean().optional(),
  });
// https://docs.slack.dev/reference/block-kit/block-elements/button-element
const SlackButton = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  url: Link.max(3000),
  style: z.enum(['primary', 'danger']).optional(),
});
// https://docs.slack.dev/reference/block-kit/blocks/
const SlackBlock = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plainText(150) }),
  z.strictObject({ type: z.literal('section'), text: plainText() }),
  z.strictObject({ type: z.literal('actions'), elements: z.array(SlackButton).min(1).max(25) }),
  z.strictObject({ type: z.literal('context'), elements: z.array(plainText()).min(1).max(10) }),
]);
const SlackMessage = z.strictObject({
  // https://docs.slack.dev/reference/methods/chat.postMessage#truncating: longer ones are cut
  // https://docs.slack.dev/messaging/formatting-message-text/: <> hold mentions and links
  text: z
    .string()
    .max(40_000)
    .regex(/^[^<>]*$/, 'has a mention or a link')
    .optional(),
  blocks: z.array(SlackBlock).min(1).max(50),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});

/** @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/ */
const slack = (): Service => {
  const path = `/services/T00000000/B00000000/${randomBytes(12).toString('hex')}`;
  return {
    path,
    to: '#grantkeeper (Slack)',
    secret: (origin) => origin + path,
    read({ body }) {
      const { blocks } = parse(SlackMessage, body);
      const texts = blocks.flatMap((block) => {
        if (block.type === 'actions') return block.elements.map(({ text, url }) => linked(text.text, url));
        return block.type === 'context' ? block.elements.map(({ text }) => text) : [block.text.text];
      });
      return capture(texts);
    },
    answers: {
      taken: { status: 200, body: 'ok' },
      refused: { status: 400, body: 'invalid_payload' },
      404: { status: 404, body: 'no_service' },
      429: { status: 429, body: 'rate_limited' },
      500: { status: 500, body: 'rollup_error' },
    },
  };
};

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
const DiscordEmbed = z.strictObject({
  title: z.string().max(256).optional(),
  description: z.string().max(4096).optional(),
  // Discord doesn't document this length; other URLs have 2048.
  url: Link.max(2048).optional(),
  color: z.int().min(0).max(0xffffff).optional(),
  footer: z.strictObject({ text: z.string().max(2048) }).optional(),
});
const textsOf = ({ title = '', description = '', footer }: z.infer<typeof DiscordEmbed>) =>
  [title, description, footer?.text ?? ''].filter((text) => text.trim() !== '');
const DiscordMessage = z.strictObject({
  // https://discord.com/developers/docs/resources/webhook#create-webhook
  username: z
    .string()
    .min(1)
    .max(80)
    .regex(/^(?!.*(clyde|discord))/i, 'has a reserved name')
    .optional(),
  embeds: z
    .array(DiscordEmbed)
    .max(10)
    .refine((embeds) => embeds.flatMap(textsOf).join('').length <= 6000, 'more than 6000 characters')
    .refine((embeds) => embeds.flatMap(textsOf).length > 0, 'an empty message'),
  // https://discord.com/developers/docs/resources/message#allowed-mentions-object
  allowed_mentions: z.strictObject({ parse: z.array(z.enum(['roles', 'users', 'everyone'])) }).optional(),
});

/** @see https://discord.com/developers/docs/resources/webhook#execute-webhook */
const discord = (): Service => {
  const path = `/api/webhooks/1180000000000000000/${randomBytes(51).toString('base64url')}`;
  const json = (status: number, code: number, message: string) => ({
    status,
    body: JSON.stringify({ message, code }),
  });
  return {
    path,
    to: '#grantkeeper (Discord)',
    secret: (origin) => origin + path,
    read({ body }) {
      const texts = parse(DiscordMessage, body).embeds.flatMap(textsOf);
      // Masked links first, then escapes.
      return capture(
        texts.map((text) =>
          text
            .replace(/(?<!\\)\[([^\]\n]+)\]\((https?:[^\s()]+)\)/g, (_all, label: string, url: string) =>
              linked(label, url),
            )
            .replace(/\\([^0-9A-Za-z\s])/g, '$1'),
        ),
      );
    },
    answers: {
      taken: { status: 200, body: '{"type":0}' },
      refused: json(400, 50035, 'Invalid Form Body'),
      404: json(404, 10015, 'Unknown Webhook'),
      429: json(429, 0, 'You are being rate limited.'),
      500: json(500, 0, '500: Internal Server Error'),
    },
  };
};

const chatId = '123456789';
// https://core.telegram.org/bots/api#sendmessage
const TelegramMessage = z.strictObject({
  chat_id: z.literal(chatId),
  text: z.string().min(1).max(4096),
  // https://core.telegram.org/bots/api#messageentity
  entities: z
    .array(z.strictObject({ type: z.literal('bold'), offset: z.int().min(0), length: z.int().min(1) }))
    .max(100)
    .optional(),
  reply_markup: z
    .strictObject({
      inline_keyboard: z.array(z.array(z.strictObject({ text: z.string().min(1), url: Link }))),
    })
    .optional(),
  link_preview_options: z.strictObject({ is_disabled: z.boolean() }).optional(),
  protect_content: z.boolean().optional(),
});

const telegram = (): Service => {
  const token = `123456789:${randomBytes(26).toString('base64url')}`;
  const failure = (status: number, description: string) => ({
    status,
    body: JSON.stringify({ ok: false, error_code: status, description }),
  });
  return {
    path: `/bot${token}/sendMessage`,
    to: `chat ${chatId} (Telegram)`,
    secret: (origin) => JSON.stringify({ bot_token: token, chat_id: chatId, api_url: origin }),
    read({ body }) {
      const { text, entities = [], reply_markup: markup } = parse(TelegramMessage, body);
      if (entities.some(({ offset, length }) => offset + length > text.length)) {
        throw new Refused('an entity ends after the text');
      }
      const buttons = markup?.inline_keyboard.flat() ?? [];
      return capture([text, ...buttons.map((button) => linked(button.text, button.url))]);
    },
    answers: {
      taken: { status: 200, body: '{"ok":true,"result":{}}' },
      refused: failure(400, 'Bad Request: chat not found'),
      404: failure(404, 'Not Found'),
      429: failure(429, 'Too Many Requests: retry after 30'),
      500: failure(500, 'Internal Server Error'),
    },
  };
};

const WebhookMessage = z.strictObject({
  type: z.string().regex(/^\w+(\.\w+)*$/),
  timestamp: z.iso.datetime(),
  data: z.strictObject({
    connection_id: z.string(),
    subject: z.string().min(1),
    sentences: z.array(z.string()),
    link: z.strictObject({ label: z.string(), url: Link }).optional(),
    about: z.array(z.string()),
  }),
});

/**
 * An owner's own endpoint, which verifies signatures.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
const webhook = (): Service => {
  const path = `/notices/${randomBytes(12).toString('hex')}`;
  const key = randomBytes(32);
  const answer = (status: number) => ({ status, body: '' });
  return {
    path,
    to: "the owner's webhook",
    secret: (origin) => JSON.stringify({ url: origin + path, secret: `whsec_${key.toString('base64')}` }),
    read({ headers, body, nowMs }) {
      const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
        (name) => String(headers[name] ?? ''),
      ) as [string, string, string];
      if (id === '' || id.includes('.')) throw new Refused('no usable webhook-id');
      if (!/^\d+$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > 300) {
        throw new Refused('webhook-timestamp is more than five minutes off');
      }
      const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
      const isSigned = signatures.split(' ').some((signature) => {
        const given = Buffer.from(/^v1,(.+)$/.exec(signature)?.[1] ?? '', 'base64');
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
      if (!isSigned) throw new Refused('webhook-signature does not match');
      // The specification recommends less than 20 kB.
      if (body.length > 20_000) throw new Refused('the payload is too large');
      const { subject, sentences, link, about } = parse(WebhookMessage, body).data;
      const links = link ? [linked(link.label, link.url)] : [];
      return { ...capture([subject, ...sentences, ...links, ...about]), id };
    },
    answers: {
      taken: answer(204),
      refused: answer(400),
      404: answer(404),
      429: answer(429),
      500: answer(500),
    },
  };
};

/** By channel. Each start has new credentials. */
export const newServices = () => ({
  slack: slack(),
  discord: discord(),
  telegram: telegram(),
  webhook: webhook(),
});
export type ServiceName = keyof ReturnType<typeof newServices>;

function parse<Output>(schema: z.ZodType<Output>, body: string): Output {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Refused('the body is not JSON');
  }
  const { data, error } = schema.safeParse(value);
  if (error) {
    throw new Refused(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  return data;
}

function linked(label: string, url: string): string {
  return `${label}:\n${url}`;
}

function capture(texts: readonly string[]): Captured {
  return { subject: texts[0]!.split('\n')[0]!, text: `${texts.join('\n\n')}\n` };
}
