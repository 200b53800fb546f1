import { describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'
import type { Stretches } from './stretches.js'

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] as number

describe('the event loop', () => {
  it('is held for less than 5 ms by what the cache does at once, and comes round in less than that under load', async () => {
    const { report, loop } = await runChild<Stretches>('stretches.mjs', ['150'], [])
    for (const [what, times] of Object.entries(report)) {
      process.stderr.write(`${what}: ${median(times).toFixed(2)} ms, at most ${Math.max(...times).toFixed(2)} ms\n`)
    }
    process.stderr.write(`the event loop under load: ${JSON.stringify(loop)}\n`)
    for (const [what, times] of Object.entries(report)) {
      expect({ what, median: median(times), isShort: median(times) < 5 }).toMatchObject({ isShort: true })
    }
    expect(loop.median).toBeLessThan(5)
  }, 120_000)
})
