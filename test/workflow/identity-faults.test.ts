import { expect, test } from '@jest/globals';

import { Browser, TestDemo, minuteMs } from '../helpers/demo.ts';
import { askForLogin } from '../helpers/stored.ts';
import { holdWrites } from '../helpers/story.ts';

const done = { status: 200, title: 'Done: you are connected' };
const otherAccount = { status: 403, title: 'That was another account' };
const recording = { call: 'dynamodb:UpdateItem', by: 'callback', containing: 'accessVersionId' } as const;

async function logInAs(demo: TestDemo, link: string, loginId: 'demo' | 'friend') {
  const browser = new Browser();
  const page = await browser.open(await demo.logInUpToCallback(link, 'allow', browser, { loginId }));
  await demo.cloud.clock.idle();
  return page;
}

test.each([{ kind: 'kill' }, { kind: 'fail', times: 3 }] as const)(
  'a first login whose callback could not record it (%j) pins its owner all the same',
  async (fault) => {
    await using demo = await TestDemo.start();
    await demo.advance(0);
    await demo.cloud.faults.plan({ ...recording, ...fault });
    expect(await logInAs(demo, demo.newestLink(), 'demo')).toMatchObject({ status: 500 });
    await demo.advance(30 * minuteMs);
    expect(await demo.grant()).toMatchObject({
      status: 'active',
      identity: { subject: expect.any(String), accounts: expect.any(Array) },
    });

    expect(await logInAs(demo, await askForLogin(demo), 'friend')).toMatchObject(otherAccount);
    expect(await logInAs(demo, await askForLogin(demo), 'demo')).toMatchObject(done);
  },
);

test('a new owner whose callback died is the one who is pinned', async () => {
  await using demo = await TestDemo.start();
  await demo.connect();
  await demo.advance(minuteMs);
  await demo.start({ connectionId: 'demo-main', trigger: 'operator', force: 'change-owner' });
  await demo.cloud.faults.plan({ ...recording, kind: 'kill' });
  await logInAs(demo, demo.newestLink(), 'friend');
  await demo.advance(30 * minuteMs);
  expect(await demo.grant()).toMatchObject({ status: 'active' });

  expect(await logInAs(demo, await askForLogin(demo), 'demo')).toMatchObject(otherAccount);
  expect(await logInAs(demo, await askForLogin(demo), 'friend')).toMatchObject(done);
});

test('a callback that was slow to begin is compared to whom a faster one has pinned', async () => {
  await using demo = await TestDemo.start();
  await demo.advance(0);
  const link = demo.newestLink();
  const [slow, fast] = [new Browser(), new Browser()];
  const ofFriend = await demo.logInUpToCallback(link, 'allow', slow, { loginId: 'friend' });
  const ofDemo = await demo.logInUpToCallback(link, 'allow', fast, { loginId: 'demo' });
  const hold = holdWrites(demo, 'callback', 'usedBy', 1);
  const late = slow.open(ofFriend);
  // The friend's has read by then that nobody is pinned.
  await hold.reached();
  expect(await fast.open(ofDemo)).toMatchObject(done);
  hold.release();
  expect(await late).toMatchObject(otherAccount);
});
