import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { parse } from 'yaml';

import type { ChannelName } from '../../core/channel.ts';
import { reminderScheduleOf } from '../../core/reminder-schedule.ts';
import { metricNamespace } from '../../core/metrics.ts';
import type { Notice } from '../../core/notice-text.ts';
import { presets } from '../../core/provider.ts';
import type { RefreshTokenLifetime } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { tickSeconds } from '../../core/settings.ts';
import { startGraceMs } from '../../core/grant.ts';
import { CloudWatch } from '../../local/aws/cloudwatch/cloudwatch.ts';
import { evaluate } from '../../local/program/evaluate.ts';
import { Cloud, clientSecretName, secretPrefix } from './cloud.ts';
import { Dice } from './dice.ts';
import { Functions } from './functions.ts';
import { Lambda } from './lambda.ts';
import { Ledger } from './ledger.ts';
import { unchanged } from './mutants.ts';
import { Operator } from './operator.ts';
import { Owner } from './owner.ts';
import { ProviderModel } from './provider.ts';
import { Schedule } from './schedule.ts';
import { Stage } from './stage.ts';
import { StateMachine } from './state-machine.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const days = 24 * 3600;

/** An access token of 65 minutes is checked every hour. */
const accessTokenLifetimeSeconds = 3900;

/** The settings of a connection of one kind. */
export interface Kind {
  readonly name: string;
  readonly limits: RefreshTokenLifetime;
  readonly settings?: Partial<Settings>;
}

const everyChannel = { phone: '+12125550123', slack: 'slack', discord: 'discord' };
const tradingWeek = {
  neededHours: {
    days: ['Mon' as const, 'Tue' as const, 'Wed' as const, 'Thu' as const, 'Fri' as const],
    from: '07:00',
    to: '20:00',
    timeZone: 'America/New_York',
  },
  quietHours: {
    days: 'Mon Tue Wed Thu Fri Sat Sun'.split(' ') as never,
    from: '22:00',
    to: '07:00',
    timeZone: 'America/New_York',
  },
};

/** Every kind of limit and hours. */
export const kinds: readonly Kind[] = [
  { name: 'seven days, always needed', limits: { absoluteSeconds: 7 * days } },
  {
    name: 'seven days, needed in trading hours, quiet at night',
    limits: { absoluteSeconds: 7 * days },
    settings: tradingWeek,
  },
  {
    name: 'seven days, reminders of its own',
    limits: { absoluteSeconds: 7 * days },
    settings: {
      reminders: [
        { secondsBefore: 3 * days, channels: ['slack'] },
        { secondsBefore: 1 * days, channels: ['email', 'discord'] },
        { secondsBefore: 2 * 3600 },
      ],
    },
  },
  {
    name: '90 days, quiet at night',
    limits: { absoluteSeconds: 90 * days },
    settings: { quietHours: tradingWeek.quietHours },
  },
  { name: '90 days after its last use', limits: { slidingSeconds: 90 * days } },
  {
    name: '30 days, and 15 after its last use',
    limits: { absoluteSeconds: 30 * days, slidingSeconds: 15 * days },
  },
  { name: 'no end', limits: {} },
];

interface ReceivedNotice {
  readonly atMs: number;
  readonly channels: Set<ChannelName>;
  readonly kind: Notice['kind'];
}

export interface Year {
  readonly checks: number;
  readonly reminders: number;
  readonly notices: number;
  readonly logins: number;
  /** Alarms that went off, each with whether it was right. */
  readonly alarms: readonly string[];
  /** What was wrong; empty where nothing was. */
  readonly problems: readonly string[];
}

/**
 * So many days of one connection, nothing failing, with an owner who sometimes answers and sometimes does not. Ticks of an
 * hour, so that a year is short; reminders are held against the login that the provider knows of, not against the record.
 */
export async function liveThrough(
  kind: Kind,
  forDays: number,
  alarms: readonly Record<string, unknown>[],
): Promise<Year> {
  const dice = new Dice(20);
  const startMs = Date.UTC(2026, 0, 5, 12);
  const stage = new Stage(startMs, dice, 0);
  const settings: Settings = {
    connectionId: 'main',
    provider: {
      ...presets.schwab!,
      identity: undefined,
      accessTokenLifetimeSeconds,
      limits: kind.limits,
    },
    owner: { email: 'dana@example.com', timeZone: 'America/New_York', ...everyChannel },
    clientSecretName,
    redirectUri: 'https://grants.example.com/callback',
    publicUrl: 'https://grants.example.com',
    paused: false,
    ...kind.settings,
  };
  const { absoluteSeconds, slidingSeconds } = kind.limits;
  const provider = new ProviderModel(
    {
      rotates: false,
      onReuse: 'refuse',
      graceMs: 0,
      graceReplaces: false,
      absoluteMs: absoluteSeconds === undefined ? undefined : absoluteSeconds * 1000,
      slidingMs: slidingSeconds === undefined ? undefined : slidingSeconds * 1000,
      loginEnds: 'at-exchange',
      repeatsRefreshToken: true,
      rejection: { status: 400, body: '{"error":"invalid_grant"}' },
    },
    () => stage.nowMs,
  );
  const ledger = new Ledger(stage, provider);
  const lambda = new Lambda(stage, { skewMs: 0, awsMs: 60, providerMs: 300 });
  const cloud = new Cloud(stage, lambda, ledger, provider, unchanged);
  const functions = new Functions(stage, lambda, cloud, ledger);
  const machine = new StateMachine(stage, lambda, cloud, ledger, functions);
  cloud.connect(machine);
  const schedule = new Schedule(stage, machine);
  const ports = { stage, functions, provider, ledger, schedule };
  const owner = new Owner(settings, ports);
  owner.isThere = true;
  const operator = new Operator([settings], { ...ports, machine, cloud });
  cloud.secrets.createSecret({ name: clientSecretName });
  for (const secret of ['grant', 'access']) {
    cloud.secrets.createSecret({ name: `${secretPrefix}/main/${secret}` });
  }
  ledger.watch(settings, cloud.table);
  operator.deploy(false);
  operator.putClientSecret();
  schedule.start(settings);

  let checks = 0;
  const logins: number[] = [];
  const rang: string[] = [];
  let rangForLogin: number | undefined;
  /** Of the record now, and of those that logins ended: an alarm is a period behind. */
  let neededAtMs: number | undefined;
  const ended: { readonly neededAtMs: number | undefined; readonly untilMs: number }[] = [];
  const cloudWatch = watching(stage, alarms, (subject) => {
    const name = /"grantkeeper-prod-([\w-]+)"/.exec(subject)![1]!;
    // An hour, and what it takes to see it: a check, and a period.
    const isNear = (atMs: number | undefined) => atMs !== undefined && atMs < stage.nowMs + 65 * minuteMs;
    const wasNear = ended.some(
      (each) => stage.nowMs < each.untilMs + 6 * minuteMs && isNear(each.neededAtMs),
    );
    // Once until the next login: it does not come and go with the checks.
    const ofLogin = isNear(neededAtMs) ? logins.length : logins.length - 1;
    const isFirst = rangForLogin !== ofLogin;
    rangForLogin = ofLogin;
    const isRight = name === 'deadline-near' && isFirst && (isNear(neededAtMs) || wasNear);
    rang.push(`${name}: ${isRight ? 'right' : `false, at ${new Date(stage.nowMs).toISOString()}`}`);
  });
  const put = (name: string, value: number, dimensions: Record<string, string>) =>
    cloudWatch.put({
      namespace: metricNamespace,
      name,
      value,
      dimensions: { service: 'grantkeeper-prod', ...dimensions },
    });
  cloud.metrics = {
    put: (name, value) => {
      if (name === 'ChecksCompleted') checks += 1;
      put(name, value, {});
    },
    count: (name, dimension, value) => {
      put(name, 1, {});
      put(name, 1, { [dimension]: value });
    },
  };

  const notified: ReceivedNotice[] = [];
  ledger.onNotice = (_id, channel, { kind: what }) => {
    const last = notified.at(-1);
    // Over all its channels at once.
    if (last && last.kind === what && stage.nowMs < last.atMs + minuteMs && !last.channels.has(channel)) {
      last.channels.add(channel);
    } else {
      notified.push({ atMs: stage.nowMs, channels: new Set([channel]), kind: what });
    }
  };
  const presses: number[] = [];
  // Of most notices they think: later.
  ledger.onMail = (_id, link) => {
    if (dice.chance(0.12)) owner.mailArrives(link);
  };
  const endMs = startMs + forDays * dayMs;
  let authorizedAtMs: number | undefined;
  let rejectedAtMs: number | undefined;
  let record: unknown;
  while (stage.nowMs < endMs && stage.violation === undefined && stage.agenda.step()) {
    await turn();
    const item = cloud.table.item('connection#main', 'grant');
    if (item === record) continue;
    record = item;
    const grant = ledger.grant('main');
    if (grant.authorizedAtMs !== authorizedAtMs) {
      ({ authorizedAtMs } = grant);
      ended.push({ neededAtMs, untilMs: stage.nowMs });
      logins.push(authorizedAtMs!);
    }
    // Of two logins that end in the same tenth of a second the one that is recorded may be the one that the provider has
    // ended: then its owner is needed at once.
    neededAtMs =
      grant.status === 'rejected'
        ? (rejectedAtMs ??= stage.nowMs)
        : reminderScheduleOf(settings, grant)?.neededAtMs;
    if (grant.status !== 'rejected') rejectedAtMs = undefined;
    const { startedAtMs } = grant.authorization ?? {};
    if (startedAtMs !== undefined && startedAtMs !== presses.at(-1)) presses.push(startedAtMs);
  }

  const problems = stage.violation ? [`${stage.violation.invariant}: ${stage.violation.message}`] : [];
  const tickMs = tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
  let reminders = 0;
  for (const [index, loginMs] of logins.entries()) {
    const untilMs = Math.min(logins[index + 1] ?? Infinity, endMs);
    // Under a sliding limit each refresh postpones the end: no reminder comes while refreshes succeed.
    const schedule = reminderScheduleOf(settings, {
      authorizedAtMs: loginMs,
      refreshedAtMs: Math.max(loginMs, untilMs - tickMs),
    });
    for (const { atMs, channels } of schedule?.reminders ?? []) {
      // What was seen of it by a check, with time to tell, before the next login.
      if (atMs + tickMs + 5 * minuteMs >= untilMs) continue;
      reminders += 1;
      const heldMs = presses.some((pressMs) => pressMs > atMs - startGraceMs && pressMs < atMs + tickMs)
        ? startGraceMs
        : 0;
      const notice = notified.find(
        (each) => each.atMs >= atMs && each.atMs <= atMs + tickMs + heldMs + 2 * minuteMs,
      );
      const at = new Date(atMs).toISOString();
      if (!notice) problems.push(`the reminder of ${at} was not sent in time`);
      else if (channels.some((channel) => !notice.channels.has(channel))) {
        problems.push(
          `the reminder of ${at} came by ${[...notice.channels].join()} and not by ${channels.join()}`,
        );
      }
    }
  }
  problems.push(...rang.filter((alarm) => !alarm.endsWith('right')));
  return { checks, reminders, notices: notified.length, logins: logins.length, alarms: rang, problems };
}

/** The alarms of a stack whose connections are checked as often as the one here: their windows follow the checks. */
export async function yearAlarms(): Promise<readonly Record<string, unknown>[]> {
  const source = await readFile(new URL('../../Pulumi.prod.yaml', import.meta.url), 'utf8');
  const { config } = parse(source) as { config: Record<string, Record<string, object>> };
  const hourly = {
    displayName: 'Hourly',
    authorizationEndpoint: 'https://login.example.net/oauth/authorize',
    tokenEndpoint: 'https://login.example.net/oauth/token',
    accessTokenLifetimeSeconds,
    limits: { absoluteSeconds: 7 * 86_400 },
  };
  const connections = Object.entries(config['grantkeeper:connections']!).map(
    ([id, connection]) => [id, { ...connection, provider: 'hourly' }] as const,
  );
  const { resources } = await evaluate({
    stack: 'prod',
    config: {
      ...config,
      'grantkeeper:providers': { hourly },
      'grantkeeper:connections': Object.fromEntries(connections),
    },
    apiEndpoint: 'https://api.example.net',
  });
  return resources
    .filter(({ type }) => type === 'aws:cloudwatch/metricAlarm:MetricAlarm')
    .map(({ inputs }) => inputs);
}

/** The program's alarms, on this stage's time. */
function watching(
  { agenda }: Stage,
  alarms: readonly Record<string, unknown>[],
  rings: (subject: string) => void,
): CloudWatch {
  const cloudWatch = new CloudWatch({
    authorize: () => undefined,
    clock: {
      now: () => agenda.now(),
      track: (work) => work,
      inBackground: (atMs, label, run) => agenda.at(atMs, label, run),
    },
    notify: async ({ subject }) => rings(subject),
  });
  for (const alarm of alarms) cloudWatch.addAlarm(alarm);
  return cloudWatch;
}
