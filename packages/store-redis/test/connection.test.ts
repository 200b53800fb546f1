import { afterEach, describe, expect, it } from '@jest/globals'
import { Cluster, Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { nearStore } from './near-store.js'
import { patient, put } from './put.js'
import { bytes, hex } from './sample.js'
import { startCluster, startRedis } from './servers/index.js'

const open: (RedisStore | Redis | Cluster)[] = []

function closed<T extends (typeof open)[number]>(thing: T): T {
  open.push(thing)
  return thing
}

afterEach(async () => {
  for (const thing of open.splice(0)) {
    if (thing instanceof RedisStore) await thing.close()
    else thing.disconnect()
  }
})

describe('the connection of RedisStore', () => {
  it('is opened at the first use, and closed by close()', async () => {
    const redis = await startRedis()
    const connections = async () =>
      Number(/connected_clients:(\d+)/.exec(String(await redis.ask('INFO', 'clients')))?.[1])
    const before = await connections()
    const store = closed(new RedisStore({ url: redis.url, options: patient }))
    expect(await connections()).toBe(before)
    await put(store, bytes(10))
    expect(await connections()).toBe(before + 1)
    await Promise.all([store.close(), store.close()])
    await store.close()
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_CLOSED' })
    await expect(put(store, bytes(10))).rejects.toMatchObject({ code: 'CC_REDIS_CLOSED' })
  })

  it('that was never used is closed, too', async () => {
    const store = new RedisStore({ url: 'redis://127.0.0.1:1' })
    await store.close()
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_CLOSED' })
  })

  it('that is being opened is closed, too', async () => {
    const redis = await startRedis()
    const store = new RedisStore({ url: redis.url, options: patient })
    const found = store.get('key')
    await store.close()
    await expect(found).rejects.toMatchObject({ code: 'CC_REDIS_CLOSED' })
  })

  it('fails whatever is asked while Redis is down, and works once it is up (row R1)', async () => {
    const redis = await startRedis()
    await redis.kill()
    const store = closed(new RedisStore({ url: redis.url, options: patient }))
    for (let n = 0; n < 3; n++) {
      await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_NOT_READY' })
      await expect(put(store, bytes(10))).rejects.toMatchObject({ code: 'CC_REDIS_NOT_READY' })
      await expect(store.mark('key', { value: hex(1), at: 1, dropAt: 2 })).rejects.toThrow()
    }
    await redis.restart()
    for (;;) {
      const stored = await put(store, bytes(10)).catch(() => undefined)
      if (stored !== undefined) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await store.get('https://example.org/page')).responses).toHaveLength(1)
  }, 60_000)

  it('of the user is waited for only while it is made for the first time', async () => {
    const redis = await startRedis()
    const client = closed(new Redis(redis.url, { lazyConnect: true, retryStrategy: () => 600_000 }))
    const store = closed(new RedisStore({ client }))
    await Promise.all([put(store, bytes(10)), store.get('key'), store.get('key')])
    for (const event of ['ready', 'close', 'end']) expect(client.listenerCount(event)).toBe(0)
    const lost = new Promise((resolve) => client.once('reconnecting', resolve))
    client.on('error', () => {})
    await redis.kill()
    await lost
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_NOT_READY' })
  })

  it.each<[string, () => Promise<Redis | Cluster>]>([
    ['a Redis', async () => new Redis((await startRedis()).url)],
    ['a Cluster', async () => new Cluster((await startCluster({ masters: 3, replicas: 0 })).startupNodes)]
  ])('of the user stays open and as it was, with a near cache and locks, too: %s (row R21)', async (_what, connect) => {
    const client = closed(await connect())
    await new Promise((resolve) => client.once('ready', resolve))
    const listeners = () => client.eventNames().map((event) => [event, client.listenerCount(event)])
    const before = { options: { ...client.options }, listeners: listeners() }
    const store = await nearStore({ client })
    await put(store, bytes(10))
    const lease = await store.lock('key', { leaseMs: 600_000, waitMs: 600_000 })
    const waiting = store.lock('key', { leaseMs: 600_000, waitMs: 600_000 })
    await lease?.release()
    await waiting
    await store.close()
    expect(await client.ping()).toBe('PONG')
    expect({ options: client.options, listeners: listeners() }).toEqual(before)
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_CLOSED' })
  })

  it('takes no more than so many commands that wait for an answer', async () => {
    const redis = await startRedis()
    const client = closed(new Redis(redis.url))
    await client.ping()
    await client.client('PAUSE', 600_000)
    const store = closed(new RedisStore({ client }))
    const waiting = Array.from({ length: 10_000 }, async () => store.get('key'))
    for (const each of waiting) each.catch(() => {})
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_BUSY' })
    client.disconnect()
    await Promise.allSettled(waiting)
    // They are no longer counted: it is the connection that is missing.
    await expect(store.get('key')).rejects.toMatchObject({ code: 'CC_REDIS_NOT_READY' })
  })
})

describe('RedisStore of a response that is too long', () => {
  it('lets go of the body at the limit, and leaves nothing behind', async () => {
    const redis = await startRedis()
    const store = closed(new RedisStore({ url: redis.url, options: patient, maxEntryBytes: 1_000_000 }))
    let isLetGo = false
    let pieces = 0
    function* body() {
      try {
        for (; pieces < 100; pieces++) yield bytes(100_000)
      } finally {
        isLetGo = true
      }
    }
    await store.set('key', body(), () => {
      throw new Error('not to be called')
    })
    expect([isLetGo, pieces]).toEqual([true, 10])
    expect(await redis.ask('DBSIZE')).toBe(0)
  })

  it('lets go of the body if Redis is down', async () => {
    const store = closed(new RedisStore({ url: 'redis://127.0.0.1:1' }))
    let isLetGo = false
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('not to be read')),
        return: async () => {
          isLetGo = true
          return { done: true as const, value: undefined }
        }
      })
    }
    await expect(store.set('key', body, () => undefined)).rejects.toMatchObject({ code: 'CC_REDIS_NOT_READY' })
    expect(isLetGo).toBe(true)
  })
})
