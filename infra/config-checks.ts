import { z } from 'zod/mini';

import { channelNames, ownerKeys, postedChannelNames } from '../core/channel.ts';
import { presets } from '../core/provider.ts';
import { recipes as recipePresets } from '../core/recipe.ts';
import { ConnectionIdSchema } from '../core/settings.ts';
import { allowed, keyOf, oneOf, problemAt } from './config-problems.ts';

/** Of clients and providers. */
export const NameSchema = z.string().check(
  z.regex(/^[a-z](-?[a-z0-9])*$/, {
    error: 'must be lower-case letters, digits and single dashes, beginning with a letter',
  }),
  z.maxLength(32),
);

type Block = Readonly<Record<string, unknown>>;

/**
 * The stack's name is part of every physical name. The tightest are those of schedules, 64 characters with a
 * connection's id of up to 32 in them, and of functions, which may not have dots.
 */
export function checkStackName(stack: string): string[] {
  if (/^[A-Za-z0-9_-]{1,19}$/.test(stack)) return [];
  return [`The stack's name is "${stack}": must be at most 19 letters, digits, dashes and underscores`];
}

/**
 * What keys demand of each other. It is told together with what is wrong with single values, so it reads the
 * configuration as it was written and passes over what is not as it should be.
 */
export function crossCheck(config: Block, region: string | undefined, stack: string): string[] {
  const providers = blocksOf(config.providers);
  const connections = blocksOf(config.connections);
  return [
    ...connections.flatMap(([id, connection]) => [
      ...checkName(['connections', id], ConnectionIdSchema),
      ...checkSecretNames(id, connection),
      ...checkReminders(id, connection),
      ...checkBrowserLogin(id, connection, stack, [
        ...Object.keys(recipePresets),
        ...Object.keys(blockOf(config.recipes)),
      ]),
      ...checkProvider(id, connection.provider, [
        ...Object.keys(presets),
        ...providers.map(([name]) => name),
      ]),
    ]),
    ...providers.flatMap(([name, provider]) => [
      ...checkName(['providers', name], NameSchema),
      ...checkIssuer(name, provider),
      ...checkParameters(name, provider.authorizationParameters),
    ]),
    ...blocksOf(config.recipes).flatMap(([name]) => checkName(['recipes', name], NameSchema)),
    ...checkNetwork(blockOf(config.browserLogin)),
    ...checkSender(blockOf(config.mail)),
    ...checkRepeated('operators', blockOf(config.operators).emails),
    ...checkRepeated('viewers', blockOf(config.viewers).emails, blockOf(config.operators).emails),
    ...checkRegion(blockOf(config.domain), region),
  ];
}

function checkName([block, name]: readonly [string, string], schema: z.ZodMiniType): string[] {
  const issues = schema.safeParse(name, { error: allowed }).error?.issues ?? [];
  return issues.map(({ message }) => `${keyOf([block, name])}: the name ${message}`);
}

/**
 * Secrets are `…/<connectionId>/grant`, `…/<connectionId>/access`, `…/client/<client>` and `…/webhook/<name>`, and roles
 * tell them apart by those patterns: no name may fit two of them.
 */
function checkSecretNames(id: string, { client, owner }: Block): string[] {
  const problems: string[] = [];
  if (id === 'client' || id === 'webhook') {
    problems.push(
      `${keyOf(['connections', id])}: must be another name; secrets of ${id}s are under this one`,
    );
  }
  const posted = postedChannelNames.map((name) => [name, blockOf(owner)[name]] as const);
  const named = {
    client,
    ...Object.fromEntries(posted.map(([name, secret]) => [`owner.${name}`, secret])),
  };
  for (const [key, name] of Object.entries(named)) {
    if (name !== 'grant' && name !== 'access') continue;
    const another = 'must be another name; secrets of connections end in this one';
    problems.push(problemAt(['connections', id, ...key.split('.')], name, another));
  }
  for (const [index, [name, secret]] of posted.entries()) {
    const [other] = posted.slice(0, index).find((before) => before[1] === secret) ?? [];
    if (secret === undefined || other === undefined) continue;
    problems.push(problemAt(['connections', id, 'owner', name], secret, `must not be that of ${other}`));
  }
  return problems;
}

/** A reminder names channels that the owner has, and no two are at the same time. */
function checkReminders(id: string, { owner, reminders }: Block): string[] {
  if (!Array.isArray(reminders)) return [];
  const has = blockOf(owner);
  const missing = channelNames.filter((channel) => channel !== 'email' && !has[ownerKeys[channel]]);
  return reminders.flatMap((reminder: unknown, index) => {
    const { secondsBefore, channels } = blockOf(reminder);
    const at = (key: string) => ['connections', id, 'reminders', index, key] as const;
    const isRepeated = reminders
      .slice(0, index)
      .some((other) => blockOf(other).secondsBefore === secondsBefore);
    return [
      ...(isRepeated ? [problemAt(at('secondsBefore'), secondsBefore, 'must be listed once only')] : []),
      ...missing
        .filter((channel) => Array.isArray(channels) && channels.includes(channel))
        .map((channel) => {
          const refused = `must not have ${channel}: the owner has no ${ownerKeys[channel]}`;
          return problemAt(at('channels'), channels, refused);
        }),
    ];
  });
}

/** Functions have names of up to 64 characters, and this one has both the stack's and the connection's. */
function checkBrowserLogin(
  id: string,
  { browserLoginWithStoredPassword: own, provider }: Block,
  stack: string,
  known: readonly string[],
): string[] {
  if (own === undefined) return [];
  const path = ['connections', id, 'browserLoginWithStoredPassword'] as const;
  const { recipe } = blockOf(own);
  const longest = 64 - `grantkeeper-${stack}-browser-login-`.length;
  return [
    ...(id.length > longest
      ? [
          `${keyOf(path)}: the name ${id} must have at most ${longest} characters for this, in the stack ${stack}`,
        ]
      : []),
    ...(recipe === undefined && typeof provider === 'string' && !known.includes(provider)
      ? [
          problemAt(
            [...path, 'recipe'],
            recipe,
            `must be ${oneOf(known)}; there is none of the provider's name`,
          ),
        ]
      : []),
    ...(typeof recipe === 'string' && !known.includes(recipe)
      ? [problemAt([...path, 'recipe'], recipe, `must be ${oneOf(known)}`)]
      : []),
  ];
}

function checkNetwork({ network = 'none', subnetIds, securityGroupIds, availabilityZones }: Block): string[] {
  const isStray = network !== 'create' && availabilityZones !== undefined;
  const stray = 'must be left out where network is not create';
  const zones = isStray ? [problemAt(['browserLogin', 'availabilityZones'], availabilityZones, stray)] : [];
  const existing = Object.entries({ subnetIds, securityGroupIds }).flatMap(([key, value]) => {
    if (network === 'existing' && value === undefined)
      return [problemAt(['browserLogin', key], value, 'must be given where network is existing')];
    return network !== 'existing' && value !== undefined
      ? [problemAt(['browserLogin', key], value, 'must be left out where network is not existing')]
      : [];
  });
  return [...zones, ...existing];
}

function checkProvider(id: string, provider: unknown, known: readonly string[]): string[] {
  if (typeof provider !== 'string' || known.includes(provider)) return [];
  return [problemAt(['connections', id, 'provider'], provider, `must be ${oneOf(known)}`)];
}

function checkIssuer(name: string, { authorizationResponseIss, issuer }: Block): string[] {
  if (authorizationResponseIss !== true || issuer !== undefined) return [];
  const needed = 'must be the issuer that authorization responses name, for authorizationResponseIss is true';
  return [problemAt(['providers', name, 'issuer'], issuer, needed)];
}

/** What the authorization request says already; `client_secret` has no business in a browser's address line. */
const ownParameters = [
  'response_type',
  'client_id',
  'client_secret',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
];

function checkParameters(name: string, parameters: unknown): string[] {
  return Object.keys(blockOf(parameters))
    .filter((parameter) => ownParameters.includes(parameter))
    .map(
      (parameter) =>
        `${keyOf(['providers', name, 'authorizationParameters', parameter])}: must be left out; it is Grantkeeper's to set, or a secret`,
    );
}

/** SES lets an identity send for its own address, or for its domain and what is below. */
function checkSender({ from, identity }: Block): string[] {
  if (typeof from !== 'string' || typeof identity !== 'string') return [];
  const domain = from.slice(from.indexOf('@') + 1);
  if (identity === from || identity === domain || domain.endsWith(`.${identity}`)) return [];
  return [problemAt(['mail', 'identity'], identity, `must be ${from} or a domain of that address`)];
}

/** @param before those of another key that are not to be listed here again */
function checkRepeated(key: string, emails: unknown, before: unknown = []): string[] {
  if (!Array.isArray(emails)) return [];
  const others: readonly unknown[] = Array.isArray(before) ? before : [];
  return emails.flatMap((email, index) =>
    emails.indexOf(email) < index || others.includes(email)
      ? [problemAt([key, 'emails', index], email, 'must be listed once only')]
      : [],
  );
}

/** A regional endpoint takes certificates of its own region only. */
function checkRegion({ certificateArn }: Block, region: string | undefined): string[] {
  const found =
    typeof certificateArn === 'string' && /^arn:[a-z-]+:acm:([a-z0-9-]+):/.exec(certificateArn)?.[1];
  if (!found || region === undefined || found === region) return [];
  return [problemAt(['domain', 'certificateArn'], certificateArn, `must be a certificate in ${region}`)];
}

function blockOf(value: unknown): Block {
  return typeof value === 'object' && value !== null ? (value as Block) : {};
}

function blocksOf(value: unknown): (readonly [string, Block])[] {
  return Object.entries(blockOf(value)).map(([name, block]) => [name, blockOf(block)]);
}
