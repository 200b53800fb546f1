import { describe, expect, it } from '@jest/globals'
import { bytes } from '../test/sample.js'
import { RecentBodies } from './recent-bodies.js'

describe('RecentBodies', () => {
  it('makes one object of the same bytes under the same key', () => {
    const recent = new RecentBodies(1_000_000)
    const body = recent.same('a', bytes(100_000))
    expect(Buffer.compare(body, bytes(100_000))).toBe(0)
    expect(recent.same('a', bytes(100_000))).toBe(body)
    expect(recent.same('b', bytes(100_000))).not.toBe(body)
  })

  it('tells bodies apart that differ in length or in one byte anywhere', () => {
    const recent = new RecentBodies(1_000_000)
    for (let at = 0; at < 100; at++) {
      const body = recent.same('a', bytes(100))
      const changed = Buffer.from(bytes(100))
      changed[at] = (changed[at] as number) ^ 1
      const other = recent.same('a', changed)
      expect(other).not.toBe(body)
      expect(Buffer.compare(other, changed)).toBe(0)
    }
    const body = recent.same('a', bytes(100))
    expect(recent.same('a', bytes(99))).not.toBe(body)
  })

  it('does not give a body again that somebody has written into', () => {
    const recent = new RecentBodies(1_000_000)
    recent.same('a', bytes(100)).fill(0)
    expect(Buffer.compare(recent.same('a', bytes(100)), bytes(100))).toBe(0)
  })

  it('keeps a copy, not the memory that the body came in', () => {
    const recent = new RecentBodies(1_000_000)
    const came = Buffer.from(bytes(100))
    const body = recent.same('a', came)
    came.fill(0)
    expect(recent.same('a', bytes(100))).toBe(body)
  })
})
