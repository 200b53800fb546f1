import { describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'

describe('the bytes that DictStore counts (row M1)', () => {
  it.each([
    ['one response a key, 20 fields each', 1, 20],
    ['50 responses a key, no fields', 50, 0]
  ])(
    'are no less than the heap takes, and not half as much again: %s',
    async (_, ...args) => {
      const report = await runChild<{ ratio: number; size: number }>('heap.mjs', args.map(String), ['--expose-gc'])
      expect(report.size).toBe(4_000)
      expect(report.ratio).toBeGreaterThan(1)
      expect(report.ratio).toBeLessThan(1.5)
    },
    30_000
  )
})
