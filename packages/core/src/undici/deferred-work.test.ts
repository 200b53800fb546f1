import { describe, expect, it } from '@jest/globals'
import { DeferredWork } from './deferred-work.js'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('DeferredWork', () => {
  it('is done, in order, once the event loop has come round twice, and only once', async () => {
    const later = new DeferredWork()
    const done: string[] = []
    later.add('a', () => done.push('first'))
    later.add('a', () => done.push('second'))
    await turn()
    expect(done).toEqual([])
    await turn()
    await turn()
    expect(done).toEqual(['first', 'second'])
  })

  it('is done at once when its key is asked for, and that of other keys is not', async () => {
    const later = new DeferredWork()
    const done: string[] = []
    later.add('a', () => done.push('a'))
    later.add('b', () => done.push('b'))
    later.do('a')
    expect(done).toEqual(['a'])
    for (let i = 0; i < 3; i++) await turn()
    expect(done).toEqual(['a', 'b'])
  })

  it('is done when its key is asked for by what is being done, and not again', async () => {
    const later = new DeferredWork()
    const done: string[] = []
    later.add('a', () => {
      later.do('b')
      later.add('b', () => done.push('another b'))
      done.push('a')
    })
    later.add('b', () => done.push('b'))
    for (let i = 0; i < 6; i++) await turn()
    expect(done).toEqual(['b', 'a', 'another b'])
  })

  it('goes on with what comes after work that failed', async () => {
    const later = new DeferredWork()
    const done: string[] = []
    later.add('a', () => {
      throw new Error('failed')
    })
    later.add('b', () => done.push('b'))
    expect(() => later.do('a')).toThrow('failed')
    for (let i = 0; i < 3; i++) await turn()
    later.add('c', () => done.push('c'))
    for (let i = 0; i < 3; i++) await turn()
    expect(done).toEqual(['b', 'c'])
  })

  it('lets other work have its turn after 64 keys', async () => {
    const later = new DeferredWork()
    let done = 0
    for (let n = 0; n < 150; n++) later.add(`${n}`, () => done++)
    const seen: number[] = []
    for (let i = 0; i < 5; i++) {
      await turn()
      seen.push(done)
    }
    expect([...new Set(seen)].filter((count) => count > 0)).toEqual([64, 128, 150])
  })

  it('lets 3,072 keys wait at most: those that have waited longest are seen to first', async () => {
    const later = new DeferredWork()
    const done: number[] = []
    let most = 0
    for (let n = 0; n < 10_000; n++) {
      later.add(`${n}`, () => done.push(n))
      most = Math.max(most, n + 1 - done.length)
    }
    expect(most).toBeLessThanOrEqual(3_072)
    expect(done).toEqual(done.map((_, n) => n))
    later.do('9990')
    expect(done.at(-1)).toBe(9_990)
    for (let i = 0; i < 50; i++) await turn()
    expect(new Set(done).size).toBe(10_000)
    expect(done).toHaveLength(10_000)
  })
})
