import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex, response } from './sample.js'
import { startRedis } from './servers/index.js'

const { key } = response()
const mark = { value: hex(9), at: 1, dropAt: 3_600_001 }

let client: Redis
let store: RedisStore

beforeAll(async () => {
  client = new Redis((await startRedis()).url)
  store = new RedisStore({ client })
}, 60_000)

afterAll(() => client.disconnect())

beforeEach(async () => {
  await client.config('SET', 'maxmemory', '0')
  await client.flushall()
})

/** The first of some keys, once there is one. */
async function askUntilThere(keys: () => Promise<string[]>): Promise<string> {
  for (;;) {
    const [first] = await keys()
    if (first !== undefined) return first
  }
}

describe('RedisStore, when something happens to its keys', () => {
  it('misses if any one of the keys of a response is gone (row R10)', async () => {
    for (const length of [1_000, 100_000, 900_000]) {
      await put(store, bytes(length))
      for (const name of await client.keys('*')) {
        await put(store, bytes(length))
        await client.unlink(name)
        const { responses } = await store.get(key)
        for (const { response, body } of responses)
          expect(body ?? (await store.openBody(key, response.id))).toBeUndefined()
        await put(store, bytes(length))
        expectBytes(await bytesOf(await store.openBody(key, hex(1))), bytes(length))
      }
    }
  })

  it('ends a body in an error if it goes while it is read (rows R6, R10)', async () => {
    await put(store, bytes(3_000_000))
    const body = await store.openBody(key, hex(1))
    const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    await iterator.next()
    await client.flushall()
    const rest = (async () => {
      for (let next = await iterator.next(); !next.done; next = await iterator.next());
    })()
    await expect(rest).rejects.toThrow('gone')
  })

  it('does not store a body of which a part went while it arrived', async () => {
    for (const at of [0, 1]) {
      async function* body() {
        yield bytes(600_000)
        // Two chunks are there by now, or on their way.
        const upload = await askUntilThere(() => client.keys('*:u*'))
        if (at === 0) await client.unlink(upload)
        else await client.hdel(upload, '1')
        yield bytes(600_000)
      }
      await store.set(key, body(), () => response({ bodyBytes: 1_200_000 }))
      expect((await store.get(key)).responses).toEqual([])
      expect(await store.openBody(key, hex(1))).toBeUndefined()
      expect(await client.keys('cc:*')).toEqual([])
    }
  })

  it('takes a value of another type for nothing, and puts its own in its place (row R11)', async () => {
    for (const length of [1_000, 300_000]) {
      await put(store, bytes(length))
      for (const name of await client.keys('*')) {
        await client.unlink(name)
        await client.lpush(name, 'foreign')
        const { responses } = await store.get(key)
        for (const { response } of responses) expect(await store.openBody(key, response.id)).toBeUndefined()
        expect(await store.update(key, response({ bodyBytes: length }))).toBe(false)
        await put(store, bytes(length))
        expectBytes(await bytesOf(await store.openBody(key, hex(1))), bytes(length))
        await client.unlink(name)
        await client.lpush(name, 'foreign')
        await store.delete(key)
        await store.mark(key, mark)
        expect((await store.get(key)).mark).toEqual(mark)
        await client.flushall()
      }
    }
  })

  it('takes what was damaged for nothing, and heals with the next response (row R12)', async () => {
    for (const length of [500, 300_000]) {
      await put(store, bytes(length))
      for (const name of await client.keys('*')) {
        for (const [field, value] of Object.entries(await client.hgetallBuffer(name))) {
          for (const damaged of [
            value.subarray(0, value.length / 2),
            Buffer.alloc(0),
            Buffer.from('{}'),
            Buffer.from('null'),
            Buffer.concat([value, value])
          ]) {
            await client.hset(name, field, damaged)
            for (const { response, body } of (await store.get(key)).responses) {
              const opened = body ?? (await store.openBody(key, response.id))
              const read = await bytesOf(opened).catch(() => undefined)
              // Core sees that the length is wrong.
              if (read?.byteLength === length) expectBytes(read, bytes(length))
            }
            await put(store, bytes(length))
            expectBytes(await bytesOf(await store.openBody(key, hex(1))), bytes(length))
          }
        }
      }
    }
  })

  it('lets nothing come back that a damaged mark may have made invalid (row R12)', async () => {
    await put(store, bytes(500))
    await put(store, bytes(300_000), { slot: hex(2), id: hex(2) })
    await store.mark(key, mark)
    const [index] = await client.keys('cc:1:{*}')
    const record = (await client.hgetBuffer(index as string, '!')) as Buffer
    record[0] = 1
    await client.hset(index as string, '!', record)
    expect((await store.get(key)).responses).toEqual([])
    await store.clear()
    await put(store, bytes(500))
    expect((await store.get(key)).responses).toHaveLength(1)

    await put(store, bytes(300_000), { slot: hex(2), id: hex(2) })
    await client.hset(index as string, '!', record)
    await put(store, bytes(700), { slot: hex(3), id: hex(3) })
    const { responses } = await store.get(key)
    expect(responses.map(({ response }) => response.id)).toEqual([hex(3)])
    const ttl = await client.pttl(`${index}:b${hex(2)}`)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(60_000)
  })

  it('sends its scripts again when the server has forgotten them (row R6)', async () => {
    await put(store, bytes(10))
    await client.script('FLUSH')
    await put(store, bytes(300_000), { id: hex(2) })
    await client.script('FLUSH')
    await store.mark(key, mark)
    expect((await store.get(key)).mark).toEqual(mark)
    expectBytes(await bytesOf(await store.openBody(key, hex(2))), bytes(300_000))
  })
})

describe('RedisStore, when Redis is full', () => {
  beforeEach(async () => {
    await put(store, bytes(10))
    await put(store, bytes(300_000), { slot: hex(2), id: hex(2) })
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await client.config('SET', 'maxmemory', '1')
  })

  it('stores nothing, and reads on (row R9)', async () => {
    await expect(put(store, bytes(10), { slot: hex(3), id: hex(3) })).rejects.toThrow('OOM')
    await expect(put(store, bytes(300_000), { slot: hex(3), id: hex(3) })).rejects.toThrow('OOM')
    expect((await store.get(key)).responses).toHaveLength(2)
    expectBytes(await bytesOf(await store.openBody(key, hex(2))), bytes(300_000))
  })

  it('still writes marks: what was stored under the key makes room (row R9)', async () => {
    await store.mark(key, mark)
    expect(await store.get(key)).toEqual({ responses: [], mark })
    await store.mark('another key', mark)
    expect(await store.get('another key')).toEqual({ responses: [], mark })
    for (const name of await client.keys('cc:*')) expect(await client.ttl(name)).toBeGreaterThan(0)
  })

  it('still deletes', async () => {
    await store.delete(key, hex(2))
    expect((await store.get(key)).responses).toHaveLength(1)
    expect(await store.openBody(key, hex(2))).toBeUndefined()
    await store.delete(key)
    expect((await store.get(key)).responses).toEqual([])
  })
})
