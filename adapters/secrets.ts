import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';

import { ConfigurationError, StoreQuotaExceededError, StoreUnavailableError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import type { AccessSecret, GrantSecret, Versions } from '../core/stored-tokens.ts';
import type { Clients, Tokens } from '../core/ports.ts';
import { Secret } from '../core/secret.ts';
import { callAws, clientDefaults } from './aws.ts';

const text = z.string().check(z.minLength(1));
const GrantValueSchema = z.object({
  refresh_token: text,
  obtained_at: text,
  authorized_at: text,
  derived_from: z.optional(text),
  identity: z.optional(z.object({ subject: z.optional(text), accounts: z.optional(z.array(text)) })),
  unverified: z.optional(z.literal(true)),
});
const AccessValueSchema = z.object({
  access_token: text,
  token_type: text,
  scope: z.optional(z.string()),
  obtained_at: text,
  expires_at: text,
  derived_from: text,
  deadline: z.optional(text),
  panel_url: z.optional(text),
});
const ClientValueSchema = z.object({ client_id: text, client_secret: text });

interface Version {
  readonly versionId: string;
  readonly value: string;
}

/** Seven attempts with their waits take 20 seconds at most. A function has these left after a token request of 25 seconds. */
const patientRequestTimeoutMs = 2_000;

export function secretsManager(): SecretsManagerClient {
  return new SecretsManagerClient(clientDefaults);
}

/** A client that retries for as long as a function has time. It stores tokens that are in memory only. */
export function patientSecretsManager({ config }: SecretsManagerClient): SecretsManagerClient {
  // Reuse the other client's open connections.
  const { requestHandler } = config;
  return new SecretsManagerClient({ ...clientDefaults, maxAttempts: 7, requestHandler });
}

/**
 * The two secrets of each connection, `<prefix>/<connectionId>/grant` and `…/access`. It writes a version as `AWSPENDING`.
 * The version becomes current by a conditional move of the staging label `AWSCURRENT`.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 */
export function secretsManagerTokens(
  prefix: string,
  client: SecretsManagerClient,
  patientClient: SecretsManagerClient,
): Tokens {
  const nameOf = (connectionId: string, secret: 'grant' | 'access') => `${prefix}/${connectionId}/${secret}`;

  async function put(name: string, versionId: string, value: Record<string, unknown>, ifNoRoom: string) {
    const command = new PutSecretValueCommand({
      SecretId: name,
      ClientRequestToken: versionId,
      SecretString: JSON.stringify(value),
      VersionStages: ['AWSPENDING'],
    });
    const { VersionStages: stages } = await callAws(
      `storing ${name}`,
      () => patientClient.send(command, { requestTimeout: patientRequestTimeoutMs }),
      { LimitExceededException: noRoomIn(name, ifNoRoom) },
    );
    // AWS makes the first version of a secret current, whatever label was asked for.
    return stages?.includes('AWSCURRENT') ? ('current' as const) : ('pending' as const);
  }

  return {
    readGrant: (connectionId) => versionsOf(client, nameOf(connectionId, 'grant'), grantSecretOf),

    async readGrantVersion(connectionId, versionId) {
      const version = await readVersion(client, nameOf(connectionId, 'grant'), { VersionId: versionId });
      return version && grantSecretOf(version);
    },

    readAccess: (connectionId) => versionsOf(client, nameOf(connectionId, 'access'), accessSecretOf),

    async readAccessVersion(connectionId, versionId) {
      const version = await readVersion(client, nameOf(connectionId, 'access'), { VersionId: versionId });
      return version && accessSecretOf(version);
    },

    putGrant: (connectionId, secret) =>
      put(
        nameOf(connectionId, 'grant'),
        secret.versionId,
        {
          refresh_token: secret.refreshToken.reveal(),
          obtained_at: secret.obtainedAt,
          authorized_at: secret.authorizedAt,
          derived_from: secret.derivedFrom,
          identity: secret.identity,
          unverified: secret.unverified,
        },
        'The refresh token that the provider gave is lost; if the one before it is not taken any more, the owner has to log in.',
      ),

    putAccess: (connectionId, secret) =>
      put(
        nameOf(connectionId, 'access'),
        secret.versionId,
        {
          access_token: secret.accessToken.reveal(),
          token_type: secret.tokenType,
          scope: secret.scope,
          obtained_at: secret.obtainedAt,
          expires_at: secret.expiresAt,
          derived_from: secret.derivedFrom,
          deadline: secret.deadline,
          panel_url: secret.panelUrl,
        },
        'The access token that the provider gave is lost; another one can be had.',
      ),

    async moveCurrent(connectionId, secret, fromVersionId, toVersionId) {
      const name = nameOf(connectionId, secret);
      const command = new UpdateSecretVersionStageCommand({
        SecretId: name,
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: fromVersionId,
        MoveToVersionId: toVersionId,
      });
      const moved = await callAws(
        `making a version of ${name} current`,
        () => client.send(command).then(() => true),
        { InvalidParameterException: () => false },
      );
      if (moved) return true;
      // Our own move may have succeeded, with its answer lost and the request repeated by the client.
      const current = await readVersion(client, name, { VersionStage: 'AWSCURRENT' });
      if (current?.versionId === toVersionId) return true;
      // AWS has just refused the move, so this read is stale. Reads of Secrets Manager may be some seconds old.
      if (fromVersionId !== undefined && current?.versionId === fromVersionId)
        throw new StoreUnavailableError(`making a version of ${name} current: what was read is out of date`);
      return false;
    },

    async empty(connectionId, secret, versionIds, at) {
      const name = nameOf(connectionId, secret);
      for (const versionId of versionIds) {
        // A version without a label is deprecated, and AWS deletes it. There is no call to delete a version.
        const command = new PutSecretValueCommand({
          SecretId: name,
          ClientRequestToken: versionId,
          SecretString: JSON.stringify({ disconnected_at: at }),
          VersionStages: ['AWSCURRENT', 'AWSPENDING'],
        });
        await callAws(`emptying ${name}`, () => client.send(command), {
          LimitExceededException: noRoomIn(name, 'It was not emptied.'),
        });
      }
    },
  };
}

/** Translates AWS's quota error. The budget in `core/version-budget.ts` should prevent it. */
function noRoomIn(name: string, consequence: string): () => never {
  return () => {
    throw new StoreQuotaExceededError(
      `${name} has as many versions as Secrets Manager keeps for a day. ${consequence}`,
    );
  };
}

function grantSecretOf({ versionId, value }: Version): GrantSecret | undefined {
  const stored = GrantValueSchema.safeParse(parseJson(value)).data;
  return (
    stored && {
      versionId,
      refreshToken: new Secret(stored.refresh_token),
      obtainedAt: stored.obtained_at,
      authorizedAt: stored.authorized_at,
      derivedFrom: stored.derived_from,
      identity: stored.identity,
      unverified: stored.unverified,
    }
  );
}

function accessSecretOf({ versionId, value }: Version): AccessSecret | undefined {
  const stored = AccessValueSchema.safeParse(parseJson(value)).data;
  return (
    stored && {
      versionId,
      accessToken: new Secret(stored.access_token),
      tokenType: stored.token_type,
      scope: stored.scope,
      obtainedAt: stored.obtained_at,
      expiresAt: stored.expires_at,
      derivedFrom: stored.derived_from,
      deadline: stored.deadline,
      panelUrl: stored.panel_url,
    }
  );
}

/** The clients' credentials, which an operator has stored in `<prefix>/client/<name>`. */
export function secretsManagerClients(client: SecretsManagerClient): Clients {
  const current = (name: string) => readVersion(client, name, { VersionStage: 'AWSCURRENT' });
  return {
    isThere: async (name) => (await current(name)) !== undefined,

    async read(name) {
      const version = await current(name);
      if (version === undefined) {
        throw new ConfigurationError(
          `The client secret ${name} holds no value yet. Put {"client_id": "…", "client_secret": "…"} into it.`,
        );
      }
      const stored = parseJson(version.value);
      if (stored === undefined) throw new ConfigurationError(`The client secret ${name} is not JSON.`);
      const parsed = ClientValueSchema.safeParse(stored);
      if (!parsed.success) {
        const field = parsed.error.issues[0]?.path.join('.');
        throw new ConfigurationError(
          `The client secret ${name} lacks ${field || 'client_id and client_secret'}.`,
        );
      }
      return { clientId: parsed.data.client_id, clientSecret: new Secret(parsed.data.client_secret) };
    },
  };
}

async function versionsOf<T>(
  client: SecretsManagerClient,
  name: string,
  read: (version: Version) => T | undefined,
): Promise<Versions<T>> {
  const [current, pending] = await Promise.all([
    readVersion(client, name, { VersionStage: 'AWSCURRENT' }),
    readVersion(client, name, { VersionStage: 'AWSPENDING' }),
  ]);
  const isOther = pending !== undefined && pending.versionId !== current?.versionId;
  return {
    currentVersionId: current?.versionId,
    current: current && read(current),
    pending: isOther ? read(pending) : undefined,
  };
}

async function readVersion(
  client: SecretsManagerClient,
  name: string,
  which: { readonly VersionStage: 'AWSCURRENT' | 'AWSPENDING' } | { readonly VersionId: string },
): Promise<Version | undefined> {
  const command = new GetSecretValueCommand({ SecretId: name, ...which });
  const answer = await callAws(`reading ${name}`, () => client.send(command), {
    ResourceNotFoundException: () => undefined,
  });
  return answer?.VersionId === undefined
    ? undefined
    : { versionId: answer.VersionId, value: answer.SecretString ?? '' };
}
