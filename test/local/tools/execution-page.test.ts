import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { administrator } from '../../../local/aws/service.ts';
import { FaultSchema } from '../../../local/faults.ts';
import { startTools } from '../../../local/tools/server.ts';
import type { ToolsServer } from '../../../local/tools/server.ts';
import { TestDemo, minuteMs } from '../../helpers/demo.ts';

let demo: TestDemo;
let tools: ToolsServer;
/** Of the first login, from its first tick on. */
let firstArn: string;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url });
  tools.show(demo.cloud);
  await demo.advance(0);
  firstArn = await newestArn();
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

async function newestArn(): Promise<string> {
  return (await demo.executions())[0]!.executionArn;
}

const open = (arn: string) => fetch(`${tools.url}/execution?arn=${encodeURIComponent(arn)}`);
const pageOf = async (arn: string) => (await open(arn)).text();

/** The path in words. */
const listed = (page: string) =>
  [...page.matchAll(/<li><strong>(\w+)<\/strong> ([^<]*)<\/li>/g)].map(
    ([, state, facts]) => `${state} ${facts}`,
  );

const summary = (page: string) =>
  Object.fromEntries(
    [...page.matchAll(/<dt>(\w+)<\/dt><dd>(.*?)<\/dd>/gs)].map(([, name, value]) => [name, value]),
  );

test('an execution that waits for its owner is shown up to there', async () => {
  await demo.advance(5 * minuteMs);
  const page = await pageOf(firstArn);
  expect(listed(page).map((step) => step.split(' · ')[0])).toEqual([
    'Begin succeeded',
    'CheckGrant succeeded',
    'Choose succeeded',
    'RequestReauthorization waiting for its task token',
  ]);
  expect(listed(page).at(-1)).toContain(' · 2026-01-05T12:00:00.000Z · 5 min so far');
  const { Input: _input, ...facts } = summary(page);
  expect(facts).toEqual({
    Status: 'RUNNING',
    Started: '2026-01-05T12:00:00.000Z',
    Duration: '5 min so far',
  });
});

test('a first login that is done is shown from its beginning to Done', async () => {
  await demo.connect();
  const page = await pageOf(firstArn);
  expect(listed(page).slice(3)).toEqual([
    'RequestReauthorization succeeded · 2026-01-05T12:00:00.000Z · 5 min',
    'CheckGrant succeeded · 2026-01-05T12:05:00.000Z · 0 sec',
    'Choose succeeded · 2026-01-05T12:05:00.000Z · 0 sec',
    'Done succeeded · 2026-01-05T12:05:00.000Z · 0 sec',
  ]);
  expect(summary(page)).toMatchObject({
    Status: 'SUCCEEDED',
    Stopped: '2026-01-05T12:05:00.000Z',
    Duration: '5 min',
    Output: expect.stringContaining('healthy'),
  });
});

test('a failed one shows what was caught, the way to the alert, error and cause', async () => {
  await demo.start({ connectionId: 'nobody', trigger: 'operator' });
  const page = await pageOf(await newestArn());
  expect(listed(page).map((step) => step.split(' · ')[0])).toEqual([
    'Begin succeeded',
    'CheckGrant caught: ConfigurationError',
    'RecordIncident succeeded',
    'AlertOperator succeeded',
    'RecordFailure succeeded',
    'AfterAlert succeeded',
    'Failed failed: OperatorAlerted',
  ]);
  expect(summary(page)).toMatchObject({
    Status: 'FAILED',
    Error: 'OperatorAlerted',
    Cause: 'CheckGrant: ConfigurationError',
  });
});

/** An execution whose check is killed, so that it waits for the next try. */
async function startToRetry(input: Record<string, unknown> = {}): Promise<string> {
  const fault = FaultSchema.parse({ call: 'dynamodb:GetItem', by: 'check-grant', kind: 'kill' });
  await demo.cloud.faults.plan(fault);
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', ...input });
  return newestArn();
}

test('a task that failed waits for its next try, and shows its retries afterwards', async () => {
  const arn = await startToRetry();
  const before = await pageOf(arn);
  expect(listed(before)[1]).toBe(
    'CheckGrant waiting for its next try: Runtime.ExitError · 2026-01-05T12:05:00.000Z · 0 sec so far',
  );
  await demo.advance(minuteMs);
  const after = await pageOf(arn);
  expect(listed(after)[1]).toMatch(/^CheckGrant succeeded · 1 retry · 2026-01-05T12:05:00.000Z · \d sec$/);
});

test('an execution that was stopped is shown up to where it was, and markup in its texts stays text', async () => {
  const executionArn = await startToRetry({ note: '<b>input</b>' });
  const ending = { error: '<script>error()</script>', cause: '<img src="x" onerror="cause()">' };
  await demo.cloud.stepFunctions.call('StopExecution', { executionArn, ...ending }, administrator);
  const page = await pageOf(executionArn);
  expect(listed(page)[1]).toContain('aborted: &lt;script&gt;error()&lt;/script&gt;');
  expect(summary(page)).toMatchObject({
    Status: 'ABORTED',
    Error: '&lt;script&gt;error()&lt;/script&gt;',
    Cause: '&lt;img src=&quot;x&quot; onerror=&quot;cause()&quot;&gt;',
    Input: expect.stringContaining('&lt;b&gt;input&lt;/b&gt;'),
  });
  expect(page).not.toMatch(/<script|<img|<b>/);
});

test('the page needs no script and nothing from elsewhere, and its policy allows neither', async () => {
  const answer = await open(firstArn);
  expect(answer.headers.get('content-security-policy')).toBe(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
  );
  const page = await answer.text();
  expect(page).not.toMatch(/<script|<link|\son\w+=|\bsrc=|@import|url\((?!#)|https?:/);
  expect([...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual(['/']);
});
