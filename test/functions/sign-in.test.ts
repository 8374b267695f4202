import { expect, test } from '@jest/globals';

import { signIn } from '../../functions/sign-in/sign-in.ts';
import type { SignInPorts } from '../../functions/sign-in/sign-in.ts';
import { ms } from '../helpers/core-samples.ts';

const nowMs = ms('2026-01-08T15:00:00Z');
const operator = 'operator@example.com';

/** A panel whose limits are counted here, and whose mails are only listed. */
class Panel {
  readonly mails: string[] = [];
  readonly #counts = new Map<string, number>();
  #secrets = 0;
  readonly #ports: SignInPorts = {
    panel: {
      readSettings: async () => ({
        publicUrl: 'https://keeper.example.com',
        executionUrl: '',
        people: [{ email: operator, role: 'operator' }],
        connectionIds: [],
      }),
    },
    sessions: {} as SignInPorts['sessions'],
    signIns: { add: async () => undefined } as unknown as SignInPorts['signIns'],
    limits: {
      read: async (_of, what) => this.#counts.get(what) ?? 0,
      count: async (_of, what) => {
        const times = (this.#counts.get(what) ?? 0) + 1;
        this.#counts.set(what, times);
        return times;
      },
    },
    mail: { send: async (to) => void this.mails.push(to) },
    clock: { nowMs: () => nowMs },
    random: {
      hash: (value: string) => value,
      uuid: () => 'uuid',
      secret: () => `${(this.#secrets += 1)}`.padStart(43, 'x'),
    },
    wait: async () => undefined,
  };

  ask(sourceIp: string, email = operator) {
    const request = {
      rawPath: '/panel/sign-in',
      rawQueryString: '',
      requestContext: { http: { method: 'POST', sourceIp } },
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ email }).toString(),
      isBase64Encoded: false,
    };
    return signIn(request, this.#ports);
  }

  async askTimes(times: number, sourceIp: string): Promise<(string | undefined)[]> {
    const outcomes = [];
    for (let time = 0; time < times; time += 1) {
      const { outcome } = await this.ask(sourceIp);
      outcomes.push(outcome);
    }
    return outcomes;
  }
}

test('somebody who asks for an operator’s address again and again keeps no other source from signing in', async () => {
  const panel = new Panel();
  const outcomes = await panel.askTimes(25, '192.0.2.1');
  expect(outcomes.slice(8, 12)).toEqual(['mail-sent', 'mail-sent', 'address-too-often', 'address-too-often']);
  expect(outcomes.slice(19, 22)).toEqual(['address-too-often', 'too-often', 'too-often']);
  expect(panel.mails).toHaveLength(10);
  expect(await panel.askTimes(1, '192.0.2.2')).toEqual(['mail-sent']);
});

test('an inbox takes sixty mails an hour from all sources together', async () => {
  const panel = new Panel();
  for (let source = 1; source <= 7; source += 1) await panel.askTimes(10, `192.0.2.${source}`);
  expect(panel.mails).toHaveLength(60);
});

test('the answer is the same page, whatever the log calls it', async () => {
  const panel = new Panel();
  await panel.askTimes(10, '192.0.2.1');
  const answers = [
    await panel.ask('192.0.2.1'),
    await panel.ask('192.0.2.2'),
    await panel.ask('192.0.2.3', 'x@example.com'),
  ];
  expect(answers.map(({ outcome }) => outcome)).toEqual([
    'address-too-often',
    'mail-sent',
    'unknown-address',
  ]);
  expect(
    new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body?.replace(/\w+@/, '')}`)).size,
  ).toBe(1);
});
