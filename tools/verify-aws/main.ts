/** `npm run verify:aws` compares AWS with the embedded cloud. It needs an AWS account. */
import { isDeepStrictEqual } from 'node:util';

import { readFlags, UsageError } from '../../local/flags.ts';
import { accountOf, onAws } from './aws.ts';
import type { Observed } from './walk.ts';

const help = `Usage: npm run verify:aws -- --account <id> --email <address> [--region <region>] [--profile <name>]

Deploys a throw-away stack and a fake provider to an AWS account, walks a first login and a refresh, compares what AWS
answered with what the embedded cloud answers, and destroys both. Some ten minutes.

What it makes there: 11 functions, 2 HTTP APIs, 2 state machines, a table, 3 secrets, a schedule, 11 alarms, a dashboard, a
topic, an identity of SES, and roles. It costs about 5 cents, or 9 dollars a month if it were not destroyed, which
it says if it is.

Options:
  --account <id>      that of your credentials: it is meant. Without it nothing is made
  --email <address>   yours: sender, owner and operator. AWS sends it two mails to confirm that: leave them alone.
                      Its identity of SES stays: aws sesv2 delete-email-identity --email-identity <address>
  --region <region>   us-east-1 by default
  --profile <name>    of ~/.aws/config
  --keep              does not destroy it, to look at it
  --embedded          only prints what the embedded cloud answers; needs no account
  --help              this text

Exit codes: 0 they answer the same, 1 they do not or it failed, 2 the command line is wrong.`;

/** Imported after the flags were read, because it bundles all functions. */
const onEmbeddedCloud = async () => (await import('./embedded.ts')).onEmbeddedCloud();

async function run(): Promise<number> {
  const flags = readFlags({
    account: { type: 'string' },
    email: { type: 'string' },
    region: { type: 'string', default: 'us-east-1' },
    profile: { type: 'string' },
    keep: { type: 'boolean', default: false },
    embedded: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  if (flags.help) {
    console.log(help);
    return 0;
  }
  if (flags.embedded) {
    console.log(JSON.stringify(await onEmbeddedCloud(), undefined, 2));
    return 0;
  }
  const { account, email, region, profile, keep } = flags;
  if (account === undefined || email === undefined) {
    throw new UsageError(
      'It makes things that cost money, so say that it is meant: --account <id> and --email <address>',
    );
  }
  const own = await accountOf({ region, profile });
  if (own !== account)
    throw new UsageError(`--account is ${account}, and the credentials are those of ${own}`);
  console.error('In the embedded cloud:');
  const expected = await onEmbeddedCloud();
  const answered = await onAws({ account, email, region, profile, keep });
  return compare(expected, answered);
}

function compare(expected: readonly Observed[], answered: readonly Observed[]): number {
  const others = expected.filter(({ answer }, index) => !isDeepStrictEqual(answer, answered[index]?.answer));
  for (const each of others) {
    const { what } = each;
    const aws = answered[expected.indexOf(each)]?.answer;
    console.log(
      `\n${what}\n  the embedded cloud: ${JSON.stringify(each.answer)}\n  AWS:                ${JSON.stringify(aws)}`,
    );
  }
  console.log(
    others.length === 0
      ? `\nAWS and the embedded cloud answer the same to all ${expected.length}.`
      : `\n${others.length} of ${expected.length} answers differ. Please report them, with the version of this repository.`,
  );
  return others.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(`${(error as Error).message}${isUsage ? '. See npm run verify:aws -- --help.' : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
