import type { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { isLoopbackHost } from '../aws/loopback.ts';
import { paths, schwabLimits } from './control.ts';
import type { BrokerageControl, BrokerageOptions, WorkerMessage } from './control.ts';
import { Grants } from './grants.ts';
import { api } from './api.ts';
import { Logins } from './login.ts';
import { defaultScope, demoProvider } from './provider.ts';
import { TokenEndpoint } from './token-endpoint.ts';

type Middleware = Parameters<Provider['use']>[0];

/** The path to which the second origin redirects the browser. */
const hoppedPath = `${paths.authorize}/hopped`;

export interface Serving {
  readonly port: number;
  readonly hopPort: number;
  readonly control: BrokerageControl;
}

/** Starts both origins. They listen first, because the issuer's name contains its port. */
export async function serve(
  options: BrokerageOptions,
  say: (message: WorkerMessage) => void,
): Promise<Serving> {
  const main = await listen(options.port);
  const hop = await listen(options.hopPort);
  const issuer = `http://localhost:${main.port}`;

  const limits = { ...schwabLimits, ...options.limits };
  const provider = demoProvider(issuer, options, limits);
  const grants = new Grants(provider);
  const tokenEndpoint = new TokenEndpoint(say);
  const issued = collectIssued(provider);
  const logins = new Logins(provider, grants, limits, options.login);
  provider.use(browserSessionCookies);
  provider.use(hopOnce(`http://localhost:${hop.port}`));
  provider.use(tokenEndpoint.middleware);
  provider.use(logins.middleware);
  provider.use(api(provider, grants));

  (provider as EventEmitter).on('error', (error: NodeJS.ErrnoException) => {
    if (!isClientGone(error)) provider.onerror(error);
  });

  const handle = provider.callback();
  main.answer((request, response) => void handle(request, response));
  hop.answer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', issuer);
    if (pathname === paths.authorize) response.writeHead(302, { location: issuer + hoppedPath + search });
    else response.writeHead(404);
    response.end();
  });
  return {
    port: main.port,
    hopPort: hop.port,
    control: {
      misbehave: (...args) => tokenEndpoint.misbehave(...args),
      setDelayMs: (delayMs) => tokenEndpoint.setDelayMs(delayMs),
      tokenCalls: () => tokenEndpoint.calls(),
      reset: () => tokenEndpoint.reset(),
      setLogin: (behaviour) => void (logins.behaviour = behaviour),
      passwordsTried: () => logins.passwordsTried,
      codesTyped: () => [...logins.codesTyped],
      userAgents: () => [...logins.userAgents],
      revokeAllGrants: () => grants.endAll(),
      issued: () => [...issued],
      treat: (requestId, misbehaviour) => tokenEndpoint.treat(requestId, misbehaviour),
    },
  };
}

async function listen(port: number): Promise<{ port: number; answer: (listener: RequestListener) => void }> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
      reject(new Error(`Demo Brokerage cannot listen on port ${port}: ${why}`));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    answer: (listener) =>
      void server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        if (isLoopbackHost(request.headers.host)) return listener(request, response);
        response.writeHead(403, { 'content-type': 'text/plain' });
        return response.end('Demo Brokerage answers to 127.0.0.1 and localhost only.');
      }),
  };
}

/** Functions under test abort or die during calls, so such errors are not printed. */
function isClientGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/** Redirects each authorization request through the second origin and back, as real logins cross hosts. */
function hopOnce(hopOrigin: string): Middleware {
  return async (ctx, next) => {
    if (ctx.path === paths.authorize) return ctx.redirect(hopOrigin + paths.authorize + ctx.search);
    if (ctx.path === hoppedPath) {
      const asked = new URLSearchParams(ctx.querystring);
      if (!asked.get('scope')) asked.set('scope', defaultScope); // RFC 6749 §3.3: a server may have a default
      ctx.path = paths.authorize;
      ctx.querystring = asked.toString();
    }
    return next();
  };
}

/**
 * Removes `expires` from cookies that are set: it would be in virtual time, which the browser doesn't share. Their
 * sessions still expire here, in virtual time.
 */
const browserSessionCookies: Middleware = async (ctx, next) => {
  await next();
  const cookies = ctx.response.get('set-cookie') as unknown;
  if (!Array.isArray(cookies)) return;
  ctx.set(
    'set-cookie',
    cookies.map((cookie) => String(cookie).replace(/; expires=(?!Thu, 01 Jan 1970)[^;]*/i, '')),
  );
};

/** Records every credential that is issued; see `BrokerageControl.issued`. */
function collectIssued(provider: Provider): Set<string> {
  const issued = new Set<string>();
  const add = (answer: unknown, ...members: readonly string[]) => {
    for (const member of members) {
      const value = (answer as Record<string, unknown> | undefined)?.[member];
      if (typeof value === 'string') issued.add(value);
    }
  };
  provider.on('authorization.success', (_ctx, answer) => add(answer, 'code'));
  provider.on('grant.success', (ctx) => add(ctx.body, 'access_token', 'refresh_token', 'id_token'));
  return issued;
}
