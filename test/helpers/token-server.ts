import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

export interface TokenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire. */
  readonly body: string;
  readonly form: URLSearchParams;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An HTTP server on this machine that answers as the test says, and keeps what it was asked. */
export class TokenServer implements AsyncDisposable {
  readonly requests: TokenRequest[] = [];
  /** Undefined closes the connection: the answer is lost. */
  answer: (request: TokenRequest) => HttpAnswer | undefined | Promise<HttpAnswer> = () => ({
    status: 404,
    headers: {},
    body: '',
  });
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  static async start(): Promise<TokenServer> {
    const server = new TokenServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.origin}/token`;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = (await buffer(incoming)).toString();
    const request = { path: incoming.url!, headers: incoming.headers, body, form: new URLSearchParams(body) };
    this.requests.push(request);
    const answer = await this.answer(request);
    if (answer === undefined) {
      incoming.socket.destroy();
      return;
    }
    const isZipped = answer.headers['content-encoding'] === 'gzip';
    outgoing.writeHead(answer.status, answer.headers).end(isZipped ? gzipSync(answer.body) : answer.body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
