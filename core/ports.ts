import type {
  Claim,
  Connection,
  Notified,
  SeizedLease,
  Disconnection,
  Grant,
  Login,
  OpenAuthorization,
  Pause,
  Revocation,
} from './grant.ts';
import type { AccessSecret, GrantSecret, StoredTokens, Versions } from './stored-tokens.ts';
import type { Authorization, LoginLink, Start, Waiter } from './authorization.ts';
import type { Client } from './client-credentials.ts';
import type { AuthorizationAnswer } from './authorization-answer.ts';
import type {
  CodeExchange,
  IdentityAnswer,
  RevocationAnswer,
  TokenAnswer,
  TokenSet,
} from './token-answer.ts';
import type { NoticeOutcomes, MailText, Notice } from './notice.ts';
import type { ExecutionRequest, Resumption } from './execution-request.ts';
import type { EndedIncident, Incident } from './incident.ts';
import type {
  Blocks,
  BrowserLoginRequest,
  Attempt,
  BrowserLoginRecord,
  BrowserLoginSettings,
  Ended,
  Report,
} from './browser-login.ts';
import type { EventPage, EventsFound, KeptConnection, SignIn, PanelSettings, Session } from './panel.ts';
import type { ChannelName } from './channel.ts';
import type { GrantkeeperError } from './errors.ts';
import type { EventType } from './event.ts';
import type { MetricName } from './metrics.ts';
import type { Provider } from './provider.ts';
import type { Secret } from './secret.ts';
import type { Settings } from './settings.ts';
import type { Writes } from './version-budget.ts';

/** What the functions need of the world. Adapters keep these promises; all times are epoch milliseconds. */
export interface Clock {
  nowMs(): number;
}

/** Who may spend the refresh token now. A login seizes the lease from anybody. */
export interface Leases {
  /** @throws {LeaseHeldError} while somebody else's lease runs */
  takeLease(connectionId: string, owner: string, nowMs: number): Promise<Grant>;
  /**
   * Takes the lease whoever has it, for a login never waits, and writes the login down. Undefined while the record has
   * one that is recorded and whose waits are not ended yet, for it would be forgotten; and where the connection was
   * ended since this login was asked for.
   */
  seizeLease(connectionId: string, owner: string, login: Login): Promise<SeizedLease | undefined>;
  /** Does nothing when the lease is somebody else's by now. */
  releaseLease(connectionId: string, owner: string): Promise<void>;
}

/** The grant record: every change is one conditional write, and most need the lease. */
export interface GrantRecords {
  read(connectionId: string): Promise<Connection>;
  /** False when another execution recorded this tick, or a later one, before. */
  recordTick(connectionId: string, scheduledTime: string, executionName: string): Promise<boolean>;
  /**
   * Writes down what the secrets hold now and gives the lease back; a login also closes whatever authorization
   * is open. Undefined when the fencing number is no longer ours, else the record as it is then.
   */
  recordTokens(connectionId: string, fencingNumber: number, tokens: StoredTokens): Promise<Grant | undefined>;
  /** Notes what is about to be written to the secrets: those lists that are given. False when the fencing number is no longer ours. */
  recordWrites(connectionId: string, fencingNumber: number, writes: Writes): Promise<boolean>;
  /** False when the fencing number is no longer ours. */
  recordRejection(connectionId: string, fencingNumber: number): Promise<boolean>;
  /**
   * Notes a rejection that is not believed yet.
   * @returns when the first one since the last success came, epoch milliseconds; undefined when the fencing number is no longer ours
   */
  recordDoubt(connectionId: string, fencingNumber: number, nowMs: number): Promise<number | undefined>;
  /** Whether the client's credentials are still to come. */
  recordSetUp(connectionId: string, setUp: boolean): Promise<void>;
}

/** The newest login, as far as the grant record tells of it. */
export interface LoginRecords {
  /**
   * Records that a login's tokens are stored, and wait until the provider tells whose they are: the next check goes on with
   * them. Notes the write to the secrets. Does nothing when a newer login has begun.
   */
  holdTokens(connectionId: string, versionId: string, atMs: number): Promise<void>;
  /** Whatever dies from here on, a later check gives the login's tokens back. Does nothing when a newer one has begun. */
  refuseLogin(connectionId: string, versionId: string, as: 'other' | 'unknown'): Promise<void>;
  /**
   * Notes the versions in which the tokens of logins may be, with that which a refresh of a held login is about to put, so
   * that it is found whatever happens after. False when the fencing number is no longer ours.
   */
  recordLoginVersions(
    connectionId: string,
    fencingNumber: number,
    versionIds: readonly string[],
  ): Promise<boolean>;
  /** All of this login is done, or it failed. Does nothing when a newer one has begun. */
  endLogin(connectionId: string, versionId: string): Promise<void>;
}

/** An operator ends the connection. */
export interface Disconnections {
  /**
   * Takes the lease and writes down that the connection is ended: no login that was asked for before is recorded any
   * more. A repeat goes on with what was begun.
   * @throws {LeaseHeldError} while somebody else's lease runs
   */
  beginDisconnection(connectionId: string, owner: string, disconnection: Disconnection): Promise<Grant>;
  /** Notes the writes, too, with those that are to empty the secrets. False when the fencing number is no longer ours. */
  recordRevocation(
    connectionId: string,
    fencingNumber: number,
    revocation: Revocation,
    otherWritesAtMs: readonly number[],
  ): Promise<boolean>;
  /**
   * All of the disconnection is done: of the grant nothing is left but whose it was. Gives the lease back. False when
   * the fencing number is no longer ours.
   */
  recordDisconnected(connectionId: string, fencingNumber: number): Promise<boolean>;
}

/** The one authorization that the grant record points at. */
export interface OpenAuthorizations {
  /**
   * Also claims the notice that its link makes needless, if there is one. False when another authorization was opened,
   * or the connection ended, since the grant was read; or another execution tells that notice now.
   */
  openAuthorization(
    connectionId: string,
    read: Pick<Grant, 'status' | 'fencingNumber' | 'authorization'>,
    authorization: OpenAuthorization,
    claim: Claim | undefined,
  ): Promise<boolean>;
  /** Its link was sent: it holds until its own expiry now. Does nothing when it is not the open one. */
  confirmSent(connectionId: string, authorizationId: string, expiresAtMs: number): Promise<void>;
  /** Those before it are ended. Does nothing when it is not the open one. */
  confirmSuperseded(connectionId: string, authorizationId: string): Promise<void>;
  /** False when this authorization is not the open one. */
  markStarted(connectionId: string, authorizationId: string, nowMs: number): Promise<boolean>;
}

/** Which reminders the owner has had, and who sends one now. */
export interface ReminderClaims {
  /** False when another execution claimed this notice a moment ago, or it was told. */
  claimNotice(connectionId: string, claim: Claim): Promise<boolean>;
  recordNotified(connectionId: string, notified: Notified): Promise<void>;
  /** These channels took a message that told nothing of the grant. */
  recordReached(connectionId: string, channels: readonly ChannelName[], atMs: number): Promise<void>;
}

/** An operator pauses a connection, and resumes it. */
export interface Pauses {
  /** False when it was paused already. */
  pause(connectionId: string, pause: Pause): Promise<boolean>;
  /** False when it was not paused. */
  resume(connectionId: string): Promise<boolean>;
}

/** Everything that one adapter keeps in the grant record. */
export type Grants = Leases &
  GrantRecords &
  LoginRecords &
  Disconnections &
  OpenAuthorizations &
  ReminderClaims &
  Pauses;

/** `connection#<id>/authorization#<id>`. */
export interface Authorizations {
  read(connectionId: string, authorizationId: string): Promise<Authorization | undefined>;
  /** Makes the item if it is not there, and adds the link's hash and the task token. Answers what is there then. */
  addLink(link: LoginLink, nowMs: number): Promise<Authorization>;
  /** Adds the token of an execution that waits. Undefined when there is no such item. */
  attach(connectionId: string, authorizationId: string, waiter: Waiter): Promise<Authorization | undefined>;
  /** False when the authorization was completed, superseded or expired meanwhile. */
  addStart(authorization: Authorization, stateHash: string, start: Start): Promise<boolean>;
  /** Marks the start used and an open authorization `exchanging`. False when another callback used the start before. */
  useStart(authorization: Authorization, stateHash: string, nowMs: number, by: string): Promise<boolean>;
  /** Records that the timeline has an answer of that kind, which did not use this start: a repeat is not written down again. */
  noteStart(
    authorization: Authorization,
    stateHash: string,
    as: 'failureNotedAtMs' | 'issuerNotedAtMs',
    nowMs: number,
  ): Promise<void>;
  /**
   * Moves to a status; from `completed` there is no way back, and from another closed one only to `completed`.
   * Answers what is there then; undefined where it did not move.
   */
  setStatus(
    connectionId: string,
    authorizationId: string,
    status: Authorization['status'],
  ): Promise<Authorization | undefined>;
}

/** The two secrets of a connection. */
export interface Tokens {
  readGrant(connectionId: string): Promise<Versions<GrantSecret>>;
  /** One version, whatever its staging labels; undefined when it was never put. */
  readGrantVersion(connectionId: string, versionId: string): Promise<GrantSecret | undefined>;
  readAccess(connectionId: string): Promise<Versions<AccessSecret>>;
  readAccessVersion(connectionId: string, versionId: string): Promise<AccessSecret | undefined>;
  /** Puts a version as `AWSPENDING`; the very first one is `AWSCURRENT` at once. */
  putGrant(connectionId: string, secret: GrantSecret): Promise<'pending' | 'current'>;
  putAccess(connectionId: string, secret: AccessSecret): Promise<'pending' | 'current'>;
  /**
   * Moves `AWSCURRENT` from the version read before; false when it has moved since.
   * @throws {StoreUnavailableError} also when AWS refuses the move, and then reads as if nothing had moved: a stale read
   */
  moveCurrent(
    connectionId: string,
    secret: 'grant' | 'access',
    fromVersionId: string | undefined,
    toVersionId: string,
  ): Promise<boolean>;
  /**
   * Leaves no staging label on a token: two versions that hold none, one after the other, for the first one leaves
   * `AWSPREVIOUS` on what was current.
   * @param versionIds of the two
   * @param at ISO 8601: when it was disconnected
   */
  empty(
    connectionId: string,
    secret: 'grant' | 'access',
    versionIds: readonly [string, string],
    at: string,
  ): Promise<void>;
}

export interface Clients {
  /** Whether the secret has a value, whatever that is. */
  isThere(clientSecretName: string): Promise<boolean>;
  /** @throws {ConfigurationError} when the secret is absent, not JSON, or lacks a field */
  read(clientSecretName: string): Promise<Client>;
}

export interface TokenEndpoint {
  readCallback(
    provider: Provider,
    client: Client,
    parameters: URLSearchParams,
    state: string,
  ): Promise<AuthorizationAnswer>;
  refresh(provider: Provider, client: Client, refreshToken: Secret): Promise<TokenAnswer>;
  exchange(provider: Provider, client: Client, callback: CodeExchange): Promise<TokenAnswer>;
  /** Whose tokens they are, in clear. */
  identify(provider: Provider, tokens: Pick<TokenSet, 'accessToken' | 'subject'>): Promise<IdentityAnswer>;
}

export interface RevocationEndpoint {
  revoke(
    provider: Provider,
    client: Client,
    token: Secret,
    type: 'refresh_token' | 'access_token',
  ): Promise<RevocationAnswer>;
}

/** The ways to people. Neither addresses nor texts are in what is thrown. */
export interface Messages {
  /**
   * Sends a notice to its owner by one channel. Every attempt has the same `noticeId`.
   * @throws {ChannelUnavailableError} not now: try again
   * @throws {ChannelRejectedError} not before an operator has mended something
   * @throws {ConfigurationError} access denied, or the channel's secret is missing or unusable
   */
  send(channel: ChannelName, settings: Settings, notice: Notice, noticeId: string): Promise<void>;
  /** Tells the operators by their topic what no log may have: a link. */
  tellOperators(message: { readonly subject: string; readonly text: string }): Promise<void>;
}

/** Mail that is no notice. Neither address nor text is in what is thrown. */
export interface Mail {
  send(to: string, text: MailText): Promise<void>;
}

/** `connection#<id>/notice#<noticeId>`: what became of one notice, channel by channel. */
export interface Notices {
  read(connectionId: string, noticeId: string): Promise<NoticeOutcomes>;
  record(
    connectionId: string,
    noticeId: string,
    channel: ChannelName,
    outcome: 'sent' | 'failed',
    nowMs: number,
  ): Promise<void>;
}

export interface Workflow {
  /** Resumes whoever waits on one of the task tokens; fine when nobody does any more. */
  resume(taskTokens: readonly string[], resumption: Resumption): Promise<void>;
  /** Has the operator told, once an incident, of what a page could not do, or what a step has met. */
  report(connectionId: string, step: string, error: GrantkeeperError): Promise<void>;
  /** Has the stored refresh token tried at once: whether it still works is not known. */
  refreshNow(connectionId: string): Promise<void>;
  /**
   * Starts an execution of that name for somebody. Answers its ARN; undefined when there was one, within 90 days.
   * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
   */
  startExecution(request: ExecutionRequest, name: string): Promise<string | undefined>;
  /** Starts the execution that attaches to a started link. Answers its ARN; undefined when there was one. */
  startForLink(connectionId: string, authorizationId: string): Promise<string | undefined>;
}

/** How often something happened in the fixed window of time that `nowMs` lies in. */
export interface RateLimits {
  /** @param of a connection's id, or `panel` */
  read(of: string, what: string, windowMs: number, nowMs: number): Promise<number>;
  /** Counts once more. Answers how often it is then. */
  count(of: string, what: string, windowMs: number, nowMs: number): Promise<number>;
}

export interface Incidents {
  /**
   * Ends the incidents that are over. Answers those that `by` has ended, now or in an earlier attempt: operators are
   * to be told of these.
   */
  end(connectionId: string, isOver: (incident: Incident) => boolean, by: string): Promise<EndedIncident[]>;
}

/** Counted and measured for the alarms and the dashboard. A dimension has few values. */
export interface Metrics {
  put(name: MetricName, value: number): void;
  /** One more, also by this dimension. */
  count(name: MetricName, dimension: 'reason' | 'channel' | 'outcome', value: string): void;
}

export interface Events {
  /** Writes down what happened, for the timeline. Details never hold a credential. */
  record(
    connectionId: string,
    type: EventType,
    details: Readonly<Record<string, string | number>>,
  ): Promise<void>;
}

/** `connection#<id>/browser-login`, and what Pulumi has written of it. */
export interface BrowserLogins {
  /** Undefined for a connection that has not opted in. */
  readSettings(connectionId: string): Promise<BrowserLoginSettings | undefined>;
  read(connectionId: string): Promise<BrowserLoginRecord>;
  /**
   * Writes down an attempt before it is made.
   * @param before authorization of the attempt that was read; false when another one was made since
   */
  claim(connectionId: string, attempt: Attempt, before: string | undefined): Promise<boolean>;
  /**
   * How an attempt ended, and what follows for the next ones: a version that was refused, or that nothing was heard. After
   * a login neither is left.
   */
  recordEnd(connectionId: string, attempt: Attempt, ended: Ended, blocks: Blocks): Promise<void>;
  recordReminder(connectionId: string, versionId: string): Promise<void>;
  /** Ends an attempt that came to nothing: what was open before it is open again. */
  putBack(connectionId: string, attempt: Attempt): Promise<void>;
}

/** @throws {StoreUnavailableError} it could not be sent, or nothing was heard of it */
export type SendBrowser = (functionName: string, browserLoginRequest: BrowserLoginRequest) => Promise<Report>;

export interface Screenshots {
  /** @returns where an operator finds it */
  keep(key: string, jpeg: string): Promise<string>;
}

/** What the panel shows, read in few calls. */
export interface Panel {
  /** @throws {ConfigurationError} when the deployment has written nothing valid there */
  readSettings(): Promise<PanelSettings>;
  /** In the order asked for. Those without settings are there too: they were removed from the configuration. */
  readConnections(connectionIds: readonly string[]): Promise<KeptConnection[]>;
  /** Newest first. */
  readEvents(connectionId: string, page: EventPage): Promise<EventsFound>;
}

/** People's sessions, by the hashes of their cookies. */
export interface Sessions {
  /** Undefined too when its person has signed out everywhere since. */
  read(sessionHash: string, nowMs: number): Promise<Session | undefined>;
  start(sessionHash: string, session: Session): Promise<void>;
  /** Its person did something. Does nothing when the session was ended meanwhile. */
  touch(sessionHash: string, nowMs: number): Promise<void>;
  end(sessionHash: string): Promise<void>;
  endAll(email: string, nowMs: number): Promise<void>;
}

/** Links to sign in, by the hashes of their secrets. */
export interface SignIns {
  add(linkHash: string, signIn: SignIn): Promise<void>;
  read(linkHash: string): Promise<SignIn | undefined>;
  /** False when it was first used longer ago than `signInRepeatMs`. */
  use(linkHash: string, nowMs: number): Promise<boolean>;
}

export interface Random {
  /** 32 random bytes, base64url. */
  secret(): string;
  uuid(): string;
  /** SHA-256, base64url. */
  hash(value: string): string;
}
