import type { ImportLoginAnswer } from '../app/login/import-login.ts';
import { importLogin } from '../app/login/import-login.ts';
import { saidIn } from '../app/refresh/refusal.ts';
import type { Refusal } from '../core/token-answer.ts';
import { CommandError } from './output.ts';
import { commandPorts } from './ports.ts';
import type { Shown, Stack } from './stack.ts';
import type { Found, Source } from './token-file.ts';

/**
 * @returns when the new access token ends, ISO 8601
 * @throws {CommandError} if the grant is not imported, or not yet
 */
export async function applyImport(
  stack: Stack,
  { settings, grant }: Shown,
  tokens: Found,
  authorizedAtMs: number,
  from: Source,
): Promise<string> {
  const foreign = { tokens, authorizedAtMs, details: { from, by: stack.by } };
  const answer = await importLogin(settings, grant, foreign, commandPorts(stack));
  if (answer.kind !== 'imported')
    throw new CommandError(messageOf(answer, settings.connectionId, settings.provider.displayName));
  return new Date(answer.accessExpiresAtMs).toISOString();
}

function messageOf(
  answer: Exclude<ImportLoginAnswer, { kind: 'imported' }>,
  connectionId: string,
  provider: string,
): string {
  const newOwner = `If a new owner is meant: grantkeeper reauthorize ${connectionId} --new-owner`;
  switch (answer.kind) {
    case 'held':
      return `${provider} cannot be asked now whose grant that is. Its tokens are kept, and the next check takes them over once the account is confirmed. Follow it with grantkeeper history ${connectionId}.`;
    case 'other-account':
      return `That grant is of another account than the one that ${connectionId} is kept for. Nothing was stored. ${newOwner}`;
    case 'account-unknown':
      return `The provider does not tell now whose grant that is, and ${connectionId} is kept for somebody. Nothing was stored; try again. ${newOwner}`;
    case 'logged-in':
      return `The owner of ${connectionId} has logged in meanwhile: that grant stands.`;
    case 'overtaken':
      return `Another login, or a refresh, has come between, and what stands is its own. See grantkeeper status ${connectionId}, and run the command again if the grant is still the older one.`;
    case 'disconnected':
      return `${connectionId} was disconnected meanwhile. Nothing was written.`;
    case 'no-room':
      return `So many logins and ends of ${connectionId} came within a day that its secrets have no room for another grant. Nothing was spent. Run the command again after ${new Date(answer.untilMs).toISOString()}.`;
    case 'refused':
      return `${refusals(provider)[answer.answer.refusal]} (${saidIn(answer.answer)}). Nothing was stored.`;
  }
}

const refusals = (provider: string): Readonly<Record<Refusal, string>> => ({
  'grant-rejected': `${provider} does not accept that grant: it has ended, or is of another app or another provider`,
  'grant-doubted': `${provider} says that the grant has ended, and that it has a fault itself; try again later`,
  'client-rejected': `${provider} does not accept the credentials of the client`,
  contract: `${provider} answered in a way that its data does not allow`,
  unavailable: `${provider} gave no usable answer; try again`,
});
