import { Temporal } from 'temporal-polyfill';

import { html, type Html } from '../../core/html.ts';
import { AwsError } from '../aws/errors.ts';
import type { Cloud } from '../cloud.ts';
import type { HistoryEvent } from '../aws/step-functions/history.ts';
import { describeExecution, type DescribedExecution } from './executions.ts';
import { iso, layout } from './layout.ts';
import { pathOf, type Step } from './path.ts';

const style = `
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dd { margin: 0; }
dd pre { margin: .2rem 0 0; }
`;

/** The page of one execution; undefined if no execution has that ARN. */
export async function executionPage(cloud: Cloud, executionArn: string): Promise<string | undefined> {
  const execution = await describeExecution(cloud, executionArn).catch((error: unknown) => {
    if (error instanceof AwsError) return undefined;
    throw error;
  });
  if (execution === undefined) return undefined;
  const steps = pathOf(execution.history);
  const nowMs = cloud.clock.now();
  return layout(
    `Execution ${execution.name}`,
    html`<p><a href="/">Back</a></p>
      <h1>Execution</h1>
      <p>${executionArn}</p>
      <h2>Path</h2>
      <ol>${steps.map((step) => stepItem(step, nowMs))}</ol>
      <h2>Summary</h2>
      ${summaryOf(execution, nowMs)}
      <h2>Events</h2>
      ${eventsOf(execution.history)}`,
    style,
  );
}

function stepItem(step: Step, nowMs: number): Html {
  const { state, enteredAtMs, leftAtMs, outcome, retries, error, waitsFor } = step;
  const facts = [
    `${outcome}${waitsFor === undefined ? '' : ` for ${waitsFor}`}${error === undefined ? '' : `: ${error}`}`,
    ...(retries === 0 ? [] : [retries === 1 ? '1 retry' : `${retries} retries`]),
    iso(enteredAtMs),
    duration(enteredAtMs, leftAtMs, nowMs),
  ];
  return html`<li><strong>${state}</strong> ${facts.join(' · ')}</li>`;
}

function summaryOf(execution: DescribedExecution, nowMs: number): Html {
  const { status, startDate, stopDate, input, output, error, cause } = execution;
  const startMs = startDate * 1000;
  const stopMs = stopDate === undefined ? undefined : stopDate * 1000;
  const entry = (name: string, value: string | Html | undefined) =>
    value === undefined ? '' : html`<dt>${name}</dt><dd>${value}</dd>`;
  return html`<dl>
        ${entry('Status', status)}
        ${entry('Started', iso(startMs))}
        ${entry('Stopped', stopMs === undefined ? undefined : iso(stopMs))}
        ${entry('Duration', duration(startMs, stopMs, nowMs))}
        ${entry('Error', error)}
        ${entry('Cause', cause)}
        ${entry('Input', indented(input))}
        ${entry('Output', output === undefined ? undefined : indented(output))}
      </dl>`;
}

function indented(json: string): Html {
  return html`<pre>${JSON.stringify(JSON.parse(json), null, 2)}</pre>`;
}

function eventsOf(history: readonly HistoryEvent[]): Html {
  return html`<div class="wide"><table>
        <tr>
          <th>#</th>
          <th>Time</th>
          <th>Event</th>
          <th>Details</th>
        </tr>
        ${history.map(({ id, type, timestamp, previousEventId: _previous, ...details }) => {
          const [detail] = Object.values(details);
          return html`<tr>
            <td>${id}</td>
            <td>${iso(timestamp * 1000)}</td>
            <td>${type}</td>
            <td class="text">
              <details>
                <summary>${headlineOf(detail)}</summary>
                <pre>${JSON.stringify(detail ?? {}, null, 2)}</pre>
              </details>
            </td>
          </tr>`;
        })}
      </table></div>`;
}

function headlineOf(detail: unknown): string {
  const { name, resource, error } = (detail ?? {}) as Record<string, string>;
  return error ?? name ?? resource ?? '…';
}

/** For example `2 hr, 5 min`. */
function duration(startMs: number, stopMs: number | undefined, nowMs: number): string {
  const elapsed = Temporal.Duration.from({ milliseconds: Math.round((stopMs ?? nowMs) - startMs) });
  const rounded = elapsed.round({ largestUnit: 'days', smallestUnit: 'seconds' });
  // `toLocaleString` of a blank duration is empty.
  const text = rounded.blank ? '0 sec' : rounded.toLocaleString('en');
  return stopMs === undefined ? `${text} so far` : text;
}
