/** What was looked at, and how it is. `unknown`: it could not be seen. */
export interface Finding {
  readonly about: string;
  readonly state: 'well' | 'problem' | 'unknown';
  /** One sentence. */
  readonly what: string;
  readonly remedy?: string;
}

export const well = (about: string, what: string): Finding => ({ about, state: 'well', what });

export const problem = (about: string, what: string, remedy: string): Finding => ({
  about,
  state: 'problem',
  what,
  remedy,
});

/** What could not be looked at is no problem found, and nothing that is well. */
export async function looked(
  about: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { name, message } = error as Error;
    const isRefused = /AccessDenied|AuthorizationError|not authorized/.test(`${name} ${message}`);
    const what = isRefused ? message : `It could not be looked at: ${name}.`;
    const remedy = isRefused
      ? 'Use a profile that may, by --profile.'
      : 'Is the region right, and the network there? Try again.';
    return [{ about, state: 'unknown', what, remedy }];
  }
}
