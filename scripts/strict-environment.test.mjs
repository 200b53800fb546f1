import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

it('a test fails for a warning, a rejection and an exception that it leaves behind', () => {
  const jest = [
    'node_modules/jest/bin/jest.js',
    '--ci',
    '--json',
    '--testMatch',
    '<rootDir>/scripts/fixtures/strays.mjs'
  ]
  const { stdout } = spawnSync(process.execPath, jest, { cwd: join(__dirname, '..'), encoding: 'utf8' })
  const [{ assertionResults }] = JSON.parse(stdout).testResults
  expect(assertionResults.map(({ title, status }) => `${title}: ${status}`)).toEqual([
    'leaves a warning behind: failed',
    'leaves a rejection behind: failed',
    'leaves an exception behind: failed',
    'leaves nothing behind: passed'
  ])
})
