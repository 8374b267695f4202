import type { PanelSettings } from '../../core/panel.ts';
import { addressKey, personOf, signInLinkMs } from '../../core/panel.ts';
import type { Clock, Limits, Mail, Panel, Random, Sessions, SignIn, SignIns } from '../../core/ports.ts';
import type { HttpResponse, PanelRequest } from '../http.ts';
import { clearCookie, cookieOf, formOf, isSameOrigin, setCookie, sourceOf } from '../http.ts';
import { onTo, paths } from '../panel-page.ts';
import { hasCsrfToken, visitorOf } from '../visitor.ts';
import * as pages from './sign-in-pages.ts';
import { signInMail } from './sign-in-mail.ts';

export interface SignInPorts {
  readonly panel: Pick<Panel, 'readSettings'>;
  readonly sessions: Sessions;
  readonly signIns: SignIns;
  readonly limits: Limits;
  readonly mail: Mail;
  readonly clock: Clock;
  readonly random: Random;
  readonly wait: (ms: number) => Promise<void>;
}

/** Mails to one address: somebody who finds none asks again, and nobody's inbox is flooded. */
const asks = { most: 10, windowMs: 60 * 60_000 };
/** Asks and guesses of one source. */
const tries = { most: 20, windowMs: 10 * 60_000 };
/** Longer than sending a mail takes: the time of an answer tells nothing of whether there was one to send. */
const answerMs = 500;
const longestAddress = 254;

/**
 * Passwordless: whoever reads the mail of an address in the configuration, in the browser that asked for it, is that
 * person. Mail scanners open links and submit their forms, but have no cookie of that browser's.
 */
export async function signIn(request: PanelRequest, ports: SignInPorts): Promise<HttpResponse> {
  const { method } = request.requestContext.http;
  const nowMs = ports.clock.nowMs();
  const settings = await ports.panel.readSettings();
  if (method === 'POST' && !isSameOrigin(request, settings.publicUrl)) return pages.crossSite(nowMs);
  if (request.rawPath === paths.signOut) return signOut(request, settings, ports);
  if (request.rawPath === paths.signIn) {
    if (method === 'POST') return ask(request, settings, ports);
    const visitor = await visitorOf(request, settings, ports);
    return visitor ? onTo(paths.home) : pages.form(nowMs);
  }
  return open(request, settings, ports);
}

async function ask(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<HttpResponse> {
  const { random, limits } = ports;
  const nowMs = ports.clock.nowMs();
  const typed = formOf(request).get('email')?.trim() ?? '';
  if (typed.length > longestAddress || !/^[^\s@]+@[^\s@]+$/u.test(typed)) return pages.form(nowMs, typed);
  const [tried, asked] = await Promise.all([
    limits.count('panel', `source#${sourceOf(request)}`, tries.windowMs, nowMs),
    limits.count('panel', `address#${addressKey(typed)}`, asks.windowMs, nowMs),
  ]);
  if (tried > tries.most) return pages.tooOften(nowMs);
  const browser = cookieOf(request, 'signIn') ?? random.secret();
  const person = asked > asks.most ? undefined : personOf(settings.people, typed);
  const sent = async () => {
    if (person === undefined) return;
    const secret = random.secret();
    const expiresAtMs = nowMs + signInLinkMs;
    const browserHash = random.hash(browser);
    await ports.signIns.offer(random.hash(secret), { email: person.email, browserHash, expiresAtMs });
    const url = `${settings.publicUrl}${paths.signIn}/${secret}`;
    // To the address of the configuration, however it was typed.
    await ports.mail.send(person.email, signInMail(url));
  };
  await Promise.all([sent(), ports.wait(answerMs)]);
  const answer = pages.sent(nowMs, typed);
  return { ...answer, cookies: [setCookie('signIn', browser)] };
}

/** The mailed link: `GET` shows one button, `POST` signs in. */
async function open(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<HttpResponse> {
  const { random, limits, clock } = ports;
  const nowMs = clock.nowMs();
  const source = `source#${sourceOf(request)}`;
  const linkHash = random.hash(request.rawPath.slice(`${paths.signIn}/`.length));
  const [found, tried] = await Promise.all([
    ports.signIns.read(linkHash),
    limits.read('panel', source, tries.windowMs, nowMs),
  ]);
  if (tried >= tries.most) return pages.tooOften(nowMs);
  if (found === undefined) {
    await limits.count('panel', source, tries.windowMs, nowMs);
    return pages.notALink(nowMs);
  }
  const browser = cookieOf(request, 'signIn');
  if (browser === undefined || random.hash(browser) !== found.browserHash) return pages.otherBrowser(nowMs);
  if (found.usedAtMs !== undefined) return pages.usedAlready(nowMs);
  if (nowMs >= found.expiresAtMs) return pages.expired(nowMs);
  // Taken out of the configuration since.
  if (personOf(settings.people, found.email) === undefined) return pages.notALink(nowMs);
  if (request.requestContext.http.method !== 'POST') return pages.confirm(nowMs, found.email);
  return begin(linkHash, found, ports);
}

async function begin(linkHash: string, { email }: SignIn, ports: SignInPorts): Promise<HttpResponse> {
  const { random, clock } = ports;
  const nowMs = clock.nowMs();
  if (!(await ports.signIns.use(linkHash, nowMs))) return pages.usedAlready(nowMs);
  const secret = random.secret();
  await ports.sessions.start(random.hash(secret), { email, startedAtMs: nowMs, seenAtMs: nowMs });
  return onTo(paths.home, [setCookie('session', secret), clearCookie('signIn')]);
}

async function signOut(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<HttpResponse> {
  const nowMs = ports.clock.nowMs();
  const visitor = await visitorOf(request, settings, ports);
  const form = formOf(request);
  if (visitor !== undefined) {
    if (!hasCsrfToken(visitor, form, ports.random)) return pages.crossSite(nowMs);
    await ports.sessions.end(visitor.sessionHash);
    if (form.get('everywhere') === 'yes') await ports.sessions.endAll(visitor.email, nowMs);
  }
  const page = pages.signedOut(nowMs, form.get('everywhere') === 'yes');
  return { ...page, cookies: [clearCookie('session')] };
}
