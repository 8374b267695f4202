import type * as pulumi from '@pulumi/pulumi';

/**
 * Options of a resource that outlives the program, and is adopted if it exists. Importing an id that the state has already
 * changes nothing. Otherwise any difference outside `ignoreChanges` makes the import fail.
 * @see https://www.pulumi.com/docs/iac/concepts/resources/options/import/
 */
export function kept(id: string | undefined, ignoreChanges: string[]): pulumi.CustomResourceOptions {
  return { retainOnDelete: true, ...(id !== undefined && { import: id, ignoreChanges }) };
}
