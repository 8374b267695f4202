import { providerEndpoints, readMetadata } from '../../adapters/provider-endpoints.ts';
import { oddityOfCallbackUrl } from '../../core/callback-url.ts';
import type { Clock } from '../../core/ports.ts';
import type { Provider } from '../../core/provider.ts';
import type { Shown } from '../stack.ts';
import type { Finding } from './finding.ts';
import { problem, well } from './finding.ts';

const timeoutMs = 5_000;
/** Tokens, and the signatures of AWS, bear less than a minute. */
const mostSkewMs = 30_000;

/** Checks that a provider answers at its endpoints over TLS, that its clock is right, and that its issuer is the configured one. */
export async function lookAtProvider(provider: Provider, clock: Clock): Promise<readonly Finding[]> {
  const [issuers, others] = await Promise.all([
    lookAtIssuer(provider, clock),
    lookAtEndpoints(provider, clock),
  ]);
  // A wrong issuer is also why no endpoint is found: one finding is enough.
  return issuers.length > 0
    ? [...issuers, ...others.filter(({ what }) => !what.startsWith(notFound))]
    : others;
}

const notFound = 'Its endpoints are not found';

/**
 * Compares the configured issuer with its metadata of either kind. A callback that names another issuer is refused (RFC 9207
 * §2.4). Metadata is optional, so an issuer without any is no problem.
 */
async function lookAtIssuer(provider: Provider, clock: Clock): Promise<readonly Finding[]> {
  const { displayName: about, issuer, metadata, authorizationResponseIss } = provider;
  if (issuer === undefined) return [];
  const kinds = metadata === undefined ? (['openid', 'oauth'] as const) : [metadata];
  const found = await Promise.all(kinds.map((kind) => readMetadata(issuer, kind, clock.nowMs())));
  const other = found.flatMap((each) => (each.kind === 'refused' ? (each.otherIssuer ?? []) : []))[0];
  if (other !== undefined) {
    return [
      problem(
        about,
        `Its issuer is configured as ${issuer}, and its metadata names ${other}.`,
        'If that is its issuer, put it into the configuration, to the letter, and run npx pulumi up.',
      ),
    ];
  }
  const promises = found.some(
    (each) => each.kind === 'read' && each.metadata.authorization_response_iss_parameter_supported === true,
  );
  if (!promises || authorizationResponseIss || metadata !== undefined) return [];
  return [
    problem(
      about,
      'Its metadata promises iss in callbacks, and callbacks without it are accepted.',
      'Put authorizationResponseIss: true into its data in the configuration, and run npx pulumi up.',
    ),
  ];
}

async function lookAtEndpoints(provider: Provider, clock: Clock): Promise<readonly Finding[]> {
  const about = provider.displayName;
  const found = await providerEndpoints(clock)(provider);
  if (found.kind === 'refused') {
    return [
      problem(
        about,
        `${notFound}: ${found.error}.`,
        found.refusal === 'unavailable' ? unreachable : 'Compare issuer and metadata with its documentation.',
      ),
    ];
  }
  const { authorizationEndpoint, tokenEndpoint } = found.endpoints;
  const probes = await Promise.all(
    [...new Set([authorizationEndpoint, tokenEndpoint])].map(async (url) => ({
      url,
      answer: await probe(url),
    })),
  );
  const silent = probes.flatMap(({ url, answer }) => ('why' in answer ? [{ url, ...answer }] : []));
  if (silent.length > 0) {
    return silent.map(({ url, why, remedy }) => problem(about, `${url} does not answer: ${why}.`, remedy));
  }
  const skews = probes.flatMap(({ answer }) => ('skewMs' in answer ? (answer.skewMs ?? []) : []));
  const skewMs = Math.max(0, ...skews.map(Math.abs));
  if (skewMs > mostSkewMs) {
    return [
      problem(
        about,
        `It answers, and its clock and the one of this machine are ${Math.round(skewMs / 1000)} seconds apart.`,
        'Set the clock of this machine by NTP; if it is right, ask the provider.',
      ),
    ];
  }
  return [well(about, 'It answers at both endpoints, and its clock agrees with the one of this machine.')];
}

const unreachable = 'Look at its status page, and at your network.';

type Answer = { readonly skewMs: number | undefined } | { readonly why: string; readonly remedy: string };

/** Whatever it answers to a request without parameters, it is there. */
async function probe(url: string): Promise<Answer> {
  const askedAtMs = Date.now();
  try {
    const { headers, body } = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await body?.cancel();
    const date = Date.parse(headers.get('date') ?? '');
    return { skewMs: Number.isNaN(date) ? undefined : date - (askedAtMs + Date.now()) / 2 };
  } catch (error) {
    return whyOf(error);
  }
}

function whyOf(error: unknown): { why: string; remedy: string } {
  const { name, cause } = error as Error & { cause?: { code?: string } };
  const code = cause?.code ?? name;
  if (/CERT|TLS|SSL|SIGNED|SIGNATURE/.test(code)) {
    return {
      why: `its certificate is not accepted (${code})`,
      remedy: 'Look whether something between here and there opens TLS, and at the address.',
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      why: 'its name is not found',
      remedy: 'Compare the address with its documentation, and look at your DNS.',
    };
  }
  if (name === 'TimeoutError') {
    return {
      why: `not within ${timeoutMs / 1000} seconds`,
      remedy: unreachable,
    };
  }
  return { why: code, remedy: unreachable };
}

/** What has to be registered there, for comparison. */
export function lookAtCallbackUrls(connections: readonly Shown[]): readonly Finding[] {
  const urls = new Set(connections.map(({ settings }) => settings.redirectUri));
  return [...urls].map((url) => {
    const oddity = oddityOfCallbackUrl(url);
    const what = `Registered with every provider should be exactly ${url}`;
    if (oddity === undefined) return well('Callback URL', what);
    return problem(
      'Callback URL',
      `${what}: ${oddity}.`,
      'Compare it letter by letter with what the provider shows.',
    );
  });
}
