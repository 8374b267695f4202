import type { Identity } from '../../core/identity.ts';
import type { Random } from '../../core/ports.ts';

/** Hashes an identity, so that the pinned one can be compared but not read. */
export function hashed({ subject, accounts }: Identity, random: Random): Identity {
  return {
    ...(subject !== undefined && { subject: random.hash(subject) }),
    ...(accounts !== undefined && { accounts: accounts.map((account) => random.hash(account)).sort() }),
  };
}
