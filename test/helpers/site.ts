/** A site of a few pages, for what a recipe may meet that Demo Brokerage does not have. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** By method and path: HTML, or where it leads on to, or an answer with its status. */
export type Pages = Readonly<Record<string, string | { readonly status: number; readonly body: string }>>;

export interface Posted {
  readonly path: string;
  readonly form: string;
}

export class Site {
  readonly #server = createServer();
  #pages: Pages = {};
  posted: Posted[] = [];
  /** How long an answer to a form takes. */
  slowMs = 0;
  /** Given method and path of whatever is asked for; it is answered after that. */
  onRequest: (what: string) => Promise<void> = () => Promise.resolve();

  static async start(): Promise<Site> {
    const site = new Site();
    await new Promise<void>((resolve) => site.#server.listen(0, '127.0.0.1', resolve));
    return site;
  }

  private constructor() {
    this.#server.on('request', (request, response) => {
      const { pathname } = new URL(request.url!, this.origin);
      const what = `${request.method} ${pathname}`;
      const heard = this.onRequest(what);
      const page = this.#pages[what] ?? { status: 404, body: 'none' };
      const { status, body } = typeof page === 'string' ? { status: 200, body: page } : page;
      const isForm = request.method === 'POST';
      let form = '';
      request.setEncoding('utf8').on('data', (text: string) => (form += text));
      request.on('end', () => {
        if (isForm) this.posted.push({ path: pathname, form });
        const answer = () => {
          if (body.startsWith('/')) response.writeHead(303, { location: body }).end();
          else response.writeHead(status, { 'content-type': 'text/html' }).end(`<!doctype html>${body}`);
        };
        void heard.then(() => setTimeout(answer, isForm ? this.slowMs : 0));
      });
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on, and forgets what was posted. */
  show(pages: Pages): void {
    this.#pages = pages;
    this.posted = [];
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The link leads to `/login`; `/callback` is where it is to end. */
export const linkAndCallback: Pages = {
  'GET /link': '<form method=post><button>Continue</button></form>',
  'POST /link': '/login',
  'GET /callback': '<h1>Done</h1>',
};

export const loginForm =
  '<form method=post><label>Name <input name=u></label><label>Secret <input name=p type=password></label><button>Go</button></form>';
