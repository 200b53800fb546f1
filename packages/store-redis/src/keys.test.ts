import { describe, expect, it } from '@jest/globals'
import { Keys, tagOf } from './keys.js'

const keys = new Keys('cc:')
const id = '0123456789abcdef'.repeat(2)

describe('Keys', () => {
  it('has the format version in each key, and one hash tag for all that belongs to a cache key', () => {
    const tag = `{${tagOf('https://example.org/')}}`
    expect(keys.index('https://example.org/')).toBe(`cc:1:${tag}`)
    expect(keys.body('https://example.org/', id)).toBe(`cc:1:${tag}:b${id}`)
    expect(keys.upload('https://example.org/', id)).toBe(`cc:1:${tag}:u${id}`)
    expect(keys.generation).toBe('cc:1:generation')
  })

  it('has names of fixed length for any cache key (row X7)', () => {
    for (const key of ['', 'a', 'https://example.org/'.repeat(400_000), '\0', '{}', '*'])
      expect(keys.index(key)).toMatch(/^cc:1:\{[A-Za-z0-9_-]{43}\}$/)
  })

  it('tells cache keys apart that differ in one code unit (row X6)', () => {
    const tags = ['a', 'A', 'a\0', 'a\ud800', 'a\ud801', 'a\ufffd', 'a?', 'é', 'e\u0301'].map(tagOf)
    expect(new Set(tags).size).toBe(tags.length)
  })

  it('knows its keys, and no others', () => {
    expect(keys.kindOf(keys.index('a'))).toBe('index')
    expect(keys.kindOf(keys.body('a', id))).toBe('body')
    expect(keys.kindOf(keys.upload('a', id))).toBe('upload')
    for (const other of [
      keys.generation,
      `${keys.index('a')}:lock`,
      `${keys.index('a')}:b${id}0`,
      `x${keys.index('a')}`,
      `${keys.index('a')}\n`,
      'cc:1:{}',
      'cc:1:{*}',
      new Keys('cc:1:').index('a'),
      new Keys('cc').index('a'),
      new Keys('').index('a'),
      new Keys('cc:2:').body('a', id)
    ])
      expect(keys.kindOf(other)).toBeUndefined()
  })

  it('takes a prefix literally', () => {
    const odd = new Keys('a.*?[b]^-\\ \0é|$')
    expect(odd.kindOf(odd.index('k'))).toBe('index')
    expect(odd.kindOf(new Keys('aX*?[b]^-\\ \0é|$').index('k'))).toBeUndefined()
    expect(odd.pattern('p*')).toBe('p\\*a.\\*\\?\\[b\\]\\^\\-\\\\ \0é|$1:{*')
  })
})
