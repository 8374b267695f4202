/** `npm start`: Grantkeeper in the embedded cloud, without an AWS account. */
import type { LoginBehaviour } from './brokerage/control.ts';
import type { Demo } from './demo.ts';
import { readFlags, UsageError } from './flags.ts';
import type { LoginPageName } from './browser-login.ts';
import { loginPages, browserSecret, withBrowserLogin } from './browser-login.ts';
import type { ToolsServer } from './tools/server.ts';

const defaults = {
  'tools-port': 8181,
  'api-port': 8182,
  'brokerage-port': 8183,
  'hop-port': 8184,
  'aws-port': 4566,
  'webhooks-port': 8185,
};

const help = `Usage: npm start -- [options]

Brings the Pulumi stack "local" up in an embedded cloud on this machine, with an authorization server beside it.

Options:
  --tools-port <n>      time, inbox, executions and logs  (${defaults['tools-port']})
  --api-port <n>        links and callback                (${defaults['api-port']})
  --brokerage-port <n>  Demo Brokerage                    (${defaults['brokerage-port']})
  --hop-port <n>        its second origin                 (${defaults['hop-port']})
  --webhooks-port <n>   where chats and webhooks go       (${defaults['webhooks-port']})
  --aws-port <n>        AWS, for the ordinary SDK         (${defaults['aws-port']})
  --bot                 the example of a bot, too: once an hour it looks at the accounts (examples/bot)
  --browser-login               opts in to a browser that logs in by itself, with its password in place (Linux on x64)
  --login-pages <list>  what Demo Brokerage's login has more, or has wrong, separated by commas: ${Object.keys(loginPages).join(', ')}
  --help                this text

A port of 0 takes any free one.`;

type PortName = keyof typeof defaults;
const names = Object.keys(defaults) as PortName[];

const port = { type: 'string' } as const;
const flags = {
  'tools-port': port,
  'api-port': port,
  'brokerage-port': port,
  'hop-port': port,
  'aws-port': port,
  'webhooks-port': port,
  bot: { type: 'boolean' },
  'browser-login': { type: 'boolean' },
  'login-pages': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws {UsageError} for an unknown option, an invalid port, or a port used twice */
function readOptions(): Options | undefined {
  const values = readFlags(flags);
  if (values.help) return undefined;
  const ports = { ...defaults };
  for (const name of names) {
    const value = values[name];
    if (value === undefined) continue;
    if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) {
      throw new UsageError(`--${name} is ${JSON.stringify(value)}: must be a port from 0 to 65535.`);
    }
    ports[name] = Number(value);
  }
  for (const name of names) {
    const same = names.find((other) => other !== name && ports[other] === ports[name] && ports[name] !== 0);
    if (same)
      throw new UsageError(`--${name} and --${same} are both ${ports[name]}: each needs a port of its own.`);
  }
  const login = (values['login-pages']?.split(',') ?? []).map((name) => {
    if (Object.hasOwn(loginPages, name)) return loginPages[name as LoginPageName];
    const known = Object.keys(loginPages).join(', ');
    throw new UsageError(`--login-pages has ${JSON.stringify(name)}: must be some of ${known}.`);
  });
  return {
    ports,
    bot: values.bot ?? false,
    browserLogin: values['browser-login'] ?? false,
    login: Object.assign({}, ...login) as LoginBehaviour,
  };
}

interface Options {
  readonly ports: Readonly<Record<PortName, number>>;
  readonly bot: boolean;
  readonly browserLogin: boolean;
  readonly login: LoginBehaviour;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    console.log(help);
    return;
  }
  // From the beginning, so that a stop during start-up deletes the cloud's folder, too.
  const stop = stopAsked();
  console.log('Evaluating the Pulumi program and bringing it up …');
  const started = bringUp(options);
  const running = await Promise.race([stop, started]);
  if (running) console.log(ready(running));
  await stop;
  const { demo, tools } = await started;
  await Promise.all([tools.close(), demo.close()]);
  process.exit(0);
}

interface Running {
  readonly demo: Demo;
  readonly tools: ToolsServer;
}

async function bringUp({ ports, bot, browserLogin, login }: Options): Promise<Running> {
  // Imported after the flags were read: these load the whole program and bundle its functions.
  const [{ startDemo }, { putSecretValue }, { startTools }, example] = await Promise.all([
    import('./demo.ts'),
    import('./cloud.ts'),
    import('./tools/server.ts'),
    bot ? import('./example-bot.ts') : undefined,
  ]);
  const tools = await startTools(ports['tools-port']);
  const demo = await startDemo({
    startMs: Date.now(),
    toolsUrl: tools.url,
    ...(example && { add: example.addBot }),
    ...(browserLogin && { configure: withBrowserLogin }),
    login,
    ports: {
      aws: ports['aws-port'],
      api: ports['api-port'],
      brokerage: ports['brokerage-port'],
      hop: ports['hop-port'],
      webhooks: ports['webhooks-port'],
    },
  }).catch(async (error: unknown) => {
    await tools.close();
    throw error;
  });
  tools.show(demo.cloud);
  if (browserLogin) await putSecretValue(demo.cloud, browserSecret.name, browserSecret.value);
  // Run the schedule's first tick, so that the invitation is in the inbox.
  await demo.cloud.clock.advance(0);
  return { demo, tools };
}

/** Resolves at a signal, or when npm is gone: npm passes SIGTERM to a shell, which ends without passing it on. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        console.log('\nStopping.');
        resolve();
      });
    }
    if (process.env.npm_lifecycle_event !== 'start') return;
    const shell = process.ppid;
    setInterval(() => {
      if (process.ppid !== shell || !isAlive(shell)) resolve();
    }, 250).unref();
  });
}

/** On Windows `ppid` doesn't change when the parent has gone. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

function ready({ demo: { cloud, brokerage }, tools: { url } }: Running): string {
  return `
Grantkeeper is running. Nothing here leaves this machine.

  ${url}   inbox, executions, logs; time stands still until you step it
  ${cloud.apiUrl}/panel   the panel: sign in as operator@example.com, the mail is in the inbox
  ${cloud.apiUrl}   links and callback, as API Gateway serves them
  ${brokerage.issuer}   Demo Brokerage: login ID demo, password demo
  ${cloud.awsUrl}   AWS, for the ordinary SDK (access key "test", secret "test", us-east-1)

What to do next:
  1. Open ${url}: the inbox has a mail that invites you to connect demo-main.
  2. Click its link, log in as demo / demo, allow. The waiting execution resumes, and the tokens are stored.
  3. Press "+1 h" and "+1 day" there: access tokens are refreshed, and near the end of the week the link comes again.
     Or from a terminal: curl -d '{"advance":"P6DT12H"}' ${url}/clock

Ctrl+C stops it. --help lists the options.`;
}

/** The message for an error at start-up: its cause, and the next step. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nnpm start -- --help lists the options.`;
  const { code, port, message } = error as { code?: string; port?: number; message: string };
  const taken = code === 'EADDRINUSE' ? port : /port (\d+): it is in use/.exec(message)?.[1];
  if (taken === undefined) return message;
  const ports = readOptions()?.ports ?? defaults;
  const flag = names.find((name) => ports[name] === Number(taken));
  return `Port ${taken} is in use by another program. Stop that, or choose another: npm start -- --${flag ?? '…-port'} 0`;
}

main().catch((error: unknown) => {
  console.error(explain(error));
  process.exit(1);
});
