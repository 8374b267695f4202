import type { Grant } from '../core/grant.ts';
import { newGrant } from '../core/grant.ts';
import type { Item } from './table.ts';
import { connectionPk } from './table.ts';

/** The key of a connection's grant record. */
export const grantRecord = (connectionId: string) => ({ pk: connectionPk(connectionId), sk: 'grant' });

// Each condition of a write has a name. The write that uses it fills in its `:name` values.
export const leaseIsOurs = '#fencingNumber = :fencingNumber';
export const isNewestLogin = '#login.#versionId = :versionId';
export const isNotRecorded = 'attribute_not_exists(#login.#closed)';
export const isOpenAuthorization = '#authorization.#authorizationId = :authorizationId';
export const isNotDisconnected = 'attribute_not_exists(#status) OR #status <> :disconnected';

const minuteMs = 60_000;
/**
 * Stores the first time in minutes, then the minutes between the following ones. Milliseconds of a day's refreshes would
 * make the record larger than 1 KB and double the cost of each write.
 */
export const toMinutes = (timesMs: readonly number[]) =>
  timesMs.map(
    (atMs, at) => Math.ceil(atMs / minuteMs) - (at === 0 ? 0 : Math.ceil(timesMs[at - 1]! / minuteMs)),
  );
const fromMinutes = (minutes: readonly number[]) => {
  let sum = 0;
  return minutes.map((each) => (sum += each) * minuteMs);
};

/** Only our own code writes the record, so this does not validate it again. */
export function readGrant(item: Item | undefined): Grant {
  const { refreshesAtMinutes, ...grant } = item ?? {};
  const minutes = refreshesAtMinutes as readonly number[] | undefined;
  return { ...newGrant, ...grant, ...(minutes && { refreshesAtMs: fromMinutes(minutes) }) };
}
