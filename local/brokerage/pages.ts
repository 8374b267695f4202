/** The brokerage's pages: plain HTML without scripts, for phones and desktops. */
import { Html, html } from '../../core/html.ts';

export interface LoginPage {
  readonly loginId: string;
  readonly failed: boolean;
  /** It has other labels and fields. */
  readonly changed: boolean;
  /** It has a second button. */
  readonly doubled: boolean;
}

export function loginPage({ loginId, failed, changed, doubled }: LoginPage): string {
  const problem = failed
    ? html`<p class="problem" role="alert" id="problem">That login ID and password do not match.</p>`
    : '';
  // Put the cursor into the field that is missing.
  const focus = html` autofocus`;
  const [idFocus, passwordFocus] = loginId === '' ? [focus, ''] : ['', focus];
  const described = failed ? html` aria-describedby="problem"` : '';
  const [idLabel, passwordLabel] = changed ? ['Who you are', 'Your secret'] : ['Login ID', 'Password'];
  const button = html`<button class="primary">Log in</button>`;
  return page(
    'Log in',
    html`<h1>Log in</h1>
    ${problem}
    <form method="post">
      <label for="login_id">${idLabel}</label>
      <input id="login_id" name="login_id" value="${loginId}" autocomplete="username"
        autocapitalize="none" spellcheck="false" required${idFocus}${described}>
      <label for="password">${passwordLabel}</label>
      <input id="password" name="password" type="password" autocomplete="current-password"
        required${passwordFocus}${described}>
      <div class="actions">${button}${doubled ? button : ''}</div>
    </form>
    <p class="hint">For trying things out: login ID <kbd>demo</kbd>, password <kbd>demo</kbd>.</p>`,
  );
}

export function codePage({ failed }: { readonly failed: boolean }): string {
  const problem = failed
    ? html`<p class="problem" role="alert" id="problem">That code is not right.</p>`
    : '';
  return page(
    'Confirm that it is you',
    html`<h1>Confirm that it is you</h1>
    ${problem}
    <form method="post">
      <label for="code">One-time code</label>
      <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus>
      <div class="actions"><button class="primary">Confirm</button></div>
    </form>`,
  );
}

export function captchaPage(): string {
  return page(
    'Are you there?',
    html`<h1>Are you there?</h1>
    <p>To go on, confirm that you are a person.</p>
    <form method="post">
      <label for="answer">What is three times four?</label>
      <input id="answer" name="answer" required>
      <div class="actions"><button class="primary">Go on</button></div>
    </form>`,
  );
}

export function lockedPage(): string {
  return page(
    'Locked',
    html`<h1>Your account is locked</h1>
    <p class="problem" role="alert">There were too many wrong passwords. Call us to have it unlocked.</p>`,
  );
}

export function accountsPage({ accounts }: { readonly accounts: readonly string[] }): string {
  return page(
    'Choose accounts',
    html`<h1>Which accounts?</h1>
    <form method="post">
      ${accountBoxes(accounts, false)}
      <div class="actions"><button class="primary" name="decision" value="choose">Continue</button></div>
    </form>`,
  );
}

function accountBoxes(accounts: readonly string[], ticked: boolean): Html {
  const checked = ticked ? html` checked` : '';
  const boxes = accounts.map(
    (account) =>
      html`<label><input type="checkbox" name="account" value="${account}"${checked}> ${account}</label>`,
  );
  return html`<fieldset><legend>Accounts to share</legend>${boxes}</fieldset>`;
}

const allowed: Readonly<Record<string, string>> = {
  api: 'See your accounts, balances and positions, and place and cancel orders',
  openid: 'Know which login ID you use here',
};

export function consentPage(asked: {
  clientId: string;
  scopes: readonly string[];
  endsAt: Date;
  endsPrevious: boolean;
  accounts: readonly string[];
}): string {
  const items = asked.scopes.map((scope) => html`<li>${allowed[scope] ?? scope}</li>`);
  const endsAt = asked.endsAt.toISOString();
  const ending = asked.endsPrevious ? ' Allowing it now ends what you allowed this application before.' : '';
  return page(
    'Allow access',
    html`<h1>Allow access?</h1>
    <p><strong>${asked.clientId}</strong> will be able to:</p>
    <ul>${items}</ul>
    <p>This ends on <time datetime="${endsAt}">${readable(asked.endsAt)}</time> at the latest.${ending}</p>
    <form method="post">
      ${asked.accounts.length === 0 ? '' : accountBoxes(asked.accounts, true)}
      <div class="actions">
        <button class="primary" name="decision" value="allow">Allow</button>
        <button name="decision" value="cancel">Cancel</button>
      </div>
    </form>`,
  );
}

export function errorPage(problem: string): string {
  return page(
    'Something went wrong',
    html`<h1>Something went wrong</h1>
    <p class="problem" role="alert">${problem}</p>
    <p>Close this page and open the link that brought you here again.</p>`,
  );
}

function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title} · Demo Brokerage</title>
    <style>${style}</style>
  </head>
  <body>
    <header>Demo Brokerage <span>a pretend one: no accounts, no money</span></header>
    <main>
    ${content}
    </main>
  </body>
</html>
`.toString();
}

const style = new Html(`
  * { box-sizing: border-box; }
  body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #1c2733; background: #eef2f5; }
  header { padding: .9rem 1.25rem; font-weight: 600; color: #fff; background: #0b4f6c; }
  header span { display: block; font-weight: 400; font-size: .875rem; }
  main { max-width: 27rem; margin: 2rem auto; padding: 1.5rem; background: #fff; border: 1px solid #cdd7df;
    border-radius: .5rem; }
  h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.2; }
  ul { padding-left: 1.25rem; }
  label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
  fieldset { margin: 1rem 0; padding: .25rem 1rem .5rem; border: 1px solid #b8c4ce; border-radius: .4rem; }
  fieldset label { margin: .4rem 0; font-weight: 400; }
  fieldset input { width: auto; margin-right: .4rem; }
  input { width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: #fff;
    border: 1px solid #6b7c8a; border-radius: .375rem; }
  .actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
  button { flex: 1 1 8rem; padding: .65rem 1rem; font: inherit; font-weight: 600; color: #0b4f6c; background: #fff;
    border: 1px solid #0b4f6c; border-radius: .375rem; cursor: pointer; }
  button.primary { color: #fff; background: #0b4f6c; }
  :focus-visible { outline: 3px solid #f2a541; outline-offset: 2px; }
  .problem { padding: .6rem .8rem; color: #7a1020; background: #fdecee; border-radius: .375rem;
    overflow-wrap: anywhere; }
  .hint { margin: 1.25rem 0 0; color: #4a5965; font-size: .9375rem; }
  kbd { font-family: ui-monospace, monospace; }
  @media (max-width: 30rem) { main { margin: 0; border-width: 0 0 1px; border-radius: 0; } }
`);

/** For example `2026-03-09 09:00 UTC`. */
const readable = (instant: Date): string => `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
