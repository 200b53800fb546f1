import { describe, expect, it } from '@jest/globals'
import { runChild } from './growth/run-child.js'
import type { Stretches } from './growth/stretches.js'

describe('what the cache does without letting go of the event loop (row P6)', () => {
  it('takes less than 5 ms, for bodies from 1 KiB to 5 MiB, stored, met first and met again', async () => {
    const { report } = await runChild<Stretches>('stretches.mjs', ['20'], [])
    expect(Object.keys(report)).toHaveLength(24)
    for (const [what, times] of Object.entries(report)) {
      expect(times).toHaveLength(20)
      // The machine and the garbage collector make single ones longer; work that is too long is so each time.
      const shortest = Math.min(...times)
      expect({ what, shortest, isShort: shortest > 0 && shortest < 5 }).toMatchObject({ isShort: true })
    }
  }, 60_000)
})
