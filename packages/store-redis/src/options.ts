import { inspect } from 'node:util'
import type { EpochMilliseconds } from '@cc/core'
import { canListen, type RedisClient } from './client.js'
import type { ClientOptions } from './own-client.js'

/** Options of {@link RedisStoreOptions.nearCache}. */
export interface NearCacheOptions {
  /**
   * Most bytes kept near, keys and metadata included. What was not used lately goes first.
   * @unit bytes, 1 or more
   * @defaultValue none: it has to be given
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * // A process that has a gigabyte, and reads the same few thousand responses all day.
   * export const store = new RedisStore({ nearCache: { maxBytes: 256 * 1024 ** 2 } })
   * ```
   */
  readonly maxBytes: number
  /**
   * Hands bodies out without copying them. Only for those who never write into the bytes of a response.
   * @defaultValue false
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * // All callers parse JSON, and none touches the bytes.
   * export const store = new RedisStore({ nearCache: { maxBytes: 64 * 1024 ** 2, shareBodies: true } })
   * ```
   */
  readonly shareBodies?: boolean | undefined
}

/** Options of {@link RedisStore}. docs/redis-store.md says more. */
export interface RedisStoreOptions {
  /**
   * A client of ioredis 5 or 6 or of iovalkey that is yours: a `Redis`, also one of Sentinel, or a `Cluster`. Nothing of
   * it is changed, and it is never closed.
   * @defaultValue unset: a connection of the store's own
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   * import { Redis } from 'ioredis'
   *
   * const client = new Redis('redis://127.0.0.1:6379', { lazyConnect: true })
   * export const store = new RedisStore({ client })
   * ```
   */
  client?: RedisClient | undefined
  /**
   * Where a connection of the store's own leads, as `redis://` or `rediss://` URL. It is made when the store is first used, and closed by `close()`.
   * ioredis has to be installed.
   * @defaultValue unset: `redis://127.0.0.1:6379`, or as `options` say
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * export const store = new RedisStore({ url: 'rediss://user:password@cache.example.com:6380/1' })
   * ```
   */
  url?: string | undefined
  /**
   * Options of ioredis, but for `keyPrefix`, for a connection of the store's own, over those that make it fail fast.
   * @defaultValue unset
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * export const store = new RedisStore({
   *   options: { sentinels: [{ host: '10.0.0.1', port: 26379 }], name: 'cache', commandTimeout: 500 }
   * })
   * ```
   */
  options?: ClientOptions | undefined
  /**
   * What the names of all keys begin with, without braces. Caches with different prefixes do not see each other's responses.
   * @defaultValue `'cc:'`
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * export const store = new RedisStore({ url: 'redis://127.0.0.1:6379', keyPrefix: 'prices:' })
   * ```
   */
  keyPrefix?: string | undefined
  /**
   * The longest body kept; a longer one is passed on and not stored.
   * @unit bytes, 1 or more
   * @defaultValue 16_777_216 (16 MiB)
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * export const store = new RedisStore({ url: 'redis://127.0.0.1:6379', maxEntryBytes: 1024 ** 2 })
   * ```
   */
  maxEntryBytes?: number | undefined
  /**
   * Keeps what was read lately in the process, too: such a hit asks nobody. What others change is known within a few
   * milliseconds as a rule, and within a second whatever happens: docs/redis-store.md#near-and-still-right.
   * @defaultValue unset: nothing is kept in this process
   * @example
   * ```js
   * import { RedisStore } from '@cc/store-redis'
   *
   * export const store = new RedisStore({ url: 'redis://127.0.0.1:6379', nearCache: { maxBytes: 64 * 1024 ** 2 } })
   * ```
   */
  nearCache?: NearCacheOptions | undefined
  /**
   * The clock that expiries are reckoned by. It is for tests, and then has to be that of the cache.
   * @unit milliseconds since 1970
   * @defaultValue `Date.now`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { RedisStore } from '@cc/store-redis'
   * import { Agent } from 'undici'
   *
   * const clock = () => Date.UTC(2030, 0, 1)
   * const store = new RedisStore({ url: 'redis://127.0.0.1:6379', clock })
   *
   * // shared, the default: for a service that answers many users.
   * export const agent = new Agent().compose(cacheInterceptor({ clock, store }))
   * ```
   */
  clock?: (() => EpochMilliseconds) | undefined
}

/** The options as they were checked, with their defaults. */
export interface ReadOptions {
  readonly client: RedisClient | undefined
  readonly url: string | undefined
  readonly options: ClientOptions
  readonly keyPrefix: string
  readonly maxEntryBytes: number
  readonly nearCache: NearCacheOptions | undefined
  readonly clock: () => EpochMilliseconds
}

/** @throws TypeError for an option that is not of its kind */
export function readOptions(given: RedisStoreOptions): ReadOptions {
  const { client, url, options = {}, keyPrefix = 'cc:', maxEntryBytes = 16_777_216, clock = Date.now } = given
  const { nearCache } = given
  check('client', client, client === undefined || isClient(client), 'a client of ioredis or iovalkey', hideAll)
  check('url', url, url === undefined || isRedisUrl(url), 'a redis:// or rediss:// URL', hideUrl)
  check('options', options, typeof options === 'object' && options !== null, 'an object', hideAll)
  const { keyPrefix: ofClient } = options
  check('options.keyPrefix', ofClient, ofClient === undefined, 'unset: there is `keyPrefix`')
  check('keyPrefix', keyPrefix, typeof keyPrefix === 'string' && !/[{}]/.test(keyPrefix), 'a string without braces')
  check('maxEntryBytes', maxEntryBytes, Number.isSafeInteger(maxEntryBytes) && maxEntryBytes > 0, 'a positive integer')
  if (nearCache !== undefined) checkNearCache(nearCache, client)
  check('clock', clock, typeof clock === 'function', 'a function')
  if (client !== undefined && (url !== undefined || given.options !== undefined)) {
    throw new TypeError('give either client, or url and options')
  }
  const ofGiven = String(client?.options.keyPrefix ?? '')
  check(
    'client.options.keyPrefix',
    ofGiven,
    !ofGiven.includes('{}'),
    'without {}, which would part what belongs together'
  )
  return { client, url, options, keyPrefix, maxEntryBytes, nearCache, clock }
}

function checkNearCache(nearCache: unknown, client: RedisClient | undefined): void {
  check('nearCache', nearCache, typeof nearCache === 'object' && nearCache !== null, 'an object with maxBytes')
  const { maxBytes, shareBodies = false } = nearCache as Record<string, unknown>
  check('nearCache.maxBytes', maxBytes, Number.isSafeInteger(maxBytes) && Number(maxBytes) > 0, 'a positive integer')
  check('nearCache.shareBodies', shareBodies, typeof shareBodies === 'boolean', 'a boolean')
  if (client === undefined) return
  check('client', client, canListen(client), 'a client with duplicate() where there is a nearCache', hideAll)
  // A replica tells of a change when it hears of it, which may be long after others know.
  const { scaleReads = 'master' } = client.options as { scaleReads?: unknown }
  check('client.options.scaleReads', scaleReads, scaleReads === 'master', "'master' where there is a nearCache")
}

function isClient(client: unknown): boolean {
  if (typeof client !== 'object' || client === null) return false
  const { status, options, hvalsBuffer, evalsha } = client as Partial<RedisClient>
  return (
    typeof status === 'string' &&
    typeof options === 'object' &&
    typeof hvalsBuffer === 'function' &&
    typeof evalsha === 'function'
  )
}

function isRedisUrl(url: unknown): boolean {
  return typeof url === 'string' && /^rediss?:\/\//.test(url) && URL.canParse(url)
}

function check(
  option: string,
  value: unknown,
  isRight: boolean,
  wanted: string,
  show: (value: unknown) => string = (value) => inspect(value, { depth: 0 })
): void {
  if (!isRight) throw new TypeError(`${option} must be ${wanted}, not ${show(value)}`)
}

/** There may be a password in it (row X11). */
function hideUrl(url: unknown): string {
  return typeof url === 'string' ? 'what was given' : inspect(url, { depth: 0 })
}

function hideAll(value: unknown): string {
  return value === null ? 'null' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}
