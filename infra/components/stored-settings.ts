import { TableItem } from '@pulumi/aws/dynamodb/index.js';
import * as pulumi from '@pulumi/pulumi';

export interface StoredSettingsArgs<T> {
  readonly tableName: pulumi.Input<string>;
  /** The item is `<pk>/<sk>`. */
  readonly pk: string;
  /** `settings` by default. */
  readonly sk?: string;
  readonly settings: { readonly [K in keyof T]: pulumi.Input<T[K]> };
}

/** What others know of the deployment: one item, so that nobody who reads it is made anew when it changes. */
export class StoredSettings<T> extends pulumi.ComponentResource {
  constructor(name: string, args: StoredSettingsArgs<T>, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:StoredSettings', name, {}, opts);
    new TableItem(
      `${name}-settings`,
      {
        tableName: args.tableName,
        hashKey: 'pk',
        rangeKey: 'sk',
        item: pulumi.jsonStringify({
          pk: { S: args.pk },
          sk: { S: args.sk ?? 'settings' },
          settings: { S: pulumi.jsonStringify(args.settings) },
        }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
