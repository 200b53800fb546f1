import { describe, expect, it } from '@jest/globals'
import { NOW, response } from '../test/sample.js'
import { writeKeyFile } from './key-file.js'
import { hashOf } from './layout.js'
import { RecentEntries } from './recent-entries.js'

const plenty = 10_000_000

function file(key: string, body: string, metadata = {}): Buffer {
  const bytes = Buffer.from(body)
  const kept = [{ response: response({ key, bodyBytes: bytes.byteLength, ...metadata }), body: bytes }]
  return writeKeyFile(key, kept) as Buffer
}

describe('RecentEntries', () => {
  it('finds one object in the same bytes, and another one in others', () => {
    const recent = new RecentEntries(plenty)
    const found = recent.read('a', file('a', 'body'), undefined, NOW)
    expect(found.responses[0]?.body?.toString()).toBe('body')
    expect(recent.read('a', file('a', 'body'), undefined, NOW)).toBe(found)
    const other = recent.read('a', file('a', 'another'), undefined, NOW)
    expect(other.responses[0]?.body?.toString()).toBe('another')
    expect(recent.read('a', file('a', 'another'), undefined, NOW)).toBe(other)
    expect(recent.hashOf('a')).toBe(hashOf('a'))
    expect(recent.hashOf('b')).toBe(hashOf('b'))
  })

  it('sees a change of any one byte (row D4)', () => {
    const recent = new RecentEntries(plenty)
    const whole = file('a', 'body')
    for (let at = 0; at < whole.byteLength; at++) {
      const found = recent.read('a', Buffer.from(whole), undefined, NOW)
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] as number) ^ 1
      expect(recent.read('a', changed, undefined, NOW)).not.toBe(found)
      expect(recent.read('a', whole.subarray(0, at), undefined, NOW)).toEqual({ responses: [] })
    }
  })

  it('tells the same bytes apart where the mark is another one', () => {
    const recent = new RecentEntries(plenty)
    const mark = { value: '0a', at: NOW, dropAt: NOW + 1 }
    const marks = [undefined, mark, { ...mark, value: '0b' }, { ...mark, at: NOW + 1 }, { ...mark, dropAt: NOW }]
    const found = marks.map((mark) => {
      const one = recent.read('a', file('a', 'body'), mark, NOW)
      expect(one.mark).toEqual(mark)
      expect(recent.read('a', file('a', 'body'), mark && { ...mark }, NOW)).toBe(one)
      return one
    })
    expect(new Set(found).size).toBe(marks.length)
  })

  it('does not find a body again that somebody has written into', () => {
    const recent = new RecentEntries(plenty)
    recent.read('a', file('a', 'body'), undefined, NOW).responses[0]?.body?.fill(0)
    expect(recent.read('a', file('a', 'body'), undefined, NOW).responses[0]?.body?.toString()).toBe('body')
  })

  it('finds what may go anew each time, so that the cache sees it', () => {
    const recent = new RecentEntries(plenty)
    const read = (now: number) => recent.read('a', file('a', 'body', { dropAt: NOW + 10 }), undefined, now)
    expect(read(NOW + 9)).toBe(read(NOW + 9))
    expect(read(NOW + 10)).not.toBe(read(NOW + 10))
  })

  it('does not remember what is under no key, nor long files', () => {
    const recent = new RecentEntries(plenty)
    const foreign = Buffer.from('something else')
    expect(recent.read('a', foreign, undefined, NOW)).not.toBe(recent.read('a', foreign, undefined, NOW))
    const long = { statusText: 'x'.repeat(100_000) }
    const read = () => recent.read('a', file('a', 'body', long), undefined, NOW)
    expect(read()).not.toBe(read())
  })

  it('keeps to its limit, and forgets what was not asked for lately first', () => {
    const recent = new RecentEntries(40_000)
    const read = (key: string) => recent.read(key, file(key, 'body'), undefined, NOW)
    const hot = read('hot')
    const cold = read('cold')
    const others = Array.from({ length: 100 }, (_, n) => {
      const other = read(`other ${n}`)
      expect(read('hot')).toBe(hot)
      return other
    })
    expect(read('cold')).not.toBe(cold)
    // Each takes some 3,000 bytes.
    const remembered = others.filter((other, n) => read(`other ${n}`) === other)
    expect(remembered.length).toBeLessThan(14)
  })
})
