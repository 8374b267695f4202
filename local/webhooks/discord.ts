/**
 * Discord's webhook, for messages of embeds such as Grantkeeper sends.
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Inbox } from '../inbox.ts';
import { parseMarkdown } from './discord-markdown.ts';
import type { Span } from './discord-markdown.ts';
import { isWebAddress, parseJson } from './service.ts';
import type { ChatService, WebhookAnswer, WebhookRequest } from './service.ts';

/** What Discord calls a problem of one field, and says of it. */
const problem = (code: string, message: string) => ({ params: { code }, error: message });
const notSupported = (what: string) => problem('NOT_PLAYED', `The embedded cloud does not play ${what}.`);

const markdown = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .superRefine((source, context) => {
      for (const found of parseMarkdown(source).unsupported) {
        const { params, error: message } = notSupported(`the markup ${found}`);
        context.addIssue({ code: 'custom', params, message });
      }
    });

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
const Embed = z.strictObject({
  title: markdown(256)
    .refine(
      (title) => parseMarkdown(title).spans.every(({ url }) => url === undefined),
      notSupported('links in a title'),
    )
    .optional(),
  description: markdown(4096).optional(),
  // Its length is not documented; it is that of every URL there.
  url: z
    .string()
    .max(2048)
    .refine(isWebAddress, problem('URL_TYPE_INVALID_URL', 'Not a well formed URL.'))
    .optional(),
  color: z.int().min(0).max(0xffffff).optional(),
  footer: z.strictObject({ text: z.string().max(2048) }).optional(),
});
type Embed = z.infer<typeof Embed>;
const maxEmbedCharacters = 6000;

const Message = z.strictObject({
  // https://discord.com/developers/docs/resources/webhook#create-webhook: what a name may be
  username: z
    .string()
    .min(1)
    .max(80)
    .refine(
      (name) => !/clyde|discord/i.test(name),
      problem('USERNAME_INVALID_CONTAINS', 'Username cannot contain "clyde" or "discord"'),
    )
    .optional(),
  embeds: z
    .array(Embed)
    .max(10)
    .refine(
      (embeds) => embeds.flatMap(textsOf).join('').length <= maxEmbedCharacters,
      problem('MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${maxEmbedCharacters}`),
    ),
  // https://discord.com/developers/docs/resources/message#allowed-mentions-object
  allowed_mentions: z.strictObject({ parse: z.array(z.enum(['roles', 'users', 'everyone'])) }).optional(),
});
type Message = z.infer<typeof Message>;

const webhookId = '1180000000000000000';

export class Discord implements ChatService {
  readonly path = `/api/webhooks/${webhookId}/${randomBytes(51).toString('base64url')}`;
  readonly #inbox: Inbox;

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
  }

  owns(path: string): boolean {
    return path.startsWith('/api/');
  }

  answer({ method, path, query, contentType, body }: WebhookRequest): WebhookAnswer {
    if (path !== this.path) return unknown(path);
    if (method !== 'POST') return json(405, { message: '405: Method Not Allowed', code: 0 });
    const [parameter] = [...query.keys()].filter((key) => key !== 'wait');
    if (parameter !== undefined)
      return invalid({ [parameter]: leaf('NOT_PLAYED', 'The embedded cloud does not play it.') });
    if (!/^application\/json\s*(;|$)/i.test(contentType)) {
      return invalid(
        leaf('CONTENT_TYPE_INVALID', `Expected "Content-Type" header to be one of {'application/json'}.`),
      );
    }
    // https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
    if (body === undefined) return json(413, { message: 'Request entity too large', code: 40005 });
    const parsed = parseJson(body);
    if (!parsed) return json(400, { message: 'The request body contains invalid JSON.', code: 50109 });
    const { data, error } = Message.safeParse(parsed.value, { reportInput: true });
    if (error) return invalid(errorsOf(error.issues));
    if (data.embeds.flatMap(textsOf).every((text) => text.trim() === '')) {
      return json(400, { message: 'Cannot send an empty message', code: 50006 });
    }
    const filed = this.#inbox.add({ channel: 'discord', to: '#grantkeeper (Discord)', ...read(data) });
    if (!/^(true|1)$/i.test(query.get('wait') ?? '')) return { status: 204, body: '' };
    return json(200, {
      id: String(BigInt(webhookId) + BigInt(filed.id)),
      type: 0,
      content: '',
      author: { id: webhookId, username: data.username ?? defaultName, bot: true },
      embeds: data.embeds,
      mentions: [],
      mention_everyone: false,
      timestamp: filed.at,
      webhook_id: webhookId,
    });
  }

  failure(kind: '404' | '429' | '500', retryAfterSeconds: number): WebhookAnswer {
    if (kind === '404') return json(404, { message: 'Unknown Webhook', code: 10015 });
    if (kind === '500') return json(500, { message: '500: Internal Server Error', code: 0 });
    // https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit
    return json(
      429,
      { message: 'You are being rate limited.', retry_after: retryAfterSeconds, global: false },
      { 'retry-after': String(Math.ceil(retryAfterSeconds)) },
    );
  }
}

/** Of a webhook that nobody gave a name. */
const defaultName = 'Captain Hook';

function unknown(path: string): WebhookAnswer {
  const [, id] = /^\/api\/webhooks\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  if (id === undefined) return json(404, { message: '404: Not Found', code: 0 });
  if (id === webhookId) return json(401, { message: 'Invalid Webhook Token', code: 50027 });
  return json(404, { message: 'Unknown Webhook', code: 10015 });
}

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): WebhookAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** @see https://discord.com/developers/docs/reference#error-messages */
function invalid(errors: Record<string, unknown>): WebhookAnswer {
  return json(400, { message: 'Invalid Form Body', code: 50035, errors });
}

function leaf(code: string, message: string) {
  return { _errors: [{ code, message }] };
}

/** A tree of the fields, with what is wrong at each. */
function errorsOf(issues: readonly z.core.$ZodIssue[]): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const issue of issues) {
    const paths =
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const path of paths) {
      let node = tree;
      for (const key of path) node = (node[String(key)] ??= {}) as Record<string, unknown>;
      ((node['_errors'] ??= []) as unknown[]).push(errorOf(issue));
    }
  }
  return tree;
}

function errorOf(issue: z.core.$ZodIssue): { readonly code: string; readonly message: string } {
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array'
        ? { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${issue.maximum} or fewer in length.` }
        : { code: 'NUMBER_TYPE_MAX', message: `int value should be less than or equal to ${issue.maximum}.` };
    case 'too_small':
      return issue.origin === 'string'
        ? { code: 'BASE_TYPE_MIN_LENGTH', message: `Must be ${issue.minimum} or more in length.` }
        : {
            code: 'NUMBER_TYPE_MIN',
            message: `int value should be greater than or equal to ${issue.minimum}.`,
          };
    case 'invalid_type':
      return issue.input === undefined
        ? { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
        : { code: 'BASE_TYPE_INVALID', message: `Expected ${issue.expected}.` };
    case 'unrecognized_keys':
      return { code: 'NOT_PLAYED', message: 'The embedded cloud does not play this field.' };
    case 'invalid_value':
      return {
        code: 'BASE_TYPE_CHOICES',
        message: `Value must be one of (${issue.values.map(String).join(', ')}).`,
      };
    case 'custom':
      return { code: String(issue.params?.['code']), message: issue.message };
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_union':
    case 'not_multiple_of':
      return { code: 'BASE_TYPE_INVALID', message: issue.message };
  }
}

/** What counts against the limit of all embeds together. */
function textsOf({ title = '', description = '', footer }: Embed): string[] {
  return [title, description, footer?.text ?? ''];
}

/** As the channel shows it, and the same in plain text. */
function read({ username = defaultName, embeds }: Message): { subject: string; text: string; html: string } {
  const shown = embeds.map(({ title = '', description = '', ...embed }) => ({
    ...embed,
    title: parseMarkdown(title)
      .spans.map(({ text }) => text)
      .join(''),
    description: parseMarkdown(description).spans,
  }));
  return {
    subject: shown.find(({ title }) => title !== '')?.title ?? username,
    text: `${shown.map(textOf).join('\n\n')}\n`,
    html: html`<div style="${cardStyle}">
      <p style="margin:0 0 .35rem;font-weight:600">${username} <span style="${badgeStyle}">APP</span></p>
      ${shown.map(htmlOf)}
    </div>`.toString(),
  };
}

interface ShownEmbed extends Pick<Embed, 'url' | 'color' | 'footer'> {
  readonly title: string;
  readonly description: readonly Span[];
}

function textOf({ title, description, footer, url }: ShownEmbed): string {
  const body = description.map(({ text, url: target }) => (target ? `${text}:\n${target}` : text)).join('');
  // A title that leads where nothing else does.
  const ofTitle = url !== undefined && description.every((span) => span.url !== url) ? url : '';
  return [title, ofTitle, body, footer?.text ?? ''].filter((text) => text !== '').join('\n\n');
}

const cardStyle =
  'color-scheme:light dark;max-width:34rem;padding:.75rem 1rem;border:1px solid light-dark(#e3e5e8,#3f4147);' +
  'border-radius:.5rem;background:light-dark(#ffffff,#313338);color:light-dark(#313338,#dbdee1);' +
  'font:15px/1.4 system-ui,sans-serif;overflow-wrap:anywhere';
const badgeStyle =
  'padding:0 .3rem;border-radius:.2rem;background:#5865f2;color:#ffffff;font-size:11px;vertical-align:2px';
const embedStyle =
  'padding:.3rem .9rem .3rem .75rem;border-radius:.25rem;background:light-dark(#f2f3f5,#2b2d31);border-left:4px solid ';
const linkStyle = 'color:light-dark(#0060cc,#00a8fc)';

function htmlOf({ title, description, footer, url, color }: ShownEmbed): Html {
  const bar = color === undefined ? 'light-dark(#e3e5e8,#1e1f22)' : `#${color.toString(16).padStart(6, '0')}`;
  const paragraphs = [
    title && html`<strong style="font-weight:600">${url ? anchor(url, title) : title}</strong>`,
    description.map(({ text, url: target }) => (target ? anchor(target, text) : html`${text}`)),
    footer && html`<small style="font-size:12px">${footer.text}</small>`,
  ].filter((part) => part !== undefined && part !== '');
  return html`<div style="${embedStyle}${bar}">
    ${paragraphs.map((part) => html`<div style="margin:.35rem 0;font-size:14px;white-space:pre-wrap">${part}</div>`)}
  </div>`;
}

function anchor(url: string, text: string): Html {
  return html`<a href="${url}" rel="noreferrer" style="${linkStyle}">${text}</a>`;
}
