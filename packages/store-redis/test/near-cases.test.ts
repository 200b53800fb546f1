import { storeCases } from '@cc/core/testing'
import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { Cluster, Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { nearStore } from './near-store.js'
import { startCluster, startRedis } from './servers/index.js'

let stores = 0

describe.each([
  ['one server', async () => new Redis((await startRedis()).port)],
  ['one server, with ioredis 5', async () => new Redis5((await startRedis()).port, { keyPrefix: 'p:' })],
  ['a cluster', async () => new Cluster((await startCluster()).startupNodes)]
])('RedisStore with a near cache keeps the promises of CacheStore: %s', (_name, connect) => {
  let client: Redis | Redis5 | Cluster
  beforeAll(async () => {
    client = await connect()
  }, 120_000)
  afterAll(() => client.disconnect())
  const create = () => nearStore({ client, keyPrefix: `store-${stores++}:` })
  for (const { name, run } of storeCases(create)) it(name, run, 60_000)
})
