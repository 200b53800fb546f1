import { availableParallelism } from 'node:os'

// With UNDICI=8 the tests run on that major of undici, which needs a newer Node than undici 7 does.
const undici = process.env.UNDICI === '8' ? { '^undici$': '<rootDir>/node_modules/undici-8' } : {}

/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/scripts/strict-environment.mjs',
  roots: ['<rootDir>/packages', '<rootDir>/conformance', '<rootDir>/scripts'],
  testMatch: [
    '<rootDir>/packages/*/src/**/*.test.ts',
    '<rootDir>/packages/*/test/**/*.test.ts',
    '<rootDir>/conformance/**/*.test.ts',
    '<rootDir>/scripts/**/*.test.mjs'
  ],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '\\.long\\.test\\.ts$'],
  // Ends what hangs. No test claims to be fast by it: five seconds are not much on a machine that does other work.
  testTimeout: 30_000,
  // At least two, which is one more than by default on a machine of two cores: in one process alone, what a file leaves
  // behind in memory makes all later ones slow.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: '512MB',
  modulePathIgnorePatterns: ['/dist/'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  // Tests run on the sources: no build is needed, and a coverage report names the files that people edit.
  moduleNameMapper: {
    ...undici,
    '^@cc/core$': '<rootDir>/packages/core/src/index.ts',
    '^@cc/core/fetch$': '<rootDir>/packages/core/src/fetch/index.ts',
    '^@cc/core/testing$': '<rootDir>/packages/core/src/testing/index.ts',
    '^@cc/bridges$': '<rootDir>/packages/bridges/src/index.ts',
    '^@cc/store-dict$': '<rootDir>/packages/store-dict/src/index.ts',
    '^@cc/store-file$': '<rootDir>/packages/store-file/src/index.ts',
    '^@cc/store-redis$': '<rootDir>/packages/store-redis/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1'
  },
  transform: {
    '\\.(ts|mjs)$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline'
      }
    ]
  }
}
