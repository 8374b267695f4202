import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { AwsError, notSupported } from '../errors.ts';
import type { Credentials } from '../iam/iam.ts';
import type { Authorize, AwsService, Caller } from '../service.ts';
import { region } from '../service.ts';
import type { VirtualClock } from '../clock.ts';
import type { Ended } from './environment.ts';
import { ExecutionEnvironment } from './environment.ts';

export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  /** The files of its archive by their names, `index.mjs` among them. */
  readonly code: Readonly<Record<string, string>>;
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly variables: Readonly<Record<string, string>>;
  /** ARNs of layers that were added earlier. */
  readonly layers?: readonly string[];
  /** Each execution environment has its own credentials. */
  readonly assumeRole: () => Credentials;
}

export interface LogLine {
  /** ISO 8601, virtual. */
  readonly at: string;
  readonly functionName: string;
  readonly text: string;
}

export interface LambdaPorts {
  readonly clock: VirtualClock;
  readonly authorize: Authorize;
  /** The code of worker.ts in one file. */
  readonly thread: () => URL;
  /** Folder for the bundles. */
  readonly folder: string;
}

interface Deployed extends FunctionDefinition {
  readonly bundle: string;
  /** The folder that stands for `/opt`, if the function has layers. */
  readonly opt: string | undefined;
  readonly idle: ExecutionEnvironment[];
}

/** Runs each bundle in its own threads, with its own environment and role. */
export class Lambda implements AwsService {
  readonly logs: LogLine[] = [];
  /** Called for each log line. */
  onLog: (line: string) => void = () => undefined;
  readonly #functions = new Map<string, Deployed>();
  readonly #environments = new Set<ExecutionEnvironment>();
  readonly #layers = new Map<string, Readonly<Record<string, string>>>();
  readonly #ports: LambdaPorts;
  #endpoint = '';

  constructor(ports: LambdaPorts) {
    this.#ports = ports;
  }

  setEndpoint(url: string): void {
    this.#endpoint = url;
  }

  /** @param folders by where they stand under `/opt` */
  addLayer(layerArn: string, folders: Readonly<Record<string, string>>): void {
    this.#layers.set(layerArn, folders);
  }

  addFunction(definition: FunctionDefinition): void {
    if (definition.handler !== 'index.handler') throw notSupported(`the handler ${definition.handler}`);
    const folder = join(this.#ports.folder, definition.name);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(definition.code)) writeFileSync(join(folder, file), text);
    const bundle = pathToFileURL(join(folder, 'index.mjs')).href;
    const opt = this.#mountLayers(folder, definition.layers ?? []);
    this.#functions.set(definition.arn, { ...definition, bundle, opt, idle: [] });
  }

  #mountLayers(folder: string, layerArns: readonly string[]): string | undefined {
    if (layerArns.length === 0) return undefined;
    const opt = join(folder, 'opt');
    for (const layerArn of layerArns) {
      for (const [name, source] of Object.entries(this.#layers.get(layerArn)!)) {
        mkdirSync(dirname(join(opt, name)), { recursive: true });
        symlinkSync(source, join(opt, name), 'junction');
      }
    }
    return opt;
  }

  /** The account's limit for all its functions together. */
  concurrentExecutions = 1000;

  /** Invoke and GetAccountSettings. */
  async call(
    operation: string,
    input: Record<string, unknown>,
    caller: Caller,
  ): Promise<Record<string, unknown>> {
    if (operation === 'GetAccountSettings') return this.#accountSettings(caller);
    if (operation !== 'Invoke') throw notSupported(`lambda:${operation}`);
    const { FunctionName: name, InvocationType: type = 'RequestResponse', Payload: payload } = input;
    if (type !== 'RequestResponse' && type !== 'Event')
      throw notSupported(`the InvocationType ${String(type)}`);
    const deployed = this.#find(String(name));
    this.#ports.authorize(caller, 'lambda:InvokeFunction', deployed?.arn ?? String(name));
    if (!deployed)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${String(name)}`, 404);
    if (type === 'Event') {
      void this.#ports.clock.track(this.#invokeLater(deployed.arn, payload, 0));
      return { StatusCode: 202 };
    }
    const { payload: Payload, functionError } = await this.invoke(deployed.arn, payload);
    return { StatusCode: 200, Payload, ...(functionError && { FunctionError: functionError }) };
  }

  /**
   * An asynchronous invocation retries a function that fails after one minute, and again after two.
   * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
   */
  async #invokeLater(functionArn: string, payload: unknown, attempt: number): Promise<void> {
    const { functionError } = await this.invoke(functionArn, payload);
    if (functionError === undefined || attempt === 2) return;
    const { clock } = this.#ports;
    clock.at(clock.now() + (attempt + 1) * 60_000, `retry of ${functionArn}`, () => {
      void clock.track(this.#invokeLater(functionArn, payload, attempt + 1));
    });
  }

  /** @throws {AwsError} `ResourceNotFoundException`; an error of the function is an answer */
  async invoke(
    functionArn: string,
    payload: unknown,
  ): Promise<{ payload: unknown; functionError?: 'Unhandled' | 'Handled' }> {
    const deployed = this.#functions.get(functionArn);
    if (!deployed) throw new AwsError('ResourceNotFoundException', `Function not found: ${functionArn}`, 404);
    const ended = await this.#ports.clock.track(this.#run(deployed, JSON.stringify(payload ?? null)));
    return 'result' in ended
      ? { payload: JSON.parse(ended.result) }
      : { payload: JSON.parse(ended.error), functionError: 'Unhandled' };
  }

  /** Kills execution environments, even during an invocation. */
  async kill(isMeant: (environment: ExecutionEnvironment) => boolean): Promise<void> {
    await Promise.all([...this.#environments].filter(isMeant).map((environment) => environment.close()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#environments].map((environment) => environment.close()));
  }

  async #run(deployed: Deployed, event: string): Promise<Ended> {
    let environment = deployed.idle.pop();
    while (environment?.gone) environment = deployed.idle.pop();
    environment ??= this.#newEnvironment(deployed);
    const ended = await environment.invoke(event);
    if (environment.gone) this.#environments.delete(environment);
    else deployed.idle.push(environment);
    return ended;
  }

  #newEnvironment(deployed: Deployed): ExecutionEnvironment {
    const { name, arn, bundle, timeoutSeconds, opt } = deployed;
    const mounted = ([variable, value]: readonly [string, string]) => [
      variable,
      opt === undefined ? value : value.replaceAll('/opt/', `${opt}/`),
    ];
    const variables = Object.fromEntries(
      Object.entries(deployed.variables).map(mounted),
    ) as typeof deployed.variables;
    // Only layers write there; the bundles don't.
    const tmp = opt === undefined ? undefined : mkdtempSync(join(this.#ports.folder, 'tmp-'));
    const credentials = deployed.assumeRole();
    const { clock } = this.#ports;
    const environment = new ExecutionEnvironment({
      thread: this.#ports.thread(),
      functionName: name,
      functionArn: arn,
      accessKeyId: credentials.accessKeyId,
      bundle,
      sharedClock: clock.shared,
      timeoutSeconds,
      // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
      variables: {
        ...variables,
        ...(opt !== undefined && { NODE_PATH: `${opt}/nodejs/node_modules` }),
        ...(tmp !== undefined && { TMPDIR: tmp }),
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_REGION: region,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
        AWS_ENDPOINT_URL: this.#endpoint,
        // Your own AWS configuration must not reach the functions.
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        TZ: ':UTC',
      },
      onGone: () => tmp !== undefined && rmSync(tmp, { recursive: true, force: true }),
      onLog: (text) => {
        this.logs.push({ at: new Date(clock.now()).toISOString(), functionName: name, text });
        this.onLog(text);
      },
    });
    this.#environments.add(environment);
    return environment;
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html */
  #accountSettings(caller: Caller): Record<string, unknown> {
    this.#ports.authorize(caller, 'lambda:GetAccountSettings', '*');
    const ConcurrentExecutions = this.concurrentExecutions;
    return {
      AccountLimit: { ConcurrentExecutions, UnreservedConcurrentExecutions: ConcurrentExecutions },
      AccountUsage: { FunctionCount: this.#functions.size },
    };
  }

  #find(nameOrArn: string): Deployed | undefined {
    return [...this.#functions.values()].find(({ name, arn }) => nameOrArn === name || nameOrArn === arn);
  }
}
