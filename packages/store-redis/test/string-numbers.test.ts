import { beforeAll, describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { type Connection, libraries } from './libraries.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex } from './sample.js'
import { startCluster, startRedis } from './servers/index.js'

const options = { stringNumbers: true }

// What of an answer is a number is read in the same way everywhere: one library will do on a cluster.
const places: readonly [where: string, connect: () => Promise<Connection>][] = [
  ...libraries.map(([name, { redis }]): [string, () => Promise<Connection>] => [
    `of ${name} to one server`,
    async () => redis({ ...options, host: '127.0.0.1', port: (await startRedis()).port })
  ]),
  [
    'to a cluster',
    async () => {
      const { startupNodes } = await startCluster({ masters: 3, replicas: 0 })
      return libraries[0][1].cluster(startupNodes, { redisOptions: options })
    }
  ]
]

describe.each(places)('RedisStore with a client %s that gives numbers as texts', (_where, connect) => {
  let store: RedisStore
  beforeAll(async () => {
    store = new RedisStore({ client: await connect() })
  }, 180_000)

  it('stores, updates and removes short responses and long ones, and has locks', async () => {
    const short = await put(store, bytes(1_000), { slot: hex(1), id: hex(1) })
    const long = await put(store, bytes(600_000), { slot: hex(2), id: hex(2) })
    for (const stored of [short, long]) expect(await store.update(stored.key, { ...stored, status: 203 })).toBe(true)
    expectBytes(await bytesOf(await store.openBody(long.key, long.id)), bytes(600_000))
    // One of them goes apart.
    for (const n of [3, 4]) await put(store, bytes(40_000, n), { slot: hex(n), id: hex(n), responseTime: n })
    for (const n of [3, 4]) expectBytes(await bytesOf(await store.openBody(long.key, hex(n))), bytes(40_000, n))
    expect((await store.get(short.key)).responses).toHaveLength(4)
    await store.delete(long.key, long.slot)
    expect((await store.get(short.key)).responses).toHaveLength(3)
    const lease = await store.lock('a', { leaseMs: 600_000, waitMs: 600_000 })
    expect(lease).toBeDefined()
    expect(await store.lock('a', { leaseMs: 600_000, waitMs: 1 })).toBeUndefined()
    await lease?.release()
    await store.clear()
    expect((await store.get(short.key)).responses).toEqual([])
    await store.close()
  })
})
