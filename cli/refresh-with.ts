import type { Client } from '../core/client-credentials.ts';
import { refreshUnderLease } from '../app/refresh/refresh-under-lease.ts';
import { commandPorts } from './ports.ts';
import type { Shown, Stack } from './stack.ts';

/**
 * One refresh as the workflow makes it, under the lease and with all its care, but with these credentials. That they are
 * refused is nobody's incident, and a grant that is rejected with them is not taken for dead.
 * @returns the step's outcome, or `rejected`
 * @throws {LeaseHeldError} the workflow refreshes now
 * @throws {ClientRejectedError} the provider refuses the credentials
 */
export async function refreshWith(
  stack: Stack,
  { settings: { connectionId }, grant }: Pick<Shown, 'settings' | 'grant'>,
  credentials: Client,
): Promise<string> {
  const keeper = commandPorts(stack);
  let isRejected = false;
  const outcome = await refreshUnderLease(
    {
      // Of that version another one is wanted, however new it is.
      request: {
        connectionId,
        trigger: 'operator',
        force: 'refresh',
        accessVersionId: grant.accessVersionId,
        by: stack.by,
      },
      executionId: `cli#${keeper.random.uuid()}`,
      executionStartedAt: new Date(stack.clock.nowMs()).toISOString(),
    },
    {
      ...keeper,
      grants: {
        ...keeper.grants,
        recordRejection: async () => {
          isRejected = true;
          return false;
        },
        // Doubt of a grant that was asked for with other credentials tells nothing of it: the answer is the operator's alone.
        recordDoubt: async () => undefined,
      },
      clients: { read: async () => credentials },
    },
  );
  return isRejected ? 'rejected' : outcome;
}
