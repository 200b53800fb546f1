import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FileStore } from '@cc/store-file'
import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { afterwards, temporaryFolder } from './folder.js'

const mib = 1024 ** 2
const slot = '0'.repeat(32)
const id = '1'.repeat(32)
const key = 'https://example.org/huge'

/** Bytes that tell where they are: each MiB begins with its number, if it is long enough. */
function* numbered(length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += mib) {
    const piece = new Uint8Array(Math.min(mib, length - at))
    if (piece.byteLength >= 4) new DataView(piece.buffer).setUint32(0, at / mib)
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

describe('a body of 1 GiB', () => {
  it('is stored on its way to the caller, and played, in less than 64 MiB (row B8)', async () => {
    const bytes = 2 ** 30
    const url = await longAnswers()
    const storeOptions = { maxBytes: 4 * bytes, maxEntryBytes: 2 * bytes }
    const client = await Client.open(temporaryFolder(), { storeOptions })
    // What Node and undici take for any body, however long, is taken before.
    for (const outcome of ['miss', 'hit']) {
      expect(await client.call('pass', url(16 * mib))).toMatchObject({ bytes: 16 * mib, outcome })
    }
    const wanted = createHash('sha256')
    for (const piece of numbered(bytes)) wanted.update(piece)
    const sha256 = wanted.digest('hex')
    for (const outcome of ['miss', 'hit']) {
      const { grownBytes, ...answer } = await client.call<Passed>('pass', url(bytes))
      expect(answer).toEqual({ bytes, sha256, outcome, stored: outcome === 'miss' })
      expect(grownBytes).toBeLessThan(64 * mib)
    }
  })
})

interface Passed {
  readonly bytes: number
  readonly sha256: string
  readonly outcome: string
  readonly stored: boolean
  /** How much more memory the process took at most than before. */
  readonly grownBytes: number
}

/** Starts an origin whose answers are as long as is asked for; how to ask for them. */
async function longAnswers(): Promise<(bytes: number) => string> {
  const server = createServer(async ({ url = '' }, response) => {
    const bytes = Number(url.slice(1))
    response.writeHead(200, { 'Cache-Control': 'max-age=86400', 'Content-Length': bytes })
    for (const piece of numbered(bytes)) {
      if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
    }
    response.end()
  })
  afterwards(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (bytes) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${bytes}`
}
