import { describe, expect, it } from '@jest/globals'
import { RecentInvalidations } from './recent-invalidations.js'

describe('RecentInvalidations', () => {
  it('INV-06: tells of each target whether it was invalidated since', () => {
    const recent = new RecentInvalidations()
    const start = recent.count
    recent.note('a')
    const { count } = recent
    recent.note('b')
    expect(['a', 'b', 'c'].map((target) => recent.hasSince(target, start))).toEqual([true, true, false])
    expect(['a', 'b', 'c'].map((target) => recent.hasSince(target, count))).toEqual([false, true, false])
  })

  it.each([
    ['many targets', (n: number) => `${n}`, 1_001],
    ['long targets', (n: number) => `${n}`.padEnd(300_000), 6]
  ])('INV-06: forgets, with %s, and says that it may have been then', (_what, target, times) => {
    const recent = new RecentInvalidations()
    for (let n = 0; n < times; n++) recent.note(target(n))
    expect(recent.hasSince('another', 0)).toBe(true)
    expect(recent.hasSince('another', recent.count)).toBe(false)
    expect(recent.hasSince(target(times - 1), recent.count - 1)).toBe(true)
  })
})
