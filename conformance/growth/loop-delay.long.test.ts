import { describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'
import type { LoopDelay, Stretches } from './stretches.js'

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] as number

function expectShort({ report }: Stretches, count: number): void {
  for (const [what, times] of Object.entries(report)) {
    process.stderr.write(`${what}: ${median(times).toFixed(2)} ms, at most ${Math.max(...times).toFixed(2)} ms\n`)
  }
  expect(Object.keys(report)).toHaveLength(count)
  const tooLong = Object.entries(report).filter(([, times]) => !(median(times) < 5))
  expect(tooLong).toEqual([])
}

describe('the event loop (row P6)', () => {
  it('is held for less than 5 ms by what the cache does at once, and comes round as it does without a cache', async () => {
    const { report, loop } = await runChild<Stretches & LoopDelay>('stretches.mjs', ['150'], [])
    expectShort({ report }, 24)
    process.stderr.write(`the event loop under load: ${JSON.stringify(loop)}\n`)
    expect(loop.cached.median - loop.bare.median).toBeLessThan(5)
  }, 300_000)

  it('comes round after less than 5 ms, however long bodies and fields are and however much there is to do', async () => {
    expectShort(await runChild<Stretches>('turns.mjs', ['5'], ['--expose-gc']), 53)
  }, 600_000)
})
