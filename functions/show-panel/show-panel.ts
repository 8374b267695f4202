import { isDisconnected } from '../../core/grant.ts';
import type { Clock, Panel, Random, Sessions } from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { HttpResponse, PanelRequest } from '../../app/pages/http.ts';
import {
  backTo,
  noSuchConnection,
  notSignedIn,
  redirect,
  paths,
  problemPage,
} from '../../app/panel/panel-page.ts';
import { actionResultText, refusalText, refusalTitle } from '../../app/labels.ts';
import type { SignedInUser } from '../../app/panel/signed-in-user.ts';
import { autoRefreshHeader, signedInUserOf } from '../../app/panel/signed-in-user.ts';
import { disconnectPage } from '../../app/panel/actions.ts';
import { connectionPage } from '../../app/panel/connection.ts';
import { overviewPage } from '../../app/panel/overview.ts';
import { kinds } from '../../app/panel/timeline.ts';

export interface ShowPanelPorts {
  readonly panel: Panel;
  readonly sessions: Pick<Sessions, 'read' | 'touch'>;
  readonly clock: Clock;
  readonly random: Random;
  /** By file name. */
  readonly assets: Readonly<Record<string, { readonly type: string; readonly text: string }>>;
}

/** Events on one page of the timeline. */
const pageSize = 40;
const connectionPath = /^\/panel\/connections\/([a-z0-9-]{2,32})(\/disconnect)?$/;
const eventKey = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[\w-]{1,40}$/;

/** Answers the panel's pages and assets. Changes nothing. */
export async function showPanel(request: PanelRequest, ports: ShowPanelPorts): Promise<HttpResponse> {
  const asset = /^\/panel\/assets\/([\w.-]+)$/.exec(request.rawPath)?.[1];
  if (asset !== undefined) return serveAsset(asset, ports);
  const settings = await ports.panel.readSettings();
  const nowMs = ports.clock.nowMs();
  const user = await signedInUserOf(request, settings, ports);
  if (user === undefined) {
    // Redirect a person, but answer the script that the session has ended.
    return request.headers[autoRefreshHeader] === undefined && request.rawPath === paths.home
      ? redirect(paths.signIn)
      : notSignedIn(nowMs, request.rawPath);
  }
  const query = new URLSearchParams(request.rawQueryString);
  const { executionUrl } = settings;
  if (request.rawPath === paths.home) {
    const connections = await ports.panel.readConnections(settings.connectionIds);
    return overviewPage({ connections, executionUrl, user, nowMs, filter: query });
  }
  const [, connectionId, isDisconnect] = connectionPath.exec(request.rawPath) ?? [];
  if (connectionId === undefined || !settings.connectionIds.includes(connectionId)) {
    return noSuchConnection(nowMs, user);
  }
  const kind = kinds.find((each) => each === query.get('kind'));
  const before = eventKey.exec(query.get('before') ?? '')?.[0];
  const [connections, found] = await Promise.all([
    ports.panel.readConnections([connectionId]),
    ports.panel.readEvents(connectionId, { kind, before, limit: pageSize }),
  ]);
  const [connection] = connections;
  if (connection?.settings === undefined) return noSuchConnection(nowMs, user);
  const shown = { ...connection, settings: connection.settings };
  if (isDisconnect !== undefined) {
    if (user.role === 'operator' && isDisconnected(shown.grant))
      return disconnectedAlready(connectionId, nowMs, user);
    return user.role === 'operator'
      ? disconnectPage(shown, user, nowMs)
      : operatorsOnly(shown.settings, nowMs, user);
  }
  // Show an action's result only to a browser that comes from our own page. A link from elsewhere could claim anything.
  const { 'sec-fetch-site': site = 'same-origin' } = request.headers;
  const actionResult =
    site === 'same-origin' ? actionResultText(query.get('done'), connection.settings) : undefined;
  const isNewest = before === undefined;
  return connectionPage({
    connection: shown,
    found,
    kind,
    isNewest,
    executionUrl,
    user,
    nowMs,
    actionResult,
  });
}

function serveAsset(name: string, { assets }: ShowPanelPorts): HttpResponse {
  const asset = Object.hasOwn(assets, name) ? assets[name] : undefined;
  const shared = { 'x-content-type-options': 'nosniff', 'strict-transport-security': 'max-age=31536000' };
  if (asset === undefined) {
    const headers = { ...shared, 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' };
    return { statusCode: 404, headers, body: 'There is no such file.' };
  }
  // Assets hold no secret. Ten minutes after a deployment every browser has the new ones.
  const headers = { ...shared, 'cache-control': 'public, max-age=600', 'content-type': asset.type };
  return { statusCode: 200, headers, body: asset.text };
}

function disconnectedAlready(connectionId: string, nowMs: number, user: SignedInUser): HttpResponse {
  return problemPage({
    statusCode: 409,
    title: `${connectionId} is already disconnected`,
    why: 'Its secrets are empty, and there is nothing left to revoke. The timeline shows who disconnected it.',
    next: backTo(connectionId),
    nowMs,
    user,
  });
}

function operatorsOnly(settings: Settings, nowMs: number, user: SignedInUser): HttpResponse {
  return problemPage({
    statusCode: 403,
    title: refusalTitle('operators-only'),
    why: refusalText('operators-only', settings),
    next: backTo(settings.connectionId),
    nowMs,
    user,
  });
}
