import { providerEndpoints, readMetadata } from '../../adapters/provider-endpoints.ts';
import { oddityOfCallbackUrl } from '../../core/callback-url.ts';
import type { Clock } from '../../core/ports.ts';
import type { Provider } from '../../core/provider.ts';
import type { ConfiguredConnection } from '../../core/panel.ts';
import type { Finding } from './finding.ts';
import { ok, problem } from './finding.ts';

const timeoutMs = 5_000;
/** Tokens and AWS signatures tolerate less than a minute. */
const mostSkewMs = 30_000;

/** Checks a provider's endpoints, TLS, clock and issuer. */
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

const notFound = 'Its endpoints were not found';

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
        `The configured issuer is ${issuer}, but its metadata names ${other}.`,
        'If that is the right issuer, put exactly that into the configuration and run npx pulumi up.',
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
      'Its metadata promises iss in callbacks, but the configuration accepts callbacks without it.',
      'Set authorizationResponseIss: true for this provider in the configuration and run npx pulumi up.',
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
        found.refusal === 'unavailable'
          ? unreachable
          : 'Compare issuer and metadata in the configuration with the provider’s documentation.',
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
        `Its clock and this machine's are ${Math.round(skewMs / 1000)} seconds apart.`,
        'Set the clock of this machine by NTP. If it is right, ask the provider.',
      ),
    ];
  }
  return [ok(about, 'Both endpoints answer, and its clock agrees with this machine’s.')];
}

const unreachable = 'Check its status page and your network.';

type Answer = { readonly skewMs: number | undefined } | { readonly why: string; readonly remedy: string };

/** Any answer to a request without parameters proves that the endpoint works. */
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
      remedy: 'Check the address, and whether a proxy on the way opens TLS.',
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      why: 'its name does not resolve',
      remedy: 'Compare the address with the provider’s documentation, and check your DNS.',
    };
  }
  if (name === 'TimeoutError') {
    return {
      why: `no answer within ${timeoutMs / 1000} seconds`,
      remedy: unreachable,
    };
  }
  return { why: code, remedy: unreachable };
}

/** The callback URL to compare with what is registered at the provider. */
export function lookAtCallbackUrls(connections: readonly ConfiguredConnection[]): readonly Finding[] {
  const urls = new Set(connections.map(({ settings }) => settings.redirectUri));
  return [...urls].map((url) => {
    const oddity = oddityOfCallbackUrl(url);
    const what = `Register exactly this at every provider: ${url}`;
    if (oddity === undefined) return ok('Callback URL', what);
    return problem(
      'Callback URL',
      `${what}: ${oddity}.`,
      'Compare it letter by letter with what the provider shows.',
    );
  });
}
