import { ConfigurationError, LeaseHeldError } from '../core/errors.ts';
import type { Grant, Claim } from '../core/grant.ts';
import { claimMs, newGrant } from '../core/grant.ts';
import { reachedAt } from '../core/incident.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Grants } from '../core/ports.ts';
import { SettingsSchema } from '../core/settings.ts';
import { leaseMs } from '../core/time-limits.ts';
import type { Item, Table } from './table.ts';
import { connectionPk, settingsPk } from './table.ts';

const nextLease = '#lease = :lease, #fencingNumber = if_not_exists(#fencingNumber, :zero) + :one';

const leaseOf = (owner: string, nowMs: number) => ({
  lease: { owner, expiresAtMs: nowMs + leaseMs },
  zero: 0,
  one: 1,
});

const minuteMs = 60_000;
/**
 * The first time in minutes, and how many minutes after it each next one came. In milliseconds a day of refreshes would make
 * the record larger than 1 KB, and every write of it would cost twice.
 */
const toMinutes = (timesMs: readonly number[]) =>
  timesMs.map(
    (atMs, at) => Math.ceil(atMs / minuteMs) - (at === 0 ? 0 : Math.ceil(timesMs[at - 1]! / minuteMs)),
  );
const fromMinutes = (minutes: readonly number[]) => {
  let sum = 0;
  return minutes.map((each) => (sum += each) * minuteMs);
};

/** `SET` of each value that is given, to the attribute of its name. */
const assign = (values: object) =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : `#${name} = :${name}`))
    .join(', ');

// Each condition of a write has a name. `:name` values are filled in by the write that uses it.
const leaseIsOurs = '#fencingNumber = :fencingNumber';
const isNewestLogin = '#login.#versionId = :versionId';
const isNotRecorded = 'attribute_not_exists(#login.#closed)';
const isOpenAuthorization = '#authorization.#authorizationId = :authorizationId';
const isDisconnecting = 'attribute_exists(#disconnection)';
const isNewTick =
  'attribute_not_exists(#lastTick) OR #lastTick.#scheduledTime < :scheduledTime OR #lastTick.#executionName = :executionName';
const isPaused = '#paused = :true';
const isNotPaused = 'attribute_not_exists(#paused) OR #paused <> :true';
const noteWrites = '#otherWritesAtMs = list_append(if_not_exists(#otherWritesAtMs, :nothingYet), :writes)';

const isLeaseholder = '#lease.#owner = :owner';
const isLeaseFree = `attribute_not_exists(#lease) OR #lease.#expiresAtMs < :nowMs OR ${isLeaseholder}`;

const isNotDisconnected = 'attribute_not_exists(#status) OR #status <> :disconnected';

const isUnclaimed =
  '(attribute_not_exists(#claim) OR #claim.#notice <> :notice OR #claim.#by = :claimant OR #claim.#atMs < :staleMs)';

const claimOf = (claim: Claim) => ({
  claim,
  notice: claim.notice,
  claimant: claim.by,
  staleMs: claim.atMs - claimMs,
});

/**
 * The grant records in DynamoDB. Every method is one read, or one conditional write of one item; each write may come
 * twice, for the SDK asks again where an answer was lost, and the second is answered as the first.
 */
export function dynamoGrants(table: Table): Grants {
  const record = (connectionId: string) => ({ pk: connectionPk(connectionId), sk: 'grant' });

  /** False when another authorization is open by now, or none. */
  const changeOpen = async (
    connectionId: string,
    authorizationId: string,
    expression: string,
    values: Item = {},
  ): Promise<boolean> => {
    const written = await table.update({
      ...record(connectionId),
      expression,
      condition: isOpenAuthorization,
      values: { ...values, authorizationId },
    });
    return written !== undefined;
  };

  return {
    async read(connectionId) {
      const [settingsItem, grantItem] = await Promise.all([
        table.read(settingsPk(connectionId), 'settings'),
        table.read(connectionPk(connectionId), 'grant'),
      ]);
      return {
        settings: settingsItem && readSettings(connectionId, settingsItem),
        grant: readGrant(grantItem),
      };
    },

    async recordTick(connectionId, scheduledTime, executionName) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #lastTick = :tick',
        condition: isNewTick,
        values: { tick: { scheduledTime, executionName }, scheduledTime, executionName },
      });
      return written !== undefined;
    },

    async takeLease(connectionId, owner, nowMs) {
      const taken = await table.update({
        ...record(connectionId),
        expression: `SET ${nextLease}`,
        condition: isLeaseFree,
        values: { ...leaseOf(owner, nowMs), owner, nowMs },
        returns: 'ALL_NEW',
      });
      if (!taken) throw new LeaseHeldError(`Another execution is refreshing ${connectionId}.`);
      return readGrant(taken);
    },

    async beginDisconnection(connectionId, owner, disconnection) {
      const { atMs } = disconnection;
      const taken = await table.update({
        ...record(connectionId),
        expression: `SET ${nextLease}, #status = :disconnected,
          #disconnection = if_not_exists(#disconnection, :disconnection)`,
        condition: isLeaseFree,
        values: { ...leaseOf(owner, atMs), owner, nowMs: atMs, disconnected: 'disconnected', disconnection },
        returns: 'ALL_NEW',
      });
      if (!taken)
        throw new LeaseHeldError(`Another execution, or a login, uses the tokens of ${connectionId}.`);
      return readGrant(taken);
    },

    async recordRevocation(connectionId, fencingNumber, revocation, otherWritesAtMs) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #disconnection.#revocation = :revocation, #otherWritesAtMs = :otherWritesAtMs',
        condition: leaseIsOurs,
        values: { fencingNumber, revocation, otherWritesAtMs },
      });
      return written !== undefined;
    },

    async recordDisconnected(connectionId, fencingNumber) {
      const written = await table.update({
        ...record(connectionId),
        expression: `SET #sentReminders = :none, #restoredNoticePending = :false
          REMOVE #disconnection, #lease, #authorization, #claim, #login, #unrecordedLogins, #authorizedAtMs,
          #refreshedAtMs, #accessExpiresAtMs, #grantVersionId, #grantObtainedAtMs, #accessVersionId, #doubtedAtMs`,
        // A repeat of it must not take away what was asked for since.
        condition: `${leaseIsOurs} AND (${isDisconnecting} OR attribute_not_exists(#authorization))`,
        values: { fencingNumber, none: [], false: false },
      });
      return written !== undefined;
    },

    async seizeLease(connectionId, owner, login) {
      const { versionId, authorizationId, atMs } = login;
      const before = await table.update({
        ...record(connectionId),
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
        ...record(connectionId),
        expression: 'REMOVE #lease',
        condition: isLeaseholder,
        values: { owner },
      });
    },

    async recordTokens(connectionId, fencingNumber, { loggedIn, ...tokens }) {
      const written = await table.update({
        ...record(connectionId),
        expression: `SET #status = :active, ${assign(tokens)}${loggedIn ? `, ${noteWrites}, #sentReminders = :none, #login.#closed = if_not_exists(#authorization, if_not_exists(#login.#closed, :nothing))` : ''} REMOVE #lease, #doubtedAtMs${loggedIn ? ', #authorization, #claim, #unrecordedLogins' : ''}`,
        condition: leaseIsOurs,
        values: {
          ...tokens,
          active: 'active',
          fencingNumber,
          ...(loggedIn && { none: [], nothing: null, nothingYet: [], writes: [tokens.refreshedAtMs] }),
        },
        returns: 'ALL_NEW',
      });
      return written && readGrant(written);
    },

    async holdTokens(connectionId, versionId, atMs) {
      await table.update({
        ...record(connectionId),
        expression: `SET #login.#tokensHeld = :true, ${noteWrites}`,
        condition: `${isNewestLogin} AND ${isNotRecorded}`,
        values: { versionId, true: true, nothingYet: [], writes: [atMs] },
      });
    },

    async refuseLogin(connectionId, versionId, as) {
      await table.update({
        ...record(connectionId),
        expression: 'SET #login.#refusedAs = :as',
        condition: isNewestLogin,
        values: { versionId, as },
      });
    },

    async recordLoginVersions(connectionId, fencingNumber, versionIds) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #unrecordedLogins = :versionIds',
        condition: leaseIsOurs,
        values: { fencingNumber, versionIds },
      });
      return written !== undefined;
    },

    async recordWrites(connectionId, fencingNumber, { refreshesAtMs, ...others }) {
      const writes = { ...others, ...(refreshesAtMs && { refreshesAtMinutes: toMinutes(refreshesAtMs) }) };
      const written = await table.update({
        ...record(connectionId),
        expression: `SET ${assign(writes)}`,
        condition: leaseIsOurs,
        values: { fencingNumber, ...writes },
      });
      return written !== undefined;
    },

    async endLogin(connectionId, versionId) {
      await table.update({
        ...record(connectionId),
        expression: 'REMOVE #login, #unrecordedLogins',
        condition: isNewestLogin,
        values: { versionId },
      });
    },

    async recordRejection(connectionId, fencingNumber) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #status = :rejected',
        condition: leaseIsOurs,
        values: { rejected: 'rejected', fencingNumber },
      });
      return written !== undefined;
    },

    async recordDoubt(connectionId, fencingNumber, nowMs) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #doubtedAtMs = if_not_exists(#doubtedAtMs, :nowMs)',
        condition: leaseIsOurs,
        values: { fencingNumber, nowMs },
        returns: 'ALL_NEW',
      });
      return written && readGrant(written).doubtedAtMs;
    },

    async openAuthorization(connectionId, { status, fencingNumber, ...read }, authorization, claim) {
      const { authorizationId } = authorization;
      const previousId = read.authorization?.authorizationId;
      const isAsked = status === 'disconnected';
      const isFirst =
        previousId === undefined
          ? 'attribute_not_exists(#authorization)'
          : '#authorization.#authorizationId = :previousId';
      const written = await table.update({
        ...record(connectionId),
        expression: `SET #authorization = :authorization${claim ? ', #claim = :claim' : ''}`,
        condition: `(${isFirst} OR ${isOpenAuthorization})
          AND (${isAsked ? leaseIsOurs : isNotDisconnected})${claim ? ` AND ${isUnclaimed}` : ''}`,
        values: {
          authorization,
          authorizationId,
          previousId,
          ...(isAsked ? { fencingNumber } : { disconnected: 'disconnected' }),
          ...(claim && claimOf(claim)),
        },
      });
      return written !== undefined;
    },

    async confirmSent(connectionId, authorizationId, expiresAtMs) {
      await changeOpen(connectionId, authorizationId, 'SET #authorization.#expiresAtMs = :expiresAtMs', {
        expiresAtMs,
      });
    },

    async confirmSuperseded(connectionId, authorizationId) {
      await changeOpen(connectionId, authorizationId, 'REMOVE #authorization.#supersedes');
    },

    async markStarted(connectionId, authorizationId, nowMs) {
      return changeOpen(connectionId, authorizationId, 'SET #authorization.#startedAtMs = :nowMs', { nowMs });
    },

    async claimNotice(connectionId, claim) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #claim = :claim',
        condition: `${isUnclaimed} AND NOT contains(#sentReminders, :notice)`,
        values: claimOf(claim),
      });
      return written !== undefined;
    },

    async recordNotified(
      connectionId,
      { atMs, channels, reminders = [], restoredNoticePending, forgetsReminders },
    ) {
      const owes =
        restoredNoticePending === undefined ? '' : ', #restoredNoticePending = :restoredNoticePending';
      const reached = channels.map((channel) => `, #${reachedAt(channel)} = :atMs`).join('');
      await table.update({
        ...record(connectionId),
        expression: `SET #sentReminders = ${forgetsReminders ? ':none' : 'list_append(if_not_exists(#sentReminders, :none), :reminders)'}, #notifiedAtMs = :atMs${reached}${owes} REMOVE #claim`,
        values: {
          none: [],
          ...(forgetsReminders ? {} : { reminders }),
          atMs,
          restoredNoticePending,
        },
      });
    },

    async recordSetUp(connectionId, setUp) {
      await table.update({
        ...record(connectionId),
        expression: setUp ? 'SET #setUp = :setUp' : 'REMOVE #setUp',
        ...(setUp && { values: { setUp } }),
      });
    },

    async pause(connectionId, pause) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #paused = :true, #pause = :pause',
        condition: isNotPaused,
        values: { true: true, pause },
      });
      return written !== undefined;
    },

    async resume(connectionId) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'REMOVE #paused, #pause',
        condition: isPaused,
        values: { true: true },
      });
      return written !== undefined;
    },

    async recordReached(connectionId, channels, atMs) {
      if (channels.length === 0) return;
      await table.update({
        ...record(connectionId),
        expression: `SET ${channels.map((channel) => `#${reachedAt(channel)} = :atMs`).join(', ')}`,
        values: { atMs },
      });
    },
  };
}

export function readSettings(connectionId: string, item: Item) {
  const parsed = SettingsSchema.safeParse(parseJson(String(item.settings)));
  if (parsed.success) return parsed.data;
  const key = parsed.error.issues[0]?.path.join('.') || 'all';
  throw new ConfigurationError(`The stored settings of ${connectionId} are not valid at ${key}.`);
}

/** The record is written by this file alone, attribute by attribute, so it is not validated again. */
export function readGrant(item: Item | undefined): Grant {
  const { refreshesAtMinutes, ...grant } = item ?? {};
  const minutes = refreshesAtMinutes as readonly number[] | undefined;
  return { ...newGrant, ...grant, ...(minutes && { refreshesAtMs: fromMinutes(minutes) }) };
}
