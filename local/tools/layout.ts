import { Html, html } from '../../core/html.ts';

const style = `
:root { color-scheme: light dark; background: Canvas; color: CanvasText; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
pre, p, li, dd, h3, small { overflow-wrap: anywhere; }
form { display: inline; }
button { padding: .4rem .8rem; margin-right: .5rem; font: inherit; cursor: pointer; }
article { padding: .75rem 1rem; margin: .75rem 0; border: 1px solid #8888; border-radius: .5rem; }
article h3 { margin: 0; font-size: 1rem; }
pre { white-space: pre-wrap; font-size: .85rem; margin: .5rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
.wide { overflow-x: auto; }
.wide td { white-space: nowrap; }
.wide td.text { white-space: normal; min-width: 15rem; }
td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; }
small, .dim { opacity: .75; }
`;

/**
 * A page of the tools.
 * @param ownStyle CSS of this page alone
 */
export function layout(title: string, body: Html, ownStyle = ''): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${new Html(style + ownStyle)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `.toString();
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
