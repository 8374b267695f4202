import { asOurs } from '../../core/errors.ts';
import type { Workflow } from '../../core/ports.ts';

/**
 * Runs a page's work, and reports errors that only an operator can fix. The workflow alerts operators once for each incident.
 * Otherwise only the owner would see the error.
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
    // If this fails, too, the error is in the log.
    await workflow.report(connectionId, step, error).catch(() => undefined);
    throw error;
  }
}
