/**
 * Describes a part of a callback URL that people often register differently. Undefined if there is none. Providers compare
 * callback URLs character by character (RFC 6749 §3.1.2.3, RFC 9700 §2.1).
 */
export function oddityOfCallbackUrl(callbackUrl: string): string | undefined {
  const url = URL.parse(callbackUrl);
  if (url === null) return 'it is no URL';
  if (callbackUrl.endsWith('/')) return 'it ends in a slash, which has to be there at the provider too';
  if (/[A-Z]/.test(callbackUrl)) return 'it has capital letters, which have to be the same at the provider';
  if (url.search !== '' || url.hash !== '')
    return 'it has a query or a fragment, which providers do not take';
  if (/:(443|80)(\/|$)/.test(callbackUrl)) return 'it names the port that it has anyway';
  return undefined;
}
