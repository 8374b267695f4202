import { isDisconnected } from '../../core/grant.ts';
import type { Clock, Panel, Random, Sessions } from '../../core/ports.ts';
import type { HttpResponse, PanelRequest } from '../../app/pages/http.ts';
import {
  backTo,
  noSuchConnection,
  notSignedIn,
  onTo,
  paths,
  problemPage,
} from '../../app/panel/panel-page.ts';
import { wordsFor } from '../../app/panel/panel-action.ts';
import type { Visitor } from '../../app/panel/visitor.ts';
import { liveHeader, visitorOf } from '../../app/panel/visitor.ts';
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
/** The time and the random letters of an event's key. */
const eventKey = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[\w-]{1,40}$/;

/** The pages of the panel: it reads, and changes nothing. */
export async function showPanel(request: PanelRequest, ports: ShowPanelPorts): Promise<HttpResponse> {
  const asset = /^\/panel\/assets\/([\w.-]+)$/.exec(request.rawPath)?.[1];
  if (asset !== undefined) return serveAsset(asset, ports);
  const settings = await ports.panel.readSettings();
  const nowMs = ports.clock.nowMs();
  const visitor = await visitorOf(request, settings, ports);
  if (visitor === undefined) {
    // What refreshes itself is told; a person is led on.
    return request.headers[liveHeader] === undefined && request.rawPath === paths.home
      ? onTo(paths.signIn)
      : notSignedIn(nowMs, request.rawPath);
  }
  const query = new URLSearchParams(request.rawQueryString);
  const { executionUrl } = settings;
  if (request.rawPath === paths.home) {
    const connections = await ports.panel.readConnections(settings.connectionIds);
    return overviewPage({ connections, executionUrl, visitor, nowMs, filter: query });
  }
  const [, connectionId, isDisconnect] = connectionPath.exec(request.rawPath) ?? [];
  if (connectionId === undefined || !settings.connectionIds.includes(connectionId)) {
    return noSuchConnection(nowMs, visitor);
  }
  const kind = kinds.find((each) => each === query.get('kind'));
  const before = eventKey.exec(query.get('before') ?? '')?.[0];
  const [connections, found] = await Promise.all([
    ports.panel.readConnections([connectionId]),
    ports.panel.readEvents(connectionId, { kind, before, limit: pageSize }),
  ]);
  const [connection] = connections;
  if (connection?.settings === undefined) return noSuchConnection(nowMs, visitor);
  const shown = { ...connection, settings: connection.settings };
  if (isDisconnect !== undefined) {
    if (visitor.role === 'operator' && isDisconnected(shown.grant))
      return disconnectedAlready(connectionId, nowMs, visitor);
    return visitor.role === 'operator'
      ? disconnectPage(shown, visitor, nowMs)
      : operatorsOnly(connectionId, nowMs, visitor);
  }
  // After a press the browser comes from a page of ours; whoever follows a link from elsewhere has done nothing.
  const { 'sec-fetch-site': site = 'same-origin' } = request.headers;
  const done = site === 'same-origin' ? wordsFor(query.get('done')) : undefined;
  const isNewest = before === undefined;
  return connectionPage({ connection: shown, found, kind, isNewest, executionUrl, visitor, nowMs, done });
}

function serveAsset(name: string, { assets }: ShowPanelPorts): HttpResponse {
  const asset = Object.hasOwn(assets, name) ? assets[name] : undefined;
  const shared = { 'x-content-type-options': 'nosniff', 'strict-transport-security': 'max-age=31536000' };
  if (asset === undefined) {
    const headers = { ...shared, 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' };
    return { statusCode: 404, headers, body: 'There is no such file.' };
  }
  // No secret is in it, and ten minutes after a deployment everybody has the new one.
  const headers = { ...shared, 'cache-control': 'public, max-age=600', 'content-type': asset.type };
  return { statusCode: 200, headers, body: asset.text };
}

function disconnectedAlready(connectionId: string, nowMs: number, visitor: Visitor): HttpResponse {
  return problemPage({
    statusCode: 409,
    title: 'It is disconnected already',
    why: 'Its secrets are empty, and nothing is left to revoke. The timeline has who did it.',
    next: backTo(connectionId),
    nowMs,
    visitor,
  });
}

function operatorsOnly(connectionId: string, nowMs: number, visitor: Visitor): HttpResponse {
  return problemPage({
    statusCode: 403,
    title: 'Only operators may do that',
    why: 'You are signed in as a viewer. Whoever runs Grantkeeper can change that in the configuration.',
    next: backTo(connectionId),
    nowMs,
    visitor,
  });
}
