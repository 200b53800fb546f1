import { describe, expect, it } from '@jest/globals'
import { BodiesAhead } from './bodies-ahead.js'

/** All that a turn of the event loop still had to do is done. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('BodiesAhead', () => {
  it('expects a look-up to lead to the body that it led to before', () => {
    const ahead = new BodiesAhead<string>()
    expect(ahead.expected('index')).toBeUndefined()
    ahead.led('index', 'body')
    expect(ahead.expected('index')).toBe('body')
    ahead.led('index', 'other body')
    expect(ahead.expected('index')).toBe('other body')
    expect(ahead.expected('other index')).toBeUndefined()
  })

  it('gives each body once', async () => {
    const ahead = new BodiesAhead<string>()
    ahead.led('index', 'body')
    const found = Promise.resolve()
    ahead.keep('index', 'body', Promise.resolve('first'), found)
    ahead.keep('index', 'body', Promise.resolve('second'), found)
    expect(await ahead.take('body')).toBe('first')
    expect(await ahead.take('body')).toBe('second')
    expect(ahead.take('body')).toBeUndefined()
    await turn()
    expect(ahead.expected('index')).toBe('body')
  })

  it('lets go of a body that nobody opened in the turn of the look-up, and expects it no more after two', async () => {
    const ahead = new BodiesAhead<string>()
    ahead.led('index', 'body')
    for (const expected of ['body', undefined]) {
      ahead.keep('index', 'body', Promise.resolve('bytes'), Promise.resolve())
      await turn()
      expect(ahead.take('body')).toBeUndefined()
      expect(ahead.expected('index')).toBe(expected)
    }
    ahead.led('index', 'body')
    expect(ahead.expected('index')).toBeUndefined()
    ahead.led('index', 'next body')
    expect(ahead.expected('index')).toBe('next body')
  })

  it('keeps a body until the look-up has its answer, and takes it that either fails', async () => {
    const ahead = new BodiesAhead<string>()
    ahead.led('index', 'body')
    let fail = (_error: Error) => {}
    const found = new Promise<void>((_, reject) => {
      fail = reject
    })
    ahead.keep('index', 'body', Promise.reject(new Error('down')), found)
    await turn()
    await expect(ahead.take('body')).rejects.toThrow('down')
    ahead.keep('index', 'body', Promise.reject(new Error('down')), found)
    fail(new Error('down, too'))
    await turn()
    expect(ahead.take('body')).toBeUndefined()
  })
})
