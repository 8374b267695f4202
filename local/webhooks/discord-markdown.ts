/** Discord's Markdown as far as Grantkeeper sends it: escapes and masked links. Any other markup is refused by name. */

export interface Span {
  readonly text: string;
  /** Where it leads, if it is a link. */
  readonly url?: string;
}

export interface Markdown {
  readonly spans: readonly Span[];
  /** Markup in it that is not supported. */
  readonly unsupported: readonly string[];
}

// Discord has no grammar of it published; these are the rules of its help page and of its client's parser:
// https://support.discord.com/hc/en-us/articles/210298617
// https://github.com/discord/discord-api-docs/issues/6185 (no escapes, no addresses in a label)
const escape = String.raw`\\(?<escaped>[^0-9A-Za-z\s])`;
const link = String.raw`\[(?<label>[^[\]\n]+)\]\((?<url>https?:\/\/[^\s()<>]+)\)`;
const markup = [
  '[*_~`|<>[\\]]',
  '@(?:everyone|here)',
  'https?:\\/\\/',
  ':[\\w+-]+:',
  '(?<=^[ \\t]*)(?:#{1,3}|-#|[-+]|\\d+[.)])(?=[ \\t])',
].join('|');
const markupInLabel = /[\\*_~`|<>@]|https?:|:[\w+-]+:/;

export function parseMarkdown(source: string): Markdown {
  const spans: Span[] = [];
  const unsupported: string[] = [];
  let text = '';
  for (const { groups = {}, 0: token } of source.matchAll(
    new RegExp(`${escape}|${link}|(?<markup>${markup})|[^]`, 'gm'),
  )) {
    const { escaped, label, url, markup: found } = groups;
    if (found !== undefined) unsupported.push(found);
    if (label === undefined || url === undefined) {
      text += escaped ?? token;
      continue;
    }
    if (markupInLabel.test(label)) unsupported.push(`the label ${label}`);
    spans.push({ text }, { text: label, url });
    text = '';
  }
  return { spans: [...spans, { text }].filter((span) => span.text !== ''), unsupported };
}
