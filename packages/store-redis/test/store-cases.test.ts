import { storeCases } from '@cc/core/testing'
import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { Redis as Valkey } from 'iovalkey'
import { RedisStore, type RedisStoreOptions } from '../src/index.js'
import { patient } from './put.js'
import { startRedis } from './servers/index.js'

/** The stores of all cases are side by side in one Redis. */
let stores = 0
let url: string

beforeAll(async () => {
  url = (await startRedis()).url
}, 60_000)

function everyCase(options: () => RedisStoreOptions) {
  const create = () => new RedisStore({ keyPrefix: `store-${stores++}:`, ...options() })
  for (const { name, run } of storeCases(create)) it(name, run, 60_000)
}

describe('RedisStore with a connection of its own keeps the promises of CacheStore', () => {
  everyCase(() => ({ url, options: patient }))
})

for (const [name, connect] of [
  ['ioredis 6', (options: { keyPrefix?: string }) => new Redis(url, options)],
  ['ioredis 5', (options: { keyPrefix?: string }) => new Redis5(url, options)],
  ['iovalkey', (options: { keyPrefix?: string }) => new Valkey(url, options)]
] as const) {
  describe(`RedisStore with a client of ${name} keeps the promises of CacheStore`, () => {
    let client: ReturnType<typeof connect>
    beforeAll(() => {
      client = connect({ keyPrefix: '*of [the] client:' })
    })
    afterAll(() => client.disconnect())
    everyCase(() => ({ client }))
  })
}
