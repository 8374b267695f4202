/**
 * Slack's incoming webhook, for messages of the blocks that Grantkeeper sends.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Inbox } from '../inbox.ts';
import { isWebAddress, parseJson } from './service.ts';
import type { ChatService, WebhookAnswer, WebhookRequest } from './service.ts';

// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
const plainText = (maximum = 3000) =>
  z.strictObject({
    type: z.literal('plain_text', 'only plain_text is supported'),
    text: z.string().min(1).max(maximum),
    emoji: z.boolean().optional(),
  });

// https://docs.slack.dev/reference/block-kit/block-elements/button-element
const Button = z.strictObject({
  type: z.literal('button', 'only buttons are supported'),
  text: plainText(75),
  url: z.string().max(3000).refine(isWebAddress, 'not an address'),
  style: z.enum(['primary', 'danger']).optional(),
});

// https://docs.slack.dev/reference/block-kit/blocks/
const Block = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('header'), text: plainText(150) }),
    z.strictObject({ type: z.literal('section'), text: plainText() }),
    z.strictObject({ type: z.literal('actions'), elements: z.array(Button).min(1).max(25) }),
    z.strictObject({ type: z.literal('context'), elements: z.array(plainText()).min(1).max(10) }),
  ],
  'only header, section, actions and context are supported',
);
type Block = z.infer<typeof Block>;

const Message = z.strictObject({
  // https://docs.slack.dev/reference/methods/chat.postMessage#truncating: longer ones are cut
  text: z
    .string()
    .max(40_000)
    // https://docs.slack.dev/messaging/formatting-message-text/: in <> stand mentions and links
    .refine((text) => !/[<>]/.test(text), 'mentions and links in the fallback are not supported')
    .optional(),
  blocks: z.array(Block).min(1).max(50),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});

const route = /^\/services\/(?<team>[^/]+)\/(?<service>[^/]+)\/(?<secret>[^/]+)$/;

export class Slack implements ChatService {
  readonly path = `/services/T00000000/B00000000/${randomBytes(12).toString('hex')}`;
  readonly #inbox: Inbox;

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
  }

  owns(path: string): boolean {
    return path.startsWith('/services/');
  }

  answer({ method, path, query, contentType, body }: WebhookRequest): WebhookAnswer {
    if (method !== 'POST') return refusal(405, 'method_not_allowed');
    if (path !== this.path) return this.#unknown(path);
    if (query.size > 0) return refusal(400, 'invalid_payload', 'a query is not supported');
    if (!/^application\/json\s*(;|$)/i.test(contentType)) {
      return refusal(400, 'invalid_payload', 'the content type is not application/json');
    }
    if (body === undefined) return refusal(400, 'invalid_payload', 'the body is too large');
    const parsed = parseJson(body);
    if (!parsed) return refusal(400, 'invalid_payload', 'the body is not JSON');
    if (z.strictObject({}).safeParse(parsed.value).success) return refusal(400, 'no_text');
    const { data, error } = Message.safeParse(parsed.value);
    if (error) {
      const reason = error.issues.map((issue) => [issue.path.join('.'), issue.message].join(': ')).join('; ');
      const inBlocks = error.issues.every((issue) => issue.path[0] === 'blocks');
      return refusal(400, inBlocks ? 'invalid_blocks' : 'invalid_payload', reason);
    }
    this.#inbox.add({ channel: 'slack', to: '#grantkeeper (Slack)', ...read(data.blocks, data.text) });
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' };
  }

  failure(kind: '404' | '429' | '500', retryAfterSeconds: number): WebhookAnswer {
    if (kind === '404') return refusal(404, 'no_service');
    if (kind === '500') return refusal(500, 'rollup_error');
    // https://docs.slack.dev/apis/web-api/rate-limits
    const { headers, ...answer } = refusal(429, 'rate_limited');
    return { ...answer, headers: { ...headers, 'retry-after': String(retryAfterSeconds) } };
  }

  #unknown(path: string): WebhookAnswer {
    const isOurs =
      route.exec(path)?.groups?.['service'] === 'B00000000' && path.startsWith('/services/T00000000/');
    return isOurs ? refusal(403, 'invalid_token') : refusal(404, 'no_service');
  }
}

/** Slack answers with one word; why stands in a header of our own. */
function refusal(status: number, word: string, reason?: string): WebhookAnswer {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(reason && { 'x-embedded-cloud-reason': reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 2000) }),
    },
    body: word,
  };
}

/** As the channel shows it, and the same in plain text. */
function read(blocks: readonly Block[], fallback = ''): { subject: string; text: string; html: string } {
  const header = blocks.find((block) => block.type === 'header');
  return {
    subject: header?.text.text ?? unescapeMrkdwn(fallback).split('\n')[0]!,
    text: `${blocks.map(textOf).join('\n\n')}\n`,
    html: html`<div style="${cardStyle}">${blocks.map(htmlOf)}</div>`.toString(),
  };
}

function textOf(block: Block): string {
  switch (block.type) {
    case 'header':
    case 'section':
      return block.text.text;
    case 'actions':
      return block.elements.map(({ text, url }) => `${text.text}:\n${url}`).join('\n\n');
    case 'context':
      return block.elements.map(({ text }) => text).join('\n');
  }
}

const cardStyle =
  'color-scheme:light dark;max-width:40rem;padding:.75rem 1rem;border:1px solid light-dark(#dddddd,#35373b);' +
  'border-radius:.5rem;background:light-dark(#ffffff,#1a1d21);color:light-dark(#1d1c1d,#d1d2d3);' +
  'font:15px/1.47 system-ui,sans-serif;overflow-wrap:anywhere';
const buttonStyle =
  'display:inline-block;margin-right:.5rem;padding:.4rem .75rem;border-radius:.5rem;font-weight:700;' +
  'text-decoration:none;border:1px solid ';
const buttonColors = {
  primary: '#007a5a;background:#007a5a;color:#ffffff',
  danger: '#c01343;background:#c01343;color:#ffffff',
  plain: 'light-dark(#a0a0a1,#797c81);color:inherit',
};

function htmlOf(block: Block): Html {
  switch (block.type) {
    case 'header':
      return html`<p style="margin:.25rem 0;font-size:18px;font-weight:700;white-space:pre-wrap">${block.text.text}</p>`;
    case 'section':
      return html`<p style="margin:.5rem 0;white-space:pre-wrap">${block.text.text}</p>`;
    case 'actions':
      return html`<p style="margin:.6rem 0 .5rem">${block.elements.map(
        ({ text, url, style }) =>
          html`<a href="${url}" rel="noreferrer" style="${buttonStyle}${buttonColors[style ?? 'plain']}">${text.text}</a>`,
      )}</p>`;
    case 'context':
      return html`<p style="margin:.5rem 0 0;font-size:13px;color:light-dark(#616061,#ababad);white-space:pre-wrap">${textOf(block)}</p>`;
  }
}

function unescapeMrkdwn(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
