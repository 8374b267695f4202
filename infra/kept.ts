import type * as pulumi from '@pulumi/pulumi';

/**
 * Options of what outlives the program, and is adopted where it exists. To import what the state has under this very id
 * changes nothing. Else every difference would fail it, but those of `ignoreChanges`.
 * @see https://www.pulumi.com/docs/iac/concepts/resources/options/import/
 */
export function kept(id: string | undefined, ignoreChanges: string[]): pulumi.CustomResourceOptions {
  return { retainOnDelete: true, ...(id !== undefined && { import: id, ignoreChanges }) };
}
