import type { ReturnLoginPorts } from '../../app/login/return-login.ts';
import { returnLogin } from '../../app/login/return-login.ts';
import type { HttpRequest, HttpResponse } from '../../app/pages/http.ts';
import { cookieOf } from '../../app/pages/http.ts';
import type { Metrics } from '../../core/ports.ts';

export interface CallbackPorts extends ReturnLoginPorts {
  readonly metrics: Metrics;
}

/** Handles the OAuth callback: completes the login (`app/login/return-login.ts`), and counts it for the alarms. */
export async function callback(request: HttpRequest, ports: CallbackPorts): Promise<HttpResponse> {
  const { page, metric, outcome } = await returnLogin(
    { query: request.rawQueryString, cookie: cookieOf(request, 'login') },
    ports,
  );
  if (metric !== undefined && outcome !== undefined) ports.metrics.count(metric, 'outcome', outcome);
  return page;
}
