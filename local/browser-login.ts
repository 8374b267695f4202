import type { LoginBehaviour } from './brokerage/control.ts';

type Config = Record<string, unknown>;

/** Seed of Demo Brokerage's one-time codes (Base32). */
export const demoTotpSeed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** The variants of Demo Brokerage's login, by name. */
export const loginPages = {
  'one-time-code': { totpSeed: demoTotpSeed },
  'account-picker': { accountPicker: true },
  'still-logged-in': { stillLoggedIn: true },
  changed: { changed: true },
  doubled: { doubled: true },
  captcha: { captcha: true },
  slow: { slowMs: 20_000 },
  locked: { lockAfter: 0 },
} as const satisfies Record<string, LoginBehaviour>;
export type LoginPageName = keyof typeof loginPages;

/** The configuration in which `demo-main` opts in to the browser login. */
export function withBrowserLogin(config: Config, options: Config = {}): Config {
  const connections = config['grantkeeper:connections'] as Record<string, Config>;
  const optedIn = { ...connections['demo-main'], browserLoginWithStoredPassword: options };
  return { ...config, 'grantkeeper:connections': { ...connections, 'demo-main': optedIn } };
}

/** The secret that `grantkeeper browser-login connect` would store. */
export const browserSecret = {
  name: 'grantkeeper-browser-login/local/demo-main',
  value: JSON.stringify({ username: 'demo', password: 'demo', totp_seed: demoTotpSeed }),
};
