/** The result of one check. `unknown`: the check was not possible. */
export interface Finding {
  readonly about: string;
  readonly state: 'ok' | 'problem' | 'unknown';
  /** One sentence. */
  readonly what: string;
  readonly remedy?: string;
}

export const ok = (about: string, what: string): Finding => ({ about, state: 'ok', what });

export const problem = (about: string, what: string, remedy: string): Finding => ({
  about,
  state: 'problem',
  what,
  remedy,
});

/** Turns an error of a check into a finding `unknown`. */
export async function looked(
  about: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { name, message } = error as Error;
    const isRefused = /AccessDenied|AuthorizationError|not authorized/.test(`${name} ${message}`);
    const what = isRefused ? message : `The check failed: ${name}.`;
    const remedy = isRefused
      ? 'Use a profile that has this permission: --profile.'
      : 'Check the region and your network, then try again.';
    return [{ about, state: 'unknown', what, remedy }];
  }
}
