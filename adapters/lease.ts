import { LeaseHeldError } from '../core/errors.ts';
import type { Leases } from '../core/ports.ts';
import { leaseMs } from '../core/time-limits.ts';
import {
  grantRecord,
  isNewestLogin,
  isNotDisconnected,
  isNotRecorded,
  isOpenAuthorization,
  readGrant,
} from './grant-record.ts';
import type { Table } from './table.ts';

/** Sets `lease` and the next fencing number; {@link leaseOf} has the values. */
export const nextLease = '#lease = :lease, #fencingNumber = if_not_exists(#fencingNumber, :zero) + :one';

export const leaseOf = (owner: string, nowMs: number) => ({
  lease: { owner, expiresAtMs: nowMs + leaseMs },
  zero: 0,
  one: 1,
});

const isLeaseholder = '#lease.#owner = :owner';
export const isLeaseFree = `attribute_not_exists(#lease) OR #lease.#expiresAtMs < :nowMs OR ${isLeaseholder}`;

/** The lease of each connection, part of its grant record in DynamoDB. */
export function dynamoLeases(table: Table): Leases {
  return {
    async takeLease(connectionId, owner, nowMs) {
      const taken = await table.update({
        ...grantRecord(connectionId),
        expression: `SET ${nextLease}`,
        condition: isLeaseFree,
        values: { ...leaseOf(owner, nowMs), owner, nowMs },
        returns: 'ALL_NEW',
      });
      if (!taken) throw new LeaseHeldError(`Another execution is refreshing ${connectionId}.`);
      return readGrant(taken);
    },

    async seizeLease(connectionId, owner, login) {
      const { versionId, authorizationId, atMs } = login;
      const before = await table.update({
        ...grantRecord(connectionId),
        expression: `SET ${nextLease}, #login = :login,
          #unrecordedLogins = list_append(if_not_exists(#unrecordedLogins, :none), :versionIds)`,
        condition: `(${isNotRecorded} OR ${isNewestLogin})
          AND attribute_not_exists(#disconnection)
          AND (${isNotDisconnected} OR ${isOpenAuthorization})`,
        values: {
          ...leaseOf(owner, atMs),
          login,
          none: [],
          versionIds: [versionId],
          versionId,
          authorizationId,
          disconnected: 'disconnected',
        },
        returns: 'ALL_OLD',
      });
      if (!before) return undefined;
      const found = readGrant(before);
      const { lease, unrecordedLogins = [], fencingNumber } = found;
      const hasDisplaced = unrecordedLogins.length > 0 || (lease !== undefined && lease.expiresAtMs >= atMs);
      return { fencingNumber: fencingNumber + 1, hasDisplaced, record: found };
    },

    async releaseLease(connectionId, owner) {
      await table.update({
        ...grantRecord(connectionId),
        expression: 'REMOVE #lease',
        condition: isLeaseholder,
        values: { owner },
      });
    },
  };
}
