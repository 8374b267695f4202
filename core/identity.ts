/** Whose grant it is, as far as a provider tells. Pinned at the first login as hashes: account numbers are nobody's business. */
export interface Identity {
  /** Of the resource owner; undefined where the provider names none. */
  readonly subject?: string | undefined;
  /** That the owner shared, where the provider tells; sorted. */
  readonly accounts?: readonly string[] | undefined;
}

/**
 * How a login's identity stands to the one pinned.
 * - `first`: nothing is pinned yet
 * - `same`, `fewer`: the same owner; an account that was shared before is not any more
 * - `other`: somebody else
 * - `unknown`: the provider did not tell what is pinned
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
  // Accounts are all that tells who it is: none in common is somebody else.
  if (accounts.length === 0) return 'unknown';
  return shared.length === 0 ? 'other' : 'fewer';
}

/** What is pinned from then on: what was, and whatever is new. */
export function pin(pinned: Identity | undefined, found: Identity): Identity {
  const accounts = [...new Set([...(pinned?.accounts ?? []), ...(found.accounts ?? [])])].sort();
  return {
    subject: found.subject ?? pinned?.subject,
    ...(accounts.length > 0 ? { accounts } : {}),
  };
}

/**
 * What stands at a path of a JSON document, as text: `/sub`, or `/accounts/0/id`, with `*` for every element.
 * Empty where there is nothing of that kind.
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
