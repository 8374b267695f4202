/** What the two chat services have in common: one webhook each, whose path is its only credential. */

/** A request to a path that is the service's. */
export interface WebhookRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** Undefined where it is larger than `maxBodyBytes`. */
  readonly body: string | undefined;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ChatService {
  /** Of the webhook; with its secret. */
  readonly path: string;
  owns(path: string): boolean;
  /** Files the message, if it is one. */
  answer(request: WebhookRequest): WebhookAnswer;
  /** How the service itself says that it fails. */
  failure(kind: '404' | '429' | '500', retryAfterSeconds: number): WebhookAnswer;
}

/** Neither service documents one; far above what the largest message needs. */
export const maxBodyBytes = 256 * 1024;

/** A link that a chat client opens: no other scheme than these two. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s<>"]+$/.test(text) && URL.canParse(text);
}

export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
