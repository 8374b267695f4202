/** The operator's command: `npx grantkeeper <verb>`. */
import { Command, InvalidArgumentError, Option } from 'commander';

import { act, pause, resume } from './act.ts';
import { authorize } from './authorize.ts';
import { connect } from './connect.ts';
import { doctor } from './doctor.ts';
import { history, kinds } from './history.ts';
import { importGrant } from './import.ts';
import { open } from './open.ts';
import { CommandError, exitCodes } from './output.ts';
import { connectBrowser, rotateBrowser } from './browser-login.ts';
import type { Options } from './stack.ts';
import { status } from './status.ts';
import { sources } from './token-file.ts';

const program = new Command('grantkeeper')
  .description('Operates the grants of a deployed stack, on AWS or in the embedded cloud (npm start).')
  .showHelpAfterError('Try --help.')
  .exitOverride()
  .addHelpText(
    'after',
    `
Every command takes --stack (or GRANTKEEPER_STACK), --region, --profile, --local and --json.
Exit codes: 0 success, 1 failure, 2 wrong command line, 3 (status, doctor) something needs attention.
No command prints a secret or takes one as an argument.`,
  );

/** Defines a verb with the options that every verb takes. */
function verb(name: string, description: string, parent = program): Command {
  return parent
    .command(name)
    .description(description)
    .option('--stack <name>', 'the Pulumi stack (default: GRANTKEEPER_STACK)')
    .option('--region <region>', 'the AWS region (default: AWS_REGION)')
    .option('--profile <name>', 'a profile of ~/.aws/config')
    .option('--local', 'use the embedded cloud that `npm start` runs')
    .option('--json', 'print JSON for programs')
    .showHelpAfterError('Try --help.');
}

let exitCode: number = exitCodes.ok;
const does =
  <Args extends unknown[]>(work: (...args: Args) => Promise<number>) =>
  async (...args: Args) => {
    exitCode = await work(...args);
  };

verb('status', 'shows the health of every connection or of one: when tokens end, the next check, problems')
  .argument('[connection]')
  .action(does(status));

verb('doctor', 'checks everything your grants depend on and prints how to fix each problem').action(
  does(doctor),
);

verb('history', 'lists what happened to a connection')
  .argument('<connection>')
  .addOption(new Option('--kind <kind>', 'only events of this kind').choices(kinds))
  .option('--limit <n>', 'how many of the newest events', wholeNumber, 20)
  .action(does(history));

verb('open', 'opens the panel, or a connection on it, in the browser')
  .argument('[connection]')
  .option('--console', 'open the Step Functions console instead')
  .option('--print', 'print the address only')
  .action(does(open));

verb('refresh', 'refreshes the access token now')
  .argument('<connection>')
  .action(does((connection: string, options: Options) => act(connection, 'refresh', options)));

verb('reauthorize', 'sends the owner a link to log in')
  .argument('<connection>')
  .option(
    '--new-owner',
    'makes the person who logs in with this link the owner, with the accounts they share',
  )
  .action(
    does((connection: string, options: Options & { newOwner?: boolean }) =>
      act(connection, options.newOwner ? 'change-owner' : 'reauthorize', options),
    ),
  );

verb('test', 'sends the owner a test notice over every channel')
  .argument('<connection>')
  .action(does((connection: string, options: Options) => act(connection, 'test', options)));

verb('pause', 'stops refreshes and notices until you resume it')
  .argument('<connection>')
  .requiredOption('--reason <text>', 'shown in the timeline', reasonText)
  .action(
    does((connection: string, options: Options & { reason: string }) =>
      pause(connection, options.reason, options),
    ),
  );

verb('resume', 'resumes a paused connection')
  .argument('<connection>')
  .option('--reason <text>', 'shown in the timeline')
  .action(
    does((connection: string, options: Options & { reason?: string }) =>
      resume(connection, options.reason, options),
    ),
  );

verb(
  'disconnect',
  'revokes the tokens if the provider supports it, and empties the secrets; the history stays',
)
  .argument('<connection>')
  .option('--yes', 'confirms it')
  .action(
    does(async (connection: string, options: Options & { yes?: boolean }) => {
      if (!options.yes) {
        throw new CommandError(
          `This can't be undone: to restore ${connection}, its owner has to log in again. To confirm, add --yes.`,
        );
      }
      return act(connection, 'disconnect', options);
    }),
  );

verb('connect', "stores the client's id and secret, from a prompt or as JSON from standard input")
  .argument('<connection>')
  .option('--rotate', 'replace stored ones, which stay in use until a refresh with the new ones succeeds')
  .option('--replace', 'replace stored ones at once')
  .option('--unchecked', 'store them even if they do not look like those of the provider')
  .action(does(connect));

verb(
  'authorize',
  'logs in by hand: prints the address to log in at, and asks for the address that the provider leads back to',
)
  .argument('<connection>')
  .option(
    '--callback <url>',
    "a callback URL that is already registered, such as https://127.0.0.1:8182 (default: the deployment's)",
  )
  // This is the default, so the option is accepted but hidden.
  .addOption(new Option('--paste', 'read the address from the terminal').hideHelp())
  .action(does(authorize));

verb(
  'import',
  'imports a grant that another program has kept; without --apply it only shows what it would do',
)
  .argument('<file>', 'a token file, or a database of Schwabdev')
  .addOption(
    new Option('--from <program>', 'the program that wrote the file').choices(sources).makeOptionMandatory(),
  )
  .requiredOption('--connection <id>', 'the connection to import into')
  .option('--authorized-at <time>', 'when the owner logged in, if the file does not say')
  .option('--apply', 'import it')
  .option('--force', 'replace a newer grant')
  .action(does(importGrant));

const browserLogin = program
  .command('browser-login')
  .description('stores the password of the browser login, for connections that opt in to it')
  .showHelpAfterError('Try --help.');

verb(
  'connect',
  'stores login ID, password and the seed of one-time codes, from a prompt or as JSON from standard input',
  browserLogin,
)
  .argument('<connection>')
  .action(does(connectBrowser));

verb('rotate', 'replaces them', browserLogin).argument('<connection>').action(does(rotateBrowser));

try {
  await program.parseAsync();
} catch (error) {
  exitCode = failed(error as Error & { code?: string });
}
process.exitCode = exitCode;

function failed(error: Error & { code?: string; exitCode?: number }): number {
  // Commander has printed the message. --help is no failure.
  if (error.code?.startsWith('commander.')) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  // Ctrl+C at a prompt of @inquirer.
  const isCancelled = error.name === 'ExitPromptError';
  console.error(`grantkeeper: ${isCancelled ? 'Cancelled. Nothing was changed.' : error.message}`);
  return exitCodes.failed;
}

function reasonText(text: string): string {
  if (text.trim() === '')
    throw new InvalidArgumentError('Enter a reason, for example “provider maintenance”.');
  return text;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 1000) {
    throw new InvalidArgumentError('Enter a whole number from 1 to 1000.');
  }
  return number;
}
