import { describe, expect, it } from '@jest/globals'
import { bytes, hex, response } from '../test/sample.js'
import { RecentAnswers } from './recent-answers.js'
import { encodeHead, GENERATION_BYTES, INLINE } from './record.js'

function answer(n: number, length = 100): Buffer[] {
  const stored = response({ id: hex(n), bodyBytes: length })
  const head = encodeHead(INLINE, stored, Buffer.alloc(GENERATION_BYTES)) as Buffer
  return [Buffer.concat([head, bytes(length, n)])]
}

describe('RecentAnswers', () => {
  it('makes one object of one answer, and another of another', () => {
    const recent = new RecentAnswers(1_000_000)
    const found = recent.read('a', answer(1))
    expect(recent.read('a', answer(1))).toBe(found)
    expect(recent.read('b', answer(1))).not.toBe(found)
    const changed = recent.read('a', answer(2))
    expect(changed.responses[0]?.response.id).toBe(hex(2))
    expect(recent.read('a', [])).toEqual({ responses: [] })
    expect(recent.read('a', answer(1)).responses[0]?.response.id).toBe(hex(1))
  })

  it('tells answers apart that differ in one byte anywhere', () => {
    const recent = new RecentAnswers(1_000_000)
    const [value] = answer(1, 20) as [Buffer]
    for (let at = 0; at < value.length; at++) {
      const found = recent.read('a', [Buffer.from(value)])
      const changed = Buffer.from(value)
      changed[at] = (changed[at] as number) ^ 1
      expect(recent.read('a', [changed])).not.toBe(found)
    }
  })

  it('does not give a body again that somebody has written into', () => {
    const recent = new RecentAnswers(1_000_000)
    recent.read('a', answer(1)).responses[0]?.body?.fill(0)
    expect(Buffer.compare(recent.read('a', answer(1)).responses[0]?.body as Uint8Array, bytes(100, 1))).toBe(0)
  })

  it('keeps copies, not the memory that the answer came in', () => {
    const recent = new RecentAnswers(1_000_000)
    const came = answer(1)
    const found = recent.read('a', came)
    came[0]?.fill(0)
    expect(recent.read('a', answer(1))).toBe(found)
  })

  it('forgets what was not asked for lately', () => {
    const recent = new RecentAnswers(40_000)
    const hot = recent.read('hot', answer(1))
    const cold = recent.read('cold', answer(1))
    for (let n = 0; n < 100; n++) {
      recent.read(`other ${n}`, answer(n))
      expect(recent.read('hot', answer(1))).toBe(hot)
    }
    expect(recent.read('cold', answer(1))).not.toBe(cold)
  })

  it('remembers answers with as many bodies as come along, and no longer ones', () => {
    const recent = new RecentAnswers(10_000_000)
    const full = recent.read('full', answer(1, 65_536))
    expect(recent.read('full', answer(1, 65_536))).toBe(full)
    const long = recent.read('long', answer(1, 140_000))
    expect(recent.read('long', answer(1, 140_000))).not.toBe(long)
  })
})
