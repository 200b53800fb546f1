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
})
