import type { ImportLoginAnswer } from '../app/login/import-login.ts';
import { importLogin } from '../app/login/import-login.ts';
import { saidIn } from '../app/refresh/refusal-error.ts';
import type { TokenRefusal } from '../core/token-refusal.ts';
import { CommandError } from './output.ts';
import { commandPorts } from './ports.ts';
import type { ConfiguredConnection } from '../core/panel.ts';
import type { Stack } from './stack.ts';
import type { TokenFile, Source } from './token-file.ts';

/**
 * @returns when the new access token ends, ISO 8601
 * @throws {CommandError} if the grant is not imported, or not yet
 */
export async function applyImport(
  stack: Stack,
  { settings, grant }: ConfiguredConnection,
  tokens: TokenFile,
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
  const newOwner = `To change the owner, run: grantkeeper reauthorize ${connectionId} --new-owner`;
  switch (answer.kind) {
    case 'held':
      return `${provider} cannot confirm the account now. The tokens are stored, and a later check completes the import once the account is confirmed. Follow it with grantkeeper history ${connectionId}.`;
    case 'other-account':
      return `That grant is of another account than ${connectionId}’s. Nothing was stored. ${newOwner}`;
    case 'account-unknown':
      return `The provider did not say whose grant that is, but ${connectionId} has a pinned account. Nothing was stored; try again. ${newOwner}`;
    case 'logged-in':
      return `The owner of ${connectionId} has just logged in. That grant was kept.`;
    case 'overtaken':
      return `Another login or a refresh came first, and its tokens were kept. Run grantkeeper status ${connectionId}, and import again if the grant is still the old one.`;
    case 'disconnected':
      return `${connectionId} was disconnected at the same time. Nothing was written.`;
    case 'no-room':
      return `${connectionId} had so many logins and disconnections within a day that its secrets have no room for another grant. Nothing was spent. Run the command again after ${new Date(answer.untilMs).toISOString()}.`;
    case 'refused':
      return `${refusals(provider)[answer.answer.refusal]} (${saidIn(answer.answer)}). Nothing was stored.`;
  }
}

const refusals = (provider: string): Readonly<Record<TokenRefusal, string>> => ({
  'grant-rejected': `${provider} does not accept that grant. It has ended, or belongs to another app or provider`,
  'grant-doubted': `${provider} rejects the grant, but reports an error of its own. Try again later`,
  'client-rejected': `${provider} does not accept the credentials of the client`,
  contract: `${provider} gave an answer that its data does not allow`,
  unavailable: `${provider} gave no usable answer. Try again`,
});
