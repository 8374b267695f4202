/** The account of a grant, as far as the provider says. The first login pins it, as hashes because account numbers are private. */
export interface Identity {
  /** The resource owner's id. Undefined if the provider names none. */
  readonly subject?: string | undefined;
  /** The accounts that the owner shared, sorted. Undefined if the provider does not say. */
  readonly accounts?: readonly string[] | undefined;
}

/**
 * The result of comparing a login's identity with the pinned one.
 * - `first`: nothing is pinned yet
 * - `same`: the same owner
 * - `fewer`: the same owner, who no longer shares an account
 * - `other`: somebody else
 * - `unknown`: the provider did not say what is pinned
 */
export type IdentityVerdict = 'first' | 'same' | 'fewer' | 'other' | 'unknown';

export function compareIdentity(pinned: Identity | undefined, found: Identity): IdentityVerdict {
  if (pinned?.subject === undefined && pinned?.accounts === undefined) return 'first';
  const { subject, accounts = [] } = found;
  if (pinned.subject !== undefined && subject === undefined) return 'unknown';
  if (pinned.subject !== subject && pinned.subject !== undefined) return 'other';
  if (pinned.accounts === undefined) return 'same';
  const shared = pinned.accounts.filter((account) => accounts.includes(account));
  if (shared.length === pinned.accounts.length) return 'same';
  if (pinned.subject !== undefined) return 'fewer';
  // Only the accounts identify the owner here. Without one in common it is somebody else.
  if (accounts.length === 0) return 'unknown';
  return shared.length === 0 ? 'other' : 'fewer';
}

/** The identity to pin: the pinned one, completed by the new one. */
export function pin(pinned: Identity | undefined, found: Identity): Identity {
  const accounts = [...new Set([...(pinned?.accounts ?? []), ...(found.accounts ?? [])])].sort();
  return {
    subject: found.subject ?? pinned?.subject,
    ...(accounts.length > 0 ? { accounts } : {}),
  };
}

/**
 * The texts and numbers at a path of a JSON document, as text: `/sub`, or `/accounts/0/id`, with `*` for every element.
 * Empty if there are none.
 */
export function valuesAt(document: unknown, path: string): string[] {
  const steps = path.split('/').slice(1);
  const found = steps.reduce<unknown[]>(
    (values, step) => values.flatMap((value) => membersOf(value, step)),
    [document],
  );
  return found.filter((value) => typeof value === 'string' || typeof value === 'number').map(String);
}

function membersOf(value: unknown, step: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === '*') return Object.values(value);
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}
