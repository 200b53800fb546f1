import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { bytes, hex, response } from '../test/sample.js'
import {
  APART,
  decodeMark,
  decodeResponse,
  encodeHead,
  encodeMark,
  GENERATION_BYTES,
  INLINE,
  MAX_METADATA_BYTES
} from './record.js'

const generation = bytes(GENERATION_BYTES)

function inline(body: Buffer, changes: Parameters<typeof response>[0] = {}): Buffer {
  const head = encodeHead(INLINE, response({ ...changes, bodyBytes: body.byteLength }), generation)
  return Buffer.concat([head as Buffer, body])
}

describe('a record of a response', () => {
  it('gives back metadata and body, whatever bytes there are (row X2)', () => {
    const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
    fc.assert(
      fc.property(latin1, fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 300 }), (value, key, body) => {
        const stored = response({ key, fields: [['X', value]], bodyBytes: body.byteLength })
        const record = Buffer.concat([encodeHead(INLINE, stored, generation) as Buffer, body])
        const read = decodeResponse(record)
        expect(read?.response).toEqual(stored)
        expect(Buffer.compare(read?.body as Uint8Array, body)).toBe(0)
      })
    )
  })

  it('has no body if that lies apart', () => {
    const stored = response({ bodyBytes: 1_000_000 })
    const record = encodeHead(APART, stored, generation) as Buffer
    expect(decodeResponse(record)).toEqual({ response: stored, body: undefined })
  })

  it('is nothing if it is cut anywhere, or longer (row R12)', () => {
    for (const record of [
      inline(bytes(20)),
      encodeHead(APART, response({ bodyBytes: 70_000 }), generation) as Buffer
    ]) {
      for (let length = 0; length < record.byteLength; length++)
        expect(decodeResponse(record.subarray(0, length))).toBeUndefined()
      expect(decodeResponse(Buffer.concat([record, Buffer.alloc(1)]))).toBeUndefined()
    }
  })

  it('does not throw whatever is in it (row X5)', () => {
    const record = inline(bytes(20))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(record.byteLength - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const damaged = Buffer.from(record)
        for (const [at, byte] of changes) damaged[at] = byte
        const read = decodeResponse(damaged)
        if (read !== undefined) expect(read.body?.byteLength).toBe(read.response.bodyBytes)
      }),
      { numRuns: 2_000 }
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
        decodeResponse(Buffer.from(any))
        decodeMark(Buffer.from(any))
      })
    )
  })

  it('is nothing if its metadata is no object', () => {
    for (const json of ['null', '7', '"text"', '{', '']) {
      const record = Buffer.alloc(69 + json.length)
      record[0] = APART
      record.writeUInt32BE(json.length, 65)
      record.write(json, 69)
      expect(decodeResponse(record)).toBeUndefined()
    }
  })

  it('is not made of metadata that is too long, or of names that are none', () => {
    const long = response({ fields: [['X', 'a'.repeat(MAX_METADATA_BYTES)]] })
    expect(encodeHead(INLINE, long, generation)).toBeUndefined()
    for (const id of ['', '..', `${hex(1)}0`, hex(1).replace('0', 'G'), '../'.repeat(10)])
      expect(() => encodeHead(INLINE, response({ id }), generation)).toThrow(TypeError)
    for (const slot of ['', '!', '?', 'a'.repeat(65), 'A'])
      expect(() => encodeHead(INLINE, response({ slot }), generation)).toThrow(TypeError)
  })

  it('adds less than one in a hundred to a body of 100 KiB', () => {
    const body = bytes(102_400)
    expect(inline(body).byteLength - body.byteLength).toBeLessThan(body.byteLength / 100)
  })
})

describe('a record of a mark', () => {
  it('gives back the mark', () => {
    const mark = { value: hex(7), at: 1_735_689_600_000.5, dropAt: 8.64e15 }
    expect(decodeMark(encodeMark(mark))).toEqual(mark)
  })

  it('is nothing if it is too short', () => {
    expect(decodeMark(encodeMark({ value: '', at: 1, dropAt: 2 }).subarray(0, -1))).toBeUndefined()
  })
})
