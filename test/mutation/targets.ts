/** How many mutants of each file must die. */
export const percentOfFile = 90;

/** The files to mutate, the tests to run for them, and how many mutants must die. */
export const targets = [
  {
    name: 'the core',
    percent: 98,
    files: ['core/*.ts'],
    tests: [
      'test/unit/core-*.test.ts',
      'test/unit/{callback-url,client-credentials,early-rejection,provider-corpus}.test.ts',
    ],
  },
  {
    name: 'what refreshes, logs in and writes the grant record',
    percent: 90,
    files: [
      'functions/refresh-tokens/{adopt,early-rejection,finish-login,refresh-tokens,spend-within-budget,verify-login}.ts',
      'functions/callback/callback.ts',
      'functions/reauthorize/reauthorize.ts',
      'functions/{complete-login,read-stored,refusal,revoke-login,store-login,stored-tokens}.ts',
      'adapters/{authorizations,grants,secrets}.ts',
    ],
    tests: [
      'test/unit/functions-*.test.ts',
      'test/unit/{early-rejection,finish-login,held-login,move-current,reauthorize-page,refresh-rejected}.test.ts',
    ],
  },
] as const;
