import type { Grant } from '../../core/grant.ts';
import type {
  Authorizations,
  Clock,
  Events,
  Grants,
  Panel,
  Random,
  Sessions,
  Workflow,
} from '../../core/ports.ts';
import type { Settings } from '../../core/settings.ts';
import type { ActionName } from './panel-action.ts';
import type { SignedInUser } from './signed-in-user.ts';

export interface TakeActionPorts {
  readonly panel: Pick<Panel, 'readSettings'>;
  readonly sessions: Pick<Sessions, 'read' | 'touch'>;
  readonly grants: Pick<Grants, 'read' | 'pause' | 'resume' | 'openAuthorization'>;
  readonly authorizations: Pick<Authorizations, 'addLink' | 'setStatus'>;
  readonly workflow: Pick<Workflow, 'startExecution'>;
  readonly events: Events;
  readonly clock: Clock;
  readonly random: Random;
}

/** An action that a signed-in person requested, after their permission was checked. */
export interface ActionRequest {
  readonly action: ActionName;
  readonly settings: Settings;
  readonly grant: Grant;
  readonly user: SignedInUser;
  readonly form: URLSearchParams;
}
