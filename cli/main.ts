/** The operator's command: `npx grantkeeper <verb>`. */
import { Command, InvalidArgumentError, Option } from 'commander';

import { ask, pause, resume } from './act.ts';
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
  .description('Looks after the grants of a deployed stack, on AWS or in the embedded cloud (npm start).')
  .showHelpAfterError('Try --help.')
  .exitOverride()
  .addHelpText(
    'after',
    `
Every command takes --stack (or GRANTKEEPER_STACK), --region, --profile, --local and --json.
Exit codes: 0 all is well, 1 it failed, 2 the command line is wrong, 3 (status, doctor) something needs somebody.
No command prints a secret, or takes one as an argument.`,
  );

/** With what every verb takes. */
function verb(name: string, description: string, parent = program): Command {
  return parent
    .command(name)
    .description(description)
    .option('--stack <name>', 'the Pulumi stack; GRANTKEEPER_STACK by default')
    .option('--region <region>', 'the AWS region; AWS_REGION by default')
    .option('--profile <name>', 'a profile of ~/.aws/config')
    .option('--local', 'the embedded cloud that `npm start` runs')
    .option('--json', 'for programs')
    .showHelpAfterError('Try --help.');
}

let exitCode: number = exitCodes.well;
const does =
  <Args extends unknown[]>(work: (...args: Args) => Promise<number>) =>
  async (...args: Args) => {
    exitCode = await work(...args);
  };

verb('status', 'how every connection stands, or one: what lives how long, what comes next, what is wrong')
  .argument('[connection]')
  .action(does(status));

verb('doctor', 'looks at all that the grants depend on, and says of each problem what remedies it').action(
  does(doctor),
);

verb('history', 'what happened to a connection')
  .argument('<connection>')
  .addOption(new Option('--kind <kind>', 'only these').choices(kinds))
  .option('--limit <n>', 'how many, the newest', wholeNumber, 20)
  .action(does(history));

verb('open', 'shows the panel in the browser, or a connection on it')
  .argument('[connection]')
  .option('--console', 'the Step Functions console instead')
  .option('--print', 'only prints the address')
  .action(does(open));

verb('refresh', 'refreshes the access token now')
  .argument('<connection>')
  .action(does((connection: string, options: Options) => ask(connection, 'refresh', options)));

verb('reauthorize', 'sends the owner a link to log in')
  .argument('<connection>')
  .option('--new-owner', 'whoever logs in by that link is the owner from then on, with what they share')
  .action(
    does((connection: string, options: Options & { newOwner?: boolean }) =>
      ask(connection, options.newOwner ? 'change-owner' : 'reauthorize', options),
    ),
  );

verb('test', 'sends the owner a test notice over every channel')
  .argument('<connection>')
  .action(does((connection: string, options: Options) => ask(connection, 'test', options)));

verb('pause', 'refreshes nothing, and tells nobody anything, until it is resumed')
  .argument('<connection>')
  .requiredOption('--reason <words>', 'for the timeline', words)
  .action(
    does((connection: string, options: Options & { reason: string }) =>
      pause(connection, options.reason, options),
    ),
  );

verb('resume', 'goes on with what was paused')
  .argument('<connection>')
  .option('--reason <words>', 'for the timeline')
  .action(
    does((connection: string, options: Options & { reason?: string }) =>
      resume(connection, options.reason, options),
    ),
  );

verb('disconnect', 'revokes the tokens where the provider can, and empties the secrets; the history stays')
  .argument('<connection>')
  .option('--yes', 'without being asked')
  .action(
    does(async (connection: string, options: Options & { yes?: boolean }) => {
      if (!options.yes) {
        throw new CommandError(
          `This can't be undone: to connect ${connection} again its owner has to log in. If it is meant, say --yes.`,
        );
      }
      return ask(connection, 'disconnect', options);
    }),
  );

verb(
  'connect',
  "puts the client's id and secret into its secret, from a prompt or as JSON from standard input",
)
  .argument('<connection>')
  .option('--rotate', 'in place of others, which are used until a refresh with the new ones has succeeded')
  .option('--replace', 'in place of others, at once')
  .option('--unchecked', 'also where they do not look like those of the provider')
  .action(does(connect));

verb(
  'authorize',
  'the login by hand: prints where to log in, and takes the address that the provider leads back to',
)
  .argument('<connection>')
  .option(
    '--callback <url>',
    "one that the provider knows already, such as https://127.0.0.1:8182; the deployment's by default",
  )
  // As it is in any case.
  .addOption(new Option('--paste', 'takes the address from the terminal').hideHelp())
  .action(does(authorize));

verb(
  'import',
  'takes over a grant that another program has kept; without --apply it only says what it would do',
)
  .argument('<file>', 'a token file, or a database of Schwabdev')
  .addOption(new Option('--from <program>', 'whose file it is').choices(sources).makeOptionMandatory())
  .requiredOption('--connection <id>', 'which connection is to have it')
  .option('--authorized-at <time>', 'when its owner logged in, where the file does not tell')
  .option('--apply', 'does it')
  .option('--force', 'also over a newer grant')
  .action(does(importGrant));

const browserLogin = program
  .command('browser-login')
  .description('the password of a browser that logs in by itself, where a connection opts in to that')
  .showHelpAfterError('Try --help.');

verb(
  'connect',
  'puts login ID, password and the seed of one-time codes in place, from a prompt or as JSON from standard input',
  browserLogin,
)
  .argument('<connection>')
  .action(does(connectBrowser));

verb('rotate', 'puts others in their place', browserLogin)
  .argument('<connection>')
  .action(does(rotateBrowser));

try {
  await program.parseAsync();
} catch (error) {
  exitCode = failed(error as Error & { code?: string });
}
process.exitCode = exitCode;

function failed(error: Error & { code?: string; exitCode?: number }): number {
  // Commander has told it; --help is no failure.
  if (error.code?.startsWith('commander.')) return error.exitCode === 0 ? exitCodes.well : exitCodes.usage;
  // Of @inquirer's prompts: Ctrl+C.
  const isLeft = error.name === 'ExitPromptError';
  console.error(`grantkeeper: ${isLeft ? 'Nothing was changed.' : error.message}`);
  return exitCodes.failed;
}

function words(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It says why, in a word or more.');
  return text;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 1000) {
    throw new InvalidArgumentError('It is a whole number from 1 to 1000.');
  }
  return number;
}
