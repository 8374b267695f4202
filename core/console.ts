const domains: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/**
 * The origin of a region's console.
 * @see https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-console.html
 */
export function consoleOrigin(partition: string, region: string): string {
  return `https://${region}.${domains[partition] ?? domains.aws!}`;
}
