import type { RouteArgs } from './components/http-api.ts';
import type { Functions } from './functions.ts';

const link = '/reauthorize/{connectionId}/{authorizationId}/{secret}';

/**
 * Each route has its own throttling, so that a flood of the pages leaves the callback alone. The limits are small: a new
 * account has 10 concurrent executions for all functions.
 */
export const routesTo = (functions: Functions): RouteArgs[] => [
  {
    name: 'reauthorize',
    target: functions.reauthorize,
    routeKeys: { get: `GET ${link}`, post: `POST ${link}` },
    throttling: { rateLimit: 10, burstLimit: 3 },
  },
  {
    name: 'callback',
    target: functions.callback,
    routeKeys: { get: 'GET /callback' },
    throttling: { rateLimit: 50, burstLimit: 10 },
  },
  {
    name: 'show-panel',
    target: functions.showPanel,
    routeKeys: {
      home: 'GET /panel',
      connection: 'GET /panel/connections/{connectionId}',
      disconnect: 'GET /panel/connections/{connectionId}/disconnect',
      assets: 'GET /panel/assets/{file}',
    },
    throttling: { rateLimit: 20, burstLimit: 6 },
  },
  {
    name: 'take-action',
    target: functions.takeAction,
    routeKeys: { post: 'POST /panel/connections/{connectionId}/{action}' },
    throttling: { rateLimit: 5, burstLimit: 3 },
  },
  {
    name: 'sign-in',
    target: functions.signIn,
    routeKeys: {
      form: 'GET /panel/sign-in',
      ask: 'POST /panel/sign-in',
      link: 'GET /panel/sign-in/{secret}',
      begin: 'POST /panel/sign-in/{secret}',
      out: 'POST /panel/sign-out',
    },
    throttling: { rateLimit: 5, burstLimit: 3 },
  },
];
