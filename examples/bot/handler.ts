/** A bot: each time it is called it looks at the accounts, with a token that it never has to think about. */
import { fetchFor } from '@grantkeeper/client';

const { CONNECTION_ID = '', API_URL = '' } = process.env;
const fetch = fetchFor({ connectionId: CONNECTION_ID });

/** @throws {Error} where the API refuses: what a bot must not do quietly */
export async function handler(): Promise<{ readonly accounts: number }> {
  const answer = await fetch(API_URL);
  if (!answer.ok) throw new Error(`The API answered ${answer.status}.`);
  const accounts = ((await answer.json()) as readonly unknown[]).length;
  console.log(JSON.stringify({ message: 'Looked at the accounts', accounts }));
  return { accounts };
}
