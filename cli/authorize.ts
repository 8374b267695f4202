import { createInterface } from 'node:readline/promises';

import { oddityOfCallbackUrl } from '../core/callback-url.ts';
import { Html } from '../core/html.ts';
import { callback } from '../functions/callback/callback.ts';
import type { HttpResponse } from '../app/pages/http.ts';
import { directLogin } from '../app/login/direct-login.ts';
import { reauthorize } from '../functions/reauthorize/reauthorize.ts';
import { reasonLabel } from '../app/labels.ts';
import { CommandError, exitCodes, json, refusedAction } from './output.ts';
import type { Options, Stack } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

export interface AuthorizeOptions extends Options {
  /** A callback URL that the provider knows already; the deployment's by default. */
  readonly callback?: string;
}

/**
 * The ceremony by hand: prints the address where the owner logs in, and takes the address that the provider leads
 * back to. It ends as every login does; nothing has to listen at that address.
 */
export async function authorize(connectionId: string, options: AuthorizeOptions): Promise<number> {
  const stack = await openStack(options);
  const { settings, grant } = await connectionOf(stack, connectionId);
  const redirectUri = options.callback ?? settings.redirectUri;
  if (URL.parse(redirectUri) === null) throw new CommandError(`--callback ${redirectUri} is no URL.`);
  const oddity = options.callback === undefined ? undefined : oddityOfCallbackUrl(redirectUri);
  if (oddity !== undefined) console.error(`Note of --callback: ${oddity}.\n`);
  const { ports, grants } = await portsOf(stack, redirectUri);
  // Without metrics and limits of anybody's network: it is the operator's own shell.
  const link = await directLogin({ settings, grant }, { ...ports, grants });
  if ('why' in link) throw refusedAction(reasonLabel(link.why));
  const request = { rawPath: link.path, rawQueryString: '', ...from('POST') };
  const started = await reauthorize(request, ports);
  const location = started.headers['location'];
  if (started.statusCode !== 303 || location === undefined) throw refusedBy(started);
  const [cookie] = started.cookies?.[0]?.split(';') ?? [];

  const { displayName } = settings.provider;
  // The deployment's own says that the login began elsewhere, which is true.
  const end =
    redirectUri === settings.redirectUri
      ? 'a page of Grantkeeper’s that refuses it'
      : 'an error, or an empty page';
  console.error(
    `Open this address in a browser, and log in to ${displayName}:\n\n${location}\n\nThe browser then shows ${end}, at an address that begins with ${redirectUri}. Copy that whole address at once: what is in it is good for some seconds.`,
  );
  const pasted = (await ask('\nPaste it here: ')).trim();
  const back = URL.parse(pasted);
  if (back === null || !pasted.startsWith(redirectUri)) {
    throw new CommandError(
      `That is no address that begins with ${redirectUri}. Nothing was stored; run the command again.`,
    );
  }
  const page = await callback(
    { rawPath: '/callback', rawQueryString: back.search.slice(1), cookies: [cookie!], ...from('GET') },
    ports,
  );
  if (page.statusCode !== 200 || !titleOf(page).startsWith('Done')) throw refusedBy(page);
  if (options.json) console.log(json({ connectionId, connected: true }));
  else console.log(`\n${titleOf(page)}.`);
  return exitCodes.well;
}

const from = (method: 'GET' | 'POST') => ({
  headers: {},
  requestContext: { http: { method, sourceIp: 'the command line' } },
});

/** What the pages say of a refusal is what somebody at a terminal needs too. */
function refusedBy(page: HttpResponse): CommandError {
  const main = (page.body ?? '').replace(/^[\s\S]*<main>|<\/main>[\s\S]*$/g, '').replace('</h1>', '.</h1> ');
  const text = new Html(main).toText();
  return new CommandError(`${text} Run the command again.`);
}

function titleOf({ body = '' }: HttpResponse): string {
  return /<h1>([^<]*)<\/h1>/.exec(body)?.[1] ?? '';
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.close();
  }
}

/** What the functions behind the owner's pages have, but for the callback that the provider is told. */
async function portsOf(stack: Stack, redirectUri: string) {
  const [{ commandPorts }, { providerEndpoints }, { stateMachineArn }] = await Promise.all([
    import('./ports.ts'),
    import('../adapters/provider-endpoints.ts'),
    stack.deployment(),
  ]);
  const keeper = commandPorts(stack, stateMachineArn);
  const { grants } = keeper;
  const ports = {
    ...keeper,
    grants: {
      ...grants,
      read: async (connectionId: string) => {
        const { settings, grant } = await grants.read(connectionId);
        return { settings: settings && { ...settings, redirectUri }, grant };
      },
    },
    findEndpoints: providerEndpoints(stack.clock),
    limits: { read: async () => 0, count: async () => 0 },
  };
  return { ports, grants };
}
