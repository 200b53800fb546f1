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
    const { report, loops } = await runChild<Stretches & LoopDelay>('stretches.mjs', ['150'], [])
    expectShort({ report }, 24)
    const figure = (of: 'bare' | 'cached', name: 'median' | 'p99') => median(loops.map((loop) => loop[of][name]))
    const told = (of: 'bare' | 'cached') =>
      `${figure(of, 'median').toFixed(1)} ms, p99 ${figure(of, 'p99').toFixed(1)} ms`
    process.stderr.write(
      `the event loop under load comes round after ${told('bare')}; with a cache ${told('cached')}\n`
    )
    expect(median(loops.map(({ bare, cached }) => cached.median - bare.median))).toBeLessThan(5)
  })

  it('comes round after less than 5 ms, however long bodies and fields are and however much there is to do', async () => {
    expectShort(await runChild<Stretches>('turns.mjs', ['5'], ['--expose-gc']), 55)
  })
})
