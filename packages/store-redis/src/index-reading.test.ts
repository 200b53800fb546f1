import { describe, expect, it } from '@jest/globals'
import { bytes, hex, response } from '../test/sample.js'
import { NOTHING, readIndex } from './index-reading.js'
import { APART, encodeHead, encodeMark, GENERATION_BYTES, INLINE } from './record.js'

const generation = Buffer.alloc(GENERATION_BYTES)
const mark = { value: hex(9), at: 1, dropAt: 2 }

function inline(n: number, length: number): Buffer {
  const stored = response({ slot: hex(n), id: hex(n), responseTime: n, bodyBytes: length })
  return Buffer.concat([encodeHead(INLINE, stored, generation) as Buffer, bytes(length, n)])
}

describe('readIndex', () => {
  it('finds the responses and the mark', () => {
    const apart = encodeHead(APART, response({ id: hex(5), bodyBytes: 70_000 }), generation) as Buffer
    const found = readIndex([inline(1, 10), encodeMark(mark), apart])
    expect(found.mark).toEqual(mark)
    expect(found.responses.map(({ response, body }) => [response.id, body?.byteLength])).toEqual([
      [hex(1), 10],
      [hex(5), undefined]
    ])
  })

  it('attaches the newest bodies up to 64 KiB, while nobody has put the others apart', () => {
    const found = readIndex([inline(1, 30_000), inline(3, 40_000), inline(2, 30_000), inline(4, 0)])
    const attached = found.responses.filter(({ body }) => body !== undefined)
    expect(attached.map(({ response }) => response.id).sort()).toEqual([hex(3), hex(4)])
  })

  it('leaves out a damaged response, and what is not visible yet', () => {
    const pending = Buffer.concat([Buffer.alloc(9), inline(2, 10)])
    const found = readIndex([inline(1, 10), inline(3, 10).subarray(0, 100), pending])
    expect(found.responses.map(({ response }) => response.id)).toEqual([hex(1)])
  })

  it('finds nothing beside what might have been a mark', () => {
    expect(readIndex([inline(1, 10), encodeMark(mark).subarray(0, 10)])).toBe(NOTHING)
    expect(readIndex([inline(1, 10), Buffer.from([9])])).toBe(NOTHING)
    for (let kind = 0; kind < 256; kind++) {
      const damaged = encodeMark(mark)
      if (damaged[0] === kind) continue
      damaged[0] = kind
      expect(readIndex([inline(1, 10), damaged])).toBe(NOTHING)
    }
    expect(readIndex([inline(1, 10), Buffer.alloc(0)])).toBe(NOTHING)
    expect(readIndex(new Array(10_001).fill(inline(1, 10)))).toBe(NOTHING)
  })
})
