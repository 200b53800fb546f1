import { createHash } from 'node:crypto'
import { FileStore } from '@cc/store-file'
import { describe, expect, it } from '@jest/globals'
import { temporaryFolder } from './folder.js'

const mib = 1024 ** 2
const slot = '0'.repeat(32)
const id = '1'.repeat(32)
const key = 'https://example.org/huge'

/** Bytes that tell where they are: each MiB begins with its number. */
function* numbered(length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += mib) {
    const piece = new Uint8Array(Math.min(mib, length - at))
    new DataView(piece.buffer).setUint32(0, at / mib)
    yield piece
  }
}

async function collected(body: unknown): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : (body as AsyncIterable<Uint8Array>))
    pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('bodies beyond 2 and 4 GiB', () => {
  it.each([2 ** 31 - 1, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32 + 1])(
    '%s bytes: every range is where it should be (row B8)',
    async (length) => {
      const store = new FileStore(temporaryFolder(), { maxBytes: 2 ** 34, maxEntryBytes: 2 ** 33 })
      await store.set(key, numbered(length), () => ({
        formatVersion: 1,
        key,
        slot,
        id,
        method: 'GET',
        status: 200,
        statusText: 'OK',
        fields: [],
        selecting: [],
        requestTime: Date.now(),
        responseTime: Date.now(),
        dropAt: Date.now() + 86_400_000,
        bodyBytes: length,
        marks: {}
      }))
      const memory = process.memoryUsage().rss
      const whole = createHash('sha256')
      let bytes = 0
      for await (const piece of (await store.openBody(key, id)) as AsyncIterable<Uint8Array>) {
        bytes += piece.byteLength
        whole.update(piece)
      }
      expect(bytes).toBe(length)
      const wanted = createHash('sha256')
      for (const piece of numbered(length)) wanted.update(piece)
      expect(whole.digest('hex')).toBe(wanted.digest('hex'))
      expect(process.memoryUsage().rss - memory).toBeLessThan(256 * mib)
      const last = Math.floor((length - 1) / mib)
      for (const number of [0, 1, 2_046, 2_047, last].filter((number) => number * mib + 4 <= length)) {
        const range = { first: number * mib, last: number * mib + 3 }
        expect((await collected(await store.openBody(key, id, range))).readUInt32BE()).toBe(number)
      }
      expect(await collected(await store.openBody(key, id, { first: length - 1, last: length - 1 }))).toHaveLength(1)
      await store.close?.()
    }
  )
})
