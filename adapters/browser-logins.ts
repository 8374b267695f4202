import { BrowserLoginSettingsSchema } from '../core/browser-login.ts';
import type { BrowserLoginSettings } from '../core/browser-login.ts';
import { ConfigurationError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import type { BrowserLogins } from '../core/ports.ts';
import type { Item, Table } from './table.ts';
import { connectionPk, settingsPk } from './table.ts';

/** The records of browser logins in DynamoDB, one item for each connection, and their settings. */
export function dynamoBrowserLogins(table: Table): BrowserLogins {
  const key = (connectionId: string) => ({ pk: connectionPk(connectionId), sk: 'browser-login' });
  return {
    async readSettings(connectionId) {
      const item = await table.read(settingsPk(connectionId), 'browser-login-settings');
      return item && settingsOf(connectionId, item);
    },

    async read(connectionId) {
      return (await table.read(connectionPk(connectionId), 'browser-login')) ?? {};
    },

    async claim(connectionId, attempt, before) {
      const written = await table.update({
        ...key(connectionId),
        expression: 'SET #attempt = :attempt',
        condition: `${
          before === undefined ? 'attribute_not_exists(#attempt)' : '#attempt.#authorizationId = :before'
        } OR #attempt.#authorizationId = :authorizationId`,
        values: {
          attempt,
          authorizationId: attempt.authorizationId,
          ...(before !== undefined && { before }),
        },
      });
      return written !== undefined;
    },

    async recordEnd(connectionId, { authorizationId }, ended, { refusedVersionId, unheardAtMs }) {
      const isIn = ended.outcome === 'logged-in';
      await table.update({
        ...key(connectionId),
        expression: `SET #attempt.#ended = :ended
          ${refusedVersionId === undefined ? '' : ', #refusedVersionId = :refusedVersionId'}
          ${unheardAtMs === undefined ? '' : ', #unheardAtMs = :unheardAtMs'}
          ${isIn ? 'REMOVE #refusedVersionId, #unheardAtMs' : ''}`,
        condition: '#attempt.#authorizationId = :authorizationId',
        values: { ended, authorizationId, refusedVersionId, unheardAtMs },
      });
    },

    async recordReminder(connectionId, versionId) {
      await table.update({
        ...key(connectionId),
        expression: 'SET #remindedVersionId = :versionId',
        values: { versionId },
      });
    },

    async putBack(connectionId, { authorizationId, previous }) {
      await table.update({
        pk: connectionPk(connectionId),
        sk: 'grant',
        expression: previous === undefined ? 'REMOVE #authorization' : 'SET #authorization = :previous',
        condition: '#authorization.#authorizationId = :authorizationId',
        values: { authorizationId, ...(previous !== undefined && { previous }) },
      });
    },
  };
}

/** @throws {ConfigurationError} names the invalid setting */
function settingsOf(connectionId: string, item: Item): BrowserLoginSettings {
  const parsed = BrowserLoginSettingsSchema.safeParse(parseJson(String(item.settings)));
  if (parsed.success) return parsed.data;
  const key = parsed.error.issues[0]?.path.join('.') || 'all';
  throw new ConfigurationError(`The browser login's settings of ${connectionId} are not valid at ${key}.`);
}
