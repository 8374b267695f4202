import type { PanelSettings } from '../../core/panel.ts';
import { asOurs } from '../../core/errors.ts';
import { addressKey, personOf, signInLinkMs, signInRepeatMs } from '../../core/panel.ts';
import type { Clock, RateLimits, Mail, Panel, Random, Sessions, SignIn, SignIns } from '../../core/ports.ts';
import type { LoggedResponse, PanelRequest } from '../../app/pages/http.ts';
import {
  clearCookie,
  cookieOf,
  formOf,
  isForeign,
  logged,
  setCookie,
  sourceOf,
} from '../../app/pages/http.ts';
import { onTo, paths, returnPathOf } from '../../app/panel/panel-page.ts';
import { hasCsrfToken, visitorOf } from '../../app/panel/visitor.ts';
import * as pages from '../../app/panel/sign-in-pages.ts';
import { signInMail } from '../../app/panel/sign-in-mail.ts';

export interface SignInPorts {
  readonly panel: Pick<Panel, 'readSettings'>;
  readonly sessions: Sessions;
  readonly signIns: SignIns;
  readonly limits: RateLimits;
  readonly mail: Mail;
  readonly clock: Clock;
  readonly random: Random;
  readonly wait: (ms: number) => Promise<void>;
}

/** Mails to one address that one source asks for: somebody who finds none asks again. */
const asks = { most: 10, windowMs: 60 * 60_000 };
/** From wherever: an inbox is not flooded; and it takes more than one source to keep somebody else from signing in. */
const asksOfAll = { most: 60, windowMs: asks.windowMs };
/** Asks and guesses of one source. */
const tries = { most: 20, windowMs: 10 * 60_000 };
/** Longer than sending a mail takes: the time of an answer tells nothing of whether there was one to send. */
const answerMs = 500;
const longestAddress = 254;

/**
 * Passwordless: whoever reads the mail of an address in the configuration, in the browser that asked for it, is that
 * person. Mail scanners open links and submit their forms, but have no cookie of that browser's.
 */
export async function signIn(request: PanelRequest, ports: SignInPorts): Promise<LoggedResponse> {
  const { method } = request.requestContext.http;
  const nowMs = ports.clock.nowMs();
  const settings = await ports.panel.readSettings();
  if (isForeign(request, settings.publicUrl)) return logged('cross-site', pages.crossSite(nowMs));
  if (request.rawPath === paths.signOut) return signOut(request, settings, ports);
  if (request.rawPath === paths.signIn) {
    if (method === 'POST') return ask(request, settings, ports);
    const visitor = await visitorOf(request, settings, ports);
    const returnTo = returnPathOf(new URLSearchParams(request.rawQueryString).get('to'));
    return visitor ? onTo(returnTo ?? paths.home) : pages.form(nowMs, { returnTo });
  }
  return open(request, settings, ports);
}

async function ask(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<LoggedResponse> {
  const { random, limits } = ports;
  const nowMs = ports.clock.nowMs();
  const form = formOf(request);
  const typed = form.get('email')?.trim() ?? '';
  const returnTo = returnPathOf(form.get('to'));
  if (typed.length > longestAddress || !/^[^\s@]+@[^\s@]+$/u.test(typed))
    return logged('not-an-address', pages.form(nowMs, { refused: typed, returnTo }));
  const source = `source#${sourceOf(request)}`;
  if ((await limits.count('panel', source, tries.windowMs, nowMs)) > tries.most)
    return logged('too-often', pages.tooOften(nowMs));
  const address = `address#${addressKey(typed)}`;
  const asked = await limits.count('panel', `${address} ${source}`, asks.windowMs, nowMs);
  // What is refused to one source is not counted against the others.
  const isTooOften =
    asked > asks.most || (await limits.count('panel', address, asksOfAll.windowMs, nowMs)) > asksOfAll.most;
  const browser = cookieOf(request, 'signIn') ?? random.secret();
  const person = personOf(settings.people, typed);
  const send = async () => {
    if (person === undefined) return 'unknown-address';
    if (isTooOften) return 'address-too-often';
    const secret = random.secret();
    const expiresAtMs = nowMs + signInLinkMs;
    const browserHash = random.hash(browser);
    await ports.signIns.add(random.hash(secret), {
      email: person.email,
      browserHash,
      expiresAtMs,
      returnTo,
    });
    const url = `${settings.publicUrl}${paths.signIn}/${secret}`;
    // To the address of the configuration, however it was typed.
    await ports.mail.send(person.email, signInMail(url));
    return 'mail-sent';
  };
  // A fault is no answer: it would tell that there was a mail to send.
  const sendQuietly = async () => send().catch((error: unknown) => `mail-failed: ${asOurs(error).message}`);
  const [outcome] = await Promise.all([sendQuietly(), ports.wait(answerMs)]);
  const answer = pages.sent(nowMs, typed);
  return logged(outcome, { ...answer, cookies: [setCookie('signIn', browser)] });
}

/** The mailed link: `GET` shows one button, `POST` signs in. */
async function open(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<LoggedResponse> {
  const { random, limits, clock } = ports;
  const nowMs = clock.nowMs();
  const source = `source#${sourceOf(request)}`;
  const linkHash = random.hash(request.rawPath.slice(`${paths.signIn}/`.length));
  const [found, tried] = await Promise.all([
    ports.signIns.read(linkHash),
    limits.read('panel', source, tries.windowMs, nowMs),
  ]);
  if (tried >= tries.most) return logged('too-often', pages.tooOften(nowMs));
  if (found === undefined) {
    await limits.count('panel', source, tries.windowMs, nowMs);
    return logged('not-a-link', pages.notALink(nowMs));
  }
  const browser = cookieOf(request, 'signIn');
  const isOther = browser === undefined || random.hash(browser) !== found.browserHash;
  const { usedAtMs } = found;
  if (usedAtMs !== undefined && (isOther || nowMs >= usedAtMs + signInRepeatMs))
    return logged('used-already', pages.usedAlready(nowMs));
  if (nowMs >= found.expiresAtMs) return logged('expired', pages.expired(nowMs));
  if (isOther) {
    // Who asked twice has signed in by the other link.
    const visitor = await visitorOf(request, settings, ports);
    return visitor === undefined
      ? logged('other-browser', pages.otherBrowser(nowMs))
      : logged('signed-in-already', onTo(found.returnTo ?? paths.home));
  }
  // Taken out of the configuration since.
  if (personOf(settings.people, found.email) === undefined)
    return logged('not-in-the-configuration', pages.notALink(nowMs));
  if (request.requestContext.http.method !== 'POST') return pages.confirm(nowMs, found.email);
  return begin(linkHash, found, ports);
}

async function begin(
  linkHash: string,
  { email, returnTo = paths.home }: SignIn,
  ports: SignInPorts,
): Promise<LoggedResponse> {
  const { random, clock } = ports;
  const nowMs = clock.nowMs();
  if (!(await ports.signIns.use(linkHash, nowMs))) return logged('used-already', pages.usedAlready(nowMs));
  const secret = random.secret();
  await ports.sessions.start(random.hash(secret), { email, startedAtMs: nowMs, seenAtMs: nowMs });
  return logged('signed-in', onTo(returnTo, [setCookie('session', secret), clearCookie('signIn')]));
}

async function signOut(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<LoggedResponse> {
  const nowMs = ports.clock.nowMs();
  const visitor = await visitorOf(request, settings, ports);
  const form = formOf(request);
  const isEverywhere = form.get('everywhere') === 'yes';
  // Whose the others are, a session that has ended does not tell.
  if (visitor === undefined) {
    const page = isEverywhere ? pages.notSignedOutElsewhere(nowMs) : pages.signedOut(nowMs, false);
    return logged('no-session', { ...page, cookies: [clearCookie('session')] });
  }
  if (!hasCsrfToken(visitor, form, ports.random)) return logged('forged', pages.crossSite(nowMs));
  await ports.sessions.end(visitor.sessionHash);
  if (isEverywhere) await ports.sessions.endAll(visitor.email, nowMs);
  const outcome = isEverywhere ? 'signed-out-everywhere' : 'signed-out';
  return logged(outcome, { ...pages.signedOut(nowMs, isEverywhere), cookies: [clearCookie('session')] });
}
