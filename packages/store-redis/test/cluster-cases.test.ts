import { storeCases } from '@cc/core/testing'
import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { Cluster } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { startCluster } from './servers/index.js'

/** The stores of all cases are side by side in one cluster. */
let stores = 0
let client: Cluster

beforeAll(async () => {
  const { nodes } = await startCluster()
  client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
}, 120_000)

afterAll(() => client.disconnect())

describe('RedisStore on a cluster keeps the promises of CacheStore', () => {
  const create = () => new RedisStore({ client, keyPrefix: `store-${stores++}:` })
  for (const { name, run } of storeCases(create)) it(name, run)
})
