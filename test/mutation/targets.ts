/** What is mutated, which tests run for it, and how many mutants of all must die. */
export const targets = [
  {
    name: 'the core',
    percent: 98,
    files: ['core/*.ts'],
    tests: [
      'test/unit/core-*.test.ts',
      'test/unit/{callback-url,client-credentials,provider-corpus}.test.ts',
    ],
  },
] as const;
