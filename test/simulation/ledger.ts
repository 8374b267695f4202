import { unmarshall } from '@aws-sdk/util-dynamodb';

import type { Grant, OpenAuthorization } from '../../core/grant.ts';
import { newGrant } from '../../core/grant.ts';
import type { ChannelName } from '../../core/channel.ts';
import { channelNames } from '../../core/channel.ts';
import type { Notice } from '../../core/notice-text.ts';
import type { TokenAnswer } from '../../core/token-answer.ts';
import type { Provider } from '../../core/provider.ts';
import type { Settings } from '../../core/settings.ts';
import { tickSeconds } from '../../core/settings.ts';
import type { ExecutionStatusChange } from '../../local/aws/step-functions/step-functions.ts';
import type { Item } from './dynamodb-expressions.ts';
import type { DynamoDb } from './dynamodb.ts';
import type { Invocation } from './lambda.ts';
import { scheduleOfLife, newestReminderMs } from './provider-schedule.ts';
import { canary, type ProviderModel } from './provider.ts';
import type { Stage } from './stage.ts';

/** A version of the grant secret, as it was put. */
interface Version {
  readonly versionId: string;
  readonly refreshToken: string;
  readonly derivedFrom: string | undefined;
}

interface Mail {
  readonly atMs: number;
  readonly invocation: Invocation;
  readonly link: string | undefined;
}

/** Everything that was seen of one connection. */
class Book {
  settings: Settings;
  readonly versions = new Map<string, Version>();
  /** Fencing numbers of the logins, by the version that each was to put. */
  readonly logins = new Map<string, number>();
  readonly mails: Mail[] = [];
  /** By execution: the token that it waits on. */
  readonly waits = new Map<string, string>();
  /** Who sent it last: a reminder, that the grant is back, or one notice by one channel. */
  readonly tellers = new Map<string, Invocation>();
  /** Each notice that is recorded as sent, and the invocation that recorded it. */
  readonly notified = new Map<string, { readonly by: Invocation | undefined; readonly atMs: number }>();
  /** What logins have closed, and who ends the waits for it. */
  closings: { readonly closed: OpenAuthorization; readonly by: Invocation | undefined }[] = [];
  current: string | undefined;
  /** When an operator's end of the connection was done, until a login is asked for. */
  endedAtMs: number | undefined;
  /** Versions of its secrets that hold no token. */
  readonly empty = new Set<string>();
  /** By secret and staging label, where each is. */
  readonly labels = new Map<string, string>();
  accessExpiresAtMs = 0;
  accessObtainedAtMs = 0;
  accessCurrent: string | undefined;
  readonly accessVersions = new Map<
    string,
    { obtained_at: string; expires_at: string; derived_from: string }
  >();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** The login that a version goes back to. */
  originOf(versionId: string): string {
    const from = this.versions.get(versionId)?.derivedFrom;
    return from === undefined ? versionId : this.originOf(from);
  }

  /** Logins count in the order of their callbacks. */
  orderOf(versionId: string): number {
    return this.logins.get(this.originOf(versionId)) ?? 0;
  }

  /** The newest login that has put its refresh token. */
  newestLogin(): string | undefined {
    const put = [...this.versions.values()].filter(({ derivedFrom }) => derivedFrom === undefined);
    return put
      .map(({ versionId }) => versionId)
      .sort((a, b) => this.orderOf(a) - this.orderOf(b))
      .at(-1);
  }
}

/** Watches what happens, and knows what must not. */
export class Ledger {
  readonly #stage: Stage;
  readonly #provider: ProviderModel;
  readonly #books = new Map<string, Book>();
  /** Those that run. */
  readonly #executions = new Set<string>();
  /** By invocation: the refresh tokens that the provider gave it. */
  readonly #given = new Map<Invocation, string[]>();
  /** Those that could not store something, as far as they know. */
  readonly #puttingFailed = new WeakSet<Invocation>();
  /** Task tokens that nobody waits on any more. */
  readonly #tasksOver = new Set<string>();
  /** How many steps each execution has begun. */
  readonly #steps = new Map<string, number>();
  #spends: { readonly token: string; readonly invocation: Invocation }[] = [];
  #table: DynamoDb | undefined;
  /** Whose call takes effect now. */
  acting: Invocation | undefined;
  onNotice: (connectionId: string, channel: ChannelName, notice: Notice) => void = () => undefined;
  onExecution: (status: string) => void = () => undefined;
  onMail: (connectionId: string, link: string | undefined) => void = () => undefined;

  constructor(stage: Stage, provider: ProviderModel) {
    this.#stage = stage;
    this.#provider = provider;
  }

  watch(settings: Settings, table: DynamoDb): void {
    this.#table = table;
    this.#books.set(settings.connectionId, new Book(settings));
  }

  deployed(settings: Settings): void {
    this.#book(settings.connectionId).settings = settings;
  }

  /** As the record is now. */
  grant(connectionId: string): Grant {
    const item = this.#table!.item(`connection#${connectionId}`, 'grant');
    return { ...newGrant, ...(item && unmarshall(item)) };
  }

  currentOf(secretName: string): string | undefined {
    const [connectionId, kind] = partsOf(secretName);
    const book = this.#books.get(connectionId);
    return kind === 'grant' ? book?.current : book?.accessCurrent;
  }

  newestLink(connectionId: string): string | undefined {
    return this.#book(connectionId).mails.findLast(({ link }) => link !== undefined)?.link;
  }

  /** Every change of an item. */
  itemChanged(
    { pk, sk }: { pk: string; sk: string },
    before: Item | undefined,
    after: Item | undefined,
  ): void {
    if (after) this.#requireNoSecret(after, `the item ${sk}`);
    const book = this.#books.get(pk.slice('connection#'.length));
    if (!book || !after) return;
    const tells = (notice: string) => {
      if (!book.notified.has(notice)) book.notified.set(notice, { by: this.acting, atMs: this.#stage.nowMs });
    };
    if (sk.startsWith('notice#') && this.acting) {
      for (const channel of channelNames) {
        if (after[channel]?.S === 'sent') tells(noticeOf(this.acting, channel));
      }
    }
    if (sk !== 'grant') return;
    // The function that records what a login has closed, or overwrites it, must end the waits for it.
    const [was, is] = [closedIn(before), closedIn(after)];
    const closed = was && is ? undefined : (was ?? is);
    if (closed)
      book.closings = [...book.closings.filter(({ by }) => by?.isRunning), { closed, by: this.acting }];
    this.#requireOneWait(book.settings.connectionId);
    // A login starts the reminder schedule again.
    if (before?.authorizedAtMs?.N !== after.authorizedAtMs?.N) book.notified.clear();
    for (const { S: reminder = '' } of after.sentReminders?.L ?? []) {
      // An owner who heard of an end may hear again that it is over.
      if (!book.notified.has(reminder)) book.notified.delete('restored');
      tells(reminder);
    }
    if (after.restoredNoticePending?.BOOL === true) book.notified.delete('restored');
    // An operator's end lets it be forgotten, which tells nobody; a notice that was under way may yet come.
    else if (before?.restoredNoticePending?.BOOL === true && after.status?.S !== 'disconnected')
      tells('restored');
    const current = book.versions.get(book.current ?? '');
    const isRejected = after.status?.S === 'rejected' && before?.status?.S !== 'rejected';
    if (isRejected && current !== undefined && this.#provider.honours(current.refreshToken)) {
      this.#stage.fail('a grant that works is not taken for rejected', `${this.acting?.id} did.`);
    }
    this.#requireEnded(book, before, after);
    const named = after.grantVersionId?.S;
    if (named !== undefined && named !== before?.grantVersionId?.S && named !== book.current) {
      this.#stage.fail(
        'the record says what the secrets hold',
        `${this.acting?.id} names ${named}, current is ${book.current}.`,
      );
    }
    const login = after.login?.M?.versionId?.S;
    // A request that comes twice counts when it comes last.
    if (login !== undefined && after.lease?.M?.owner?.S === `callback#${login}`) {
      book.logins.set(login, Number(after.fencingNumber!.N));
    }
    if (before?.lease && !after.lease)
      this.#spends = this.#spends.filter(({ invocation }) => invocation !== this.acting);
  }

  /** Every call of Secrets Manager that succeeded. */
  secretCalled(
    operation: string,
    input: Record<string, unknown>,
    answer: Record<string, unknown>,
    invocation: Invocation,
  ): void {
    const [connectionId, kind] = partsOf(String(input.SecretId));
    const book = this.#books.get(connectionId);
    if (!book) return;
    if (operation === 'PutSecretValue') {
      const value = JSON.parse(String(input.SecretString)) as Record<string, string>;
      const versionId = String(answer.VersionId);
      const stages = answer.VersionStages as string[];
      const { labels } = book;
      if (
        stages.includes('AWSCURRENT') &&
        labels.get(`${kind} AWSPENDING`) === labels.get(`${kind} AWSCURRENT`)
      )
        labels.delete(`${kind} AWSPENDING`);
      for (const stage of stages) label(book, kind, stage, versionId);
      if ('disconnected_at' in value) {
        book.empty.add(versionId);
        if (kind === 'grant') book.current = versionId;
        else book.accessCurrent = versionId;
        return;
      }
      if (book.endedAtMs !== undefined)
        this.#stage.fail('what was ended stays ended', `${invocation.id} puts a token.`);
      if (kind === 'grant') {
        const { refresh_token: refreshToken = '', derived_from: derivedFrom } = value;
        book.versions.set(versionId, { versionId, refreshToken, derivedFrom });
      } else {
        book.accessVersions.set(versionId, value as never);
      }
      if (stages.includes('AWSCURRENT')) this.#becomesCurrent(book, kind, versionId, invocation);
    } else if (operation === 'UpdateSecretVersionStage') {
      label(book, kind, 'AWSCURRENT', String(input.MoveToVersionId));
      this.#becomesCurrent(book, kind, String(input.MoveToVersionId), invocation);
    }
  }

  /** A function sends tokens and the client secret to an endpoint. */
  requestLeaves({ id, connectionId }: Invocation, { tokenEndpoint, revocationEndpoint }: Provider): void {
    const { provider } = this.#book(connectionId).settings;
    if (tokenEndpoint === provider.tokenEndpoint && revocationEndpoint === provider.revocationEndpoint)
      return;
    this.#stage.fail(
      'tokens and the client secret go where the operator says',
      `${id} would send them to ${tokenEndpoint} or ${revocationEndpoint}.`,
    );
  }

  /** @returns what to call when the request has reached the provider */
  spendBegins(invocation: Invocation, token: string): void {
    this.#spends = this.#spends.filter((spend) => spend.invocation.isRunning);
    const other = this.#spends.find((spend) => spend.token === token && spend.invocation !== invocation);
    if (other) {
      this.#stage.fail(
        'no two unfinished spends of one refresh token',
        `${invocation.id} spends ${token}, which ${other.invocation.id} is still spending.`,
      );
    }
    const book = this.#book(invocation.connectionId);
    this.#requireAskedFor(book, invocation, 'spends a refresh token');
    const versions = [...book.versions.values()];
    const spent = versions.filter(({ refreshToken }) => refreshToken === token);
    const next = versions.find(({ derivedFrom }) => spent.some(({ versionId }) => versionId === derivedFrom));
    if (next) {
      this.#stage.fail(
        'what has reached the store is not asked for again',
        `${invocation.id} spends ${token}, though ${next.refreshToken}, which came of it, is stored.`,
      );
    }
    this.#spends.push({ token, invocation });
  }

  /** A function has the provider's answer. */
  providerAnswered(invocation: Invocation, answer: TokenAnswer): void {
    const given = answer.kind === 'tokens' ? answer.tokens.refreshToken?.reveal() : undefined;
    if (given !== undefined) this.#given.set(invocation, [...(this.#given.get(invocation) ?? []), given]);
  }

  putFailed(invocation: Invocation, errorName: string): void {
    this.#puttingFailed.add(invocation);
    if (errorName === 'LimitExceededException') {
      this.#stage.fail(
        'what is spent finds room in the store',
        `${invocation.id} met the quota of versions.`,
      );
    }
  }

  /** A function ends by itself, whatever it answers: it was neither killed nor ran out of time. */
  functionEnds(invocation: Invocation): void {
    const stored = [...this.#book(invocation.connectionId).versions.values()];
    const lost = this.#given
      .get(invocation)
      ?.find((given) => !stored.some(({ refreshToken }) => refreshToken === given));
    this.#given.delete(invocation);
    if (lost === undefined || this.#puttingFailed.has(invocation)) return;
    this.#stage.fail('what the provider gave is stored', `${invocation.id} ends, and ${lost} is nowhere.`);
  }

  codeExchanged(invocation: Invocation, answer: TokenAnswer): void {
    const what = answer.kind === 'tokens' ? answer.tokens.refreshToken?.reveal() : answer.error;
    this.#stage.note(() => `${invocation.id}    the code was good for ${what}`);
  }

  noticeSent(invocation: Invocation, connectionId: string, channel: ChannelName, notice: Notice): void {
    this.#requireNoSecret(notice, 'a notice');
    const book = this.#book(connectionId);
    const link = notice.button?.url;
    this.#stage.note(() => `${invocation.id}    by ${channel}: ${notice.subject}`);
    this.#requireAskedFor(book, invocation, 'tells the owner something');
    this.#requireUnsent(book, invocation, channel);
    book.mails.push({ atMs: this.#stage.nowMs, invocation, link });
    this.onNotice(connectionId, channel, notice);
    this.onMail(connectionId, link);
  }

  /** No channel took a notice: the operators got it, and pass it on. */
  passedOn(invocation: Invocation, connectionId: string, text: string): void {
    this.#requireNoSecret(text, 'what is passed on');
    const link = /https:\S+\/reauthorize\/\S+/.exec(text)?.[0];
    this.#stage.note(() => `${invocation.id}    the operators pass a notice on`);
    this.#book(connectionId).mails.push({ atMs: this.#stage.nowMs, invocation, link });
    this.onMail(connectionId, link);
  }

  alerted(message: Record<string, unknown>): Record<string, unknown> {
    this.#requireNoSecret(message, 'an alert');
    this.#stage.note(() => `alert: ${String(message.Subject)}`);
    return { MessageId: 'alert' };
  }

  /** A step of an execution begins: what it waited on before is over. */
  stepBegins(executionId: string, connectionId: string): void {
    this.#book(connectionId).waits.delete(executionId);
    this.#steps.set(executionId, (this.#steps.get(executionId) ?? 0) + 1);
  }

  /** A step that asks the owner has begun. @returns what to call when it has ended: from then on it waits */
  stepWaits(executionId: string, connectionId: string, taskToken: string): () => void {
    const step = this.#steps.get(executionId);
    const { waits } = this.#book(connectionId);
    return () => {
      const isOver = this.#steps.get(executionId) !== step || !this.#executions.has(executionId);
      if (isOver || this.#tasksOver.has(taskToken)) return;
      waits.set(executionId, taskToken);
      this.#requireOneWait(connectionId);
    };
  }

  /** It was answered, or Step Functions has given it up: nobody waits on it, though its function may still run. */
  taskIsOver(taskToken: string): void {
    this.#tasksOver.add(taskToken);
    for (const { waits } of this.#books.values()) {
      for (const [executionId, token] of waits) if (token === taskToken) waits.delete(executionId);
    }
  }

  executionChanged({ executionArn, status, input, output, error, cause }: ExecutionStatusChange): void {
    this.#requireNoSecret({ input, output, error, cause }, 'an execution');
    this.onExecution(status);
    if (status === 'RUNNING') {
      this.#executions.add(executionArn);
      return;
    }
    this.#executions.delete(executionArn);
    for (const { waits } of this.#books.values()) waits.delete(executionArn);
    const isNotified = error === 'OperatorAlerted' || error === 'OperatorNotAlerted';
    if ((status === 'FAILED' && !isNotified) || status === 'TIMED_OUT') {
      this.#stage.fail(
        'an execution fails only after an alert',
        `${executionArn} ${status}: ${error}: ${cause}`,
      );
    }
  }

  /** How many executions do something, or wait to try again. */
  executionsWork(): number {
    let waiting = 0;
    for (const { waits } of this.#books.values()) waiting += waits.size;
    return this.#executions.size - waiting;
  }

  executionsWaiting(connectionId: string): string[] {
    return [...this.#book(connectionId).waits.keys()];
  }

  answered(what: string, answer: unknown): void {
    this.#requireNoSecret(answer, what);
  }

  /**
   * What must hold once faults have stopped for long enough, and nothing runs.
   * @returns `asked`: the grant does not work, so its owner must have been asked
   */
  settled(connectionId: string, calmSinceMs: number): 'works' | 'asked' | 'rests' {
    const book = this.#book(connectionId);
    const { settings, waits } = book;
    const grant = this.grant(connectionId);
    const nowMs = this.#stage.nowMs;
    const fail = (invariant: string, detail: string) =>
      this.#stage.fail(invariant, `${connectionId}: ${detail}`);

    if (grant.lease && grant.lease.expiresAtMs > nowMs) {
      fail('leases come free', `a lease of ${grant.lease.owner} runs although nothing does.`);
    }
    if (settings.paused) return 'rests';
    if (grant.login) fail('a login is finished', 'its mark stands in the record.');
    this.#requireOneWait(connectionId);
    if (waits.size > 1) fail('at most one execution waits', `${[...waits.keys()].join(' and ')} still do.`);
    if (grant.disconnection) fail('an end is finished', 'its mark stands in the record.');
    if (grant.status === 'disconnected') return 'rests';
    this.#requireReminderSent(book);

    const newest = book.newestLogin();
    const kept = [...book.versions.values()].some(
      ({ versionId, refreshToken }) =>
        book.originOf(versionId) === newest && this.#provider.honours(refreshToken),
    );
    const current = book.current === undefined ? undefined : book.versions.get(book.current);
    if (
      newest !== undefined &&
      current !== undefined &&
      kept &&
      book.originOf(current.versionId) !== newest
    ) {
      fail('a new login wins', `current is not of login ${newest}, though its refresh token is still good.`);
    }
    const works = current !== undefined && this.#provider.honours(current.refreshToken);
    if (kept && !works)
      fail('a grant that could be kept is kept', 'a version that is not current is still good.');
    if (!works) return this.#isResting(book) ? 'rests' : 'asked';

    if (grant.status !== 'active') {
      fail(
        'a grant that could be kept is kept',
        `its refresh token is good, but the record says ${grant.status}.`,
      );
    }
    if (grant.grantVersionId !== current.versionId) {
      fail(
        'the record says what the secrets hold',
        `it names ${grant.grantVersionId}, current is ${current.versionId}.`,
      );
    }
    const access = book.accessVersions.get(book.accessCurrent ?? '');
    if (access?.derived_from !== current.versionId) {
      fail('the access token is of the current grant', `it is of ${access?.derived_from}.`);
    } else if (Date.parse(access.expires_at) <= nowMs) {
      fail(
        'the access token is renewed in time',
        `it ended at ${this.#stage.timeOf(Date.parse(access.expires_at))}.`,
      );
    }
    const refreshedInCalm = access !== undefined && Date.parse(access.obtained_at) > calmSinceMs;
    const incidents = this.#table!.items(`connection#${connectionId}`, 'incident#')
      .filter(({ endedAt }) => endedAt === undefined)
      .map(({ sk }) => sk!.S!);
    const ended = refreshedInCalm ? ['CheckGrant', 'RefreshTokens'] : ['CheckGrant'];
    const left = incidents.find((sk) => ended.includes(sk.split('#')[1]!));
    if (left !== undefined) fail('an incident ends with its next success', left);
    return 'works';
  }

  /** It has ended as it had to, and the token is not needed before the owner's hours begin. */
  #isResting({ settings, versions, current }: Book): boolean {
    const life = this.#provider.lifeOf(versions.get(current ?? '')?.refreshToken ?? '');
    const { nowMs } = this.#stage;
    return life !== undefined && life.endsMs <= nowMs && nowMs < scheduleOfLife(settings, life).neededAtMs;
  }

  #becomesCurrent(book: Book, kind: string, versionId: string, invocation: Invocation): void {
    if (kind === 'access') {
      book.accessCurrent = versionId;
      return;
    }
    const before = book.versions.get(book.current ?? '');
    const after = book.versions.get(versionId)!;
    book.current = versionId;
    if (!before || before === after) return;
    const by = `${invocation.id} replaced ${before.refreshToken} by ${after.refreshToken}`;
    if (book.orderOf(before.versionId) > book.orderOf(versionId)) {
      this.#stage.fail('a new login wins', `${by}, of an older login.`);
    }
    const isLost = this.#provider.honours(before.refreshToken) && !this.#provider.honours(after.refreshToken);
    if (isLost && !this.#isOutOfOrder(book, before, after)) {
      this.#stage.fail(
        'a good refresh token is not replaced by a dead one',
        `${by}, which is not good any more.`,
      );
    }
  }

  /** Of two logins within seconds, their codes may reach the provider in another order than their callbacks reached us. */
  #isOutOfOrder(book: Book, before: Version, after: Version): boolean {
    const bornBefore = this.#provider.familyOf(before.refreshToken)!.bornMs;
    const bornAfter = this.#provider.familyOf(after.refreshToken)!.bornMs;
    return bornBefore > bornAfter && book.orderOf(before.versionId) < book.orderOf(after.versionId);
  }

  /**
   * A notice that is recorded as sent must not be sent again. Two runs of one step may overlap when Step Functions has lost
   * the first, and both may start before either has recorded the notice.
   */
  #requireUnsent(book: Book, invocation: Invocation, channel: ChannelName): void {
    const { connectionId } = book.settings;
    const { decision, executionId } = invocation.input as StepInput;
    const whole = decision.reminder ?? (decision.kind === 'restored' ? 'restored' : undefined);
    for (const notice of [noticeOf(invocation, channel), ...(whole === undefined ? [] : [whole])]) {
      const notified = book.notified.get(notice);
      const isOwn = notified?.by !== undefined && executionIdOf(notified.by) === executionId;
      if (notified && !(isOwn && notified.atMs > invocation.invokedAtMs)) {
        this.#stage.fail('nothing is sent twice', `${connectionId}: ${invocation.id} tells ${notice} again.`);
      }
      const other = book.tellers.get(notice);
      if (other?.isRunning && executionIdOf(other) !== executionId) {
        this.#stage.fail('nothing is sent twice', `${invocation.id} and ${other.id} tell ${notice} at once.`);
      }
      book.tellers.set(notice, invocation);
    }
  }

  /**
   * At every instant: one waits for what is open, and each other one for what is to be ended: it is recorded, or the function that
   * ends it still runs. Ending it is the last thing that is done, and a newer link can be clicked before.
   */
  #requireOneWait(connectionId: string): void {
    const { waits } = this.#book(connectionId);
    if (waits.size === 0) return;
    const fail = (detail: string) =>
      this.#stage.fail('at most one execution waits', `${connectionId}: ${detail}`);
    const { authorization: open, login } = this.grant(connectionId);
    const closing = this.#book(connectionId).closings.filter(({ by }) => by?.isRunning);
    const closed = [login?.closed, ...closing.map((each) => each.closed)].filter((each) => each != null);
    const ending = [open, ...closed].flatMap((each) => each?.supersedes ?? []).concat(closed);
    const items = this.#table!.items(`connection#${connectionId}`, 'authorization#');
    const forOpen: string[] = [];
    for (const [executionId, token] of waits) {
      const item = items.find(({ taskTokens }) => taskTokens?.L?.some(({ S }) => S === token));
      const authorizationId = item?.sk?.S?.slice('authorization#'.length);
      if (open !== undefined && authorizationId === open.authorizationId) forOpen.push(executionId);
      else if (!ending.some((each) => each.authorizationId === authorizationId))
        fail(`${executionId} waits for ${authorizationId}, which is neither open nor to be ended.`);
    }
    if (forOpen.length > 1) fail(`${forOpen.join(' and ')} do.`);
  }

  /** The end of a connection leaves no token, and is over only when somebody asks for a login. */
  #requireEnded(book: Book, before: Item | undefined, after: Item): void {
    const isEnded = after.status?.S === 'disconnected' && after.disconnection === undefined;
    if (before?.disconnection && isEnded) {
      book.endedAtMs = this.#stage.nowMs;
      const full = [...book.labels].find(([, versionId]) => !book.empty.has(versionId));
      if (full) this.#stage.fail('what was ended holds no token', `${full.join(' is on ')}.`);
    }
    if (book.endedAtMs === undefined || after.authorization === undefined) return;
    const { request } = (this.acting?.input ?? {}) as { readonly request?: { readonly force?: string } };
    if (request?.force !== 'reauthorize') {
      this.#stage.fail('what was ended stays ended', `${this.acting?.id} opens an authorization.`);
    }
    book.endedAtMs = undefined;
  }

  /** What had begun before may still speak. */
  #requireAskedFor({ endedAtMs }: Book, { id, invokedAtMs }: Invocation, what: string): void {
    if (endedAtMs === undefined || invokedAtMs < endedAtMs) return;
    this.#stage.fail('what was ended stays ended', `${id} ${what}.`);
  }

  /** The newest reminder that a check has had time to see: a link went out since. */
  #requireReminderSent({ settings, versions, current, mails }: Book): void {
    const life = this.#provider.lifeOf(versions.get(current ?? '')?.refreshToken ?? '');
    const seenMs = this.#stage.nowMs - 2 * tickSeconds(settings.provider.accessTokenLifetimeSeconds) * 1000;
    const reminderMs = life?.isFixed ? newestReminderMs(settings, life, seenMs) : undefined;
    if (reminderMs === undefined || mails.some(({ atMs, link }) => atMs >= reminderMs && link !== undefined))
      return;
    this.#stage.fail(
      'every reminder is sent',
      `${settings.connectionId}: nobody sent that of ${this.#stage.timeOf(reminderMs)}.`,
    );
  }

  #requireNoSecret(where: unknown, what: string): void {
    const text = typeof where === 'string' ? where : JSON.stringify(where);
    if (text.includes(canary)) this.#stage.fail('no secret is outside the two stores', `${what}: ${text}`);
  }

  #book(connectionId: string): Book {
    return this.#books.get(connectionId)!;
  }
}

interface StepInput {
  readonly executionId?: string;
  readonly entry?: number;
  readonly decision: { readonly reminder?: string; readonly kind?: string };
}

function executionIdOf({ input }: Invocation): string | undefined {
  return (input as StepInput).executionId;
}

/** A staging label is on one version, and what loses `AWSCURRENT` is `AWSPREVIOUS`. */
function label(book: Book, kind: string, stage: string, versionId: string): void {
  const before = book.labels.get(`${kind} ${stage}`);
  if (before === versionId) return;
  if (stage === 'AWSCURRENT' && before !== undefined) book.labels.set(`${kind} AWSPREVIOUS`, before);
  book.labels.set(`${kind} ${stage}`, versionId);
}

/** What the login that stands in the record has closed. */
function closedIn(item: Item | undefined): OpenAuthorization | undefined {
  const { login } = unmarshall(item?.login ? { login: item.login } : {}) as Pick<Grant, 'login'>;
  return login?.closed ?? undefined;
}

/** One notice of one step, over one channel. */
function noticeOf({ input }: Invocation, channel: ChannelName): string {
  const { executionId, entry } = input as StepInput;
  return `${executionId}#${entry} by ${channel}`;
}

/** `simulation/<connectionId>/<kind>`. */
function partsOf(secretName: string): [string, string] {
  const [, connectionId = '', kind = ''] = secretName.split('/');
  return [connectionId, kind];
}
