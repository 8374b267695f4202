/** How many mutants of each file must die. */
export const percentOfFile = 90;

/** The files to mutate, the tests to run for them, and how many mutants must die. */
export const targets = [
  {
    name: 'the core',
    percent: 98,
    files: ['core/*.ts'],
    tests: ['test/core/*.test.ts', 'test/providers/corpus.test.ts'],
  },
  {
    name: 'what refreshes, logs in and writes the grant record',
    percent: 90,
    files: [
      'app/{login,refresh}/*.ts',
      'functions/reauthorize/reauthorize.ts',
      'adapters/{authorizations,grant-record,grants,lease,secrets}.ts',
    ],
    tests: [
      'test/app/{login,refresh}/*.test.ts',
      'test/functions/*.test.ts',
      'test/adapters/{authorizations,grants,move-current,secrets}.test.ts',
    ],
  },
] as const;
