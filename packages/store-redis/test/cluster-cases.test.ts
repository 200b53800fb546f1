import { afterAll, beforeAll, describe } from '@jest/globals'
import { Cluster } from 'ioredis'
import { everyCase } from './describe-cases.js'
import { startCluster } from './servers/index.js'

let client: Cluster

beforeAll(async () => {
  const { nodes } = await startCluster()
  client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
}, 120_000)

afterAll(() => client.disconnect())

describe('RedisStore on a cluster keeps the promises of CacheStore', () => {
  everyCase(() => ({ client }))
})
