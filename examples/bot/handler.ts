/** A bot that reads the accounts at each call, with a token that Grantkeeper keeps valid. */
import { fetchFor } from '@grantkeeper/client';

const { CONNECTION_ID = '', API_URL = '' } = process.env;
const fetch = fetchFor({ connectionId: CONNECTION_ID });

/** @throws {Error} the API refused the request */
export async function handler(): Promise<{ readonly accounts: number }> {
  const answer = await fetch(API_URL);
  if (!answer.ok) throw new Error(`The API answered ${answer.status}.`);
  const accounts = ((await answer.json()) as readonly unknown[]).length;
  console.log(JSON.stringify({ message: 'Looked at the accounts', accounts }));
  return { accounts };
}
