/** The inbox of the embedded cloud: mails, text messages, chats and topic messages, for people and tests to read. */
import type { Clock } from './clock.ts';

export interface Delivery {
  /** `email`, `sms`, `topic`, or the service of a chat. */
  readonly channel: string;
  /** Addresses of the mail, joined by `, `, the telephone number, the chat's channel, or the topic's name. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

export interface Message extends Delivery {
  readonly id: string;
  /** ISO 8601, the cloud's own time. */
  readonly at: string;
}

export class Inbox {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #messages: Message[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @returns the message as filed; ids count from `1` */
  add(delivery: Delivery): Message {
    const message: Message = {
      id: String(this.#messages.length + 1),
      at: new Date(this.#clock.now()).toISOString(),
      ...delivery,
    };
    this.#messages.push(message);
    return message;
  }

  /** Oldest first. */
  list(): Message[] {
    return [...this.#messages];
  }
}
