import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { administrator } from '../../../local/aws/service.ts';
import type { Met } from '../../../local/faults.ts';
import { startTools } from '../../../local/tools/server.ts';
import type { ToolsServer } from '../../../local/tools/server.ts';
import { TestDemo, hourMs } from '../../helpers/demo.ts';

let demo: TestDemo;
let tools: ToolsServer;
beforeAll(async () => {
  tools = await startTools(0);
  demo = await TestDemo.start({ toolsUrl: tools.url });
  tools.show(demo.cloud);
});
afterAll(async () => {
  await tools.close();
  await demo[Symbol.asyncDispose]();
});

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(tools.url + path, { method: 'POST', body, headers, redirect: 'manual' });
  return { status: response.status, body: await response.text() };
}

async function historyOfNewest(): Promise<unknown> {
  const [{ executionArn } = { executionArn: '' }] = await demo.executions();
  return demo.cloud.stepFunctions.call('GetExecutionHistory', { executionArn }, administrator);
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
  expect(new Set(inbox.map(({ channel }) => channel))).toEqual(new Set(['email', 'sms', 'slack', 'discord']));
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

test('the alarms are listed by name, which a narrow screen shows without scrolling', async () => {
  const page = await (await fetch(tools.url)).text();
  const [, alarms] = /aria-label="Alarms"[^>]*>([^]*?)<\/table>/.exec(page)!;
  expect([...alarms!.matchAll(/<th>(\w+)<\/th>/g)].map(([, heading]) => heading)).toEqual([
    'Alarm',
    'State',
    'Since',
  ]);
  expect(alarms).toMatch(/<td class="text">grantkeeper-local-checks-stopped<\/td>\s*<td>OK<\/td>/);
});

test('another site cannot press the buttons', async () => {
  const answer = await post('/step', 'advance=PT1H', { 'sec-fetch-site': 'cross-site' });
  expect(answer.status).toBe(400);
  expect(demo.cloud.clock.now()).toBe(Date.UTC(2026, 0, 5, 13));
});

test.each([{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'null' }])(
  'another site can neither plan faults nor forget them (%j)',
  async (headers) => {
    const fault = '{"call": "secretsmanager:PutSecretValue", "by": "refresh-tokens", "kind": "kill"}';
    expect((await post('/faults', fault, headers)).status).toBe(400);
    expect(demo.cloud.faults.planned()).toEqual([]);
    expect((await post('/faults', fault)).status).toBe(201);
    const forget = (more: Record<string, string>) =>
      fetch(`${tools.url}/faults`, { method: 'DELETE', headers: more });
    expect((await forget(headers)).status).toBe(400);
    expect(demo.cloud.faults.planned()).toHaveLength(1);
    expect((await forget({ origin: tools.url })).status).toBe(200);
    expect(demo.cloud.faults.planned()).toEqual([]);
  },
);

test('an execution that waits is listed first, however many have ended since', async () => {
  await demo.advance(20 * hourMs);
  const page = await (await fetch(tools.url)).text();
  const rows = page.match(/<td>(RUNNING|SUCCEEDED)<\/td>/g)!;
  expect(rows[0]).toBe('<td>RUNNING</td>');
  expect(rows.slice(1)).not.toContain('<td>RUNNING</td>');
  expect(page).toContain('Older ones are not shown here');
});

test('an alert leads to the execution here, and the page to the panel', async () => {
  await demo.start({ connectionId: 'nobody', trigger: 'operator' });
  const page = await (await fetch(tools.url)).text();
  const href = /<a href="(http:[^"]+\/execution\?arn=arn:aws:states[^"]+)">/.exec(page)![1]!;
  expect(href.startsWith(`${tools.url}/execution?`)).toBe(true);
  expect((await fetch(href)).status).toBe(200);
  const panel = /<a href="([^"]+)">The panel<\/a>/.exec(page)![1]!;
  expect(panel).toBe(`${demo.cloud.apiUrl}/panel`);
});

test.each([
  ['/execution', 404],
  ['/execution?arn=x', 404],
  ['/execution?arn=%E0%A4%A', 404],
  ['/execution?arn=<b>', 404],
  [`/execution?arn=arn:aws:states:us-east-1:000000000000:execution:${'x'.repeat(300)}`, 404],
  ['/execution?arn=arn:aws:states:us-east-1:000000000000:stateMachine:grantkeeper-local-keep-grant', 404],
  ['/execution?arn=arn:aws:states:us-east-1:000000000000:execution:grantkeeper-local-keep-grant:nobody', 404],
  ['/nowhere', 404],
])('%s is not found: a browser gets a page with a link back', async (path, status) => {
  const asPerson = await fetch(tools.url + path, { headers: { accept: 'text/html' } });
  expect(asPerson.status).toBe(status);
  expect(await asPerson.text()).toContain('<a href="/">Back to the overview</a>');
  const asProgram = await fetch(tools.url + path);
  expect(asProgram.status).toBe(status);
  expect(await asProgram.json()).toHaveProperty('error');
});

test('HEAD answers as GET does, without a body', async () => {
  const answer = await fetch(tools.url, { method: 'HEAD' });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('');
});

describe('faults', () => {
  const fault = { call: 'dynamodb:GetItem', by: 'check-grant', kind: 'kill' };

  test('are planned, met by the next call that matches, and shown', async () => {
    expect((await post('/faults', JSON.stringify(fault))).status).toBe(201);
    expect(await (await fetch(`${tools.url}/faults`)).json()).toMatchObject({ planned: [{ fault, met: 0 }] });
    await demo.start({ connectionId: 'demo-main', trigger: 'operator' });
    await demo.advance(60_000);
    const { planned, met } = (await (await fetch(`${tools.url}/faults`)).json()) as Record<string, unknown[]>;
    expect(planned).toEqual([]);
    expect(met).toEqual([expect.objectContaining({ ...fault, effect: 'before' })]);
    expect(await (await fetch(tools.url)).text()).toContain('kill before dynamodb:GetItem by check-grant');
    expect((await demo.executions())[0]).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('that were planned are forgotten by DELETE', async () => {
    await post('/faults', JSON.stringify(fault));
    const answer = await fetch(`${tools.url}/faults`, { method: 'DELETE' });
    expect(await answer.json()).toMatchObject({ planned: [] });
  });

  describe('at the token endpoint', () => {
    const shown = async () =>
      (await (await fetch(`${tools.url}/faults`)).json()) as { planned: unknown[]; met: Met[] };
    const refresh = () => demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'refresh' });
    const outcomes = async () =>
      (await demo.brokerage.tokenCalls()).map(({ grantType, outcome }) => `${grantType} ${outcome}`);
    let metBefore = 0;
    beforeAll(() => demo.connect());
    beforeEach(async () => {
      // What failed before is over by then.
      await demo.advance(hourMs);
      await demo.brokerage.reset();
      metBefore = (await shown()).met.length;
    });

    test('are planned until a request meets them', async () => {
      const failing = { call: 'token-endpoint', by: 'refresh-tokens', kind: 'fail', skip: 1 };
      const answer = await post('/faults', JSON.stringify(failing));
      expect(JSON.parse(answer.body)).toMatchObject({ planned: [{ fault: failing, met: 0 }] });
      expect((await shown()).met).toHaveLength(metBefore);
      await refresh();
      expect((await shown()).met).toHaveLength(metBefore);
      await demo.advance(60_000);
      await refresh();
      expect(await outcomes()).toEqual(['refresh_token 200', 'refresh_token 503']);
      const { planned, met } = await shown();
      expect(planned).toEqual([]);
      const { call, by, kind } = failing;
      expect(met.slice(metBefore)).toEqual([
        { at: new Date(demo.cloud.clock.now()).toISOString(), call, by, kind, effect: 'before' },
      ]);
    });

    test('are forgotten by DELETE, those of which some were met included', async () => {
      await post('/faults', '{"call":"token-endpoint","kind":"fail","times":5,"effect":"after"}');
      await post('/faults', '{"call":"token-endpoint","by":"callback","kind":"hang"}');
      await refresh();
      const met = (await shown()).met.length - metBefore;
      expect(met).toBeGreaterThan(0);
      expect((await shown()).planned).toMatchObject([{ met }, { met: 0 }]);
      expect(await outcomes()).toEqual(Array.from({ length: met }, () => 'refresh_token closed'));

      expect((await fetch(`${tools.url}/faults`, { method: 'DELETE' })).status).toBe(200);
      expect((await shown()).planned).toEqual([]);
      await demo.brokerage.reset();
      await demo.advance(hourMs);
      expect(new Set(await outcomes())).toEqual(new Set(['refresh_token 200']));
      expect((await shown()).met).toHaveLength(metBefore + met);
    });

    test.each(['before', 'after'])(
      'kill the function that called, %s the request took effect',
      async (effect) => {
        await post(
          '/faults',
          JSON.stringify({ call: 'token-endpoint', by: 'refresh-tokens', kind: 'kill', effect }),
        );
        await refresh();
        expect((await outcomes())[0]).toBe('refresh_token hung');
        expect((await shown()).met.slice(metBefore)).toMatchObject([
          { by: 'refresh-tokens', kind: 'kill', effect },
        ]);
        expect(JSON.stringify(await historyOfNewest())).toContain('Runtime.ExitError');
      },
    );
  });

  test.each([
    ['kill', 'The body must be JSON such as'],
    ['{"call":"s3:GetObject","kind":"fail"}', 'call: must be *, token-endpoint, lambda:Invoke, or an action'],
    ['{"call":"*","kind":"explode"}', 'kind: '],
    ['{"call":"token-endpoint","kind":"kill"}', 'by: must name the function to kill at the token endpoint'],
    ['{"call":"token-endpoint","kind":"twice"}', 'kind: cannot be twice at the token endpoint'],
    ['{"call":"token-endpoint","kind":"fail","by":"check-grant"}', 'by: must be refresh-tokens or callback'],
    ['{"call":"token-endpoint","kind":"fail","containing":"x"}', 'containing: cannot be used at the token'],
  ])('as %s are refused with what is allowed', async (body, message) => {
    const answer = await post('/faults', body);
    expect(answer.status).toBe(400);
    expect((JSON.parse(answer.body) as { error: string }).error).toContain(message);
  });
});
