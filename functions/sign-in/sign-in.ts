import type { PanelSettings, SignIn } from '../../core/panel.ts';
import { asOurs } from '../../core/errors.ts';
import { addressKey, personOf, signInLinkMs, signInRepeatMs } from '../../core/panel.ts';
import type { Clock, RateLimits, Mail, Panel, Random, Sessions, SignIns } from '../../core/ports.ts';
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
import { redirect, paths, returnPathOf } from '../../app/panel/panel-page.ts';
import { hasCsrfToken, signedInUserOf } from '../../app/panel/signed-in-user.ts';
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

/** Limits the mails to one address that one network may request. A person may ask again if a mail is missing. */
const mailLimit = { most: 10, windowMs: 60 * 60_000 };
/** Limits the mails to one address from all networks together. Higher, so that one network cannot lock a person out. */
const mailLimitOfAll = { most: 60, windowMs: mailLimit.windowMs };
/** Limits the requests and guessed links of one network. */
const attemptLimit = { most: 20, windowMs: 10 * 60_000 };
/** Longer than sending a mail takes, so that the time of an answer does not reveal whether one was sent. */
const answerMs = 500;
const longestAddress = 254;

/**
 * Signs in without a password: the link in the mail works only in the browser that asked for it. Mail scanners open links
 * and even submit forms, but do not have that browser's cookie.
 */
export async function signIn(request: PanelRequest, ports: SignInPorts): Promise<LoggedResponse> {
  const { method } = request.requestContext.http;
  const nowMs = ports.clock.nowMs();
  const settings = await ports.panel.readSettings();
  if (isForeign(request, settings.publicUrl)) return logged('cross-site', pages.crossSite(nowMs));
  if (request.rawPath === paths.signOut) return signOut(request, settings, ports);
  if (request.rawPath === paths.signIn) {
    if (method === 'POST') return sendLink(request, settings, ports);
    const user = await signedInUserOf(request, settings, ports);
    const returnTo = returnPathOf(new URLSearchParams(request.rawQueryString).get('to'));
    return user ? redirect(returnTo ?? paths.home) : pages.form(nowMs, { returnTo });
  }
  return open(request, settings, ports);
}

async function sendLink(
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
  if ((await limits.count('panel', source, attemptLimit.windowMs, nowMs)) > attemptLimit.most)
    return logged('too-often', pages.tooOften(nowMs));
  const address = `address#${addressKey(typed)}`;
  const asked = await limits.count('panel', `${address} ${source}`, mailLimit.windowMs, nowMs);
  // A request refused to one network does not count for the others.
  const isTooOften =
    asked > mailLimit.most ||
    (await limits.count('panel', address, mailLimitOfAll.windowMs, nowMs)) > mailLimitOfAll.most;
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
    // The address of the configuration, not as it was typed.
    await ports.mail.send(person.email, signInMail(url));
    return 'mail-sent';
  };
  // Answering a fault would reveal that there was a mail to send.
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
    limits.read('panel', source, attemptLimit.windowMs, nowMs),
  ]);
  if (tried >= attemptLimit.most) return logged('too-often', pages.tooOften(nowMs));
  if (found === undefined) {
    await limits.count('panel', source, attemptLimit.windowMs, nowMs);
    return logged('not-a-link', pages.notALink(nowMs));
  }
  const browser = cookieOf(request, 'signIn');
  const isOther = browser === undefined || random.hash(browser) !== found.browserHash;
  const { usedAtMs } = found;
  if (usedAtMs !== undefined && (isOther || nowMs >= usedAtMs + signInRepeatMs))
    return logged('used-already', pages.usedAlready(nowMs));
  if (nowMs >= found.expiresAtMs) return logged('expired', pages.expired(nowMs));
  if (isOther) {
    // A person who asked twice may have signed in with the other link.
    const user = await signedInUserOf(request, settings, ports);
    return user === undefined
      ? logged('other-browser', pages.otherBrowser(nowMs))
      : logged('signed-in-already', redirect(found.returnTo ?? paths.home));
  }
  // The address may have left the configuration since.
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
  return logged('signed-in', redirect(returnTo, [setCookie('session', secret), clearCookie('signIn')]));
}

async function signOut(
  request: PanelRequest,
  settings: PanelSettings,
  ports: SignInPorts,
): Promise<LoggedResponse> {
  const nowMs = ports.clock.nowMs();
  const user = await signedInUserOf(request, settings, ports);
  const form = formOf(request);
  const isEverywhere = form.get('everywhere') === 'yes';
  // An ended session does not say whose other sessions to end.
  if (user === undefined) {
    const page = isEverywhere ? pages.notSignedOutElsewhere(nowMs) : pages.signedOut(nowMs, false);
    return logged('no-session', { ...page, cookies: [clearCookie('session')] });
  }
  if (!hasCsrfToken(user, form, ports.random)) return logged('forged', pages.crossSite(nowMs));
  await ports.sessions.end(user.sessionHash);
  if (isEverywhere) await ports.sessions.endAll(user.email, nowMs);
  const outcome = isEverywhere ? 'signed-out-everywhere' : 'signed-out';
  return logged(outcome, { ...pages.signedOut(nowMs, isEverywhere), cookies: [clearCookie('session')] });
}
