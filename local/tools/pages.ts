import type { Html } from '../../core/html.ts';
import { html } from '../../core/html.ts';
import type { Cloud } from '../cloud.ts';
import { executionsOf } from './executions.ts';
import { iso, layout } from './layout.ts';

/** Time, inbox, alarms, executions, faults and logs. */
export async function overviewPage(cloud: Cloud): Promise<string> {
  const { clock, inbox, lambda } = cloud;
  const next = clock.next();
  const { waiting, others, more } = await executionsOf(cloud);
  const messages = inbox.list().toReversed();
  return layout(
    'Grantkeeper, embedded cloud',
    html`<h1>Grantkeeper, embedded cloud</h1>
      <p>
        It is <strong>${iso(clock.now())}</strong> here, and stays so until you step.
        ${next ? html`Next: ${next.label}, ${next.at}.` : html`Nothing is planned.`}
      </p>
      <p>
        ${stepButton('PT1H', '+1 h')}${stepButton('P1D', '+1 day')}${stepButton('next', 'Next event')}
        <a href="/">Look again</a> · <a href="${String(cloud.outputs.panelUrl)}">The panel</a>
      </p>
      <h2>Inbox (${messages.length})</h2>
      ${messages.slice(0, 30).map(
        ({ id, at, channel, to, subject, text }) =>
          html`<article>
            <h3>${subject}</h3>
            <small
              >${at} · ${channel} to
              ${to}${channel === 'email' ? html` · <a href="/inbox/${id}">as a mail program shows it</a>` : ''}</small
            >
            <pre>${linked(text)}</pre>
          </article>`,
      )}
      ${alarmsOf(cloud)}
      <h2>Executions (those that wait, then the newest)</h2>
      <div class="wide"><table>
        <tr>
          <th>Started</th>
          <th>Status</th>
          <th>States</th>
        </tr>
        ${[...waiting, ...others].map(
          ({ executionArn, startDate, status, states }) =>
            html`<tr>
              <td>
                <a href="/execution?arn=${encodeURIComponent(executionArn)}">${iso(startDate * 1000)}</a>
              </td>
              <td>${status}</td>
              <td class="text">${states.join(' → ')}</td>
            </tr>`,
        )}
      </table></div>
      ${more ? html`<p class="dim">Older ones are not shown here; ListExecutions has them.</p>` : ''}
      ${faultsOf(cloud)}
      <h2>Function logs (newest first)</h2>
      <pre>
${lambda.logs
  // Leave out metrics: the alarms show them.
  .filter(({ text }) => !text.startsWith('{"_aws"'))
  .slice(-60)
  .toReversed()
  .map(({ at, functionName, text }) => `${at} ${functionName} ${text}`)
  .join('\n')}</pre>`,
  );
}

/** The alarms, with those in state ALARM first. */
function alarmsOf({ cloudWatch }: Cloud): Html {
  const order = ['ALARM', 'INSUFFICIENT_DATA', 'OK'];
  const alarms = cloudWatch.alarms().toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return html`<h2>Alarms (${alarms.filter(({ state }) => state === 'ALARM').length} of ${alarms.length} gone off)</h2>
    <div class="wide" role="region" aria-label="Alarms" tabindex="0"><table>
      <tr>
        <th>Alarm</th>
        <th>State</th>
        <th>Since</th>
      </tr>
      ${alarms.map(
        ({ name, state, sinceMs, reason }) =>
          html`<tr>
            <td class="text">${name}${state === 'ALARM' ? html`<br /><small>${reason}</small>` : ''}</td>
            <td>${state === 'INSUFFICIENT_DATA' ? 'no data yet' : state}</td>
            <td>${iso(sinceMs)}</td>
          </tr>`,
      )}
    </table></div>`;
}

export function problemPage(problem: string): string {
  return layout(
    'That did not work',
    html`<h1>That did not work</h1>
      <p>${problem}</p>
      <p><a href="/">Back to the overview</a></p>`,
  );
}

function faultsOf({ faults }: Cloud): Html {
  const planned = faults.planned();
  const met = faults.met().toReversed().slice(0, 30);
  return html`<h2>Faults (${planned.length} planned, ${faults.met().length} met)</h2>
    ${
      planned.length + met.length === 0
        ? html`<p class="dim">None. Plan one:</p>
          <pre>
curl -d '{"call": "secretsmanager:PutSecretValue", "by": "refresh-tokens", "kind": "kill"}' …/faults</pre>`
        : ''
    }
    ${planned.map(({ fault, met: times }) => html`<pre>planned, met ${times} times: ${JSON.stringify(fault)}</pre>`)}
    ${met.map(({ at, call, by, kind, effect }) => html`<pre>${at} ${kind} ${effect} ${call} by ${by}</pre>`)}`;
}

function stepButton(advance: string, label: string): Html {
  return html`<form method="post" action="/step">
    <button name="advance" value="${advance}">${label}</button>
  </form>`;
}

/** Turns addresses in a text into links. */
function linked(text: string): Html[] {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((part, index) => (index % 2 === 0 ? html`${part}` : html`<a href="${part}">${part}</a>`));
}
