import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { checkMutations } from './mutation-property.js'

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

afterEach(() => {
  jest.restoreAllMocks()
})

describe('live objects in place of what is stored (row X5)', () => {
  it('change no answer, whatever they do when they are read (SEC-05, ROB-02)', async () => {
    const tally = await checkMutations({ count: 4_000, seed: 1, foreign: 'objects' })
    expect(Math.min(tally.served, tally.fetched)).toBeGreaterThan(400)
  })
})
