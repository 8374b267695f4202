/** `npm run docs`: docs/configuration.md, made of the schema that the program reads its configuration by. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { format, resolveConfig } from 'prettier';

import { schemas } from '../infra/config.ts';

/** What a JSON Schema says of one key, as far as it is read here. */
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

/** What each key means. A test sees that none is missing, and that none is of a key that is not there. */
export const meanings: Readonly<Record<string, string>> = {
  connections: 'One entry a grant. Its key is the connection’s id: part of the names of secrets and links.',
  'connections.<id>.provider': 'A preset (`schwab`), or a key of `providers`.',
  'connections.<id>.client':
    'Whose credentials: the secret `grantkeeper/<stack>/client/<client>`. Connections of one app share them; where a login ends the grant before it, as at Schwab, each needs an app of its own.',
  'connections.<id>.owner': 'Who logs in at the provider, and how they are told.',
  'connections.<id>.owner.name': 'How mails and pages address them.',
  'connections.<id>.owner.email': 'Where notices and links go.',
  'connections.<id>.owner.phone':
    'Text messages go there: with its country code (E.164), in quotes. In the United States and Canada the account needs a number to send from.',
  'connections.<id>.owner.slack':
    'Name of the secret `grantkeeper/<stack>/webhook/<name>` with the URL of an incoming webhook of Slack.',
  'connections.<id>.owner.discord': 'The same of Discord.',
  'connections.<id>.owner.timeZone':
    'Times in notices are told in this zone, of the IANA time zone database.',
  'connections.<id>.reminders':
    'When the owner is told before the token is needed; the last one asks, and waits. By default by the provider’s limits: 48, 24, 6 and 1 hours for a grant of a week.',
  'connections.<id>.reminders[].secondsBefore': 'How long before.',
  'connections.<id>.reminders[].channels':
    'Over which channels; over all that the owner has where it is left out.',
  'connections.<id>.neededHours':
    'When the token is needed; always, where it is left out. A grant that ends outside of these is asked for before they begin.',
  'connections.<id>.neededHours.days': 'On which days they begin.',
  'connections.<id>.neededHours.from': 'Local time, in quotes.',
  'connections.<id>.neededHours.to': 'Local time; one that is not after `from` is of the next day.',
  'connections.<id>.neededHours.timeZone': 'Of the IANA time zone database.',
  'connections.<id>.quietHours':
    'When not to disturb the owner: a notice that would fall into them comes when they begin.',
  'connections.<id>.quietHours.days': 'On which days they begin.',
  'connections.<id>.quietHours.from': 'Local time, in quotes.',
  'connections.<id>.quietHours.to': 'Local time; one that is not after `from` is of the next day.',
  'connections.<id>.quietHours.timeZone': 'Of the IANA time zone database.',
  'connections.<id>.paused': '`true` stops all checks of this connection, and keeps its tokens.',
  'connections.<id>.browserLoginWithStoredPassword':
    'Off where it is left out, as it should be: a stored password is the whole account. With it a browser logs in by itself before the owner is asked. [What that means](browser-login.md).',
  'connections.<id>.browserLoginWithStoredPassword.recipe':
    'How: a preset (`demo-brokerage`; `schwab`, which is untested) or a key of `recipes`. By default that of the provider’s name.',
  'connections.<id>.browserLoginWithStoredPassword.credentialsMaxAgeDays':
    'Operators are reminded once to change the password when it is older.',
  recipes: 'How browsers log in, step by step: [browser-login.md](browser-login.md#recipes) has each step.',
  'recipes.<name>.steps':
    'What to do, in this order: `fill`, `click`, `tick`, `one-time-code`, `choose-accounts`, `expect`.',
  'recipes.<name>.refusals': 'What a page may say in place of going on.',
  'recipes.<name>.refusals[].see': 'What is seen: a role and a name, a label, or a text.',
  'recipes.<name>.refusals[].see.role': 'A role of WAI-ARIA.',
  'recipes.<name>.refusals[].see.name': 'Its name, as a whole.',
  'recipes.<name>.refusals[].means':
    'What it means. After a password or a code that was refused, and for a locked account, no browser is sent before the credentials have changed.',
  'recipes.<name>.seconds': 'How long all of it may take.',
  browserLogin: 'Where browsers that log in run, for connections that opt in. Without any it does nothing.',
  'browserLogin.network':
    '`none`: outside of any VPC, 0 dollars a month. `create`: a VPC of its own, private, with HTTPS as the only way out and an endpoint for Secrets Manager, 43.80 dollars a month. `existing`: your subnets, at what they cost.',
  'browserLogin.availabilityZones':
    'For `create`: names of two zones; without it, the first two that offer an endpoint for Secrets Manager.',
  'browserLogin.subnetIds': 'For `existing`: private ones with a way out to port 443.',
  'browserLogin.securityGroupIds': 'For `existing`.',
  'browserLogin.screenshotUrl':
    'Where a screenshot is shown, its key added at the end; AWS’s console where it is left out.',
  providers:
    'Authorization servers that have no preset: [adding a provider](adding-a-provider.md) has where to find each value.',
  'providers.<name>.displayName': 'How mails and pages call it; one line.',
  'providers.<name>.authorizationEndpoint':
    'Where the owner’s browser is sent. It may be left out where `metadata` is given.',
  'providers.<name>.tokenEndpoint':
    'Where codes and refresh tokens are spent. It may be left out where `metadata` is given.',
  'providers.<name>.revocationEndpoint': 'Where tokens are given back (RFC 7009).',
  'providers.<name>.revocationEnds':
    'How much a revocation ends: only the `login` that the token came from, every login of the `account`, or every grant of the `client`. Grantkeeper revokes refused and replaced logins only with `login`.',
  'providers.<name>.metadata':
    'Endpoints that are left out are read from the issuer’s metadata: RFC 8414, or OpenID Connect Discovery.',
  'providers.<name>.endpointHosts': 'Hosts, beside the issuer’s own, that its metadata may name.',
  'providers.<name>.clientAuthentication': 'How the client tells who it is (RFC 6749 §2.3.1).',
  'providers.<name>.clientIdPattern':
    'What a client’s id looks like, as a regular expression of the whole: `connect` and `doctor` see a slip by it.',
  'providers.<name>.clientSecretPattern': 'The same of its secret.',
  'providers.<name>.scope': 'Of the authorization request, separated by spaces.',
  'providers.<name>.authorizationParameters': 'Further parameters of the authorization request.',
  'providers.<name>.issuer':
    'Its issuer identifier. Needed with `metadata`, with `identity: id_token` and with `authorizationResponseIss`.',
  'providers.<name>.authorizationResponseIss':
    'It promises `iss` in the authorization response (RFC 9207). Metadata, if configured, may promise it too.',
  'providers.<name>.accessTokenLifetimeSeconds':
    'How long an access token lives where a token response does not say so; and what the checks are planned by.',
  'providers.<name>.limits':
    'How long a refresh token lives. A grant ends at the earlier of the two, and never where there are neither.',
  'providers.<name>.limits.absoluteSeconds': 'From the login. At least 7200.',
  'providers.<name>.limits.slidingSeconds':
    'From its last use. At least 7200 more than `accessTokenLifetimeSeconds`.',
  'providers.<name>.identity':
    'How it tells whose grant it is: `id_token`, or an endpoint that answers to the access token. Nobody is pinned where it is left out.',
  'providers.<name>.identity.endpoint': 'It is asked with the access token, and answers JSON.',
  'providers.<name>.identity.subject': 'Path of the owner’s identity in the answer, such as `/sub`.',
  'providers.<name>.identity.accounts':
    'Path of the accounts that they shared, such as `/accounts/*/number`.',
  'providers.<name>.loginEndsPreviousGrant': 'A login ends the grant that the same client had before.',
  'providers.<name>.rejectedGrantTexts':
    'Texts in an error body that mean “the owner must log in”, beside `invalid_grant`.',
  mail: 'Who notices come from.',
  'mail.from': 'Their sender.',
  'mail.identity':
    'The identity that SES verifies: by default the sender’s address, or else a domain of it. Grantkeeper adopts one that SES has already.',
  operators: 'Who hears when something fails that the owner cannot mend, and may act on the panel.',
  'operators.emails': 'Each has to confirm a subscription once.',
  viewers: 'Who may look at the panel beside the operators, and change nothing.',
  'viewers.emails': 'Their addresses.',
  executionUrl:
    'Where panel and alerts lead to for an execution, whose ARN is added at the end; AWS’s console where it is left out.',
  domain:
    'A host name of one’s own for links and the callback URL; the API’s own address where it is left out.',
  'domain.name': 'In lower case, such as `grants.example.com`.',
  'domain.certificateArn': 'An ACM certificate for it, in the region of the stack.',
  'domain.hostedZoneId':
    'The Route 53 zone to put the name into; without it, point the name at the output `callbackDomainTarget`.',
  cloudTrail:
    'Whether operators are told who else reads a secret: by nobody, by a trail of management events that the account has, or by one that this stack makes.',
  logRetentionDays: 'How long CloudWatch keeps logs.',
};

/** Every key of the configuration, with what the schema says of it. */
export interface Key {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** In the order of the schema. */
export function keysOf(): Key[] {
  const root = z.toJSONSchema(z.object(schemas), { io: 'input', unrepresentable: 'any' }) as Schema;
  return below('', root);
}

/** What maps call their keys. */
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

/** What may be written there, in words. */
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
  if (isRequired) return 'needed';
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

Every key of \`Pulumi.<stack>.yaml\`, made by \`npm run docs\` of the schema that the program reads it by (\`infra/config.ts\`).
[\`Pulumi.prod.yaml\`](../Pulumi.prod.yaml) is a whole one with a word on each. A configuration that is not valid is refused as a whole, every problem at once, and a key
that is not known is one. Besides these there is \`aws:region\`. No credential belongs into it.

The stack's own name is part of every name in AWS: at most 19 letters, digits, dashes and underscores.

${sections.join('\n\n')}
`;
  const file = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
  return format(text, { ...(await resolveConfig(file)), parser: 'markdown' });
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), await reference());
}
