import { errors } from 'oidc-provider';
import type { Provider } from 'oidc-provider';
import type { BrokerageLimits } from './control.ts';
import type { Grants } from './grants.ts';
import { consentPage, errorPage, loginPage } from './pages.ts';
import { defaultScope, loginPath } from './provider.ts';
import { readForm } from './read-form.ts';

type Middleware = Parameters<Provider['use']>[0];
type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Who can log in, and the accounts that each of them has. */
const people = [
  { id: 'demo', password: 'demo', accounts: ['1001', '1002', '1003'] },
  { id: 'friend', password: 'friend', accounts: ['2001'] },
] as const;

/** The pages between the authorization request and the redirect back: first the login, then the consent. */
export function loginPages(provider: Provider, grants: Grants, limits: BrokerageLimits): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(loginPath)) {
      await next();
      return;
    }
    ctx.set({
      // No `form-action`: Chromium applies it to the redirects after the form too, and those lead to the client.
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
      'Cache-Control': 'no-store',
    });
    ctx.type = 'html';
    const interaction = await openInteraction(provider, ctx.req, ctx.res);
    if (!interaction) {
      ctx.status = 400;
      ctx.body = errorPage('This login has expired or was used already.');
    } else if (ctx.method !== 'POST') {
      ctx.body = pageOf(interaction, limits);
    } else {
      const form = await readForm(ctx.req);
      const result = await submit(interaction, form, grants, limits);
      if (result) {
        ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
        ctx.status = 303;
      } else {
        ctx.status = 400;
        ctx.body = loginPage({ loginId: form.get('login_id') ?? '', failed: true });
      }
    }
  };
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

function pageOf(interaction: Interaction, limits: BrokerageLimits): string {
  if (interaction.prompt.name === 'login') return loginPage({ loginId: '', failed: false });
  const endsAtMs = (loggedInAtSeconds(interaction) + limits.refreshSeconds) * 1000;
  return consentPage({
    clientId: String(interaction.params['client_id']),
    scopes: scopeOf(interaction).split(' '),
    endsAt: new Date(endsAtMs),
    endsPrevious: limits.loginEndsPreviousGrant,
    accounts: personOf(interaction).accounts,
  });
}

/** @returns what oidc-provider goes on with; undefined when the login failed */
async function submit(
  interaction: Interaction,
  form: URLSearchParams,
  grants: Grants,
  limits: BrokerageLimits,
): Promise<Parameters<Provider['interactionResult']>[2] | undefined> {
  if (interaction.prompt.name === 'login') {
    const person = people.find(({ id }) => id === form.get('login_id'));
    if (person?.password !== form.get('password')) return undefined;
    // The time is kept, because oidc-provider would else take the consent's for the login's.
    return { login: { accountId: person.id, ts: Math.floor(Date.now() / 1000) } };
  }
  if (form.get('decision') !== 'allow') {
    return { error: 'access_denied', error_description: 'The owner cancelled.' };
  }
  const clientId = String(interaction.params['client_id']);
  const person = personOf(interaction);
  // As the form has them ticked; a client without the form shares all.
  const ticked = form.getAll('account');
  const shared = person.accounts.filter((account) => ticked.length === 0 || ticked.includes(account));
  if (limits.loginEndsPreviousGrant) await grants.endOf(person.id, clientId);
  return { consent: { grantId: await grants.give(person.id, clientId, scopeOf(interaction), shared) } };
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
