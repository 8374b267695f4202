import { asOurs } from '../../core/errors.ts';
import type { Workflow } from '../../core/ports.ts';

/**
 * Does what a page is for. A fault that only an operator can mend would stay between the owner and a page that says
 * "try again", so they are told by way of the workflow: one alert an incident, until the owner has logged in.
 */
export async function reporting<T>(
  connectionId: string,
  step: 'Reauthorize' | 'Callback',
  workflow: Pick<Workflow, 'report'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = asOurs(thrown);
    // If even this fails, the page and the log are all there is.
    await workflow.report(connectionId, step, error).catch(() => undefined);
    throw error;
  }
}
