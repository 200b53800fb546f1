import base from './jest.config.mjs'

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['<rootDir>/{packages,conformance}/**/*.long.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  testTimeout: 60 * 60_000
}
