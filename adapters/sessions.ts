import type { Random, Sessions, SignIns } from '../core/ports.ts';
import type { SignIn, Session } from '../core/panel.ts';
import { addressKey, isInTime, sessionMs, signInRepeatMs } from '../core/panel.ts';
import type { Table } from './table.ts';

const ttlAfter = (epochMs: number) => Math.ceil(epochMs / 1000);

/**
 * Sessions: `session#<hash>`. A person who signs out everywhere also has `person#<hash of the address>`, the number of the
 * valid generation of sessions. That item stays until every older session has expired.
 */
export function dynamoSessions(table: Table, random: Random): Sessions {
  const item = (sessionHash: string) => ({ pk: `session#${sessionHash}`, sk: 'session' });
  const person = (email: string) => ({ pk: `person#${random.hash(addressKey(email))}`, sk: 'sessions' });
  const generationOf = async (email: string) => {
    const { pk, sk } = person(email);
    return ((await table.read(pk, sk)) ?? {}).generation as string | undefined;
  };
  return {
    async read(sessionHash, nowMs) {
      const { pk, sk } = item(sessionHash);
      const found = (await table.read(pk, sk)) as unknown as (Session & { generation?: string }) | undefined;
      // An ended session has no times.
      if (found === undefined || !isInTime(found, nowMs)) return undefined;
      const generation = await generationOf(found.email);
      return generation === undefined || found.generation === generation ? found : undefined;
    },

    async start(sessionHash, { email, startedAtMs, seenAtMs }) {
      const generation = await generationOf(email);
      const ofGeneration = generation === undefined ? '' : ', #generation = :generation';
      await table.update({
        ...item(sessionHash),
        expression: `SET #email = :email, #startedAtMs = :startedAtMs, #seenAtMs = :seenAtMs, #ttl = :ttl${ofGeneration}`,
        values: {
          email,
          startedAtMs,
          seenAtMs,
          ttl: ttlAfter(startedAtMs + sessionMs),
          ...(generation !== undefined && { generation }),
        },
      });
    },

    async touch(sessionHash, nowMs) {
      await table.update({
        ...item(sessionHash),
        expression: 'SET #seenAtMs = :nowMs',
        condition: 'attribute_exists(#startedAtMs)',
        values: { nowMs },
      });
    },

    async end(sessionHash) {
      // Keep the item until it expires, without its attributes. A touch would otherwise create it again.
      await table.update({ ...item(sessionHash), expression: 'REMOVE #startedAtMs, #seenAtMs, #email' });
    },

    async endAll(email, nowMs) {
      await table.update({
        ...person(email),
        expression: 'SET #generation = :generation, #ttl = :ttl',
        values: { generation: random.uuid(), ttl: ttlAfter(nowMs + sessionMs) },
      });
    },
  };
}

/** Links to sign in: `sign-in#<hash>`. */
export function dynamoSignIns(table: Table): SignIns {
  const item = (linkHash: string) => ({ pk: `sign-in#${linkHash}`, sk: 'sign-in' });
  return {
    async add(linkHash, { email, browserHash, expiresAtMs, returnTo }) {
      await table.update({
        ...item(linkHash),
        expression: `SET #email = :email, #browserHash = :browserHash, #expiresAtMs = :expiresAtMs, #ttl = :ttl${
          returnTo === undefined ? '' : ', #returnTo = :returnTo'
        }`,
        values: {
          email,
          browserHash,
          expiresAtMs,
          ttl: ttlAfter(expiresAtMs),
          ...(returnTo !== undefined && { returnTo }),
        },
      });
    },

    async read(linkHash) {
      const { pk, sk } = item(linkHash);
      return (await table.read(pk, sk)) as unknown as SignIn | undefined;
    },

    async use(linkHash, nowMs) {
      const used = await table.update({
        ...item(linkHash),
        expression: 'SET #usedAtMs = if_not_exists(#usedAtMs, :nowMs)',
        condition: 'attribute_exists(#email) AND (attribute_not_exists(#usedAtMs) OR #usedAtMs > :before)',
        values: { nowMs, before: nowMs - signInRepeatMs },
      });
      return used !== undefined;
    },
  };
}
