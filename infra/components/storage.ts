import { Table } from '@pulumi/aws/dynamodb/index.js';
import * as pulumi from '@pulumi/pulumi';

/** The one table: `pk` and `sk`, encrypted, recoverable, never deleted by accident. */
export class Storage extends pulumi.ComponentResource {
  readonly tableName: pulumi.Output<string>;
  readonly tableArn: pulumi.Output<string>;

  constructor(name: string, args: { readonly prefix: string }, opts?: pulumi.ComponentResourceOptions) {
    super('grantkeeper:index:Storage', name, {}, opts);
    const table = new Table(
      `${name}-table`,
      {
        name: args.prefix,
        billingMode: 'PAY_PER_REQUEST',
        hashKey: 'pk',
        rangeKey: 'sk',
        attributes: [
          { name: 'pk', type: 'S' },
          { name: 'sk', type: 'S' },
        ],
        ttl: { attributeName: 'ttl', enabled: true },
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true },
        deletionProtectionEnabled: true,
      },
      { parent: this, protect: true },
    );
    this.tableName = table.name;
    this.tableArn = table.arn;
    this.registerOutputs({ tableName: this.tableName });
  }
}
