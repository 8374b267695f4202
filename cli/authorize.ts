import { createInterface } from 'node:readline/promises';

import { oddityOfCallbackUrl } from '../core/callback-url.ts';
import { Html } from '../core/html.ts';
import { parseLinkPath } from '../core/link.ts';
import type { HttpResponse } from '../app/pages/http.ts';
import { directLogin } from '../app/login/direct-login.ts';
import { returnLogin } from '../app/login/return-login.ts';
import { startLogin } from '../app/login/start-login.ts';
import { reporting } from '../app/notices/report.ts';
import { refusalText } from '../app/labels.ts';
import { CommandError, exitCodes, json, refusedAction } from './output.ts';
import type { Options, Stack } from './stack.ts';
import { connectionOf, openStack } from './stack.ts';

export interface AuthorizeOptions extends Options {
  /** A registered callback URL. The deployment's by default. */
  readonly callback?: string;
}

/**
 * Logs in without a link: prints the address at which the owner logs in, and reads the address to which the provider
 * redirects. Nothing has to listen at that address. The login ends like every other one.
 */
export async function authorize(connectionId: string, options: AuthorizeOptions): Promise<number> {
  const stack = await openStack(options);
  const { settings, grant } = await connectionOf(stack, connectionId);
  const redirectUri = options.callback ?? settings.redirectUri;
  if (URL.parse(redirectUri) === null) throw new CommandError(`--callback ${redirectUri} is no URL.`);
  const oddity = options.callback === undefined ? undefined : oddityOfCallbackUrl(redirectUri);
  if (oddity !== undefined) console.error(`Note of --callback: ${oddity}.\n`);
  const ports = await portsOf(stack, redirectUri);
  const link = await directLogin({ settings, grant }, ports);
  if ('why' in link) throw refusedAction(refusalText(link.why, settings));
  const { authorizationId } = parseLinkPath(link.path)!;
  const authorization = await ports.authorizations.read(connectionId, authorizationId);
  const started =
    authorization &&
    (await reporting(connectionId, 'Reauthorize', ports.workflow, () =>
      startLogin({ ...settings, redirectUri }, authorization, undefined, ports),
    ));
  if (started === undefined)
    throw new CommandError('A newer link was sent in the meantime. Run the command again.');

  const { displayName } = settings.provider;
  // The deployment's callback page says that the login began in another browser, which is true.
  const end =
    redirectUri === settings.redirectUri
      ? 'a page on which Grantkeeper refuses the login'
      : 'an error, or an empty page';
  console.error(
    `Open this address in a browser, and log in to ${displayName}:\n\n${started.url}\n\nThe browser then shows ${end}, at an address that begins with ${redirectUri}. Copy the whole address at once, because its code expires after some seconds.`,
  );
  const pasted = (await ask('\nPaste it here: ')).trim();
  const back = URL.parse(pasted);
  if (back === null || !pasted.startsWith(redirectUri)) {
    throw new CommandError(
      `The address must begin with ${redirectUri}. Nothing was stored; run the command again.`,
    );
  }
  const { page, metric, outcome } = await returnLogin(
    { query: back.search.slice(1), cookie: started.cookie },
    ports,
  );
  if (metric !== 'CallbacksCompleted' || outcome === 'held') throw refusedBy(page);
  if (options.json) console.log(json({ connectionId, connected: true }));
  else console.log(`\n${titleOf(page)}.`);
  return exitCodes.ok;
}

/** Prints the text of a refusal's page. */
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

/** The ports with another callback URL than the functions'. */
async function portsOf(stack: Stack, redirectUri: string) {
  const [{ commandPorts }, { providerEndpoints }, { stateMachineArn }] = await Promise.all([
    import('./ports.ts'),
    import('../adapters/provider-endpoints.ts'),
    stack.deployment(),
  ]);
  const ports = commandPorts(stack, stateMachineArn);
  const read = async (connectionId: string) => {
    const { settings, grant } = await ports.grants.read(connectionId);
    return { settings: settings && { ...settings, redirectUri }, grant };
  };
  return { ...ports, grants: { ...ports.grants, read }, findEndpoints: providerEndpoints(stack.clock) };
}
