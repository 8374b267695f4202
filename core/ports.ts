import type { AuthorizationRefusal } from './authorization-answer.ts';
import type { Attempt, BrowserLoginRecord, BrowserLoginSettings, Ended, Report } from './browser-login.ts';
import type { Force } from './decide.ts';
import type { ChannelName } from './channel.ts';
import type { GrantkeeperError } from './errors.ts';
import type { EventKind, EventType, TimelineEvent } from './event.ts';
import type {
  LoginReason,
  Disconnection,
  Grant,
  Login,
  OpenAuthorization,
  Pause,
  Revocation,
} from './grant.ts';
import type { Identity } from './identity.ts';
import type { Incident } from './incident.ts';
import type { MetricName } from './metrics.ts';
import type { MailText, Notice } from './notice.ts';
import type { PanelSettings, Session } from './panel.ts';
import type { Provider } from './provider.ts';
import type { Recipe } from './recipe.ts';
import type { Secret } from './secret.ts';
import type { Settings } from './settings.ts';
import type { KnownIncident } from './health.ts';
import type { Refusal } from './token-answer.ts';
import type { Writes } from './version-budget.ts';

/** What the functions need of the world. Adapters keep these promises; all times are epoch milliseconds. */
export interface Clock {
  nowMs(): number;
}

export interface Connection {
  /** Absent for a connection that config does not have, or has no longer. */
  readonly settings: Settings | undefined;
  readonly grant: Grant;
}

/** The grant record: every change is one conditional write. */
export interface Grants {
  read(connectionId: string): Promise<Connection>;
  /** False when another execution recorded this tick, or a later one, before. */
  recordTick(connectionId: string, scheduledTime: string, executionName: string): Promise<boolean>;
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
  /**
   * Writes down what the secrets hold now and gives the lease back; a login also closes whatever authorization
   * is open. Undefined when the fencing number is no longer ours, else the record as it is then.
   */
  recordTokens(connectionId: string, fencingNumber: number, tokens: StoredTokens): Promise<Grant | undefined>;
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
  /** Notes what is about to be written to the secrets: those lists that are given. False when the fencing number is no longer ours. */
  recordWrites(connectionId: string, fencingNumber: number, writes: Writes): Promise<boolean>;
  /** All of this login is done, or it failed. Does nothing when a newer one has begun. */
  endLogin(connectionId: string, versionId: string): Promise<void>;
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
  /** False when the fencing number is no longer ours. */
  recordRejection(connectionId: string, fencingNumber: number): Promise<boolean>;
  /**
   * Notes a rejection that is not believed yet.
   * @returns when the first one since the last success came, epoch milliseconds; undefined when the fencing number is no longer ours
   */
  recordDoubt(connectionId: string, fencingNumber: number, nowMs: number): Promise<number | undefined>;
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
  /** False when another execution claimed this notice a moment ago, or it was told. */
  claimNotice(connectionId: string, claim: Claim): Promise<boolean>;
  recordNotified(connectionId: string, notified: Notified): Promise<void>;
  /** Whether the client's credentials are still to come. */
  recordSetUp(connectionId: string, setUp: boolean): Promise<void>;
  /** False when it was paused already. */
  pause(connectionId: string, pause: Pause): Promise<boolean>;
  /** False when it was not paused. */
  resume(connectionId: string): Promise<boolean>;
  /** These channels took a message that told nothing of the grant. */
  recordReached(connectionId: string, channels: readonly ChannelName[], atMs: number): Promise<void>;
}

export interface SeizedLease {
  readonly fencingNumber: number;
  /** Whether somebody else had the lease, or a login before it is not recorded: they may still be storing tokens. */
  readonly hasDisplaced: boolean;
  /** The record at that instant: who was pinned, and which versions it names. */
  readonly record: Grant;
}

/** Who tells the owner something now, so that nobody else does. */
export interface Claim {
  /** A reminder (ISO 8601), or `restored`. */
  readonly notice: string;
  /** An execution. */
  readonly by: string;
  readonly atMs: number;
}

/** What the owner has heard by now. */
export interface Notified {
  readonly atMs: number;
  /** Over which channels it was. */
  readonly channels: readonly ChannelName[];
  /** Reminders (ISO 8601) that need no notice any more. */
  readonly reminders?: readonly string[];
  readonly restoredNoticePending?: boolean;
  /** Those told before are over. */
  readonly forgetsReminders?: boolean;
}

/** What the secrets hold now, without the tokens. */
export interface StoredTokens {
  /** Set by a login: the reminder schedule begins anew. */
  readonly loggedIn: boolean;
  readonly authorizedAtMs: number;
  readonly refreshedAtMs: number;
  readonly accessExpiresAtMs: number;
  readonly grantVersionId: string;
  readonly grantObtainedAtMs: number;
  readonly accessVersionId: string | undefined;
  /** To be pinned: of a login, or of a refresh while nobody is pinned. */
  readonly identity?: Identity | undefined;
}

/** One start of an authorization: somebody pressed the button. */
export interface Start {
  readonly cookieHash: string;
  /** PKCE verifier (RFC 7636 §4.1). */
  readonly codeVerifier: string;
  readonly startedAtMs: number;
  readonly usedAtMs?: number | undefined;
  /** Which callback used it: the version id of its login. */
  readonly usedBy?: string | undefined;
  /** When the timeline first noted an answer that did not use it, by kind. */
  readonly failureNotedAtMs?: number | undefined;
  readonly issuerNotedAtMs?: number | undefined;
}

export interface Authorization {
  readonly connectionId: string;
  readonly authorizationId: string;
  readonly status: 'open' | 'started' | 'exchanging' | 'completed' | 'expired' | 'superseded';
  readonly reason: LoginReason;
  readonly expiresAtMs: number;
  readonly linkHashes: readonly string[];
  /** By the hash of their `state`. */
  readonly starts: Readonly<Record<string, Start>>;
  /** Of every execution, and every retry of one, that ever waited for it; most are over. */
  readonly taskTokens: readonly string[];
  /** The newest of these executions. */
  readonly executionId?: string | undefined;
}

export interface Waiter {
  readonly executionId: string;
  readonly taskToken: string;
}

export interface LoginLink {
  readonly connectionId: string;
  readonly authorizationId: string;
  readonly reason: LoginReason;
  readonly expiresAtMs: number;
  readonly linkHash: string;
  /** The execution that is to go on with it, if there is one. */
  readonly executionId?: string | undefined;
  /** Of that execution, where it waits. */
  readonly taskToken?: string | undefined;
}

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

/** A version of the grant secret. */
export interface GrantSecret {
  readonly versionId: string;
  readonly refreshToken: Secret;
  /** ISO 8601. */
  readonly obtainedAt: string;
  readonly authorizedAt: string;
  /** The version it was refreshed from; absent after a login. */
  readonly derivedFrom?: string | undefined;
  /** Of a login's version: whose grant it is, to be pinned by whoever records it. */
  readonly identity?: Identity | undefined;
  /** Set for a login whose account is not checked yet. The version must not become current before that. */
  readonly unverified?: true | undefined;
}

/** A version of the access secret. */
export interface AccessSecret {
  readonly versionId: string;
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly scope?: string | undefined;
  /** ISO 8601. */
  readonly obtainedAt: string;
  readonly expiresAt: string;
  /** The version of the grant secret that it belongs to. */
  readonly derivedFrom: string;
  /** When its owner has to log in again at the latest, ISO 8601, where the provider sets an end. For consumers. */
  readonly deadline?: string | undefined;
  /** The connection's page of the panel. For consumers. */
  readonly panelUrl?: string | undefined;
}

export interface Versions<T> {
  /** Absent while the secret has no value. */
  readonly currentVersionId?: string | undefined;
  /** Absent, too, when somebody put something there that is not ours. */
  readonly current?: T | undefined;
  /** `AWSPENDING`, where that is not `AWSCURRENT`: what a dead refresh or login left. */
  readonly pending?: T | undefined;
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

export interface Client {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

export interface Clients {
  /** Whether the secret has a value, whatever that is. */
  isThere(clientSecretName: string): Promise<boolean>;
  /** @throws {ConfigurationError} when the secret is absent, not JSON, or lacks a field */
  read(clientSecretName: string): Promise<Client>;
}

/** A validated token response (RFC 6749 §5.1). */
export interface TokenSet {
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly scope?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
  readonly refreshToken?: Secret | undefined;
  /** The `sub` of a valid `id_token`, where the provider's data says that it tells whose grant it is. */
  readonly subject?: string | undefined;
}

export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly tokens: TokenSet }
  | ({ readonly kind: 'refused'; readonly refusal: Refusal } & Said);

/** A provider's own words for a refusal. Both are safe to log and to show to operators. */
export interface Said {
  /** An error code; without one, the HTTP status or what went wrong. */
  readonly error: string;
  /** Its own words, sanitised. */
  readonly description?: string | undefined;
}

export type IdentityAnswer =
  /** Empty where the provider tells nothing. */
  | { readonly kind: 'identity'; readonly identity: Identity }
  /** The provider gave no readable answer; `error` is safe to show. */
  | { readonly kind: 'unavailable'; readonly error: string };

/** The provider's answer on the callback (RFC 6749 §4.1.2, RFC 9207). */
export type AuthorizationAnswer =
  | { readonly kind: 'code' }
  /** The provider says no; `error` is one of the codes of RFC 6749 §4.1.2.1, or unknown. */
  | ({ readonly kind: 'refused'; readonly refusal: AuthorizationRefusal } & Said)
  /** Its `iss` is not the configured issuer, or is missing although the provider promises it; `received` is sanitised. */
  | { readonly kind: 'other-issuer'; readonly received: string | undefined }
  /** Not an answer to our request: parameters missing or twice. */
  | { readonly kind: 'invalid' };

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

/**
 * What became of a token that was given back:
 * - `not-offered`: the provider has no place for it, or none for tokens of that type
 * - `refused`: it will not take it, whatever is tried again
 * - `unavailable`: it did not answer; it may take it another time
 */
export type RevocationAnswer = 'revoked' | 'not-offered' | 'refused' | 'unavailable';

export interface RevocationEndpoint {
  revoke(
    provider: Provider,
    client: Client,
    token: Secret,
    type: 'refresh_token' | 'access_token',
  ): Promise<RevocationAnswer>;
}

export interface CodeExchange {
  /** The callback's query parameters, checked before. */
  readonly parameters: URLSearchParams;
  readonly state: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
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

export type NoticeOutcomes = { readonly [channel in ChannelName]?: 'sent' | 'failed' };

/** How an execution that waits learns that it need not wait longer. */
export interface Resumption {
  readonly outcome: 'completed' | 'superseded' | 'held';
  readonly done: ('refresh' | 'notify' | 'reauthorize')[];
}

/** What an operator asks of the workflow by the panel. */
export interface ExecutionRequest {
  readonly connectionId: string;
  readonly trigger: 'panel' | 'operator';
  readonly force?: Force;
  /** Their address. */
  readonly by: string;
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

export interface EndedIncident {
  readonly incident: Incident;
  /** Ended by this very call, not by an earlier attempt. */
  readonly isNew: boolean;
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

/** What keeps further browsers from being sent with the same credentials. */
export interface Blocks {
  readonly refusedVersionId?: string | undefined;
  readonly unheardAtMs?: number | undefined;
}

/** What a browser is sent to do; the link is a credential, and in no history. */
export interface BrowserLoginRequest {
  readonly connectionId: string;
  readonly link: string;
  readonly callbackUrl: string;
  readonly recipe: Recipe;
  readonly refusedVersionId?: string | undefined;
  /** Credentials that were put there before are not to be tried; epoch milliseconds. */
  readonly unheardAtMs?: number | undefined;
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

export interface KeptConnection extends Connection {
  readonly connectionId: string;
  /** That are not over. */
  readonly incidents: readonly KnownIncident[];
}

export interface EventPage {
  /** All kinds where it is absent. */
  readonly kind?: EventKind | undefined;
  /** The key of an event: those that came before it. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface EventsFound {
  readonly events: readonly TimelineEvent[];
  /** Where to go on from; absent when there are no more. Without events, when looking on would take too long at once. */
  readonly before?: string | undefined;
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

export interface SignIn {
  readonly email: string;
  /** Of the cookie of the browser that asked. */
  readonly browserHash: string;
  /** The page of the panel that they came for. */
  readonly returnTo?: string | undefined;
  readonly expiresAtMs: number;
  readonly usedAtMs?: number | undefined;
}

export interface Random {
  /** 32 random bytes, base64url. */
  secret(): string;
  uuid(): string;
  /** SHA-256, base64url. */
  hash(value: string): string;
}
