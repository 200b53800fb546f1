export type { RedisArgument, RedisClient, RedisNode } from './client.js'
export { RedisStoreError, type RedisStoreErrorCode } from './errors.js'
export type { NearCacheOptions, RedisStoreOptions } from './options.js'
export { RedisStore } from './redis-store.js'
