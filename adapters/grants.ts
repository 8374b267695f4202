import { ConfigurationError, LeaseHeldError } from '../core/errors.ts';
import type { Claim } from '../core/grant.ts';
import { claimMs } from '../core/grant.ts';
import { reachedAt } from '../core/incident.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Grants } from '../core/ports.ts';
import { SettingsSchema } from '../core/settings.ts';
import {
  grantRecord,
  isNewestLogin,
  isNotDisconnected,
  isNotRecorded,
  isOpenAuthorization,
  leaseIsOurs,
  readGrant,
  toMinutes,
} from './grant-record.ts';
import { dynamoLeases, isLeaseFree, leaseOf, nextLease } from './lease.ts';
import type { Item, Table } from './table.ts';
import { connectionPk, settingsPk } from './table.ts';

/** The assignments of a `SET`: each defined value to the attribute of its name. */
const assign = (values: object) =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : `#${name} = :${name}`))
    .join(', ');

const isDisconnecting = 'attribute_exists(#disconnection)';
const isNewTick =
  'attribute_not_exists(#lastTick) OR #lastTick.#scheduledTime < :scheduledTime OR #lastTick.#executionName = :executionName';
const isPaused = '#paused = :true';
const isNotPaused = 'attribute_not_exists(#paused) OR #paused <> :true';
const noteWrites = '#otherWritesAtMs = list_append(if_not_exists(#otherWritesAtMs, :nothingYet), :writes)';

const isUnclaimed =
  '(attribute_not_exists(#claim) OR #claim.#notice <> :notice OR #claim.#by = :claimant OR #claim.#atMs < :staleMs)';

const claimOf = (claim: Claim) => ({
  claim,
  notice: claim.notice,
  claimant: claim.by,
  staleMs: claim.atMs - claimMs,
});

/**
 * The grant records in DynamoDB. Each method is one read or one conditional write of one item. The SDK repeats a write whose
 * answer was lost, so each repeat succeeds like the first.
 */
export function dynamoGrants(table: Table): Grants {
  /** False if this authorization is no longer the open one. */
  const changeOpen = async (
    connectionId: string,
    authorizationId: string,
    expression: string,
    values: Item = {},
  ): Promise<boolean> => {
    const written = await table.update({
      ...grantRecord(connectionId),
      expression,
      condition: isOpenAuthorization,
      values: { ...values, authorizationId },
    });
    return written !== undefined;
  };

  return {
    ...dynamoLeases(table),

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
        ...grantRecord(connectionId),
        expression: 'SET #lastTick = :tick',
        condition: isNewTick,
        values: { tick: { scheduledTime, executionName }, scheduledTime, executionName },
      });
      return written !== undefined;
    },

    async beginDisconnection(connectionId, owner, disconnection) {
      const { atMs } = disconnection;
      const taken = await table.update({
        ...grantRecord(connectionId),
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
        ...grantRecord(connectionId),
        expression: 'SET #disconnection.#revocation = :revocation, #otherWritesAtMs = :otherWritesAtMs',
        condition: leaseIsOurs,
        values: { fencingNumber, revocation, otherWritesAtMs },
      });
      return written !== undefined;
    },

    async recordDisconnected(connectionId, fencingNumber) {
      const written = await table.update({
        ...grantRecord(connectionId),
        expression: `SET #sentReminders = :none, #restoredNoticePending = :false
          REMOVE #disconnection, #lease, #authorization, #claim, #login, #unrecordedLogins, #authorizedAtMs,
          #refreshedAtMs, #accessExpiresAtMs, #grantVersionId, #grantObtainedAtMs, #accessVersionId, #doubtedAtMs`,
        // A repeat must not remove an authorization that was opened since.
        condition: `${leaseIsOurs} AND (${isDisconnecting} OR attribute_not_exists(#authorization))`,
        values: { fencingNumber, none: [], false: false },
      });
      return written !== undefined;
    },

    async recordTokens(connectionId, fencingNumber, { loggedIn, ...tokens }) {
      const written = await table.update({
        ...grantRecord(connectionId),
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
        ...grantRecord(connectionId),
        expression: `SET #login.#tokensHeld = :true, ${noteWrites}`,
        condition: `${isNewestLogin} AND ${isNotRecorded}`,
        values: { versionId, true: true, nothingYet: [], writes: [atMs] },
      });
    },

    async refuseLogin(connectionId, versionId, as) {
      await table.update({
        ...grantRecord(connectionId),
        expression: 'SET #login.#refusedAs = :as',
        condition: isNewestLogin,
        values: { versionId, as },
      });
    },

    async recordLoginVersions(connectionId, fencingNumber, versionIds) {
      const written = await table.update({
        ...grantRecord(connectionId),
        expression: 'SET #unrecordedLogins = :versionIds',
        condition: leaseIsOurs,
        values: { fencingNumber, versionIds },
      });
      return written !== undefined;
    },

    async recordWrites(connectionId, fencingNumber, { refreshesAtMs, ...others }) {
      const writes = { ...others, ...(refreshesAtMs && { refreshesAtMinutes: toMinutes(refreshesAtMs) }) };
      const written = await table.update({
        ...grantRecord(connectionId),
        expression: `SET ${assign(writes)}`,
        condition: leaseIsOurs,
        values: { fencingNumber, ...writes },
      });
      return written !== undefined;
    },

    async endLogin(connectionId, versionId) {
      await table.update({
        ...grantRecord(connectionId),
        expression: 'REMOVE #login, #unrecordedLogins',
        condition: isNewestLogin,
        values: { versionId },
      });
    },

    async recordRejection(connectionId, fencingNumber) {
      const written = await table.update({
        ...grantRecord(connectionId),
        expression: 'SET #status = :rejected',
        condition: leaseIsOurs,
        values: { rejected: 'rejected', fencingNumber },
      });
      return written !== undefined;
    },

    async recordDoubt(connectionId, fencingNumber, nowMs) {
      const written = await table.update({
        ...grantRecord(connectionId),
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
        ...grantRecord(connectionId),
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
        ...grantRecord(connectionId),
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
        ...grantRecord(connectionId),
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
        ...grantRecord(connectionId),
        expression: setUp ? 'SET #setUp = :setUp' : 'REMOVE #setUp',
        ...(setUp && { values: { setUp } }),
      });
    },

    async pause(connectionId, pause) {
      const written = await table.update({
        ...grantRecord(connectionId),
        expression: 'SET #paused = :true, #pause = :pause',
        condition: isNotPaused,
        values: { true: true, pause },
      });
      return written !== undefined;
    },

    async resume(connectionId) {
      const written = await table.update({
        ...grantRecord(connectionId),
        expression: 'REMOVE #paused, #pause',
        condition: isPaused,
        values: { true: true },
      });
      return written !== undefined;
    },

    async recordReached(connectionId, channels, atMs) {
      if (channels.length === 0) return;
      await table.update({
        ...grantRecord(connectionId),
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
