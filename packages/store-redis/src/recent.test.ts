import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Recent } from './recent.js'

describe('Recent', () => {
  it('keeps no more than its bytes, and what was asked for lately', () => {
    const recent = new Recent<number>(1_000)
    recent.set('hot', -1, 10)
    for (let n = 0; n < 100; n++) {
      recent.set(`other ${n}`, n, 100)
      expect(recent.get('hot')).toBe(-1)
    }
    const kept = Array.from({ length: 100 }, (_, n) => recent.get(`other ${n}`)).filter((value) => value !== undefined)
    expect(kept.length).toBeLessThanOrEqual(10)
    expect(kept.at(-1)).toBe(99)
  })

  it('keeps nothing that is half of all', () => {
    const recent = new Recent<number>(1_000)
    recent.set('a', 1, 10)
    recent.set('long', 1, 501)
    expect([recent.get('a'), recent.get('long')]).toEqual([1, undefined])
  })

  it('gives what was set last, or nothing once that was removed', () => {
    const change = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.nat(300)))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const recent = new Recent<number>(1_000)
        const expected = new Map<string, number>()
        for (const [key, bytes] of changes) {
          if (bytes === null) recent.delete(key)
          else recent.set(key, bytes, bytes)
          if (bytes === null) expected.delete(key)
          else expected.set(key, bytes)
          for (const name of ['a', 'b', 'c', 'd']) expect([expected.get(name), undefined]).toContain(recent.get(name))
        }
      })
    )
  })
})
