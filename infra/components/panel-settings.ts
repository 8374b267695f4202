import { TableItem } from '@pulumi/aws/dynamodb/index.js';
import * as pulumi from '@pulumi/pulumi';

import type { PanelSettings as Settings } from '../../core/panel.ts';

export interface PanelSettingsArgs {
  readonly tableName: pulumi.Output<string>;
  readonly settings: { readonly [K in keyof Settings]: pulumi.Input<Settings[K]> };
}

/** What the panel's functions know of the deployment: one item, so that none of them is made anew when it changes. */
export class PanelSettings extends pulumi.ComponentResource {
  constructor(name: string, args: PanelSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:PanelSettings', name, {}, opts);
    new TableItem(
      `${name}-settings`,
      {
        tableName: args.tableName,
        hashKey: 'pk',
        rangeKey: 'sk',
        item: pulumi.jsonStringify({
          pk: { S: 'panel' },
          sk: { S: 'settings' },
          settings: { S: pulumi.jsonStringify(args.settings) },
        }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
