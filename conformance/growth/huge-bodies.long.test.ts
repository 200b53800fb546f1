import { describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'

interface Report {
  readonly asked: readonly object[]
  readonly mostBytes: number
  readonly written?: object
  readonly decisions: readonly object[]
}

/** Of Node, undici, the origin and the buffers of both sides: bodies are more than ten times as long. */
const mostBytes = 200 * 2 ** 20
const framings = ['announced', 'in chunks']

describe.each(framings)('a body %s that is longer than the memory there is', (framing) => {
  it.each([2 ** 31 - 1, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32 + 1])(
    'of %i bytes is stored elsewhere as it passes, and served again, in constant memory (row B8)',
    async (bytes) => {
      const report = await runChild<Report>('huge-bodies.mjs', ['elsewhere', `${bytes}`, framing], [])
      const whole = { bytes, isRight: true }
      expect(report).toMatchObject({
        asked: [whole, whole],
        written: whole,
        decisions: [{ outcome: 'miss', stored: true }, { outcome: 'hit' }]
      })
      expect(report.mostBytes).toBeLessThan(mostBytes)
    },
    600_000
  )

  it('of 4 GiB is given up by a store in memory at its limit, and passes all the same (row B8)', async () => {
    const bytes = 2 ** 32 + 1
    const report = await runChild<Report>('huge-bodies.mjs', ['in memory', `${bytes}`, framing], [])
    const miss = { outcome: 'miss', stored: false, notStored: { requirement: 'MSG-03' } }
    expect(report).toMatchObject({ asked: Array(2).fill({ bytes, isRight: true }), decisions: [miss, miss] })
    expect(report.mostBytes).toBeLessThan(mostBytes)
  }, 600_000)
})
