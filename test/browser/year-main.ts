/** `npm run year:browser`: a year of a grant of seven days that a browser renews, with every check of it. */
import { readFlags, UsageError } from '../../local/flags.ts';
import type { LoginBehaviour } from '../../local/brokerage/control.ts';
import { dayMs } from '../helpers/demo.ts';
import { startWithBrowserLogin, totpSeed } from '../helpers/browser-login.ts';
import { events } from '../helpers/story.ts';

const help = `npm run year:browser [-- --days <n>]

Steps the embedded cloud through a year, with every check, and has a real Chromium log in whenever the grant's first
reminder comes: to pages that ask for less or more each time. Nobody else logs in. Some twenty minutes; ends with 1 if the
owner was ever asked, or the grant ever lapsed.

  --days <n>   how many (365)
  --help       this`;

/** What the pages ask, one login after the other. */
const pages: readonly (readonly [string, LoginBehaviour])[] = [
  ['password and consent', {}],
  ['a one-time code', { totpSeed }],
  ['an account picker', { accountPicker: true }],
  ['both', { totpSeed, accountPicker: true }],
  ['nothing: still logged in', { stillLoggedIn: true }],
  ['an answer that takes two seconds', { slowMs: 2_000 }],
];

async function main(): Promise<number> {
  const { days: given, help: asked } = readFlags({
    days: { type: 'string', default: '365' },
    help: { type: 'boolean' },
  });
  if (asked) {
    console.log(help);
    return 0;
  }
  const days = Number(given);
  if (!Number.isInteger(days) || days < 1) throw new UsageError(`--days is ${given}: must be 1 or more`);
  return stepThrough(days);
}

async function stepThrough(days: number): Promise<number> {
  await using demo = await startWithBrowserLogin({
    credentials: { username: 'demo', password: 'demo', totp_seed: totpSeed },
    own: { credentialsMaxAgeDays: 3650 },
  });
  const { cloud, brokerage } = demo;
  const problems: string[] = [];
  const beganMs = performance.now();
  let renewals = 0;
  let authorizedAtMs: number | undefined;
  let seconds = 0;
  for (let day = 0; day <= days; day += 1) {
    await brokerage.setLogin(pages[renewals % pages.length]![1]);
    await demo.advance(day === 0 ? 0 : dayMs);
    await cloud.clock.idle();
    const grant = (await demo.grant()) as { status?: string; authorizedAtMs?: number };
    if (grant.status !== 'active') problems.push(`day ${day}: the grant is ${grant.status}`);
    if (grant.authorizedAtMs === authorizedAtMs) continue;
    const gapDays = ((grant.authorizedAtMs ?? 0) - (authorizedAtMs ?? grant.authorizedAtMs ?? 0)) / dayMs;
    if (gapDays > 7) problems.push(`day ${day}: ${gapDays.toFixed(1)} days after the login before`);
    authorizedAtMs = grant.authorizedAtMs;
    const { details } = (await events(demo)).findLast(({ type }) => type === 'browser-logged-in')!;
    const steps = String(details.steps);
    const took = stepsSeconds(steps);
    const first = /first browser ".*?"/.exec(steps)?.[0];
    seconds = Math.max(seconds, took);
    console.log(
      `${new Date(cloud.clock.now()).toISOString().slice(0, 10)}  ${pages[renewals % pages.length]![0]}: ${took.toFixed(1)} s${first === undefined ? '' : `, ${first}`}`,
    );
    renewals += 1;
  }
  for (const { type, details } of await events(demo)) {
    if (type === 'browser-failed') problems.push(`a browser failed: ${String(details.detail)}`);
  }
  for (const { subject } of demo.mails()) problems.push(`the owner was sent: ${subject}`);
  for (const { subject } of demo.alerts()) problems.push(`alert: ${subject}`);
  for (const problem of problems) console.error(problem);
  const tookMinutes = (performance.now() - beganMs) / 60_000;
  console.log(
    `${days} days, ${renewals} logins by a browser, the slowest ${seconds.toFixed(1)} s on its pages; ${problems.length === 0 ? 'nobody was asked, and the grant never lapsed' : 'NOT AS PROMISED'} (${tookMinutes.toFixed(1)} minutes)`,
  );
  return problems.length === 0 ? 0 : 1;
}

/** Of all steps together. */
function stepsSeconds(steps: string): number {
  return [...steps.matchAll(/(\d+\.\d) s(?:,|$)/g)].reduce((sum, [, each]) => sum + Number(each), 0);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? `${error.message}. --help lists the options.` : error);
    process.exit(1);
  },
);
