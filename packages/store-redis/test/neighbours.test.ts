import { describe, expect, it } from '@jest/globals'
import { Redis as Client } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import { libraries } from './libraries.js'
import { large, small } from './paths.js'
import { patient as patientClient } from './put.js'
import { type Redis, startRedis } from './servers/index.js'
import { TellingOrigin } from './telling-origin.js'

const openStore = ({ url }: Redis, keyPrefix?: string) =>
  new RedisStore({ url, options: patientClient, ...(keyPrefix === undefined ? {} : { keyPrefix }) })

/** The names of all commands that come to a server while `work` runs. */
async function commandsDuring(redis: Redis, work: () => Promise<unknown>): Promise<Set<string>> {
  const client = new Client(redis.port, '127.0.0.1')
  const monitor = await client.monitor()
  const names = new Set<string>()
  try {
    const last = new Promise<void>((resolve) =>
      monitor.on('monitor', (_time: string, [name = '', argument]: string[]) => {
        if (argument === 'the last one') resolve()
        else names.add(name.toLowerCase())
      })
    )
    await work()
    await redis.ask('ECHO', 'the last one')
    await last
    return names
  } finally {
    monitor.disconnect()
    client.disconnect()
  }
}

/** Nothing is wrong with Redis here: an answer that takes long is waited for. */
const patient = { storeTimeoutMs: 60_000 }

describe('RedisStore in a database with others', () => {
  it('sends nothing that goes through the database or sets something up (rows R18, R21)', async () => {
    const redis = await startRedis()
    const cache = await JudgedCache.start(openStore(redis), patient)
    const names = await commandsDuring(redis, async () => {
      for (const path of [small, large]) {
        await cache.untilStored(path)
        await cache.post(path)
        await cache.untilStored(path)
      }
    })
    const known = ['hello', 'info', 'client', 'get', 'set', 'hget', 'hmget', 'hvals', 'eval', 'evalsha', 'unlink']
    // Those within scripts come as well.
    const within = ['hset', 'hsetnx', 'hdel', 'hgetall', 'hkeys', 'hlen', 'hexists', 'strlen', 'exists', 'type', 'pttl']
    const others = ['pexpire', 'pexpireat', 'pexpiretime', 'rename', 'psetex', 'del', 'time', 'echo', 'persist']
    expect([...names].filter((name) => ![...known, ...within, ...others].includes(name))).toEqual([])
  })

  it('leaves alone a client that it was given, and does not close it (row R21)', async () => {
    const redis = await startRedis()
    const client = new Client(redis.port, '127.0.0.1')
    try {
      await client.ping()
      const options = JSON.stringify(client.options)
      const names = Object.getOwnPropertyNames(client).sort()
      const store = new RedisStore({ client })
      const cache = await JudgedCache.start(store, patient)
      for (const path of [small, large]) await cache.untilStored(path)
      await store.clear()
      await cache.settled()
      await store.close()
      expect(JSON.stringify(client.options)).toBe(options)
      expect(Object.getOwnPropertyNames(client).sort()).toEqual(names)
      expect(await client.ping()).toBe('PONG')
    } finally {
      client.disconnect()
    }
  })

  it('removes with clear what is its own, beside foreign keys, alike prefixes and writers (row R17)', async () => {
    const redis = await startRedis()
    await redis.ask('DEBUG', 'POPULATE', 20_000, 'foreign', 8)
    const prefixes = ['cc:', 'cc:2:', 'cc', 'c?:', '*', '[c]c:', 'cc:1:', '']
    const foreign = ['cc', 'cc:', 'cc:1:', 'cc:x', 'cc:1:{x}', 'cc:1:{*}', 'ccc']
    for (const key of foreign) await redis.ask('SET', key, 'x')
    const caches: JudgedCache[] = []
    for (const prefix of prefixes) caches.push(await JudgedCache.start(openStore(redis, prefix), patient))
    for (const cache of caches) for (const path of [small, large]) await cache.untilStored(path)
    for (const [i, cache] of caches.entries()) {
      await cache.cache.clear()
      for (const [j, other] of caches.entries()) {
        const from = j === i ? 'origin' : 'stored'
        for (const path of [small, large]) expect([prefixes[j], await other.get(path)]).toEqual([prefixes[j], from])
      }
      for (const path of [small, large]) await cache.untilStored(path)
    }
    for (const key of foreign) expect([key, await redis.ask('GET', key)]).toEqual([key, 'x'])
    // While others write, and until they are done.
    const [cache] = caches as [JudgedCache]
    const paths = Array.from({ length: 64 }, (_, i) => `/2000/${i}`)
    const load = underLoad(cache, { requests: 1_280, concurrency: 64, paths })
    for (let i = 0; i < 5; i++) await cache.cache.clear()
    await load
    for (const path of paths) await cache.untilStored(path)
    for (const path of [small, large]) expect(await caches[1]?.get(path)).toBe('stored')
    expect(Number(await redis.ask('DBSIZE'))).toBeGreaterThanOrEqual(20_000 + foreign.length)
  })

  it.each(['* ? [a] \\ ^-', 'sp ace', 'nul\0', 'ünïcödé', '"quoted"', "'"])(
    'keeps to the prefix %j (row R16)',
    async (keyPrefix) => {
      const redis = await startRedis()
      const store = openStore(redis, keyPrefix)
      const cache = await JudgedCache.start(store, patient)
      // Paths that mean something to KEYS and SCAN.
      const paths = ['/1000/a*', '/1000/abc', '/1000/[x]', '/1000/x', '/1000/a?*', '/1000/abc?*', '/1000/%7Ba%7D']
      for (const path of paths) await cache.untilStored(path)
      const keys: string[] = []
      for await (const key of store.keys()) keys.push(key)
      expect(keys).toHaveLength(paths.length)
      for (const key of (await redis.ask('KEYS', '*')) as string[]) expect(key.startsWith(keyPrefix)).toBe(true)
      await cache.cache.clear()
      for (const path of paths) expect(await cache.get(path)).toBe('origin')
    }
  )

  it('sends no value that is too long for the server (row R13)', async () => {
    const redis = await startRedis({ args: ['--proto-max-bulk-len', '1048576'] })
    const cache = await JudgedCache.start(openStore(redis), patient)
    for (const path of ['/1048575/a', '/1048576/b', '/1048577/c', '/4000000/d']) await cache.untilStored(path)
  })
})

describe('RedisStore and others like it', () => {
  it('serve what another one has stored, through clients of every library', async () => {
    const redis = await startRedis()
    const origin = await TellingOrigin.start()
    const clients = libraries.map(([, library]) => library.redis({ host: '127.0.0.1', port: redis.port }))
    const caches: JudgedCache[] = []
    for (const client of clients) caches.push(await JudgedCache.start(new RedisStore({ client }), patient, origin))
    const [first, ...others] = caches as [JudgedCache, ...JudgedCache[]]
    for (const path of [small, large]) await first.untilStored(path)
    const { requests } = origin
    for (const other of others) for (const path of [small, large]) expect(await other.get(path)).toBe('stored')
    expect(origin.requests).toBe(requests)
  })
})
