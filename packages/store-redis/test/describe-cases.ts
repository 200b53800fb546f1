import { storeCases } from '@cc/core/testing'
import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { RedisStore, type RedisStoreOptions } from '../src/index.js'
import type { Connection, libraries } from './libraries.js'
import { nearStore } from './near-store.js'
import { type Redis, startRedis } from './servers/index.js'

/** The stores of all cases are side by side in one Redis. */
let stores = 0

const optionsOf = new WeakMap<RedisStore, RedisStoreOptions>()

export function everyCase(
  options: () => RedisStoreOptions,
  make: (options: RedisStoreOptions) => RedisStore | Promise<RedisStore> = (options) => new RedisStore(options)
): void {
  const open = async (options: RedisStoreOptions) => {
    const store = await make(options)
    optionsOf.set(store, options)
    return store
  }
  const create = () => open({ keyPrefix: `store-${stores++}:`, ...options() })
  const reopen = (store: RedisStore) => open(optionsOf.get(store) ?? {})
  // A client that was given is that of all; a connection of the store's own ends with it.
  const crash = (store: RedisStore) => ('url' in (optionsOf.get(store) ?? {}) ? store.close() : undefined)
  for (const { name, run } of storeCases(create, { reopen, crash })) it(name, run)
}

/** All cases with a client of each of these libraries, which puts something before every key. */
export function describeCases(some: readonly (typeof libraries)[number][]): void {
  describe.each(some)('RedisStore with a client of %s keeps the promises of CacheStore', (_name, library) => {
    let client: Connection
    beforeAll(async () => {
      const { port } = await startRedis()
      client = library.redis({ host: '127.0.0.1', port, keyPrefix: '*of [the] client:' })
    }, 60_000)
    everyCase(() => ({ client }))
  })
}

/** All cases with a near cache. */
export function describeNearCases(
  places: readonly (readonly [name: string, connect: () => Promise<Connection>])[]
): void {
  describe.each(places)('RedisStore with a near cache keeps the promises of CacheStore: %s', (_name, connect) => {
    let client: Connection
    beforeAll(async () => {
      client = await connect()
      // Stores that are opened once more listen side by side.
      client.setMaxListeners(100)
    }, 120_000)
    afterAll(() => client.disconnect())
    everyCase(() => ({ client }), nearStore)
  })
}

/** Where a client of a library connects to. */
export const at = ({ port }: Redis) => ({ host: '127.0.0.1', port })
