import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { bytes } from '../test/sample.js'
import { BodyGoneError, bodyOfChunks, CHUNK_BYTES, wantedOf } from './body-reading.js'

const body = bytes(5 * CHUNK_BYTES + 1_000)

function chunkOf(number: number, content = body): Buffer | null {
  const chunk = content.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES)
  return chunk.byteLength === 0 ? null : chunk
}

async function read(range?: { first: number; last: number }, chunk = async (n: number) => chunkOf(n)) {
  const wanted = wantedOf(range)
  const opened = bodyOfChunks(wanted, body.byteLength, chunkOf(wanted.firstChunk) as Buffer, chunk)
  if (opened instanceof Uint8Array) return opened
  const pieces: Uint8Array[] = []
  for await (const piece of opened) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('bodyOfChunks', () => {
  it('gives exactly the bytes of any range', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(body.byteLength - 1), fc.nat(2 * body.byteLength), async (first, more) => {
        const range = { first, last: first + more }
        expect(Buffer.compare(await read(range), body.subarray(first, first + more + 1))).toBe(0)
      }),
      { numRuns: 50 }
    )
    expect(Buffer.compare(await read(), body)).toBe(0)
  })

  it('asks for no chunk that is not wanted, and for few ahead', async () => {
    const asked: number[] = []
    const ask = async (number: number) => {
      asked.push(number)
      return chunkOf(number)
    }
    expect(await read({ first: 10, last: 20 }, ask)).toHaveLength(11)
    expect(asked).toEqual([])
    const opened = bodyOfChunks(wantedOf(undefined), body.byteLength, chunkOf(0) as Buffer, ask)
    const iterator = (opened as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    expect(asked).toEqual([])
    await iterator.next()
    expect(asked).toEqual([1, 2, 3, 4])
    await iterator.next()
    expect(asked).toEqual([1, 2, 3, 4, 5])
    await iterator.return?.()
  })

  it('ends in an error if a chunk is gone, or has another length (row B10)', async () => {
    for (const missing of [1, 3, 5]) {
      for (const damaged of [null, chunkOf(0)?.subarray(1) as Buffer, bytes(CHUNK_BYTES + 1)]) {
        const chunk = async (number: number) => (number === missing ? damaged : chunkOf(number))
        await expect(read(undefined, chunk)).rejects.toThrow(BodyGoneError)
      }
    }
  })
})
