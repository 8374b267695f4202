import type { ConnectionConfig } from './config.ts';

/**
 * What whoever deploys should know of connections that use one client where a login ends the grant that it had before:
 * they would end each other's.
 */
export function sharedClients(
  connections: readonly Pick<ConnectionConfig, 'connectionId' | 'client' | 'provider' | 'providerData'>[],
): readonly string[] {
  const exclusive = connections.filter(({ providerData }) => providerData.loginEndsPreviousGrant);
  const byClient = Map.groupBy(exclusive, ({ client, provider }) => JSON.stringify([client, provider]));
  return [...byClient.values()]
    .filter((sharing) => sharing.length > 1)
    .map((sharing) => {
      const { client, providerData } = sharing[0]!;
      const ids = sharing.map(({ connectionId }) => connectionId).join(', ');
      return `${ids} share the client ${client}, and at ${providerData.displayName} a login ends the grant that its client had before: each of their logins would end the others'. Give each a client (app) of its own.`;
    });
}
