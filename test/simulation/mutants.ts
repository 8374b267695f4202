import type { Grant } from '../../core/grant.ts';
import type { Grants, Tokens } from '../../core/ports.ts';
import type { GrantSecret, Versions } from '../../core/stored-tokens.ts';
import type { Ports } from './cloud.ts';
import type { Request } from './dynamodb.ts';

/** One protection taken away, by what stands between the functions and the world: the functions themselves stay as they are. */
export interface Mutant {
  readonly name: string;
  /** Of a world that finds it, when this was written: a search begins there. */
  readonly seed: number;
  /** How long a token request waits for its answer. */
  readonly tokenRequestMs?: number;
  /** Of one invocation. */
  readonly ports?: (ports: Ports) => Ports;
  readonly dynamoDb?: (request: Request) => Request;
  /** Partition keys that the roles of functions may write. */
  readonly mayWrite?: (pk: string) => boolean;
  readonly secretsManager?: (
    request: Record<string, unknown>,
    currentOf: (secretName: string) => string | undefined,
  ) => Record<string, unknown>;
}

export const unchanged: Mutant = { name: 'unchanged', seed: 1 };

export const mutants: readonly Mutant[] = [
  {
    name: 'the lease is given to everybody',
    seed: 1,
    dynamoDb: withoutCondition(({ UpdateExpression = '' }) => UpdateExpression.startsWith('SET #lease')),
  },
  {
    name: 'an old fencing number still writes',
    seed: 56,
    dynamoDb: withoutCondition(isFenced),
  },
  {
    name: 'AWSCURRENT moves from wherever it is',
    seed: 323,
    secretsManager: (request, currentOf) =>
      'MoveToVersionId' in request
        ? { ...request, RemoveFromVersionId: currentOf(String(request.SecretId)) }
        : request,
  },
  {
    name: 'nobody adopts AWSPENDING',
    seed: 43,
    ports: (ports) =>
      withTokens(ports, (tokens) => ({
        readGrant: async (connectionId) => ({
          ...(await tokens.readGrant(connectionId)),
          pending: undefined,
        }),
        readAccess: async (connectionId) => ({
          ...(await tokens.readAccess(connectionId)),
          pending: undefined,
        }),
      })),
  },
  {
    name: 'the access secret is written before the grant secret',
    seed: 1,
    ports: (ports) => withTokens(ports, accessFirst),
  },
  {
    name: 'a login waits for the lease',
    seed: 1,
    ports: (ports) =>
      withGrants(ports, (grants) => ({
        seizeLease: async (connectionId, owner, login) => {
          await grants.takeLease(connectionId, owner, login.atMs);
          return grants.seizeLease(connectionId, owner, login);
        },
      })),
  },
  {
    // Either one alone is enough: the function that replaces what was spent has taken the lease over before. The reading alone is
    // tested in test/functions/refresh-rejected.test.ts.
    name: 'invalid_grant is believed without reading again, whatever the fencing number',
    seed: 28,
    ports: withoutRereading,
    dynamoDb: withoutCondition(
      (request) => isFenced(request) && request.UpdateExpression === 'SET #status = :rejected',
    ),
  },
  {
    name: 'an authorization opens whatever is open',
    seed: 12,
    dynamoDb: withoutCondition(({ UpdateExpression = '' }) =>
      UpdateExpression.startsWith('SET #authorization = '),
    ),
  },
  {
    name: 'a refresh stores nothing once a login has begun',
    seed: 45,
    ports: (ports) =>
      withTokens(ports, (tokens) => ({
        putGrant: async (connectionId, secret) => {
          const { grant } = await ports.grants.read(connectionId);
          const isLate = secret.derivedFrom !== undefined && grant.login !== undefined;
          return isLate ? 'pending' : tokens.putGrant(connectionId, secret);
        },
      })),
  },
  {
    name: 'the deadline restarts at every refresh',
    seed: 12,
    ports: (ports) =>
      withGrants(ports, (grants) => ({
        recordTokens: (connectionId, fencingNumber, tokens) =>
          grants.recordTokens(connectionId, fencingNumber, {
            ...tokens,
            authorizedAtMs: tokens.refreshedAtMs,
          }),
      })),
  },
  {
    name: 'a login connects what was ended since it began',
    seed: 337,
    dynamoDb: (request) => ({
      ...request,
      ConditionExpression: request.ConditionExpression?.replace(
        /AND attribute_not_exists\(#disconnection\)[^]*/,
        '',
      ),
    }),
  },
  // That no link is opened for what was ended is held by test/workflow/disconnect: the world here seldom needs it.
  {
    name: 'a secret is emptied once',
    seed: 5,
    ports: (ports) =>
      withTokens(ports, (tokens) => ({
        empty: (connectionId, secret, [versionId], at) =>
          tokens.empty(connectionId, secret, [versionId, versionId], at),
      })),
  },
  {
    name: 'nobody counts the versions of a secret',
    seed: 29,
    ports: (ports) =>
      withGrants(ports, (grants) => ({
        read: async (connectionId) => {
          const { settings, grant } = await grants.read(connectionId);
          return { settings, grant: withoutWrites(grant) };
        },
        takeLease: async (connectionId, owner, nowMs) =>
          withoutWrites(await grants.takeLease(connectionId, owner, nowMs)),
      })),
  },
  {
    name: 'a reminder is claimed by everybody',
    seed: 55,
    dynamoDb: withoutCondition(({ UpdateExpression = '' }) => UpdateExpression.startsWith('SET #claim')),
  },
  {
    name: 'functions may write settings',
    seed: 1,
    mayWrite: () => true,
  },
  {
    name: 'a read of the secrets is not compared with the record',
    seed: 144,
    ports: (ports) =>
      withGrants(ports, (grants) => ({
        takeLease: async (connectionId, owner, nowMs) => ({
          ...(await grants.takeLease(connectionId, owner, nowMs)),
          grantVersionId: undefined,
          accessVersionId: undefined,
        }),
      })),
  },
  {
    name: 'a login whose account cannot be asked for is of somebody else',
    seed: 36,
    ports: (ports) => ({
      ...ports,
      tokenEndpoint: {
        ...ports.tokenEndpoint,
        identify: async (provider, tokens) => {
          const answer = await ports.tokenEndpoint.identify(provider, tokens);
          return answer.kind === 'unavailable' ? { kind: 'identity', identity: {} } : answer;
        },
      },
    }),
  },
  { name: 'a token request is given up after ten seconds', seed: 16, tokenRequestMs: 10_000 },
];

function withoutWrites(grant: Grant): Grant {
  return { ...grant, refreshesAtMs: [], requestedAtMs: [], otherWritesAtMs: [] };
}

function isFenced({ ConditionExpression: condition }: Request): boolean {
  return condition === '#fencingNumber = :fencingNumber';
}

function withoutCondition(isMeant: (request: Request) => boolean): (request: Request) => Request {
  return (request) => (isMeant(request) ? { ...request, ConditionExpression: undefined } : request);
}

function withGrants(ports: Ports, change: (grants: Grants) => Partial<Grants>): Ports {
  return { ...ports, grants: { ...ports.grants, ...change(ports.grants) } };
}

function withTokens(ports: Ports, change: (tokens: Tokens) => Partial<Tokens>): Ports {
  return { ...ports, tokens: { ...ports.tokens, ...change(ports.tokens) } };
}

/** Puts the grant's version off until the access secret's has become current. */
function accessFirst(tokens: Tokens): Partial<Tokens> {
  let putOff: (() => Promise<boolean>) | undefined;
  return {
    putGrant: async (connectionId, secret: GrantSecret) => {
      putOff = () => tokens.putGrant(connectionId, secret).then((put) => put === 'current');
      return 'pending';
    },
    moveCurrent: async (connectionId, secret, fromVersionId, toVersionId) => {
      const put = putOff;
      if (secret === 'grant' && put) {
        putOff = async () =>
          (await put()) || tokens.moveCurrent(connectionId, 'grant', fromVersionId, toVersionId);
        return true;
      }
      const moved = await tokens.moveCurrent(connectionId, secret, fromVersionId, toVersionId);
      putOff = undefined;
      return moved && ((await put?.()) ?? true);
    },
  };
}

/** From the lease to the rejection nobody sees that a login has begun, or has put its tokens. */
function withoutRereading(ports: Ports): Ports {
  let first: Promise<Versions<GrantSecret>> | undefined;
  let isRefreshing = false;
  const blind = withTokens(ports, (tokens) => ({
    readGrant: (connectionId) =>
      isRefreshing ? (first ??= tokens.readGrant(connectionId)) : tokens.readGrant(connectionId),
  }));
  return withGrants(blind, (grants) => ({
    takeLease: async (connectionId, owner, nowMs) => {
      const taken = await grants.takeLease(connectionId, owner, nowMs);
      isRefreshing = true;
      return taken;
    },
    recordRejection: (connectionId, fencingNumber) => {
      isRefreshing = false;
      return grants.recordRejection(connectionId, fencingNumber);
    },
    read: async (connectionId) => {
      const { settings, grant } = await grants.read(connectionId);
      return { settings, grant: isRefreshing ? { ...grant, login: undefined } : grant };
    },
  }));
}
