import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { countTests, run, Tally } from './steps.mjs'

const report = (counts) => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  ...counts
})

describe('countTests', () => {
  it('counts what did not run as failed', () => {
    expect(countTests(report())).toEqual({ passed: 3, failed: 0 })
    for (const name of ['numFailedTests', 'numPendingTests', 'numTodoTests', 'numRuntimeErrorTestSuites']) {
      expect(countTests(report({ [name]: 2 }))).toEqual({ passed: 3, failed: 2 })
    }
  })

  it('does not count what a name pattern left out', () => {
    expect(countTests(report({ numPendingTests: 2 }), { filtered: true })).toEqual({ passed: 3, failed: 0 })
  })
})

describe('Tally', () => {
  let exitCode
  beforeEach(() => {
    exitCode = process.exitCode
    jest.spyOn(console, 'error').mockImplementation(() => {})
    jest.spyOn(console, 'log').mockImplementation(() => {})
  })
  afterEach(() => {
    process.exitCode = exitCode
    jest.restoreAllMocks()
  })
  const ending = (tally) => {
    process.exitCode = 0
    tally.finish()
    return [console.log.mock.calls.flat(), process.exitCode]
  }

  it('adds steps and tests', async () => {
    const tally = new Tally()
    expect(await tally.step('a', () => ({ passed: 4, failed: 0 }))).toBe(true)
    expect(ending(tally)).toEqual([['5 passed, 0 failed'], 0])
  })

  it('fails if a step fails, and counts the tests within', async () => {
    const tally = new Tally()
    const counts = { passed: 4, failed: 2 }
    expect(await tally.step('a', () => Promise.reject(Object.assign(new Error('no'), { counts })))).toBe(false)
    expect(ending(tally)).toEqual([['4 passed, 3 failed'], 1])
  })

  it('fails if nothing ran', () => {
    expect(ending(new Tally())).toEqual([['0 passed, 0 failed'], 1])
  })
})

describe('run', () => {
  const node = (code, options) => run(process.execPath, ['-e', code], options)

  it('resolves to the output, and rejects with it', async () => {
    expect(await node('console.log(1)')).toBe('1\n')
    await expect(node('console.log(12345); process.exit(3)')).rejects.toThrow(/ended with 3\n12345/)
  })

  it('ends what takes too long', async () => {
    await expect(node('setInterval(() => {}, 1000)', { timeoutMs: 200 })).rejects.toThrow(/no end after 0\.2 s/)
  })
})
