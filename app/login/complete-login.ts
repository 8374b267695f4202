import type { Login } from '../../core/grant.ts';
import type { Authorizations, Clock, Events, Grants, Workflow } from '../../core/ports.ts';
import { supersede } from '../notices/send-login-link.ts';

export interface CompleteLoginPorts {
  readonly grants: Pick<Grants, 'endLogin'>;
  readonly authorizations: Pick<Authorizations, 'setStatus'>;
  readonly workflow: Pick<Workflow, 'resume'>;
  readonly events: Events;
  readonly clock: Clock;
}

/** What follows once a login's tokens are recorded: whoever waits goes on. A repeat does no harm. */
export async function completeLogin(
  connectionId: string,
  { versionId, authorizationId, closed }: Login,
  ports: CompleteLoginPorts,
): Promise<void> {
  const completed = await ports.authorizations.setStatus(connectionId, authorizationId, 'completed');
  const waits = [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])];
  await Promise.all([
    completed && ports.workflow.resume(completed.taskTokens, { outcome: 'completed', done: [] }),
    ...waits
      .filter((wait) => wait.authorizationId !== authorizationId)
      .map((wait) => supersede(connectionId, wait, ports)),
    ports.events.record(connectionId, 'completed', {
      authorizationId,
      ...(completed?.executionId !== undefined && { executionId: completed.executionId }),
    }),
  ]);
  await ports.grants.endLogin(connectionId, versionId);
}
