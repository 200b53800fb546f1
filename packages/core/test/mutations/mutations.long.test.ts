import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { checkMutations } from './mutation-property.js'

const hundredThousands = Array.from({ length: 10 }, (_, i) => i)

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

afterEach(() => {
  jest.restoreAllMocks()
})

describe('a million mutations of what is stored (row X5)', () => {
  it.each(hundredThousands)('change no answer, hundred thousand number %i (SEC-05, ROB-02)', async (i) => {
    const tally = await checkMutations({ count: 100_000, seed: i * 100_000, foreign: 'data' })
    expect(Math.min(tally.served, tally.fetched)).toBeGreaterThan(10_000)
  })
})

describe('as many live objects in place of what is stored (row X5)', () => {
  it.each(hundredThousands)('change no answer, hundred thousand number %i (SEC-05, ROB-02)', async (i) => {
    const tally = await checkMutations({ count: 100_000, seed: i * 100_000, foreign: 'objects' })
    expect(Math.min(tally.served, tally.fetched)).toBeGreaterThan(10_000)
  })
})
