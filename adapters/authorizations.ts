import type { Authorization } from '../core/authorization.ts';
import type { Authorizations } from '../core/ports.ts';
import type { Item, Table } from './table.ts';
import { connectionPk, ttlOf } from './table.ts';

/** Starts kept for one authorization: twice as many as the page allows while one start works. */
const maximumStarts = 30;

/** The authorizations in DynamoDB, one item each. */
export function dynamoAuthorizations(table: Table): Authorizations {
  const item = (connectionId: string, authorizationId: string) => ({
    pk: connectionPk(connectionId),
    sk: `authorization#${authorizationId}`,
  });
  const read = (connectionId: string, authorizationId: string, found: Item | undefined) =>
    found && ({ ...found, connectionId, authorizationId } as unknown as Authorization);

  return {
    async read(connectionId, authorizationId) {
      return read(
        connectionId,
        authorizationId,
        await table.read(connectionPk(connectionId), `authorization#${authorizationId}`),
      );
    },

    async addLink(
      { connectionId, authorizationId, reason, expiresAtMs, linkHash, executionId, taskToken },
      nowMs,
    ) {
      const open = await table.update({
        ...item(connectionId, authorizationId),
        expression: `SET #status = if_not_exists(#status, :open), #reason = :reason, #expiresAtMs = :expiresAtMs,
          #openedAtMs = if_not_exists(#openedAtMs, :nowMs), #starts = if_not_exists(#starts, :noStarts),
          #linkHashes = list_append(if_not_exists(#linkHashes, :none), :linkHashes),
          #taskTokens = list_append(if_not_exists(#taskTokens, :none), :taskTokens), #ttl = :ttl
          ${executionId === undefined ? '' : ', #executionId = :executionId'}`,
        values: {
          open: 'open',
          reason,
          expiresAtMs,
          nowMs,
          noStarts: {},
          none: [],
          linkHashes: [linkHash],
          ttl: ttlOf(nowMs),
          taskTokens: taskToken === undefined ? [] : [taskToken],
          executionId,
        },
        returns: 'ALL_NEW',
      });
      return read(connectionId, authorizationId, open)!;
    },

    async attach(connectionId, authorizationId, { taskToken, executionId }) {
      const attached = await table.update({
        ...item(connectionId, authorizationId),
        expression: 'SET #taskTokens = list_append(#taskTokens, :taskTokens), #executionId = :executionId',
        condition: 'attribute_exists(#status)',
        values: { taskTokens: [taskToken], executionId },
        returns: 'ALL_NEW',
      });
      return read(connectionId, authorizationId, attached);
    },

    async addStart({ connectionId, authorizationId, starts }, stateHash, start) {
      const oldest = Object.entries(starts)
        .sort(([, a], [, b]) => b.startedAtMs - a.startedAtMs)
        .slice(maximumStarts - 1)
        .map(([hash], index) => [`old${index}`, hash] as const);
      const remove =
        oldest.length > 0 ? ` REMOVE ${oldest.map(([name]) => `#starts.#${name}`).join(', ')}` : '';
      const added = await table.update({
        ...item(connectionId, authorizationId),
        expression: `SET #status = :started, #starts.#stateHash = :start${remove}`,
        // Includes `exchanging`, because that callback may have died and the owner may log in again.
        condition: '#status IN (:open, :started, :exchanging)',
        names: { stateHash, ...Object.fromEntries(oldest) },
        values: { started: 'started', open: 'open', exchanging: 'exchanging', start },
      });
      return added !== undefined;
    },

    async useStart({ connectionId, authorizationId, status }, stateHash, nowMs, by) {
      // A second login under an authorization that is closed by now counts, but does not open it again.
      const closed = status === 'completed' || status === 'superseded' || status === 'expired';
      const used = await table.update({
        ...item(connectionId, authorizationId),
        expression: `SET #starts.#stateHash.#usedAtMs = :nowMs, #starts.#stateHash.#usedBy = :by
          ${closed ? '' : ', #status = :exchanging'}`,
        condition: `attribute_exists(#starts.#stateHash)
          AND (attribute_not_exists(#starts.#stateHash.#usedAtMs) OR #starts.#stateHash.#usedBy = :by)`,
        names: { stateHash },
        values: { nowMs, by, ...(closed ? {} : { exchanging: 'exchanging' }) },
      });
      return used !== undefined;
    },

    async noteStart({ connectionId, authorizationId }, stateHash, as, nowMs) {
      await table.update({
        ...item(connectionId, authorizationId),
        expression: 'SET #starts.#stateHash.#as = :nowMs',
        condition: 'attribute_exists(#starts.#stateHash)',
        names: { stateHash, as },
        values: { nowMs },
      });
    },

    async setStatus(connectionId, authorizationId, status) {
      const moved = await table.update({
        ...item(connectionId, authorizationId),
        expression: 'SET #status = :status',
        ...statusChange(status),
        returns: 'ALL_NEW',
      });
      return read(connectionId, authorizationId, moved);
    },
  };
}

/** The condition for a change to this status. `completed` may follow itself, because the first attempt may have died. */
function statusChange(status: Authorization['status']): { condition: string; values: Item } {
  if (status === 'started') {
    const values = { status, open: 'open', exchanging: 'exchanging' };
    return { condition: '#status IN (:open, :status, :exchanging)', values };
  }
  const condition = 'attribute_exists(#status)';
  return status === 'completed'
    ? { condition, values: { status } }
    : { condition: `${condition} AND #status <> :completed`, values: { status, completed: 'completed' } };
}
