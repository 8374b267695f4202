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

/** After a login's tokens are recorded: resumes every execution that waits for a login. A repeat does no harm. */
export async function completeLogin(
  connectionId: string,
  login: Login,
  ports: CompleteLoginPorts,
): Promise<void> {
  const { versionId, authorizationId } = login;
  const completed = await ports.authorizations.setStatus(connectionId, authorizationId, 'completed');
  await Promise.all([
    completed && ports.workflow.resume(completed.taskTokens, { outcome: 'completed', done: [] }),
    ...supersedeOthers(connectionId, login, ports),
    ports.events.record(connectionId, 'completed', {
      authorizationId,
      ...(completed?.executionId !== undefined && { executionId: completed.executionId }),
    }),
  ]);
  await ports.grants.endLogin(connectionId, versionId);
}

/** The same for an imported grant, which has no authorization of its own. */
export async function completeImport(
  connectionId: string,
  login: Login,
  ports: CompleteLoginPorts,
): Promise<void> {
  await Promise.all(supersedeOthers(connectionId, login, ports));
  await ports.grants.endLogin(connectionId, login.versionId);
}

/** Ends the authorizations that were open when the login was recorded. */
function supersedeOthers(
  connectionId: string,
  { authorizationId, closed }: Login,
  ports: CompleteLoginPorts,
): Promise<void>[] {
  const waits = [...(closed?.supersedes ?? []), ...(closed ? [closed] : [])];
  return waits
    .filter((wait) => wait.authorizationId !== authorizationId)
    .map((wait) => supersede(connectionId, wait, ports));
}
