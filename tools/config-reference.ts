/** `npm run docs` writes docs/configuration.md from the schema of the configuration. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { format, resolveConfig } from 'prettier';

import { postedChannels } from '../core/channel.ts';
import { schemas } from '../infra/config.ts';

/** The parts of a JSON Schema that this page uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
}

/** The meaning of each key. A test compares the keys with the schema. */
export const meanings: Readonly<Record<string, string>> = {
  connections: 'One entry for each grant. The key is the connection’s id, part of secret names and links.',
  'connections.<id>.provider': 'A preset (`schwab`), or a key of `providers`.',
  'connections.<id>.client':
    'The client; its credentials are in the secret `grantkeeper/<stack>/client/<client>`. Connections may share one, but not at Schwab, where a login ends the app’s previous grant.',
  'connections.<id>.owner': 'Who logs in at the provider, and their channels.',
  'connections.<id>.owner.name': 'How mails and pages address them.',
  'connections.<id>.owner.email': 'Where notices and links go.',
  'connections.<id>.owner.phone':
    'Text messages go there: with its country code (E.164), in quotes. In the United States and Canada the account needs a number to send from.',
  ...Object.fromEntries(
    Object.entries(postedChannels).map(([name, { secretHolds, secretExample }]) => [
      `connections.<id>.owner.${name}`,
      `Name of the secret \`grantkeeper/<stack>/webhook/<name>\`, which holds the ${secretHolds}: \`${secretExample}\`.`,
    ]),
  ),
  'connections.<id>.owner.timeZone': 'The time zone of times in notices, from the IANA time zone database.',
  'connections.<id>.reminders':
    'The reminder schedule. The default follows the provider’s limits: 48, 24, 6 and 1 hours for a grant of a week.',
  'connections.<id>.reminders[].secondsBefore': 'How long before the token is needed.',
  'connections.<id>.reminders[].channels': 'Over which channels. Default: all that the owner has.',
  'connections.<id>.neededHours':
    'When the token is needed. Default: always. If a grant ends outside these hours, the owner logs in before they begin.',
  'connections.<id>.neededHours.days': 'The days on which they begin.',
  'connections.<id>.neededHours.from': 'Local time, in quotes.',
  'connections.<id>.neededHours.to': 'Local time. If not after `from`, it is on the next day.',
  'connections.<id>.neededHours.timeZone': 'Of the IANA time zone database.',
  'connections.<id>.quietHours':
    'When not to disturb the owner: a notice due in these hours comes when they begin.',
  'connections.<id>.quietHours.days': 'The days on which they begin.',
  'connections.<id>.quietHours.from': 'Local time, in quotes.',
  'connections.<id>.quietHours.to': 'Local time. If not after `from`, it is on the next day.',
  'connections.<id>.quietHours.timeZone': 'Of the IANA time zone database.',
  'connections.<id>.paused': '`true` stops checks and keeps the tokens.',
  'connections.<id>.browserLoginWithStoredPassword':
    'Opts in to the [browser login](browser-login.md). We advise against it: a stored password is the whole account. Off by default.',
  'connections.<id>.browserLoginWithStoredPassword.recipe':
    'A preset (`demo-brokerage`; `schwab`, which is untested) or a key of `recipes`. Default: the provider’s name.',
  'connections.<id>.browserLoginWithStoredPassword.credentialsMaxAgeDays':
    'Operators hear once that an older password should change.',
  recipes: 'The [steps](browser-login.md#recipes) of browser logins.',
  'recipes.<name>.steps': 'In order: `fill`, `click`, `tick`, `one-time-code`, `choose-accounts`, `expect`.',
  'recipes.<name>.refusals': 'What a page shows when it refuses.',
  'recipes.<name>.refusals[].see': 'A role and a name, a label, or a text.',
  'recipes.<name>.refusals[].see.role': 'A WAI-ARIA role.',
  'recipes.<name>.refusals[].see.name': 'Its whole name.',
  'recipes.<name>.refusals[].means':
    'What it means. After a refused password or code, or a locked account, no attempt follows until the credentials change.',
  'recipes.<name>.seconds': 'The most that an attempt may take.',
  browserLogin: 'Where browser logins run, for connections that opt in.',
  'browserLogin.network':
    '`none`: outside any VPC, 0 dollars a month. `create`: a private VPC with HTTPS out and a Secrets Manager endpoint, 43.80 dollars. `existing`: your subnets.',
  'browserLogin.availabilityZones':
    'For `create`: two zones. Default: the first two with a Secrets Manager endpoint.',
  'browserLogin.subnetIds': 'For `existing`: private subnets that reach port 443.',
  'browserLogin.securityGroupIds': 'For `existing`.',
  'browserLogin.screenshotUrl': 'The link to a screenshot; its key is appended. Default: AWS’s console.',
  providers:
    'Providers without a preset. [Adding a provider](adding-a-provider.md) says where to find each value.',
  'providers.<name>.displayName': 'Its name in mails and pages; one line.',
  'providers.<name>.authorizationEndpoint': 'Where the owner logs in. Optional with `metadata`.',
  'providers.<name>.tokenEndpoint': 'Where codes and refresh tokens are spent. Optional with `metadata`.',
  'providers.<name>.revocationEndpoint': 'Where tokens are revoked (RFC 7009).',
  'providers.<name>.revocationEnds':
    'What a revocation ends: the token’s `login`, every login of the `account`, or every grant of the `client`. Grantkeeper revokes refused and replaced logins only with `login`.',
  'providers.<name>.metadata':
    'Which metadata of the issuer has the missing endpoints: RFC 8414, or OpenID Connect Discovery.',
  'providers.<name>.endpointHosts': 'Other hosts that metadata may name.',
  'providers.<name>.clientAuthentication': 'How the client authenticates (RFC 6749 §2.3.1).',
  'providers.<name>.clientIdPattern':
    'A regular expression for the whole client id, so that `connect` and `doctor` notice a typing error.',
  'providers.<name>.clientSecretPattern': 'The same for its secret.',
  'providers.<name>.scope': 'Of the authorization request, separated by spaces.',
  'providers.<name>.authorizationParameters': 'More parameters of the authorization request.',
  'providers.<name>.issuer':
    'Its issuer identifier. Required with `metadata`, `identity: id_token` and `authorizationResponseIss`.',
  'providers.<name>.authorizationResponseIss':
    'It promises `iss` in the authorization response (RFC 9207). Metadata may promise it too.',
  'providers.<name>.accessTokenLifetimeSeconds':
    'How long an access token lives. It sets the tick, and replaces a missing `expires_in`.',
  'providers.<name>.limits':
    'How long a refresh token lives. The earlier limit counts; with none, no end is known.',
  'providers.<name>.limits.absoluteSeconds': 'From the login. At least 7200.',
  'providers.<name>.limits.slidingSeconds':
    'From its last use. At least `accessTokenLifetimeSeconds` + 7200.',
  'providers.<name>.identity':
    'Whose grant it is: `id_token`, or an endpoint that takes the access token. Without it nobody is pinned.',
  'providers.<name>.identity.endpoint': 'Takes the access token and answers JSON.',
  'providers.<name>.identity.subject': 'Path of the owner’s identity in the answer, such as `/sub`.',
  'providers.<name>.identity.accounts': 'Path of the shared accounts, such as `/accounts/*/number`.',
  'providers.<name>.loginEndsPreviousGrant': 'A login ends the client’s previous grant.',
  'providers.<name>.rejectedGrantTexts':
    'Texts other than `invalid_grant` in an error body that mean “the owner must log in”.',
  mail: 'The sender of notices.',
  'mail.from': 'Its address.',
  'mail.identity':
    'What SES verifies: the sender’s address (default) or its domain. Grantkeeper adopts an existing identity.',
  operators: 'Who gets alerts, and may act on the panel.',
  'operators.emails': 'Each confirms a subscription once.',
  viewers: 'Who may also view the panel.',
  'viewers.emails': 'Their addresses.',
  executionUrl: 'The link to an execution in panel and alerts; its ARN is appended. Default: AWS’s console.',
  domain: 'Your host name for links and the callback URL. Default: the API’s own address.',
  'domain.name': 'In lower case, such as `grants.example.com`.',
  'domain.certificateArn': 'An ACM certificate for it, in the region of the stack.',
  'domain.hostedZoneId':
    'The Route 53 zone of the name. Without it, point the name at the output `callbackDomainTarget`.',
  cloudTrail:
    'Whether operators hear who else reads a secret: `none`, from an `existing` trail of management events, or `create` one.',
  logRetentionDays: 'How long CloudWatch keeps logs.',
};

export interface Key {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** Every key of the configuration, in the order of the schema. */
export function keysOf(): Key[] {
  const root = z.toJSONSchema(z.object(schemas), { io: 'input', unrepresentable: 'any' }) as Schema;
  return below('', root);
}

/** How this page writes the keys of maps. */
const placeholders: Readonly<Record<string, string>> = {
  connections: '<id>',
  providers: '<name>',
  recipes: '<name>',
};

function below(prefix: string, { properties = {}, required = [] }: Schema): Key[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const own: Key = { path, schema, isRequired: required.includes(name) };
    const { additionalProperties: each } = schema;
    const alternatives = schema.anyOf?.find((each) => each.type === 'object') ?? schema;
    if (typeof each === 'object' && placeholders[path] !== undefined)
      return [own, ...below(`${path}.${placeholders[path]}`, each)];
    if (schema.items?.type === 'object') return [own, ...below(`${path}[]`, schema.items)];
    return [own, ...below(path, alternatives)];
  });
}

/** The values that a key accepts, in words. */
function valueOf({ type, items, anyOf, const: only, ...schema }: Schema): string {
  if (anyOf !== undefined) return anyOf.map(valueOf).join(', or ');
  if (only !== undefined) return `\`${only}\``;
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${each}\``).join(', ');
  if (type === 'array') {
    const most = schema.maxItems === undefined ? '' : `, ${schema.maxItems} at most`;
    return `a list${items?.type === 'object' ? '' : ` of: ${valueOf(items ?? {})}`}${most}`;
  }
  if (type === 'object') return 'a block';
  if (type === 'boolean') return '`true` or `false`';
  if (type === 'integer') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    const from = Number.isSafeInteger(minimum) && minimum > Number.MIN_SAFE_INTEGER ? ` from ${minimum}` : '';
    const to = maximum < Number.MAX_SAFE_INTEGER ? ` to ${maximum}` : '';
    return `a whole number${from}${to}`;
  }
  if (schema.format === 'email') return 'an e-mail address';
  const most = schema.maxLength === undefined ? '' : `, ${schema.maxLength} characters at most`;
  return `text${most}`;
}

function defaultOf({ schema, isRequired }: Key): string {
  if (isRequired) return 'required';
  return schema.default === undefined ? '–' : `\`${JSON.stringify(schema.default)}\``;
}

export async function reference(): Promise<string> {
  const keys = keysOf();
  const tops = keys.filter(({ path }) => !path.includes('.'));
  const sections = tops.map((top) => {
    const own = keys.filter(({ path }) => path === top.path || path.startsWith(`${top.path}.`));
    const rows = own.map(
      (key) =>
        `| \`${key.path}\` | ${valueOf(key.schema)} | ${defaultOf(key)} | ${meanings[key.path] ?? ''} |`,
    );
    return `## \`grantkeeper:${top.path}\`\n\n| key | value | by default | what it means |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
  });
  const text = `# Configuration

\`npm run docs\` writes this page from the schema in \`infra/config.ts\`. It has every key of \`Pulumi.<stack>.yaml\` except \`aws:region\`;
[\`Pulumi.prod.yaml\`](../Pulumi.prod.yaml) is a complete example. The program reports all problems of an invalid configuration at once, unknown keys included. Put no
credential into it.

The stack's name is part of every name in AWS: at most 19 letters, digits, dashes and underscores.

${sections.join('\n\n')}
`;
  const file = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
  return format(text, { ...(await resolveConfig(file)), parser: 'markdown' });
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), await reference());
}
