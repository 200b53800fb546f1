import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import { Recent } from './recent.js'

const keys = Array.from({ length: 100 }, (_, n) => ({ n }))
const key = (n: number) => keys[n] as { n: number }

describe('Recent', () => {
  it('remembers no more than twice its limit, and what was used last', () => {
    const recent = new Recent<object, number>(10, () => 1)
    for (let n = 0; n < 100; n++) recent.set(key(n), n)
    const remembered = keys.filter((key) => recent.get(key) !== undefined).map(({ n }) => n)
    expect(remembered.length).toBeLessThanOrEqual(20)
    expect(remembered).toEqual(expect.arrayContaining([90, 99]))
    expect(remembered).not.toContain(79)
  })

  it('keeps what is used again and again, however much else comes and goes', () => {
    const recent = new Recent<object, number>(10, () => 1)
    recent.set(key(0), 7)
    for (let n = 1; n < 100; n++) {
      recent.set(key(n), n)
      expect(recent.get(key(0))).toBe(7)
    }
    expect(recent.get(key(1))).toBeUndefined()
  })

  it('counts what values take', () => {
    const recent = new Recent<object, number>(10, (value) => value)
    recent.set(key(0), 6)
    recent.set(key(1), 6)
    recent.set(key(2), 6)
    expect([0, 1, 2].map((n) => recent.get(key(n)))).toEqual([undefined, 6, 6])
  })

  it('counts what they come to take later', () => {
    const recent = new Recent<object, number>(10, (value) => value)
    recent.set(key(0), 1)
    recent.grew(10)
    recent.grew(10)
    recent.set(key(1), 1)
    expect([0, 1].map((n) => recent.get(key(n)))).toEqual([undefined, 1])
  })

  it('lets go of what belongs to objects that are gone', async () => {
    setFlagsFromString('--expose-gc')
    const gc: () => void = runInNewContext('gc')
    const recent = new Recent<object, object>(10, () => 1)
    let isGone = () => {}
    const gone = new Promise<void>((resolve) => {
      isGone = resolve
    })
    const registry = new FinalizationRegistry(() => isGone())
    ;(() => {
      const value = {}
      registry.register(value, undefined)
      recent.set({}, value)
    })()
    for (let over = false; !over; ) {
      gc()
      over = await Promise.race([gone.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))])
    }
    expect(recent.get(key(0))).toBeUndefined()
  })
})
