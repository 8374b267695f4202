import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, test } from '@jest/globals';

import { ExecutionEnvironment } from '../../../../local/aws/lambda/environment.ts';
import { threadFile } from '../../../../local/threads.ts';

test('a function can read how much of its own time is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grantkeeper-lambda-'));
  const bundle = join(folder, 'index.mjs');
  await writeFile(
    bundle,
    'export const handler = (event, context) => [event, context.getRemainingTimeInMillis()];',
  );
  const environment = new ExecutionEnvironment({
    thread: threadFile('function'),
    bundle: pathToFileURL(bundle).href,
    sharedClock: new SharedArrayBuffer(8),
    functionName: 'patient',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:patient',
    accessKeyId: 'AKIA',
    variables: {},
    timeoutSeconds: 600,
    onLog: () => undefined,
  });
  const ended = (await environment.invoke('"hello"')) as { result: string };
  await environment.close();
  await rm(folder, { recursive: true });

  const [event, leftMs] = JSON.parse(ended.result) as [string, number];
  expect(event).toBe('hello');
  expect(leftMs).toBeGreaterThan(300_000);
  expect(leftMs).toBeLessThan(601_000);
});
