import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { Browser, TestDemo, hourMs, minuteMs } from '../helpers/demo.ts';
import { actionLabels } from '../../app/labels.ts';
import { csrfOf, operator, press, signIn, textOf, timelineOf, viewer } from '../helpers/panel.ts';
import { tokenCalls } from '../helpers/story.ts';

let demo: TestDemo;
let path: string;
beforeAll(async () => {
  demo = await TestDemo.start();
  await demo.connect();
  path = `${demo.cloud.apiUrl}/panel/connections/demo-main`;
});
afterAll(() => demo[Symbol.asyncDispose]());

const page = async (browser: Browser) => textOf((await browser.open(path)).body);
/** Executions that the panel has started, newest first. */
const started = async () =>
  (await demo.executions()).map(({ name }) => name).filter((name) => name.includes('-panel-'));

describe('an operator', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await signIn(demo, operator);
  });

  test('refreshes now, once however many press at once, and the timeline says who', async () => {
    await demo.advance(minuteMs);
    await demo.brokerage.reset();
    const opened = await browser.open(path);
    const other = await signIn(demo, operator);
    const pressed = await Promise.all(
      [browser, other].map(async (each) =>
        each.post(`${path}/refresh`, { csrf: csrfOf(await each.open(path)) }),
      ),
    );
    await demo.cloud.clock.idle();
    expect(pressed.map(({ title }) => title)).toEqual(['demo-main', 'demo-main']);
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect(await started()).toHaveLength(1);
    const lines = await timelineOf(demo, browser);
    expect(lines.some((line) => line.includes('Requested') && line.includes(operator))).toBe(true);
    expect(lines.some((line) => line.includes('Refreshed the access token'))).toBe(true);
    expect(opened.body).toContain('Refresh now');
  });

  test('has the owner asked for a login; once while the link is open', async () => {
    await demo.advance(minuteMs);
    const before = demo.mails().length;
    const asked = await press(demo, browser, 'reauthorize');
    expect(textOf(asked.body)).toContain(
      'Sending Dana a login link by email, text message, Slack and Discord.',
    );
    expect(
      demo
        .mails()
        .slice(before)
        .map(({ to }) => to),
    ).toEqual([viewer]);
    expect(await page(browser)).toContain('Waiting for Dana to log in. The link works until');
    await demo.advance(14 * minuteMs);
    const again = await press(demo, browser, 'reauthorize');
    expect(again).toMatchObject({ status: 409, title: 'Not now' });
    expect(textOf(again.body)).toMatch(
      /Waiting for Dana\. You can send another link at Mon 5 Jan, 07:\d\d GMT-5\. Nothing was changed\./,
    );
    expect(demo.mails()).toHaveLength(before + 1);
    // A press a quarter of an hour later means a new link.
    await demo.advance(minuteMs);
    await press(demo, browser, 'reauthorize');
    expect(demo.mails()).toHaveLength(before + 2);
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
    await demo.cloud.clock.idle();
    expect(await page(browser)).not.toContain('Waiting for Dana');
  });

  test('pauses with a reason, which nobody refreshes or asks against, and resumes', async () => {
    const missing = await press(demo, browser, 'pause', { reason: '   ' });
    expect(missing).toMatchObject({ status: 400, title: 'A reason is missing' });
    const reason = `holiday <script>alert("1")</script> & 'more'`;
    await press(demo, browser, 'pause', { reason });
    const paused = await browser.open(path);
    expect(paused.body).not.toContain('<script>alert');
    expect(textOf(paused.body)).toContain(`Paused by ${operator}, Mon 5 Jan,`);
    expect(textOf(paused.body)).toContain(`“ ${reason} ”. Nothing is refreshed, and Dana gets no notices.`);
    expect(textOf(paused.body)).toContain('Nothing to do: it is paused.');
    await demo.brokerage.reset();
    await demo.advance(50 * minuteMs);
    expect(await tokenCalls(demo)).toEqual([]);
    for (const action of ['refresh', 'reauthorize']) {
      expect(await press(demo, browser, action)).toMatchObject({ status: 409, title: 'Not now' });
    }
    // Somebody else is a moment late: nothing is overwritten, and the page says so.
    const late = await press(demo, browser, 'pause', { reason: 'another' });
    expect(late).toMatchObject({ status: 409, title: 'Not now' });
    expect(textOf(late.body)).toContain('demo-main is already paused. Nothing was changed.');
    expect(await demo.grant()).toMatchObject({ paused: true, pause: { by: operator, reason } });

    await press(demo, browser, 'resume', { reason: 'back\r\nagain' });
    expect(await tokenCalls(demo)).toEqual(['refresh_token 200']);
    expect(await demo.grant()).not.toHaveProperty('pause');
    expect(await press(demo, browser, 'resume')).toMatchObject({ status: 409, title: 'Not now' });
    const lines = (await timelineOf(demo, browser, '?kind=action')).map((line) => line.split('GMT-5 ')[1]);
    expect(lines.slice(0, 11)).toEqual([
      `Refused Resume by: ${operator} because: it is not paused`,
      `Requested Resume by: ${operator}`,
      `Resumed by: ${operator} because: back again`,
      `Requested Resume by: ${operator} because: back again`,
      `Refused Pause by: ${operator} because: it is already paused`,
      `Requested Pause by: ${operator} because: another`,
      `Refused Re-authorize by: ${operator} because: it is paused`,
      `Refused Refresh now by: ${operator} because: it is paused`,
      `Paused by: ${operator} because: ${reason}`,
      `Requested Pause by: ${operator} because: ${reason}`,
      `Refused Pause by: ${operator} because: no reason was given`,
    ]);
  });

  test('pauses nothing that cannot be written down', async () => {
    await demo.cloud.faults.plan({ by: 'take-action', call: 'dynamodb:PutItem', kind: 'fail', times: 9 });
    expect(await press(demo, browser, 'pause', { reason: 'unheard' })).toMatchObject({ status: 500 });
    demo.cloud.faults.clear();
    expect(await demo.grant()).not.toMatchObject({ paused: true });
    expect((await timelineOf(demo, browser, '?kind=action'))[0]).not.toContain('unheard');
  });

  test('does not disconnect unless the box is ticked', async () => {
    expect(await browser.open(`${path}/disconnect`)).toMatchObject({
      status: 200,
      title: 'Disconnect demo-main',
    });
    const refused = await press(demo, browser, 'disconnect');
    expect(refused).toMatchObject({ status: 400, title: 'Not confirmed' });
    expect(await demo.grant()).toMatchObject({ status: 'active' });
  });

  test('does not log in for an owner', async () => {
    expect(await press(demo, browser, 'continue')).toMatchObject({
      status: 403,
      title: 'You are not the owner',
    });
    expect(await page(browser)).not.toContain('Log in to Demo Brokerage here');
  });
});

describe('a viewer', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await signIn(demo, viewer);
  });

  test.each(['refresh', 'reauthorize', 'test', 'pause', 'resume', 'disconnect'] as const)(
    'may not %s: nothing happens, and the timeline has it',
    async (action) => {
      const [executions, grant] = [await started(), await demo.grant()];
      const refused = await press(demo, browser, action, { reason: 'x', sure: 'yes' });
      expect(refused).toMatchObject({ status: 403, title: 'Operators only' });
      expect(await started()).toEqual(executions);
      expect(await demo.grant()).toEqual(grant);
      expect((await timelineOf(demo, browser, '?kind=action'))[0]).toMatch(
        new RegExp(`Refused ${actionLabels[action]} by: ${viewer} because: only operators can do that$`),
      );
    },
  );

  test('sees no buttons, nor the page before a disconnection', async () => {
    const { body } = await browser.open(path);
    expect(body).toContain('View only.');
    expect(body).not.toContain('Refresh now</button>');
    expect(await browser.open(`${path}/disconnect`)).toMatchObject({ status: 403 });
  });

  test('who owns it logs in from there, without a mail; the ceremony is the same', async () => {
    const before = demo.mails().length;
    const link = await press(demo, browser, 'continue');
    expect(link).toMatchObject({ status: 200, title: 'Log in to Demo Brokerage' });
    expect(link.url).toMatch(/\/reauthorize\/demo-main\/[a-z0-9]{20}\/[\w-]{43}$/);
    // Again, as somebody does who has closed the page: the same authorization, one more link.
    const again = await press(demo, browser, 'continue');
    expect(again.url.split('/').slice(0, 6)).toEqual(link.url.split('/').slice(0, 6));
    expect(await demo.logIn(link.url)).toMatchObject({ title: 'Done: you are connected' });
    await demo.cloud.clock.idle();
    expect(demo.mails()).toHaveLength(before);
    expect(await demo.grant()).toMatchObject({ status: 'active' });
    expect(await browser.open(again.url)).toMatchObject({ status: 410, title: 'You have logged in already' });
  });

  test('who owns it and goes away again is waited for by nobody, and is led back to the panel', async () => {
    const link = await press(demo, browser, 'continue');
    expect(await page(browser)).toContain('demo-main Healthy');
    const declined = await demo.logIn(link.url, 'cancel');
    expect(declined).toMatchObject({ title: 'Nothing was changed' });
    expect(declined.body).toMatch(
      /Begin again on\s*<a href="\/panel\/connections\/demo-main">the panel<\/a>/,
    );
    await demo.advance(hourMs);
    expect(await browser.open(link.url)).toMatchObject({ status: 410, title: 'This link has expired' });
  });

  test('who owns it does not log in while it is paused, also where a link is open', async () => {
    // An hour later nobody has a session any more.
    browser = await signIn(demo, viewer);
    await press(demo, browser, 'continue');
    const other = await signIn(demo, operator);
    await press(demo, other, 'pause', { reason: 'holiday' });
    expect(await press(demo, browser, 'continue')).toMatchObject({ status: 409, title: 'Not now' });
    await press(demo, other, 'resume');
  });
});

describe('an operator, in the end', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await signIn(demo, operator);
  });

  test('sends a test notice over every channel of the owner, which changes nothing', async () => {
    const before = demo.cloud.inbox.list().length;
    const grant = await demo.grant();
    const asked = await press(demo, browser, 'test');
    expect(textOf(asked.body)).toContain(
      'Sending Dana a test notice by email, text message, Slack and Discord.',
    );
    const sent = demo.cloud.inbox.list().slice(before);
    expect(sent.map(({ channel }) => channel).sort()).toEqual(['discord', 'email', 'slack', 'sms']);
    expect(await demo.grant()).toMatchObject({ sentReminders: grant.sentReminders, status: 'active' });
    const line = (await timelineOf(demo, browser, '?kind=notice'))[0];
    expect(line).toMatch(
      /Sent a test notice outcome: sent channels: email,? sms,? slack,? discord Execution of: /,
    );
  });

  test('disconnects: tokens are revoked, secrets emptied, and nothing is asked until somebody presses', async () => {
    const done = await press(demo, browser, 'disconnect', { sure: 'yes' });
    expect(textOf(done.body)).toContain(
      'Disconnecting demo-main: revoking the tokens and emptying the secrets.',
    );
    const seen = await page(browser);
    expect(seen).toContain('demo-main Disconnected');
    expect(seen).toContain('To restore it, an operator has to send Dana a login link.');
    expect((await browser.open(path)).body).not.toContain('Refresh now</button>');
    expect(await browser.open(`${path}/disconnect`)).toMatchObject({
      status: 409,
      title: 'demo-main is already disconnected',
    });
    expect(await press(demo, browser, 'disconnect', { sure: 'yes' })).toMatchObject({ status: 409 });
    expect(await timelineOf(demo, browser, '?kind=action')).toContainEqual(
      expect.stringMatching(
        new RegExp(`Disconnected by: ${operator} the tokens were revoked at the provider Execution of: `),
      ),
    );
    expect(JSON.stringify(await demo.secret('grant'))).not.toContain('refresh_token');
    await demo.brokerage.reset();
    const before = demo.mails().length;
    await demo.advance(30 * minuteMs);
    expect(await tokenCalls(demo)).toEqual([]);
    expect(demo.mails()).toHaveLength(before);
    const csrf = csrfOf(await browser.open(path));
    expect(await browser.post(`${path}/refresh`, { csrf })).toMatchObject({ status: 409, title: 'Not now' });

    // An owner cannot restart what an operator has ended.
    const owner = await signIn(demo, viewer);
    expect(await press(demo, owner, 'continue')).toMatchObject({ status: 409, title: 'Not now' });
    expect(await page(owner)).not.toContain('Log in to Demo Brokerage here');

    const mails = demo.mails().length;
    await press(demo, browser, 'reauthorize');
    expect(demo.mails()).toHaveLength(mails + 1);
    expect(await page(browser)).toContain('demo-main Waiting for login');
    // By now somebody has asked them.
    expect(await press(demo, owner, 'continue')).toMatchObject({ title: 'Log in to Demo Brokerage' });
    expect(await demo.logIn(demo.newestLink())).toMatchObject({ title: 'Done: you are connected' });
    await demo.cloud.clock.idle();
    expect(await page(browser)).toContain('demo-main Healthy');
  });
});

test('the page says what was done to the person who pressed, and not to one who follows a link from elsewhere', async () => {
  const text = 'Disconnecting demo-main';
  const elsewhere = await signIn(demo, operator, new Browser({ 'sec-fetch-site': 'same-origin' }));
  expect((await elsewhere.open(`${path}?done=disconnect`)).body).toContain(text);
  const from = elsewhere.with({ 'sec-fetch-site': 'cross-site' });
  expect((await from.open(`${path}?done=disconnect`)).body).not.toContain(text);
});

describe('what is not taken', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await signIn(demo, operator);
  });
  const notTaken = { status: 403, title: 'Request refused' };

  test('a token that is missing, forged, or of another session', async () => {
    const another = csrfOf(await (await signIn(demo, operator)).open(path));
    await demo.advance(1);
    for (const csrf of ['', 'A'.repeat(43), another]) {
      expect(await browser.post(`${path}/refresh`, { csrf })).toMatchObject(notTaken);
    }
    expect((await timelineOf(demo, browser, '?kind=action'))[0]).toContain('Refused Refresh now');
  });

  test('a form that another site sent, though with the right token', async () => {
    const csrf = csrfOf(await browser.open(path));
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      expect(await browser.with(headers).post(`${path}/refresh`, { csrf })).toMatchObject(notTaken);
    }
  });

  test('a body that is no form, or far too long', async () => {
    const json = browser.with({ 'content-type': 'application/json' });
    const csrf = csrfOf(await browser.open(path));
    expect(await json.post(`${path}/refresh`, { csrf })).toMatchObject(notTaken);
    expect(await browser.post(`${path}/refresh`, { csrf, more: 'x'.repeat(30_000) })).toMatchObject(notTaken);
  });

  test('anything without a session', async () => {
    const stranger = new Browser();
    expect(await stranger.post(`${path}/refresh`, {})).toMatchObject({
      status: 401,
      title: 'You are not signed in',
    });
  });

  test.each(['demo-other/refresh', 'demo-main/delete', 'demo-main/REFRESH', '__proto__/refresh'])(
    'there is no %s',
    async (what) => {
      const csrf = csrfOf(await browser.open(path));
      const address = `${demo.cloud.apiUrl}/panel/connections/${what}`;
      expect(await browser.post(address, { csrf })).toMatchObject({
        status: 404,
        title: 'There is no such connection',
      });
    },
  );
});

describe('the timeline', () => {
  test('is paged: older lines follow, none twice, none left out, of all kinds and of one', async () => {
    await demo.advance(18 * hourMs);
    const browser = await signIn(demo, operator);
    const lines = async (first: string) => {
      const seen: string[] = [];
      let query: string | undefined = first;
      for (let pages = 0; query !== undefined; pages += 1) {
        expect(pages).toBeLessThan(10);
        const { body } = await browser.open(path + query);
        const listed = body.matchAll(/<li class="(\w+)" id="[^"]+">\s*<time datetime="([^"]+)"/g);
        seen.push(...[...listed].map(([, kind, at]) => `${at} ${kind}`));
        query = /href="[^"?]*(\?[^"#]*before=[^"#]*)#timeline">Older</
          .exec(body)?.[1]
          ?.replaceAll('&amp;', '&');
      }
      return seen;
    };
    const all = await lines('');
    expect(all.length).toBeGreaterThan(80);
    const times = all.map((line) => line.split(' ')[0]!);
    expect(times).toEqual([...times].sort().toReversed());
    const refreshes = await lines('?kind=refresh');
    expect(refreshes.length).toBeGreaterThan(40);
    expect(new Set(refreshes).size).toBe(refreshes.length);
    expect(refreshes).toEqual(all.filter((line) => line.endsWith(' refresh')));
  });

  test.each(['?kind=none', '?before=x', '?before=event%23', '?kind=refresh&before=%00', '?done=__proto__'])(
    'takes no notice of %s',
    async (query) => {
      const browser = await signIn(demo, operator);
      expect(await browser.open(path + query)).toMatchObject({ status: 200, title: 'demo-main' });
    },
  );
});
