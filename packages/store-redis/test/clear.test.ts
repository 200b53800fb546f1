import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Cluster, Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { Keys } from '../src/keys.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import { paths } from './paths.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex, response } from './sample.js'
import { type Redis as Server, type Cluster as Servers, startCluster, startRedis } from './servers/index.js'

let server: Server
let servers: Servers
let redis: Redis
let cluster: Cluster

beforeAll(async () => {
  server = await startRedis()
  redis = new Redis(server.url)
  servers = await startCluster({ masters: 3, replicas: 0 })
  cluster = new Cluster(servers.startupNodes)
  await new Promise((resolve) => cluster.once('ready', resolve))
}, 120_000)

afterAll(() => {
  redis.disconnect()
  cluster.disconnect()
})

const idsOf = async (store: RedisStore) =>
  (await store.get(response().key)).responses.map(({ response }) => response.id)

for (const [where, clientOf, nodesOf] of [
  ['one server', () => redis, () => [redis]],
  ['a cluster', () => cluster, () => cluster.nodes('master')]
] as const) {
  describe(`clear on ${where}`, () => {
    beforeEach(async () => {
      for (const node of nodesOf()) await node.flushall()
    })

    it('removes the keys of this prefix and nothing else (rows R16, R17)', async () => {
      const client = clientOf()
      const prefixes = ['cc:', 'cc:1:', 'cc:2:', 'cc', '*', '[c]c:', 'cc:1:{', 'CC:', 'c?:']
      const others = prefixes.slice(1).filter((prefix) => !prefix.includes('{'))
      const store = new RedisStore({ client })
      const neighbours = others.map((keyPrefix) => new RedisStore({ client, keyPrefix }))
      for (const each of [store, ...neighbours]) {
        for (let n = 0; n < 5; n++) await put(each, bytes(100), { key: `key ${n}` })
        await put(each, bytes(300_000), { key: 'long' })
      }
      const foreign = prefixes.flatMap((prefix) => [`${prefix}x`, `${prefix}{tag}`, `cc:1:${prefix}`])
      for (const key of foreign) await client.set(key, 'foreign')
      await store.clear()
      for (const key of foreign) expect([key, await client.get(key)]).toEqual([key, 'foreign'])
      for (const other of neighbours) {
        expect((await other.get('key 1')).responses).toHaveLength(1)
        expectBytes(await bytesOf(await other.openBody('long', hex(1))), bytes(300_000))
      }
      for (const key of ['key 0', 'key 4', 'long']) expect((await store.get(key)).responses).toEqual([])
      for await (const key of store.keys()) throw new Error(`${key} is still there`)
    })

    it('goes through any number of keys, and keeps their marks', async () => {
      const store = new RedisStore({ client: clientOf() })
      const keys = Array.from({ length: 2_000 }, (_, n) => `key ${n}`)
      await Promise.all(keys.map((key) => put(store, bytes(10), { key })))
      await store.mark('key 7', { value: hex(7), at: Date.now(), dropAt: Date.now() + 3_600_000 })
      await store.mark('key 8', { value: hex(8), at: Date.now() - 2_000, dropAt: Date.now() - 1_000 })
      await store.clear()
      for await (const key of store.keys()) throw new Error(`${key} is still there`)
      expect(await store.get('key 7')).toMatchObject({ responses: [], mark: { value: hex(7) } })
      let left = 0
      for (const node of nodesOf()) left += await node.dbsize()
      // The generation, and one mark.
      expect(left).toBe(2)
    })

    it('by another process lets nothing become visible that was begun before', async () => {
      const store = new RedisStore({ client: clientOf() })
      const other = new RedisStore({ client: clientOf() })
      for (const length of [10, 300_000]) {
        async function* body() {
          yield bytes(length)
          await other.clear()
        }
        await put(store, bytes(length), {}, body())
        expect(await idsOf(store)).toEqual([])
        expect(await store.openBody(response().key, hex(1))).toBeUndefined()
      }
      await put(store, bytes(10), { id: hex(2) })
      expect(await idsOf(other)).toEqual([hex(2)])
    })

    it('lets what is begun after it live, also while it is at work (row R17)', async () => {
      const store = new RedisStore({ client: clientOf() })
      const keys = Array.from({ length: 300 }, (_, n) => `key ${n}`)
      await Promise.all(keys.map((key) => put(store, bytes(10), { key })))
      const clearing = store.clear()
      await store.get('answered after the generation began')
      const long = put(store, bytes(300_000), { key: 'new', id: hex(3) })
      await Promise.all([clearing, long])
      expectBytes(await bytesOf(await store.openBody('new', hex(3))), bytes(300_000))
      for (const key of keys) expect((await store.get(key)).responses).toEqual([])
    })
  })
}

describe('clear on one server', () => {
  it('spares what was begun after it, however late it gets there (row R17)', async () => {
    await redis.flushall()
    const store = new RedisStore({ client: redis })
    await put(store, bytes(10), { key: 'old' })
    let isFirst = true
    const slow = Object.create(redis, {
      scan: {
        value: async (...args: [string, 'MATCH', string, 'COUNT', number]) => {
          if (isFirst) {
            isFirst = false
            await put(store, bytes(10), { key: 'new', id: hex(2) })
            await put(store, bytes(300_000), { key: 'new and long', id: hex(3) })
          }
          return redis.scan(...args)
        }
      }
    })
    await new RedisStore({ client: slow }).clear()
    expect((await store.get('old')).responses).toEqual([])
    expect((await store.get('new')).responses).toHaveLength(1)
    expectBytes(await bytesOf(await store.openBody('new and long', hex(3))), bytes(300_000))
  })

  it('takes some hundred keys at a time, whatever there are, and waits for none to be freed (row R17)', async () => {
    await redis.flushall()
    const store = new RedisStore({ client: redis })
    const keys = Array.from({ length: 5_000 }, (_, n) => `key ${n}`)
    await Promise.all(keys.map((key) => put(store, bytes(10), { key })))
    await put(store, bytes(300_000), { key: 'long' })
    let underWay = 0
    let most = 0
    const counting = Object.create(redis, {
      evalsha: {
        value: async (...args: Parameters<Redis['evalsha']>) => {
          most = Math.max(most, ++underWay)
          return redis.evalsha(...args).finally(() => underWay--)
        }
      }
    })
    const freed = async () => Number(/cmdstat_(?:del|flushall):calls=(\d+)/.exec(await redis.info('commandstats'))?.[1])
    await redis.config('RESETSTAT')
    await new RedisStore({ client: counting }).clear()
    expect(await freed()).toBeNaN()
    // SCAN gives a few more than it was asked for.
    expect(most).toBeGreaterThan(100)
    expect(most).toBeLessThan(1_000)
    expect(await redis.dbsize()).toBe(1)
  })

  it('finds what is on a server that came in place of the one it began with (rows R7, R17)', async () => {
    await redis.flushall()
    const store = new RedisStore({ client: redis })
    const keys = Array.from({ length: 2_000 }, (_, n) => `key ${n}`)
    await Promise.all(keys.map((key) => put(store, bytes(10), { key })))
    await redis.save()
    let scans = 0
    const failedOver = Object.create(redis, {
      scan: {
        value: async (...args: [string, 'MATCH', string, 'COUNT', number]) => {
          if (++scans === 4) await server.restart()
          return redis.scan(...args)
        }
      }
    })
    // What it did not send, or had no answer to, the client of a user sends to the next server.
    await new RedisStore({ client: failedOver }).clear()
    for await (const key of store.keys()) throw new Error(`${key} is still there`)
  })
})

describe('clear on a cluster', () => {
  it('finds what moves to a master that it has been to (rows R14, R17)', async () => {
    for (const node of cluster.nodes('master')) await node.flushall()
    const store = new RedisStore({ client: cluster })
    await put(store, bytes(10))
    const slot: number = await servers.nodes[0].ask('CLUSTER', 'KEYSLOT', new Keys('cc:').index(response().key))
    const from = await servers.masterOf(slot)
    const to = servers.masters.find((node) => node !== from) ?? from
    const moving = Object.create(cluster, {
      nodes: {
        value: (role: 'master') => {
          const nodes = [...cluster.nodes(role)].sort((node) => (node.options.port === to.port ? -1 : 1))
          return nodes.map((node) =>
            Object.create(node, {
              scan: {
                value: async (...args: [string, 'MATCH', string, 'COUNT', number]) => {
                  if (node.options.port === from.port) await servers.moveSlot(slot, to)
                  return node.scan(...args)
                }
              }
            })
          )
        }
      }
    })
    await new RedisStore({ client: moving }).clear()
    expect(await idsOf(store)).toEqual([])
  })

  it('goes on beside 64 who read and write, and nothing from before is left (row R17)', async () => {
    for (const node of cluster.nodes('master')) await node.flushall()
    const cache = await JudgedCache.start(new RedisStore({ client: cluster }), { storeTimeoutMs: 60_000 })
    let isOver = false
    const loading = (async () => {
      while (!isOver) await underLoad(cache, { requests: 320, concurrency: 64, paths, postEvery: 20 })
    })()
    for (let n = 0; n < 5; n++) await cache.cache.clear()
    isOver = true
    await loading
    for (const path of paths) await cache.untilStored(path)
    await cache.cache.clear()
    for (const path of paths) expect([path, await cache.get(path)]).toEqual([path, 'origin'])
  })
})
