/** `npm run bench`: what things take and cost, as ratios of one run, beside what they may. */
import { readFlags, UsageError } from '../../local/flags.ts';
import { measureClient } from './client.ts';
import { measureMonth, moving, priced, priceList, total } from './costs.ts';
import { measureRefresh } from './refresh.ts';
import { measureSpeed } from './speed.ts';
import { measureStarts } from './start.ts';

/** What the numbers may be at most. */
const limits = { startRatio: 1.6, cachedMicroseconds: 5, connectionUsd: 1.2, movingUsd: 0.3 };

const help = `Usage: npm run bench -- [options]

Measures, in one run on this machine:
  start    how long each function takes to load, beside the bare clients of the SDK that it needs   (at most ${limits.startRatio} times)
  refresh  a warm refresh, beside the token request and the same calls of AWS made by a plain script
  client   getAccessToken from memory (at most ${limits.cachedMicroseconds} µs), beside a plain read of the secret
  speed    steps of the simulation, and ticks of the embedded cloud, a second
  costs    a month of a connection (at most $${limits.connectionUsd}; workflow, functions and table $${limits.movingUsd}), and of the stack around it

Options:
  --only <part>  one of these
  --runs <n>     of what is started or asked again and again  (15)
  --json         for programs, in place of the tables
  --help         this text

Exit code 1 if something is over its limit.`;

const parts = ['start', 'refresh', 'client', 'speed', 'costs'] as const;
type Part = (typeof parts)[number];

/** One measured part: its rows for people, its data for programs, and what of it is over a limit. */
interface Measured {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
  readonly data: unknown;
  readonly over: readonly string[];
}

const measures: { readonly [P in Part]: (runs: number) => Promise<Measured> } = {
  async start(runs) {
    const starts = await measureStarts(runs);
    return {
      title: `Loading a function, beside the bare clients of the SDK (at most ${limits.startRatio} times)`,
      rows: [
        ['function', 'ms', 'clients, ms', 'ratio', 'Node alone, ms', 'ratio', 'clients'],
        ...starts.map(({ name, initMs, clientsMs, ratio, emptyMs, ratioToEmpty, clients }) => [
          name,
          initMs.toFixed(1),
          clientsMs.toFixed(1),
          ratio.toFixed(2),
          emptyMs.toFixed(1),
          ratioToEmpty.toFixed(2),
          clients.join(', '),
        ]),
      ],
      data: starts,
      over: starts.flatMap(({ name, ratio }) =>
        ratio > limits.startRatio
          ? [`${name} takes ${ratio.toFixed(2)} times as long to load as its clients.`]
          : [],
      ),
    };
  },

  async refresh(runs) {
    const refresh = await measureRefresh(runs * 2);
    const { functionMs, bareMs, ratio, awsCalls, awsRounds } = refresh;
    return {
      title: `A warm refresh: one token request, ${awsCalls} calls of AWS in ${awsRounds} rounds`,
      rows: [
        ['by the function, ms', 'by a plain script, ms', 'ratio'],
        [functionMs.toFixed(1), bareMs.toFixed(1), ratio.toFixed(2)],
      ],
      data: refresh,
      over: [],
    };
  },

  async client() {
    const client = await measureClient();
    const { cachedMicroseconds, secretReadMicroseconds, ratio } = client;
    return {
      title: `getAccessToken (from memory at most ${limits.cachedMicroseconds} µs)`,
      rows: [
        ['from memory, µs', 'plain read of the secret, µs', 'ratio'],
        [cachedMicroseconds.toFixed(2), secretReadMicroseconds.toFixed(0), ratio.toFixed(5)],
      ],
      data: client,
      over:
        cachedMicroseconds > limits.cachedMicroseconds
          ? [`getAccessToken takes ${cachedMicroseconds.toFixed(1)} µs from memory.`]
          : [],
    };
  },

  async speed() {
    const speed = await measureSpeed(100_000, 100);
    return {
      title: 'Virtual time',
      rows: [
        ['steps of the simulation a second', 'ticks of the embedded cloud a second'],
        [speed.simulationStepsPerSecond.toFixed(0), speed.ticksPerSecond.toFixed(1)],
      ],
      data: speed,
      over: [],
    };
  },

  async costs() {
    const month = await measureMonth();
    const { region, asOf, prices } = priceList;
    const dollars = {
      connection: priced(month.connection),
      client: priced(month.client),
      stack: priced(month.stack),
    };
    const [connectionUsd, movingUsd] = [total(dollars.connection), total(dollars.connection, moving)];
    const rowsOf = (of: keyof typeof dollars) => [
      ...Object.entries(dollars[of]).map(([unit, usd]) => [
        of,
        prices[unit]!.unit,
        month[of][unit]!.toPrecision(3),
        usd.toFixed(4),
      ]),
      [of, 'in all', '', total(dollars[of]).toFixed(2)],
    ];
    return {
      title: `A month in ${region}, at prices of ${asOf}, without free tiers: a further connection ${connectionUsd.toFixed(2)} dollars (at most ${limits.connectionUsd}), of which workflow, functions and table ${movingUsd.toFixed(2)} (at most ${limits.movingUsd})`,
      rows: [
        ['of a', 'unit', 'units', 'dollars'],
        ...rowsOf('connection'),
        ...rowsOf('client'),
        ...rowsOf('stack'),
      ],
      data: { region, asOf, month, dollars, connectionUsd, movingUsd },
      over: [
        ...(connectionUsd > limits.connectionUsd
          ? [`A connection costs ${connectionUsd.toFixed(2)} dollars.`]
          : []),
        ...(movingUsd > limits.movingUsd
          ? [`Its workflow, functions and table cost ${movingUsd.toFixed(2)}.`]
          : []),
      ],
    };
  },
};

/** @throws {UsageError} */
function readOptions() {
  const {
    only,
    runs = '15',
    ...flags
  } = readFlags({
    only: { type: 'string' },
    runs: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  const chosen = parts.filter((part) => only === undefined || part === only);
  if (chosen.length === 0) throw new UsageError(`--only is ${only}: must be one of ${parts.join(', ')}`);
  if (!/^[1-9]\d{0,3}$/.test(runs))
    throw new UsageError(`--runs is ${runs}: must be a number from 1 to 9999`);
  return { ...flags, chosen, runs: Number(runs) };
}

function aligned(rows: Measured['rows']): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isNumber = rows[0]!.map((_, column) =>
    rows.slice(1).every((row) => /^[\d.e+-]*$/.test(row[column]!)),
  );
  const cell = (text: string, column: number) =>
    isNumber[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return rows.map((row) => `  ${row.map(cell).join('  ')}`.trimEnd()).join('\n');
}

async function run(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(help);
    return 0;
  }
  const data: Record<string, unknown> = {};
  const over: string[] = [];
  for (const part of options.chosen) {
    console.error(`Measuring ${part} …`);
    const measured = await measures[part](options.runs);
    data[part] = measured.data;
    over.push(...measured.over);
    if (!options.json) console.log(`\n${measured.title}\n\n${aligned(measured.rows)}\n`);
  }
  if (options.json) console.log(JSON.stringify(data, undefined, 2));
  for (const line of over) console.error(`Over its limit: ${line}`);
  return over.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}. See npm run bench -- --help.`);
  process.exitCode = 2;
}
