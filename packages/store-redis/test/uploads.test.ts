import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { CHUNK_BYTES } from '../src/body-reading.js'
import { RedisStore } from '../src/index.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, response } from './sample.js'
import { startRedis } from './servers/index.js'

const { key, id } = response()
const length = 8_000_000
const pieceBytes = 65_536

let client: Redis
beforeAll(async () => {
  client = new Redis((await startRedis()).url)
}, 60_000)
afterAll(() => client.disconnect())

describe('a long body on its way to Redis', () => {
  it('is read no faster than Redis takes it (row B8)', async () => {
    // Redis knows the scripts then.
    await put(new RedisStore({ client }), bytes(length))
    let read = 0
    let taken = 0
    let most = 0
    const taking = Object.create(client, {
      evalsha: {
        value: async (...args: Parameters<Redis['evalsha']>) => {
          const answer = await client.evalsha(...args)
          const chunk = args.at(-1)
          if (chunk instanceof Buffer) taken += chunk.byteLength
          return answer
        }
      }
    })
    const content = bytes(length)
    async function* body() {
      for (let at = 0; at < length; at += pieceBytes) {
        const piece = content.subarray(at, at + pieceBytes)
        read += piece.byteLength
        most = Math.max(most, read - taken)
        yield piece
      }
    }
    const store = new RedisStore({ client: taking })
    await put(store, content, {}, body())
    // Two chunks are on their way, one waits for its turn, and one is being gathered.
    expect(most).toBeLessThanOrEqual(4 * CHUNK_BYTES + pieceBytes)
    expectBytes(await bytesOf(await store.openBody(key, id)), content)
  })

  it('is seen by nobody before it is complete, by name either', async () => {
    await client.flushall()
    const store = new RedisStore({ client })
    const other = new RedisStore({ client })
    const content = bytes(length, 2)
    async function* body() {
      for (let at = 0; at < length; at += pieceBytes) {
        yield content.subarray(at, at + pieceBytes)
        expect((await other.get(key)).responses).toEqual([])
        expect(await other.openBody(key, id)).toBeUndefined()
      }
    }
    await put(store, content, {}, body())
    expect((await other.get(key)).responses).toHaveLength(1)
    expectBytes(await bytesOf(await other.openBody(key, id)), content)
  })
})
