import type {
  Claim,
  StoredConnection,
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
  CodeGrantRequest,
  IdentityAnswer,
  RevocationAnswer,
  TokenAnswer,
  TokenSet,
} from './token-answer.ts';
import type { NoticeOutcomes, MailText, Notice } from './notice-text.ts';
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
import type { EventPage, EventsFound, ListedConnection, SignIn, PanelSettings, Session } from './panel.ts';
import type { ChannelName } from './channel.ts';
import type { GrantkeeperError } from './errors.ts';
import type { EventType } from './event.ts';
import type { MetricName } from './metrics.ts';
import type { Provider } from './provider.ts';
import type { Secret } from './secret.ts';
import type { Settings } from './settings.ts';
import type { Writes } from './version-budget.ts';

// The ports of the use cases. Adapters implement them. All times are epoch milliseconds.

export interface Clock {
  nowMs(): number;
}

/** The right to spend the refresh token, for one holder at a time. A login seizes it from any holder. */
export interface Leases {
  /** @throws {LeaseHeldError} somebody else has the lease */
  takeLease(connectionId: string, owner: string, nowMs: number): Promise<Grant>;
  /**
   * Seizes the lease from any holder and records the login. Undefined if an earlier login is still being completed, or if
   * the connection was disconnected after this login was asked for.
   */
  seizeLease(connectionId: string, owner: string, login: Login): Promise<SeizedLease | undefined>;
  /** Does nothing if somebody else has the lease by now. */
  releaseLease(connectionId: string, owner: string): Promise<void>;
}

/** The grant record. Each change is one conditional write, and most need the lease. */
export interface GrantRecords {
  read(connectionId: string): Promise<StoredConnection>;
  /** False if another execution has recorded this tick or a later one. */
  recordTick(connectionId: string, scheduledTime: string, executionName: string): Promise<boolean>;
  /**
   * Records the versions that the secrets hold and releases the lease. A login also closes the open authorization.
   * @returns the new record; undefined if the fencing number is no longer ours
   */
  recordTokens(connectionId: string, fencingNumber: number, tokens: StoredTokens): Promise<Grant | undefined>;
  /** Notes writes to the secrets before they are made. False if the fencing number is no longer ours. */
  recordWrites(connectionId: string, fencingNumber: number, writes: Writes): Promise<boolean>;
  /** False when the fencing number is no longer ours. */
  recordRejection(connectionId: string, fencingNumber: number): Promise<boolean>;
  /**
   * Notes a rejection that a later check has to confirm.
   * @returns the time of the first one since the last success; undefined if the fencing number is no longer ours
   */
  recordDoubt(connectionId: string, fencingNumber: number, nowMs: number): Promise<number | undefined>;
  /** Notes whether the client's credentials are still missing. */
  recordSetUp(connectionId: string, setUp: boolean): Promise<void>;
}

/** The newest login in the grant record. */
export interface LoginRecords {
  /**
   * Records that a login's tokens are stored, but its account is not checked yet. The next check continues. Also notes the
   * write to the secrets. Does nothing if a newer login has begun.
   */
  holdTokens(connectionId: string, versionId: string, atMs: number): Promise<void>;
  /** Marks the login for revocation, so that a later check completes it if we die. Does nothing if a newer login has begun. */
  refuseLogin(connectionId: string, versionId: string, as: 'other' | 'unknown'): Promise<void>;
  /**
   * Notes all versions that may hold tokens of logins, with the version that a refresh of a held login is about to write.
   * False if the fencing number is no longer ours.
   */
  recordLoginVersions(
    connectionId: string,
    fencingNumber: number,
    versionIds: readonly string[],
  ): Promise<boolean>;
  /** Removes a login that is complete or has failed. Does nothing if a newer login has begun. */
  endLogin(connectionId: string, versionId: string): Promise<void>;
}

/** The disconnection of a connection by an operator. */
export interface Disconnections {
  /**
   * Takes the lease and records the disconnection. From then on no login that was asked for before is recorded. A repeat
   * continues the disconnection that was begun.
   * @throws {LeaseHeldError} somebody else has the lease
   */
  beginDisconnection(connectionId: string, owner: string, disconnection: Disconnection): Promise<Grant>;
  /** Also notes the writes that will empty the secrets. False if the fencing number is no longer ours. */
  recordRevocation(
    connectionId: string,
    fencingNumber: number,
    revocation: Revocation,
    otherWritesAtMs: readonly number[],
  ): Promise<boolean>;
  /**
   * Completes the disconnection: keeps only the identity of the grant, and releases the lease. False if the fencing number
   * is no longer ours.
   */
  recordDisconnected(connectionId: string, fencingNumber: number): Promise<boolean>;
}

/** The open authorization of the grant record. */
export interface OpenAuthorizations {
  /**
   * Opens an authorization, and claims the notice that its link replaces. False if since the read of the grant another
   * authorization was opened, the connection was disconnected, or another execution has claimed that notice.
   */
  openAuthorization(
    connectionId: string,
    read: Pick<Grant, 'status' | 'fencingNumber' | 'authorization'>,
    authorization: OpenAuthorization,
    claim: Claim | undefined,
  ): Promise<boolean>;
  /** Records that its link was sent, and the link's expiry. Does nothing if it is not the open one. */
  confirmSent(connectionId: string, authorizationId: string, expiresAtMs: number): Promise<void>;
  /** Records that the earlier authorizations are ended. Does nothing if it is not the open one. */
  confirmSuperseded(connectionId: string, authorizationId: string): Promise<void>;
  /** False if this authorization is not the open one. */
  markStarted(connectionId: string, authorizationId: string, nowMs: number): Promise<boolean>;
}

/** The reminders that were sent, and the claim of the execution that sends one now. */
export interface ReminderClaims {
  /** False if another execution has claimed this notice within two minutes, or has sent it. */
  claimNotice(connectionId: string, claim: Claim): Promise<boolean>;
  recordNotified(connectionId: string, notified: Notified): Promise<void>;
  /** Notes channels that took a test message. */
  recordReached(connectionId: string, channels: readonly ChannelName[], atMs: number): Promise<void>;
}

/** The pause of a connection by an operator. */
export interface Pauses {
  /** False if it was paused already. */
  pause(connectionId: string, pause: Pause): Promise<boolean>;
  /** False if it was not paused. */
  resume(connectionId: string): Promise<boolean>;
}

/** All ports of the grant record. */
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
  /** Creates the item if it is missing, and adds the link's hash and the task token. Returns the new item. */
  addLink(link: LoginLink, nowMs: number): Promise<Authorization>;
  /** Adds the token of an execution that waits. Undefined if there is no such item. */
  attach(connectionId: string, authorizationId: string, waiter: Waiter): Promise<Authorization | undefined>;
  /** False if the authorization is completed, superseded or expired by now. */
  addStart(authorization: Authorization, stateHash: string, start: Start): Promise<boolean>;
  /** Marks the start used and an open authorization `exchanging`. False if another callback has used the start. */
  useStart(authorization: Authorization, stateHash: string, nowMs: number, by: string): Promise<boolean>;
  /** Notes that the timeline has an answer of that kind, so that a repeat is not recorded again. */
  noteStart(
    authorization: Authorization,
    stateHash: string,
    as: 'failureNotedAtMs' | 'issuerNotedAtMs',
    nowMs: number,
  ): Promise<void>;
  /**
   * Changes the status. `completed` is final, and from another closed status only `completed` is possible.
   * @returns the new item; undefined if the status did not change
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
  /** Reads one version with any staging label. Undefined if it does not exist. */
  readGrantVersion(connectionId: string, versionId: string): Promise<GrantSecret | undefined>;
  readAccess(connectionId: string): Promise<Versions<AccessSecret>>;
  readAccessVersion(connectionId: string, versionId: string): Promise<AccessSecret | undefined>;
  /** Writes a version as `AWSPENDING`. AWS makes the first version of a secret `AWSCURRENT`. */
  putGrant(connectionId: string, secret: GrantSecret): Promise<'pending' | 'current'>;
  putAccess(connectionId: string, secret: AccessSecret): Promise<'pending' | 'current'>;
  /**
   * Moves `AWSCURRENT` away from the version that was read. False if it has moved since.
   * @throws {StoreUnavailableError} also if AWS refuses the move, but a stale read says that the label has not moved
   */
  moveCurrent(
    connectionId: string,
    secret: 'grant' | 'access',
    fromVersionId: string | undefined,
    toVersionId: string,
  ): Promise<boolean>;
  /**
   * Removes all staging labels from tokens by writing two versions without a token. After the first one the last token
   * would still have `AWSPREVIOUS`.
   * @param versionIds the ids of the two versions
   * @param at when it was disconnected, ISO 8601
   */
  empty(
    connectionId: string,
    secret: 'grant' | 'access',
    versionIds: readonly [string, string],
    at: string,
  ): Promise<void>;
}

export interface Clients {
  /** True if the secret has any value. */
  isThere(clientSecretName: string): Promise<boolean>;
  /** @throws {ConfigurationError} the secret is missing, not JSON, or lacks a field */
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
  exchange(provider: Provider, client: Client, callback: CodeGrantRequest): Promise<TokenAnswer>;
  /** Asks the provider whose tokens these are. The identity is not hashed yet. */
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

/** Messages to people. Errors contain neither addresses nor texts. */
export interface Messages {
  /**
   * Sends a notice to its owner by one channel. Every attempt has the same `noticeId`.
   * @throws {ChannelUnavailableError} try again
   * @throws {ChannelRejectedError} an operator has to fix something first
   * @throws {ConfigurationError} access denied, or the channel's secret is missing or unusable
   */
  send(channel: ChannelName, settings: Settings, notice: Notice, noticeId: string): Promise<void>;
  /** Publishes a message with a link to the operators' topic. */
  notifyOperators(message: { readonly subject: string; readonly text: string }): Promise<void>;
}

/** Mail other than notices. Errors contain neither address nor text. */
export interface Mail {
  send(to: string, text: MailText): Promise<void>;
}

/** The outcome of one notice at each channel: `connection#<id>/notice#<noticeId>`. */
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
  /** Resumes the executions that wait on these task tokens. Ignores tokens on which nothing waits. */
  resume(taskTokens: readonly string[], resumption: Resumption): Promise<void>;
  /** Starts an execution that alerts the operators of an error, once for each incident. */
  report(connectionId: string, step: string, error: GrantkeeperError): Promise<void>;
  /** Starts an execution that refreshes at once, to find out whether the stored refresh token still works. */
  refreshNow(connectionId: string): Promise<void>;
  /**
   * Starts an execution with that name. Returns its ARN; undefined if there was one within 90 days.
   * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
   */
  startExecution(request: ExecutionRequest, name: string): Promise<string | undefined>;
  /** Starts the execution that waits for a link's login. Returns its ARN; undefined if there was one. */
  startForLink(connectionId: string, authorizationId: string): Promise<string | undefined>;
}

/** Counters for fixed windows of time. `nowMs` chooses the window. */
export interface RateLimits {
  /** @param of the connection's id, or `panel` */
  read(of: string, what: string, windowMs: number, nowMs: number): Promise<number>;
  /** Adds one and returns the new count. */
  count(of: string, what: string, windowMs: number, nowMs: number): Promise<number>;
}

export interface Incidents {
  /**
   * Ends the incidents that are over. Returns those that `by` has ended, now or in an earlier attempt, for the message to
   * operators.
   */
  end(connectionId: string, isOver: (incident: Incident) => boolean, by: string): Promise<EndedIncident[]>;
}

/** Metrics for the alarms and the dashboard. Each value of a dimension costs money, so there are few. */
export interface Metrics {
  put(name: MetricName, value: number): void;
  /** Counts one, with and without this dimension. */
  count(name: MetricName, dimension: 'reason' | 'channel' | 'outcome', value: string): void;
}

export interface Events {
  /** Records an event for the timeline. Details never hold a credential. */
  record(
    connectionId: string,
    type: EventType,
    details: Readonly<Record<string, string | number>>,
  ): Promise<void>;
}

/** The record of browser logins, `connection#<id>/browser-login`, and their settings. */
export interface BrowserLogins {
  /** Undefined if the connection has not opted in. */
  readSettings(connectionId: string): Promise<BrowserLoginSettings | undefined>;
  read(connectionId: string): Promise<BrowserLoginRecord>;
  /**
   * Records an attempt before it is made.
   * @param before the authorization id of the attempt that was read
   * @returns false if another attempt was recorded since
   */
  claim(connectionId: string, attempt: Attempt, before: string | undefined): Promise<boolean>;
  /**
   * Records the result of an attempt, and what blocks the next ones. A successful login removes all blocks.
   */
  recordEnd(connectionId: string, attempt: Attempt, ended: Ended, blocks: Blocks): Promise<void>;
  recordReminder(connectionId: string, versionId: string): Promise<void>;
  /** Ends a failed attempt and restores the authorization that was open before. */
  putBack(connectionId: string, attempt: Attempt): Promise<void>;
}

/** Starts a browser login and returns its report. @throws {StoreUnavailableError} it did not start, or never reported */
export type SendBrowser = (functionName: string, browserLoginRequest: BrowserLoginRequest) => Promise<Report>;

export interface Screenshots {
  /** @returns the address at which operators see it */
  keep(key: string, jpeg: string): Promise<string>;
}

/** The panel's data, read in few calls. */
export interface Panel {
  /** @throws {ConfigurationError} the stored settings are missing or invalid */
  readSettings(): Promise<PanelSettings>;
  /** In the order of the ids. A connection without settings was removed from the configuration. */
  readConnections(connectionIds: readonly string[]): Promise<ListedConnection[]>;
  /** Newest first. */
  readEvents(connectionId: string, page: EventPage): Promise<EventsFound>;
}

/** People's sessions, by the hashes of their cookies. */
export interface Sessions {
  /** Undefined if it has ended, also because its person has signed out everywhere. */
  read(sessionHash: string, nowMs: number): Promise<Session | undefined>;
  start(sessionHash: string, session: Session): Promise<void>;
  /** Notes that its person did something. Does nothing if the session has ended. */
  touch(sessionHash: string, nowMs: number): Promise<void>;
  end(sessionHash: string): Promise<void>;
  endAll(email: string, nowMs: number): Promise<void>;
}

/** Links to sign in, by the hashes of their secrets. */
export interface SignIns {
  add(linkHash: string, signIn: SignIn): Promise<void>;
  read(linkHash: string): Promise<SignIn | undefined>;
  /** False if it was first used longer ago than `signInRepeatMs`. */
  use(linkHash: string, nowMs: number): Promise<boolean>;
}

export interface Random {
  /** 32 random bytes, base64url. */
  secret(): string;
  uuid(): string;
  /** SHA-256, base64url. */
  hash(value: string): string;
}
