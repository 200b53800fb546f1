import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { JudgedCache } from './judged-cache.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex } from './sample.js'
import { startRedis } from './servers/index.js'

const length = 200_000

let client: Redis
beforeAll(async () => {
  client = new Redis((await startRedis()).url)
}, 60_000)

afterAll(() => client.disconnect())
beforeEach(async () => {
  await client.flushall()
})

/** A store that knows the body of a response, and what it is looked up by. */
async function knowing() {
  const store = new RedisStore({ client })
  const { key, id, slot } = await put(store, bytes(length))
  // The body as a hit has it; a second one asks for it ahead.
  const hit = async () => {
    const [found] = (await store.get(key)).responses
    return found && bytesOf(await store.openBody(key, found.response.id))
  }
  for (let n = 0; n < 3; n++) expectBytes(await hit(), bytes(length))
  return { store, key, id, slot, hit }
}

/** The key that the body of this id lies under. */
async function nameOf(id: string): Promise<string> {
  const [name] = await client.keys(`*:b${id}`)
  return name as string
}

async function sentBytes(): Promise<number> {
  const [, sent] = /total_net_output_bytes:(\d+)/.exec(await client.info('stats')) as RegExpExecArray
  return Number(sent)
}

describe('a body of one chunk that RedisStore has read before', () => {
  it('is not sent again', async () => {
    const { store, key, id, hit } = await knowing()
    const before = await sentBytes()
    for (let n = 0; n < 5; n++) {
      expectBytes(await hit(), bytes(length))
      expectBytes(await bytesOf(await store.openBody(key, id)), bytes(length))
      const range = await store.openBody(key, id, { first: 70_000, last: 80_000 })
      expectBytes(await bytesOf(range), bytes(length).subarray(70_000, 80_001))
    }
    expect((await sentBytes()) - before).toBeLessThan(length)
  })

  const gone: [string, (one: Awaited<ReturnType<typeof knowing>>) => Promise<unknown>][] = [
    ['its key is evicted', async ({ id }) => client.unlink(await nameOf(id))],
    ['another process deletes it', ({ key, slot }) => new RedisStore({ client }).delete(key, slot)],
    ['another process clears the cache', () => new RedisStore({ client }).clear()],
    ['something else takes its name', async ({ id }) => client.set(await nameOf(id), 'x')]
  ]

  it.each(gone)('is gone once %s (row R10)', async (_, change) => {
    const one = await knowing()
    const [found] = (await one.store.get(one.key)).responses
    expect(found?.response.id).toBe(one.id)
    await change(one)
    expect(await one.hit()).toBeUndefined()
    expect(await one.store.openBody(one.key, one.id)).toBeUndefined()
    expect(await one.store.openBody(one.key, one.id, { first: 10, last: 20 })).toBeUndefined()
  })

  it('makes place for the next one at once', async () => {
    const { hit } = await knowing()
    await put(new RedisStore({ client }), bytes(length, 2), { id: hex(2), requestTime: Date.now() })
    expectBytes(await hit(), bytes(length, 2))
  })

  it('is read anew if its memory was taken away', async () => {
    const { store, key, id, hit } = await knowing()
    const body = (await store.openBody(key, id)) as Uint8Array
    structuredClone(body.buffer, { transfer: [body.buffer as ArrayBuffer] })
    expectBytes(await hit(), bytes(length))
    expectBytes(await hit(), bytes(length))
  })

  it('is not what a caller has written into', async () => {
    const path = `/${length}/`
    const cache = await JudgedCache.start(new RedisStore({ client }), { storeTimeoutMs: 60_000 })
    await cache.untilStored(path)
    for (let n = 0; n < 3; n++) {
      await cache.spoil(path)
      expect(await cache.get(path)).toBe('stored')
    }
  })
})
