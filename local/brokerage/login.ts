import { setTimeout } from 'node:timers/promises';
import { errors } from 'oidc-provider';
import type { Provider } from 'oidc-provider';
import { TOTP } from 'otpauth';
import type { BrokerageLimits, LoginBehaviour } from './control.ts';
import type { Grants } from './grants.ts';
import {
  accountsPage,
  captchaPage,
  codePage,
  consentPage,
  errorPage,
  lockedPage,
  loginPage,
} from './pages.ts';
import { defaultScope, loginPath } from './provider.ts';
import { readForm } from './read-form.ts';

type Middleware = Parameters<Provider['use']>[0];
type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** The people who can log in, and their accounts. */
const people = [
  { id: 'demo', password: 'demo', accounts: ['1001', '1002', '1003'] },
  { id: 'friend', password: 'friend', accounts: ['2001'] },
] as const;

type Result = Parameters<Provider['interactionResult']>[2];

interface Shown {
  readonly status: number;
  readonly body: string;
}

/** The progress of one login. */
interface Progress {
  /** Set once the password was right. */
  readonly personId?: string;
  readonly accounts?: readonly string[];
}

/** The pages between the authorization request and the redirect back: first the login, then the consent. */
export class Logins {
  behaviour: LoginBehaviour;
  passwordsTried = 0;
  readonly codesTyped: string[] = [];
  readonly userAgents = new Set<string>();
  readonly #provider: Provider;
  readonly #grants: Grants;
  readonly #limits: BrokerageLimits;
  readonly #progress = new Map<string, Progress>();
  /** Wrong passwords in a row, by user name. */
  readonly #wrong = new Map<string, number>();

  constructor(provider: Provider, grants: Grants, limits: BrokerageLimits, behaviour: LoginBehaviour = {}) {
    this.#provider = provider;
    this.#grants = grants;
    this.#limits = limits;
    this.behaviour = behaviour;
  }

  readonly middleware: Middleware = async (ctx, next) => {
    if (!ctx.path.startsWith(loginPath)) {
      await next();
      return;
    }
    ctx.set({
      // No `form-action`: Chromium applies it to redirects after the form, too, and these lead to the client.
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
      'Cache-Control': 'no-store',
    });
    ctx.type = 'html';
    this.userAgents.add(ctx.get('user-agent'));
    const interaction = await openInteraction(this.#provider, ctx.req, ctx.res);
    if (!interaction) {
      ctx.status = 400;
      ctx.body = errorPage('This login has expired or was used already.');
      return;
    }
    const answer = await this.#answer(
      interaction,
      ctx.method === 'POST' ? await readForm(ctx.req) : undefined,
    );
    if ('body' in answer) {
      ctx.status = answer.status;
      ctx.body = answer.body;
    } else {
      ctx.redirect(await this.#provider.interactionResult(ctx.req, ctx.res, answer.result));
      ctx.status = 303;
    }
  };

  /** Returns the next page, or the result for oidc-provider. */
  async #answer(
    interaction: Interaction,
    form: URLSearchParams | undefined,
  ): Promise<Shown | { readonly result: Result }> {
    if (this.behaviour.stillLoggedIn) return { result: await this.#withoutAsking(interaction) };
    if (interaction.prompt.name === 'login') {
      return form === undefined
        ? { status: 200, body: loginPage({ loginId: '', ...this.#looks() }) }
        : this.#logIn(interaction, form);
    }
    return form === undefined ? this.#ask(interaction) : this.#decide(interaction, form);
  }

  async #logIn(
    interaction: Interaction,
    form: URLSearchParams,
  ): Promise<Shown | { readonly result: Result }> {
    const { totpSeed, slowMs = 0, lockAfter = Infinity, captcha } = this.behaviour;
    const known = this.#progress.get(interaction.uid)?.personId;
    if (known !== undefined && totpSeed !== undefined && form.has('code')) {
      const token = form.get('code') ?? '';
      this.codesTyped.push(token);
      const isRight = new TOTP({ secret: totpSeed }).validate({
        token,
        timestamp: Date.now(),
        window: 1,
      });
      return isRight === null ? { status: 400, body: codePage({ failed: true }) } : loggedIn(known);
    }
    this.passwordsTried += 1;
    if (slowMs > 0) await setTimeout(slowMs);
    const loginId = form.get('login_id') ?? '';
    const person = people.find(({ id }) => id === loginId);
    const wrong = this.#wrong.get(loginId) ?? 0;
    if (wrong >= lockAfter) return { status: 403, body: lockedPage() };
    if (person === undefined || this.#passwordOf(person) !== form.get('password')) {
      this.#wrong.set(loginId, wrong + 1);
      return wrong + 1 >= lockAfter
        ? { status: 403, body: lockedPage() }
        : { status: 400, body: loginPage({ loginId, ...this.#looks(), failed: true }) };
    }
    this.#wrong.delete(loginId);
    if (captcha) return { status: 200, body: captchaPage() };
    if (totpSeed === undefined) return loggedIn(person.id);
    this.#progress.set(interaction.uid, { personId: person.id });
    return { status: 200, body: codePage({ failed: false }) };
  }

  #ask(interaction: Interaction): Shown {
    const { accounts } = personOf(interaction);
    return this.behaviour.accountPicker
      ? { status: 200, body: accountsPage({ accounts }) }
      : this.#consent(interaction, accounts);
  }

  #consent(interaction: Interaction, accounts: readonly string[]): Shown {
    const { refreshSeconds, loginEndsPreviousGrant: endsPrevious } = this.#limits;
    const endsAt = new Date((loggedInAtSeconds(interaction) + refreshSeconds) * 1000);
    const clientId = String(interaction.params['client_id']);
    const scopes = scopeOf(interaction).split(' ');
    return { status: 200, body: consentPage({ clientId, scopes, endsAt, endsPrevious, accounts }) };
  }

  async #decide(
    interaction: Interaction,
    form: URLSearchParams,
  ): Promise<Shown | { readonly result: Result }> {
    const decision = form.get('decision');
    if (decision === 'choose') {
      this.#progress.set(interaction.uid, { accounts: form.getAll('account') });
      return this.#consent(interaction, []);
    }
    if (decision !== 'allow') {
      return { result: { error: 'access_denied', error_description: 'The owner cancelled.' } };
    }
    // The accounts ticked in the form; a request without the form shares all.
    const ticked = this.#progress.get(interaction.uid)?.accounts ?? form.getAll('account');
    const { accounts } = personOf(interaction);
    const shared = accounts.filter((account) => ticked.length === 0 || ticked.includes(account));
    return { result: await this.#allow(interaction, shared) };
  }

  async #allow(interaction: Interaction, accounts: readonly string[]): Promise<Result> {
    const clientId = String(interaction.params['client_id']);
    const { id } = personOf(interaction);
    this.#progress.delete(interaction.uid);
    if (this.#limits.loginEndsPreviousGrant) await this.#grants.endOf(id, clientId);
    return { consent: { grantId: await this.#grants.give(id, clientId, scopeOf(interaction), accounts) } };
  }

  async #withoutAsking(interaction: Interaction): Promise<Result> {
    const [first] = people;
    return interaction.prompt.name === 'login'
      ? loggedIn(first.id).result
      : this.#allow(interaction, personOf(interaction).accounts);
  }

  #passwordOf({ id, password }: (typeof people)[number]): string {
    return id === 'demo' ? (this.behaviour.password ?? password) : password;
  }

  #looks() {
    const { changed = false, doubled = false } = this.behaviour;
    return { failed: false, changed, doubled };
  }
}

/** Keeps the time of the login; oidc-provider would take the consent's. */
function loggedIn(personId: string): { readonly result: Result } {
  return { result: { login: { accountId: personId, ts: Math.floor(Date.now() / 1000) } } };
}

async function openInteraction(
  provider: Provider,
  ...[request, response]: Parameters<Provider['interactionDetails']>
): Promise<Interaction | undefined> {
  try {
    return await provider.interactionDetails(request, response);
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  }
}

function personOf(interaction: Interaction) {
  const id = interaction.session?.accountId;
  return people.find((person) => person.id === id) ?? people[0];
}

function scopeOf(interaction: Interaction): string {
  const { scope } = interaction.params;
  return typeof scope === 'string' ? scope : defaultScope;
}

function loggedInAtSeconds(interaction: Interaction): number {
  const { login } = (interaction.lastSubmission ?? {}) as { login?: { ts?: number } };
  return login?.ts ?? Math.floor(Date.now() / 1000);
}
