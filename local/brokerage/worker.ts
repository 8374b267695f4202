/** The brokerage's thread: switches to virtual time first, then loads oidc-provider. */
import { parentPort, workerData } from 'node:worker_threads';
import { installVirtualDate } from '../aws/virtual-date.ts';
import type { BrokerageControl, BrokerageOptions, ControlRequest, WorkerMessage } from './control.ts';

const options = workerData as BrokerageOptions;
installVirtualDate(options.sharedClock);

const say = (message: WorkerMessage): void => parentPort?.postMessage(message);
try {
  const { serve } = await import('./server.ts');
  const { port, hopPort, control } = await serve(options, say);
  parentPort?.on('message', (request: ControlRequest) => void answer(control, request));
  say({ kind: 'listening', port, hopPort });
} catch (error) {
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}

async function answer(control: BrokerageControl, { id, name, args }: ControlRequest): Promise<void> {
  try {
    const operation = control[name] as (...args: readonly unknown[]) => unknown;
    say({ kind: 'answer', id, value: await operation.apply(control, [...args]) });
  } catch (error) {
    say({ kind: 'refusal', id, message: error instanceof Error ? error.message : String(error) });
  }
}
