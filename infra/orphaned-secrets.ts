import { ConnectionIdSchema } from '../core/settings.ts';
import type { FoundSecrets } from './secrets.ts';

/**
 * What whoever deploys should know of connections that have left the configuration, and of those that are new beside
 * them: a new name is another connection.
 * @param found the stack's secrets that exist, by name
 */
export function orphanedSecrets(
  secretPrefix: string,
  connectionIds: readonly string[],
  found: FoundSecrets,
): readonly string[] {
  const kept = connectionsOf(secretPrefix, found);
  const left = kept.filter((connectionId) => !connectionIds.includes(connectionId));
  const added = connectionIds.filter((connectionId) => !kept.includes(connectionId));
  return left.map((connectionId) => {
    const notified = `${connectionId} is not in the configuration: it has no schedule, and its secrets are kept. Put it back to go on with its grant, or end it with \`grantkeeper disconnect ${connectionId}\`.`;
    if (added.length === 0) return notified;
    return `${notified} A connection is not renamed: ${added.join(', ')} begins anew, with a login of its own.`;
  });
}

/** What has secrets under the stack's prefix beside connections. */
const others = new Set(['client', 'webhook']);

function connectionsOf(secretPrefix: string, found: FoundSecrets): string[] {
  const ofGrants = Object.keys(found).filter(
    (name) => name.startsWith(`${secretPrefix}/`) && name.endsWith('/grant'),
  );
  return ofGrants
    .map((name) => name.slice(secretPrefix.length + 1, -'/grant'.length))
    .filter(
      (connectionId) => ConnectionIdSchema.safeParse(connectionId).success && !others.has(connectionId),
    );
}
