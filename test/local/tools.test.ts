import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { startTools } from '../../local/tools/server.ts';
import type { ToolsServer } from '../../local/tools/server.ts';
import { TestDemo } from '../helpers/demo.ts';

let demo: TestDemo;
let tools: ToolsServer;
beforeAll(async () => {
  demo = await TestDemo.start();
  tools = await startTools(demo.cloud, 0);
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(tools.url + path, { method: 'POST', body, headers, redirect: 'manual' });
  return { status: response.status, body: await response.text() };
}

test('the clock stands still, tells what is next, and runs what is due when it is stepped', async () => {
  expect(await (await fetch(`${tools.url}/clock`)).json()).toEqual({
    now: '2026-01-05T12:00:00.000Z',
    next: { at: '2026-01-05T12:00:00.000Z', label: 'schedule grantkeeper-local-demo-main' },
  });
  const { status, body } = await post('/clock', '{"advance":"next"}');
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual({
    now: '2026-01-05T12:00:00.000Z',
    ran: [{ at: '2026-01-05T12:00:00.000Z', label: 'schedule grantkeeper-local-demo-main' }],
    next: { at: '2026-01-05T12:25:00.000Z', label: 'schedule grantkeeper-local-demo-main' },
  });
  const hour = JSON.parse((await post('/clock', '{"advance":"PT1H"}')).body) as {
    now: string;
    ran: unknown[];
  };
  expect(hour.now).toBe('2026-01-05T13:00:00.000Z');
  expect(hour.ran).toHaveLength(2);
});

test('the inbox has every message, with the link in the text', async () => {
  const inbox = (await (await fetch(`${tools.url}/inbox`)).json()) as Record<string, string>[];
  expect(inbox).toHaveLength(1);
  expect(Object.keys(inbox[0]!)).toEqual(['id', 'at', 'channel', 'to', 'subject', 'text', 'html']);
  expect(inbox[0]).toMatchObject({ channel: 'email', to: 'dana@example.com' });
});

test('the page shows inbox, executions and logs, with links that work and markup escaped', async () => {
  demo.cloud.inbox.add({
    channel: 'email',
    to: 'x@example.com',
    subject: '<b>bold</b>',
    text: '<script>1</script>',
  });
  const page = await (await fetch(tools.url)).text();
  expect(page).toContain(`<a href="${demo.newestLink()}">`);
  expect(page).toContain('&lt;script&gt;1&lt;/script&gt;');
  expect(page).not.toContain('<script>');
  expect(page).toContain('Begin → CheckGrant → Choose → RequestReauthorization');
  const [execution] = await demo.executions();
  const detail = await fetch(`${tools.url}/execution?arn=${encodeURIComponent(execution!.executionArn)}`);
  expect(await detail.text()).toContain('TaskStateEntered');
});

test.each([
  ['{"advance":"a week"}', 'advance is "a week": must be "next" or an ISO 8601 duration'],
  ['{"advance":"-PT1H"}', 'must be "next" or an ISO 8601 duration'],
  ['{"advance":"P2Y"}', 'up to 400 days'],
  ['advance=PT1H', 'The body must be JSON such as'],
])('a step of %s is refused with what is allowed', async (body, message) => {
  const answer = await post('/clock', body);
  expect(answer.status).toBe(400);
  expect(answer.body).toContain(message.replaceAll('"', '\\"'));
});

test('another site cannot press the buttons', async () => {
  const answer = await post('/step', 'advance=PT1H', { 'sec-fetch-site': 'cross-site' });
  expect(answer.status).toBe(400);
  expect(demo.cloud.clock.now()).toBe(Date.UTC(2026, 0, 5, 13));
});
