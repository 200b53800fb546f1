import { describe, expect, it } from '@jest/globals'
import { bytes } from '../test/sample.js'
import { RecentBodies } from './recent-bodies.js'

describe('RecentBodies', () => {
  it('keeps a body under its key', () => {
    const recent = new RecentBodies(1_000_000)
    expect(recent.get('a')).toBeUndefined()
    const body = recent.keep('a', bytes(100_000))
    expect(body.equals(bytes(100_000))).toBe(true)
    expect(recent.get('a')).toBe(body)
    expect(recent.get('b')).toBeUndefined()
  })

  it('keeps one object for all who have read it at the same time', () => {
    const recent = new RecentBodies(1_000_000)
    const body = recent.keep('a', bytes(100_000))
    expect(recent.keep('a', bytes(100_000))).toBe(body)
    expect(recent.keep('a', body)).toBe(body)
    expect(recent.keep('b', bytes(100_000))).not.toBe(body)
  })

  it('keeps what was read last, where that is another one in length or in one byte anywhere', () => {
    const recent = new RecentBodies(1_000_000)
    for (let at = 0; at < 100; at++) {
      const body = recent.keep('a', bytes(100))
      const changed = Buffer.from(bytes(100))
      changed[at] = (changed[at] as number) ^ 1
      const other = recent.keep('a', changed)
      expect(other).not.toBe(body)
      expect(other.equals(changed)).toBe(true)
      expect(recent.get('a')).toBe(other)
    }
    const body = recent.keep('a', bytes(100))
    expect(recent.keep('a', bytes(99))).not.toBe(body)
  })

  it('keeps a copy, not the memory that the body came in', () => {
    const recent = new RecentBodies(1_000_000)
    const came = Buffer.from(bytes(100))
    const body = recent.keep('a', came)
    came.fill(0)
    expect(body.equals(bytes(100))).toBe(true)
    expect(body.buffer.byteLength).toBe(100)
  })

  it('keeps no more than its bytes', () => {
    const recent = new RecentBodies(1_000)
    const names = Array.from({ length: 100 }, (_, n) => String(n))
    for (const name of names) recent.keep(name, bytes(100))
    expect(names.filter((name) => recent.get(name) !== undefined).length).toBeLessThanOrEqual(10)
    recent.keep('long', bytes(1_001))
    expect(recent.get('long')).toBeUndefined()
  })
})
