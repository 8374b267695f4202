import type { Client } from '../core/client-credentials.ts';
import { refreshUnderLease } from '../app/refresh/refresh-under-lease.ts';
import { commandPorts } from './ports.ts';
import type { ConfiguredConnection } from '../core/panel.ts';
import type { Stack } from './stack.ts';

/**
 * Refreshes once under the lease, like the workflow, but with these credentials. A refusal causes no incident, and a rejected
 * grant is not recorded as dead.
 * @returns the step's outcome, or `rejected`
 * @throws {LeaseHeldError} the workflow refreshes now
 * @throws {ClientRejectedError} the provider refuses the credentials
 */
export async function refreshWith(
  stack: Stack,
  { settings: { connectionId }, grant }: Pick<ConfiguredConnection, 'settings' | 'grant'>,
  credentials: Client,
): Promise<string> {
  const ports = commandPorts(stack);
  let isRejected = false;
  const outcome = await refreshUnderLease(
    {
      // Naming the version makes it refresh even if the token is new.
      request: {
        connectionId,
        trigger: 'operator',
        force: 'refresh',
        accessVersionId: grant.accessVersionId,
        by: stack.by,
      },
      executionId: `cli#${ports.random.uuid()}`,
      executionStartedAt: new Date(stack.clock.nowMs()).toISOString(),
    },
    {
      ...ports,
      grants: {
        ...ports.grants,
        recordRejection: async () => {
          isRejected = true;
          return false;
        },
        // A rejection with other credentials says nothing about the grant.
        recordDoubt: async () => undefined,
      },
      clients: { read: async () => credentials },
    },
  );
  return isRejected ? 'rejected' : outcome;
}
