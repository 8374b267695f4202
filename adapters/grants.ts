import { ConfigurationError, LeaseHeldError } from '../core/errors.ts';
import type { Grant, Login } from '../core/grant.ts';
import { claimMs, newGrant } from '../core/grant.ts';
import type { Grants } from '../core/ports.ts';
import { SettingsSchema } from '../core/settings.ts';
import type { Item, Table } from './table.ts';

/** At least three times the token endpoint's time-out, and longer than the function that holds it can live. */
export const leaseMs = 45_000;

/** The grant records in DynamoDB. Every method is one read, or one conditional write of one item. */
export function dynamoGrants(table: Table): Grants {
  const record = (connectionId: string) => ({ connectionId, sk: 'grant' });

  /** Undefined when the condition does not hold; else the record with the lease and its new fencing number. */
  const lease = (
    connectionId: string,
    owner: string,
    nowMs: number,
    { condition, login }: { readonly condition?: string; readonly login?: Login },
  ) =>
    table.update({
      ...record(connectionId),
      expression: `SET #lease = :lease, #fencingNumber = if_not_exists(#fencingNumber, :zero) + :one${
        login
          ? ', #login = :login, #unrecordedLogins = list_append(if_not_exists(#unrecordedLogins, :none), :versionIds)'
          : ''
      }`,
      ...(condition === undefined ? {} : { condition }),
      values: {
        lease: { owner, expiresAtMs: nowMs + leaseMs },
        zero: 0,
        one: 1,
        ...(condition === undefined ? {} : { nowMs }),
        ...(login && { login, none: [], versionIds: [login.versionId] }),
      },
      returns: 'ALL_NEW',
    });

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
      condition: '#authorization.#authorizationId = :authorizationId',
      values: { ...values, authorizationId },
    });
    return written !== undefined;
  };

  return {
    async read(connectionId) {
      const [settingsItem, grantItem] = await Promise.all([
        table.read(connectionId, 'settings'),
        table.read(connectionId, 'grant'),
      ]);
      return {
        settings: settingsItem && readSettings(connectionId, settingsItem),
        grant: readGrant(grantItem),
      };
    },

    async recordTick(connectionId, scheduledTime, executionId) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #lastTick = :tick',
        condition:
          'attribute_not_exists(#lastTick) OR #lastTick.#scheduledTime < :scheduledTime OR #lastTick.#executionId = :executionId',
        values: { tick: { scheduledTime, executionId }, scheduledTime, executionId },
      });
      return written !== undefined;
    },

    async takeLease(connectionId, owner, nowMs) {
      const taken = await lease(connectionId, owner, nowMs, {
        condition: 'attribute_not_exists(#lease) OR #lease.#expiresAtMs < :nowMs',
      });
      if (!taken) throw new LeaseHeldError(`Another execution is refreshing ${connectionId}.`);
      return readGrant(taken);
    },

    async takeLeaseOver(connectionId, owner, login) {
      return readGrant(await lease(connectionId, owner, login.atMs, { login }));
    },

    async releaseLease(connectionId, owner) {
      await table.update({
        ...record(connectionId),
        expression: 'REMOVE #lease',
        condition: '#lease.#owner = :owner',
        values: { owner },
      });
    },

    async recordTokens(connectionId, fencingNumber, { loggedIn, ...tokens }) {
      const { accessVersionId, identity } = tokens;
      const written = await table.update({
        ...record(connectionId),
        expression: `SET #status = :active, #authorizedAtMs = :authorizedAtMs, #refreshedAtMs = :refreshedAtMs,
          #accessExpiresAtMs = :accessExpiresAtMs, #grantVersionId = :grantVersionId
          ${accessVersionId === undefined ? '' : ', #accessVersionId = :accessVersionId'}
          ${identity === undefined ? '' : ', #identity = :identity'}
          ${loggedIn ? ', #toldRungs = :none, #login.#closed = if_not_exists(#authorization, :nothing)' : ''}
          REMOVE #lease${loggedIn ? ', #authorization, #claim, #unrecordedLogins' : ''}`,
        condition: '#fencingNumber = :fencingNumber',
        values: {
          ...tokens,
          active: 'active',
          fencingNumber,
          ...(loggedIn ? { none: [], nothing: null } : {}),
        },
        returns: 'ALL_NEW',
      });
      return written && readGrant(written);
    },

    async endLogin(connectionId, versionId) {
      await table.update({
        ...record(connectionId),
        expression: 'REMOVE #login, #unrecordedLogins',
        condition: '#login.#versionId = :versionId',
        values: { versionId },
      });
    },

    async recordRejection(connectionId, fencingNumber) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #status = :rejected',
        condition: '#fencingNumber = :fencingNumber',
        values: { rejected: 'rejected', fencingNumber },
      });
      return written !== undefined;
    },

    async openAuthorization(connectionId, previousId, authorization) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #authorization = :authorization',
        condition:
          previousId === undefined
            ? 'attribute_not_exists(#authorization)'
            : '#authorization.#authorizationId = :previousId',
        values: { authorization, ...(previousId === undefined ? {} : { previousId }) },
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

    async claimNotice(connectionId, notice, claimant, nowMs) {
      const written = await table.update({
        ...record(connectionId),
        expression: 'SET #claim = :claim',
        condition: `(attribute_not_exists(#claim) OR #claim.#notice <> :notice OR #claim.#by = :claimant OR #claim.#atMs < :staleMs)
          AND NOT contains(#toldRungs, :notice)${notice === 'restored' ? ' AND #owesRestored = :owed' : ''}`,
        values: {
          claim: { notice, by: claimant, atMs: nowMs },
          notice,
          claimant,
          staleMs: nowMs - claimMs,
          ...(notice === 'restored' ? { owed: true } : {}),
        },
      });
      return written !== undefined;
    },

    async recordTold(connectionId, { rungs = [], owesRestored }) {
      const owes = owesRestored === undefined ? '' : ', #owesRestored = :owesRestored';
      await table.update({
        ...record(connectionId),
        expression: `SET #toldRungs = list_append(if_not_exists(#toldRungs, :none), :rungs)${owes} REMOVE #claim`,
        values: { none: [], rungs, ...(owesRestored === undefined ? {} : { owesRestored }) },
      });
    },
  };
}

function readSettings(connectionId: string, item: Item) {
  const parsed = SettingsSchema.safeParse(JSON.parse(String(item.settings)));
  if (parsed.success) return parsed.data;
  const key = parsed.error.issues[0]?.path.join('.');
  throw new ConfigurationError(
    `The stored settings of ${connectionId} are not valid at ${key}. Deploy again.`,
  );
}

/** The record is written by this file alone, attribute by attribute, so it is not validated again. */
function readGrant(item: Item | undefined): Grant {
  return { ...newGrant, ...item };
}
