import { readFileSync } from 'node:fs';

import { lambda, readEnvironment } from '../../adapters/lambda.ts';
import { dynamoPanel } from '../../adapters/panel.ts';
import { dynamoSessions } from '../../adapters/sessions.ts';
import { systemClock, systemRandom } from '../../adapters/system.ts';
import { Table } from '../../adapters/table.ts';
import { compressed } from '../../app/pages/compressed.ts';
import { panelFault } from '../../app/panel/panel-page.ts';
import { contract } from './contract.ts';
import type { ShowPanelPorts } from './show-panel.ts';
import { showPanel } from './show-panel.ts';

const environment = readEnvironment(contract);
const table = new Table(environment.TABLE_NAME);

/** Reads a file that is next to this code in its archive. */
const asset = (name: string, type: string) => ({
  type,
  text: readFileSync(new URL(name, import.meta.url), 'utf8'),
});

const ports: ShowPanelPorts = {
  panel: dynamoPanel(table),
  sessions: dynamoSessions(table, systemRandom),
  clock: systemClock,
  random: systemRandom,
  assets: {
    'panel.js': asset('panel.js', 'text/javascript; charset=utf-8'),
    'panel.css': asset('panel.css', 'text/css; charset=utf-8'),
    'owner.js': asset('owner.js', 'text/javascript; charset=utf-8'),
  },
};

export const handler = lambda(
  contract,
  async (request) => compressed(request, await showPanel(request, ports)),
  panelFault,
);
