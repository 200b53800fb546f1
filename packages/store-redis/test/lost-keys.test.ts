import { randomBytes } from 'node:crypto'
import type { StoredResponse } from '@cc/core'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { JudgedCache } from './judged-cache.js'
import { large, small } from './paths.js'
import { type Redis, startFaultyProxy, startRedis } from './servers/index.js'

let redis: Redis
beforeAll(async () => {
  redis = await startRedis()
})

async function emptyCache(port = redis.port): Promise<JudgedCache> {
  await redis.ask('FLUSHALL')
  return JudgedCache.start(new RedisStore({ url: `redis://127.0.0.1:${port}` }))
}

/** A response with a body of so many bytes. */
function response(bodyBytes: number): StoredResponse {
  const now = Date.now()
  const id = randomBytes(16).toString('hex')
  const request = { key: 'a key', slot: '0', method: 'GET' as const, selecting: [], requestTime: now, marks: {} }
  const answer = { status: 200, statusText: 'OK', fields: [], responseTime: now, dropAt: now + 60_000, bodyBytes }
  return { formatVersion: 1, id, ...request, ...answer }
}

const keys = (): Promise<string[]> => redis.ask('KEYS', '*')

describe('RedisStore, when Redis has lost or changed what it kept', () => {
  it.each([small, large])('misses %s without any one of its keys, and heals (row R10)', async (path) => {
    const cache = await emptyCache()
    await cache.untilStored(path)
    const count = (await keys()).length
    for (let i = 0; i < count; i++) {
      const key = (await keys()).sort()[i] as string
      await redis.ask('UNLINK', key)
      await cache.get(path)
      await cache.untilStored(path)
    }
  })

  it('misses a body without any one of its chunks, and heals (row R10)', async () => {
    const cache = await emptyCache()
    await cache.untilStored(large)
    for (const key of await keys()) {
      if ((await redis.ask('TYPE', key)) !== 'hash') continue
      for (const field of (await redis.ask('HKEYS', key)) as string[]) {
        await redis.ask('HDEL', key, field)
        await cache.outcome(large)
        await cache.untilStored(large, 'heals')
      }
    }
  })

  it.each<[string, [string, ...string[]]]>([
    ['emptied', ['FLUSHALL']],
    ['rid of its scripts', ['SCRIPT', 'FLUSH']]
  ] as const)('serves again when it was %s (row R6)', async (_what, command) => {
    const cache = await emptyCache()
    for (const path of [small, large]) await cache.untilStored(path)
    await redis.ask(...command)
    for (const path of [small, large, '/1000/new']) await cache.untilStored(path)
  })

  it('ends a body in an error, or not short, when Redis is emptied at any command of a hit (row R6)', async () => {
    const proxy = await startFaultyProxy(redis)
    const cache = await emptyCache(proxy.port)
    for (let at = 0; ; at++) {
      await cache.untilStored(large)
      let seen = 0
      proxy.watch(async () => {
        if (seen++ === at) await redis.ask('FLUSHALL')
      })
      await cache.outcome(large)
      proxy.watch(undefined)
      if (seen <= at) break
    }
  })

  it('leaves no key without an expiry when its connection breaks at any command of a write (row R19)', async () => {
    await redis.ask('FLUSHALL')
    const proxy = await startFaultyProxy(redis)
    for (const bytes of [1_000, 600_000]) {
      let at = 0
      let seen: number
      do {
        const store = new RedisStore({ url: proxy.url })
        const body = randomBytes(bytes)
        const stored = response(bytes)
        seen = 0
        proxy.watch(() => {
          if (seen++ === at) proxy.reset()
        })
        // It fails, or does not, if that was the last one.
        await Promise.resolve(store.set(stored.key, body, () => stored)).catch(() => {})
        proxy.watch(undefined)
        await store.close()
        for (const key of await keys()) expect([key, await redis.ask('TTL', key)]).not.toEqual([key, -1])
      } while (seen > at++)
    }
    expect(await keys()).not.toEqual([])
  })

  it.each([
    ['nothing', () => ''],
    ['half of it', (value: Buffer) => value.subarray(0, value.length >> 1)],
    ['{}', () => '{}'],
    ['null', () => 'null'],
    ['other bytes', (value: Buffer) => value.map((byte, i) => (i % 97 === 0 ? byte ^ 0x10 : byte)) as Buffer],
    ['bytes after it', (value: Buffer) => Buffer.concat([value, Buffer.from('more')])]
  ])('misses what has become %s, and heals (row R12)', async (_what, change) => {
    const cache = await emptyCache()
    for (const path of [small, large]) {
      await cache.untilStored(path)
      for (const key of await keys()) {
        if ((await redis.ask('TYPE', key)) !== 'hash') continue
        for (const field of (await redis.ask('HKEYS', key)) as string[]) {
          const value: Buffer = await redis.askForBytes('HGET', key, field)
          if (value === null) continue
          await redis.ask('HSET', key, field, change(value))
          await cache.outcome(path)
          await cache.untilStored(path, 'heals')
        }
      }
    }
  })
})
