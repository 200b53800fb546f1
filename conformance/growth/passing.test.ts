import { describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'

const MIB = 2 ** 20

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number

/** Bytes that the process had more than before, after each 8 MiB of a body and at the end. */
interface Passing {
  readonly bare: readonly number[]
  readonly cached: readonly number[]
  readonly after: number
  readonly why: string
}

describe('a body of 32 MiB that will not be stored (MSG-03, row B8)', () => {
  it('takes no memory while it goes by, and none afterwards, that it does not take without a cache', async () => {
    const report = await runChild<Record<string, Passing>>('passing.mjs', [], ['--expose-gc'])
    expect(Object.values(report).map(({ why }) => why)).toEqual([
      'the response says no-store',
      'bypass',
      'it is too long',
      'it is too long',
      'it is too long',
      'the store was too slow'
    ])
    for (const [what, { bare, cached, after }] of Object.entries(report)) {
      expect(cached).toHaveLength(4)
      // Single ones also differ by what is on its way through the sockets.
      const more = median(cached) - median(bare)
      expect({ what, more, after, isLittle: more < MIB && after < MIB }).toMatchObject({ isLittle: true })
    }
  }, 60_000)
})
