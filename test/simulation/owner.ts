import type { Settings } from '../../core/settings.ts';
import type { HttpRequest, HttpResponse } from '../../app/pages/http.ts';
import type { Functions } from './functions.ts';
import type { Ledger } from './ledger.ts';
import type { Invocation } from './lambda.ts';
import type { ProviderModel } from './provider.ts';
import type { Schedule } from './schedule.ts';
import type { Stage } from './stage.ts';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** A browser remembers its cookie. */
interface Browser {
  cookie: string | undefined;
  /** Nobody presses a button in two tabs before the first one has answered. */
  isPressing: boolean;
}

const newBrowser = (): Browser => ({ cookie: undefined, isPressing: false });

interface OwnerPorts {
  readonly ledger: Pick<Ledger, 'grant'>;
  readonly stage: Stage;
  readonly functions: Functions;
  readonly provider: ProviderModel;
  readonly schedule: Schedule;
}

/** Somebody with a mailbox, two browsers, and better things to do. */
export class Owner {
  readonly #settings: Settings;
  readonly #ports: OwnerPorts;
  readonly #browsers: readonly Browser[] = [newBrowser(), newBrowser()];
  /** Whether they read their mail now. */
  isThere = false;

  constructor(settings: Settings, ports: OwnerPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  mailArrives(link: string | undefined): void {
    if (link === undefined || !this.isThere) return;
    const { stage, schedule } = this.#ports;
    const { agenda, dice } = stage;
    // Their mail program's scanner follows links and submits forms, and goes no further.
    if (dice.chance(0.15)) {
      agenda.after(dice.skewed(secondMs, minuteMs), () => void this.#press(link, newBrowser()));
    }
    const visits = dice.pick([0, 1, 1, 1, 1, 2, 3]);
    for (let visit = 0; visit < visits; visit += 1) {
      const delayMs = dice.chance(0.7)
        ? dice.skewed(5 * secondMs, 30 * minuteMs)
        : dice.skewed(minuteMs, 30 * hourMs);
      agenda.after(schedule.nearTick(delayMs, this.#settings.connectionId), () => {
        if (this.isThere) void this.#visit(link);
      });
    }
  }

  /** What the page of a link says now. */
  async titleOf(link: string): Promise<string> {
    return titleIn(await this.#page('GET', link, newBrowser()));
  }

  async #visit(link: string): Promise<void> {
    const { dice } = this.#ports.stage;
    const browser = dice.pick(this.#browsers);
    if (dice.chance(0.3)) await this.#page('GET', link, browser);
    // Of a double click the browser drops the first answer; and some people open a link in two browsers.
    if (dice.chance(0.15)) void this.#page('POST', link, browser);
    await Promise.all(
      (dice.chance(0.35) ? this.#browsers : [browser]).map((each) => this.#logIn(link, each)),
    );
  }

  async #logIn(link: string, browser: Browser): Promise<void> {
    const { stage, provider } = this.#ports;
    const { agenda, dice } = stage;
    const request = await this.#press(link, browser);
    if (!request) return;
    const startedMs = stage.nowMs;
    const typesMs = dice.chance(0.85)
      ? dice.skewed(3 * secondMs, 5 * minuteMs)
      : dice.skewed(5 * minuteMs, hourMs);
    await (dice.chance(0.75) ? stage.untilOthersMove(12 * minuteMs) : agenda.sleep(typesMs));
    if (provider.isDown || dice.chance(0.08)) return;
    const answer = new URLSearchParams({ state: request.get('state')! });
    if (dice.chance(0.08)) answer.set('error', 'access_denied');
    else answer.set('code', provider.allow(this.#settings.connectionId, request));
    const allowedMs = stage.nowMs;
    // Shorter than a start is honoured, by clocks that differ.
    const isInTime = allowedMs < startedMs + 14 * minuteMs;
    stage.note(() => `the owner ${answer.has('code') ? 'allows' : 'declines'}`);
    await agenda.sleep(dice.chance(0.9) ? dice.skewed(20, 2 * secondMs) : dice.skewed(secondMs, hourMs));
    const mustWork = isInTime && stage.nowMs < allowedMs + 5 * secondMs;
    if (dice.chance(0.88)) return this.#return(answer, browser, mustWork);
    // The page is loaded twice, and either one is answered first.
    const again = agenda
      .sleep(dice.skewed(10, 5 * secondMs))
      .then(() => this.#return(answer, browser, false));
    await Promise.all([this.#return(answer, browser, false), again]);
  }

  /** The way back from the provider. */
  async #return(answer: URLSearchParams, browser: Browser, mustWork: boolean): Promise<void> {
    const { stage, functions, provider, ledger } = this.#ports;
    let invocation: Invocation | undefined;
    const request = requestOf('GET', '/callback', answer.toString(), browser);
    const wasReady = provider.isReady;
    const response = await functions.page('callback', this.#settings.connectionId, request, (met) => {
      invocation = met;
    });
    const title = titleIn(response);
    stage.note(() => `the owner reads: ${title}`);
    const code = answer.get('code');
    const metNoFault = wasReady && provider.isReady && invocation?.metFault === false;
    if (code === null || !mustWork || !metNoFault || !provider.isCodeGood(code)) return;
    if (title.startsWith('Done')) return;
    // An operator was faster.
    const isEnded = ledger.grant(this.#settings.connectionId).status === 'disconnected';
    if (isEnded && title === 'This connection was disconnected') return;
    // Owners of grants that last some hours log in at every reminder, and more often than there is room for.
    const { otherWritesAtMs = [] } = ledger.grant(this.#settings.connectionId);
    const isFull = otherWritesAtMs.filter((atMs) => atMs > stage.nowMs - 24 * hourMs).length >= 12;
    if (isFull && title === 'Too many logins within a day') return;
    stage.fail('a login that met no fault is kept', `${invocation!.id} answered: ${title}.`);
  }

  /** @returns the authorization request, unless the link does not work any more */
  async #press(link: string, browser: Browser): Promise<URLSearchParams | undefined> {
    if (browser.isPressing) return undefined;
    browser.isPressing = true;
    const response = await this.#page('POST', link, browser);
    browser.isPressing = false;
    if (response?.statusCode !== 303) return undefined;
    browser.cookie = /=([^;]+)/.exec(response.cookies![0]!)![1];
    return new URL(response.headers.location!).searchParams;
  }

  async #page(method: string, link: string, browser: Browser): Promise<HttpResponse | undefined> {
    const request = requestOf(method, new URL(link).pathname, '', browser);
    return this.#ports.functions.page('reauthorize', this.#settings.connectionId, request);
  }
}

function requestOf(
  method: string,
  rawPath: string,
  rawQueryString: string,
  { cookie }: Browser,
): HttpRequest {
  const cookies = cookie === undefined ? [] : [`__Host-grantkeeper=${cookie}`];
  const requestContext = { http: { method, sourceIp: '192.0.2.1' } };
  return { rawPath, rawQueryString, cookies, headers: {}, requestContext };
}

function titleIn(response: HttpResponse | undefined): string {
  return /<title>([^<]*) ·/.exec(response?.body ?? '')?.[1] ?? `HTTP ${response?.statusCode ?? 503}`;
}
