import type { Notice } from './notice-text.ts';
import { isLoopback } from './provider.ts';

/** The parts of a notice for such a channel. All texts are plain text without markup. */
export type ChatNotice = Pick<Notice, 'kind' | 'subject' | 'sentences' | 'button' | 'about'>;

/**
 * A channel that posts JSON to the address in its secret. docs/adding-a-channel.md shows how to add one.
 */
export interface PostedChannel {
  /** The service's name, in alerts. */
  readonly title: string;
  /** Follows "the secret holds the …". */
  readonly secretHolds: string;
  readonly secretExample: string;
  /** Begins "… of schwab-main answered 404". */
  readonly endpoint: string;
  /** The remedy for a refusal. The secret's name follows. */
  readonly remedy: string;
  /** @returns undefined if the secret does not hold what `secretHolds` says */
  readonly write: (secret: string, notice: ChatNotice, delivery: Delivery) => PostRequest | undefined;
  readonly isTaken: (status: number, answer: string) => boolean;
  /** The reason of a refusal, if the answer has one that is safe to show. */
  readonly reasonOf: (answer: string) => string | undefined;
}

export interface Delivery {
  readonly connectionId: string;
  /** The same for every attempt. */
  readonly noticeId: string;
  readonly nowMs: number;
  /** HMAC-SHA256 of the text, in base64. The key is in base64, too. */
  readonly hmacSha256: (key: string, text: string) => string;
}

export interface PostRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object, or JSON whose exact bytes are signed. */
  readonly body: Readonly<Record<string, unknown>> | string;
}

/**
 * Reads an https address, on one of these hosts if they are given. Loopback needs neither, because the embedded cloud
 * replaces every service there.
 */
export function addressOf(text: string, hosts?: readonly string[]): URL | undefined {
  const url = URL.parse(text.trim());
  // fetch() refuses an address with a password in it.
  if (!url || url.username !== '' || url.password !== '') return undefined;
  if (url.protocol === 'http:' && isLoopback(url.hostname)) return url;
  return url.protocol === 'https:' && (hosts?.includes(url.host) ?? true) ? url : undefined;
}

/** Reads a secret that is an object of texts. */
export function textsIn(secret: string): Readonly<Record<string, string | undefined>> {
  try {
    const value = JSON.parse(secret) as unknown;
    if (typeof value !== 'object' || value === null) return {};
    const texts = Object.entries(value).filter(([, text]) => typeof text === 'string');
    return Object.fromEntries(texts) as Record<string, string>;
  } catch {
    return {};
  }
}
